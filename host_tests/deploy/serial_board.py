"""A module on a serial line, for a MicroPython VM: LittleFS in a file, boot.py and main.py, then
the raw REPL that mpremote speaks to. Arguments: folder of `flash_device`, image, blocks.

`machine.reset` ends the process with a code of its own: whoever holds the line starts it again.
Protocol: MicroPython documentation, "The MicroPython Interactive Interpreter Mode".
"""

import io
import os
import sys

import vfs

RESET = 75


class Machine:
    """In place of the module `machine`."""

    @staticmethod
    def reset():
        sys.exit(RESET)


class Micropython:
    """In place of `micropython`, whose VM has no buffer for exceptions."""

    @staticmethod
    def alloc_emergency_exception_buf(size):
        assert size >= 100


def serve(read, write):
    """The raw REPL, for ever."""
    namespace = {"__name__": "__main__"}
    buffer = bytearray()
    is_raw = False
    while True:
        byte = read(1)
        if not byte:
            sys.exit(0)
        if byte == b"\x01":
            is_raw = True
            buffer = bytearray()
            write(b"raw REPL; CTRL-B to exit\r\n>")
        elif byte == b"\x02":
            is_raw = False
            write(b"\r\n>>> ")
        elif byte == b"\x03":
            buffer = bytearray()
        elif byte == b"\x05" and is_raw and not buffer:
            # Raw paste is known, and not spoken.
            read(2)
            write(b"R\x00")
        elif byte == b"\x04" and is_raw:
            write(b"OK")
            told = io.StringIO()
            try:
                exec(compile(bytes(buffer).decode(), "<stdin>", "exec"), namespace)
            except Exception as error:
                sys.print_exception(error, told)
            write(b"\x04" + told.getvalue().encode() + b"\x04>")
            buffer = bytearray()
        elif is_raw:
            buffer.extend(byte)


def run_file(path):
    try:
        with open(path) as file:
            text = file.read()
    except OSError:
        return
    try:
        exec(text, {"__name__": path})
    except Exception as error:
        sys.print_exception(error)


def main(folder, image, blocks):
    sys.path.insert(0, folder)
    from flash_device import FileFlash

    device = FileFlash(image, int(blocks))
    sys.path[:] = [".frozen"]
    sys.modules["machine"] = Machine
    sys.modules["micropython"] = Micropython
    for name in list(sys.modules):
        if name == "flash_device":
            del sys.modules[name]
    read, write = sys.stdin.buffer.read, sys.stdout.buffer.write
    try:
        files = vfs.VfsLfs2(device)
    except OSError:
        vfs.VfsLfs2.mkfs(device)
        files = vfs.VfsLfs2(device)
    vfs.umount("/")
    vfs.mount(files, "/")
    os.chdir("/")
    sys.path.insert(0, "")
    run_file("/boot.py")
    run_file("/main.py")
    serve(read, write)


main(*sys.argv[1:4])
