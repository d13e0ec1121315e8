"""Copies a built firmware to a module over its serial port.

python -m tools.deploy BOARD --port PORT [--form small|plain]

The module keeps two trees, `/a` and `/b`; `boot.py` starts the one that the file `tree` names.
Only what changed is sent, into the tree that does not run; what the other tree has already is
copied there. Every file is compared by its SHA-256 before `tree` is changed, so that the old
firmware starts whatever happens before. The new one has three starts to prove itself; then the
module goes back (`ovms/trees.py`).
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from tools import build, bundle

TREES = ("a", "b")
TRIAL_STARTS = 3
# Of the file system, for settings and history.
SPARE_BYTES = 128 * 1024
_CHUNK_BYTES = 1024
# Of LittleFS: a file takes whole ones.
_BLOCK_BYTES = 4096
# What the module prints after its start.
_LISTEN_S = 12.0

# Runs on the module. {path: SHA-256} of all files below a folder, b"" and sizes aside.
_PROBE = """
import os, hashlib, binascii
def _hash(path):
    digest = hashlib.sha256()
    buffer = bytearray(512)
    with open(path, "rb") as file:
        while True:
            count = file.readinto(buffer)
            if not count:
                break
            digest.update(memoryview(buffer)[:count])
    return binascii.hexlify(digest.digest()).decode()
def _walk(folder):
    found = {}
    try:
        entries = list(os.ilistdir(folder or "/"))
    except OSError:
        return found
    for entry in entries:
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            found.update(_walk(path))
        else:
            found[path] = _hash(path)
    return found
def _read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
def _copy(old, new):
    buffer = bytearray(512)
    with open(old, "rb") as source, open(new, "wb") as target:
        while True:
            count = source.readinto(buffer)
            if not count:
                break
            target.write(memoryview(buffer)[:count])
def _clear(folder):
    for entry in list(os.ilistdir(folder)):
        path = folder + "/" + entry[0]
        if entry[1] & 0x4000:
            _clear(path)
            os.rmdir(path)
        else:
            os.remove(path)
def _free():
    stat = os.statvfs("/")
    return stat[0] * stat[3]
"""


class DeployError(Exception):
    """What went wrong and what to do, as one sentence."""


class Module:
    """A module at a serial port, stopped and listening to us."""

    def __init__(self, port: str):
        try:
            self._link = SerialTransport(port)
        except (TransportError, OSError, serial.SerialException) as error:
            raise DeployError(f"The port {port} cannot be opened: {error}.") from None
        try:
            # Ctrl-C stops the firmware, which gives its watchdog an hour.
            self._link.enter_raw_repl(soft_reset=False)
            self._link.exec(_PROBE)
        except (TransportError, OSError, serial.SerialException):
            self.close()
            raise DeployError(
                f"No MicroPython answers at {port}: is it the right port, and flashed?"
            ) from None

    def run(self, code: str) -> None:
        try:
            self._link.exec(code)
        except (TransportError, OSError, serial.SerialException) as error:
            lines = str(getattr(error, "error_output", error)).strip().splitlines()
            raise DeployError(
                f"The module stopped answering or failed ({lines[-1] if lines else ''}); the "
                "firmware it has is still there. Try again."
            ) from None

    def ask(self, expression: str):
        try:
            text = self._link.exec(f"print(repr({expression}))").decode()
            return ast.literal_eval(text.strip())
        except (TransportError, OSError, ValueError, SyntaxError, serial.SerialException):
            raise DeployError(
                "The module stopped answering; the firmware it has is still there. Try again."
            ) from None

    def send(self, data: bytes, path: str, on_bytes: Callable[[int], None]) -> None:
        """Write a file."""
        self.run(f"f = open({path!r}, 'wb'); w = f.write")
        for at in range(0, len(data), _CHUNK_BYTES):
            chunk = data[at : at + _CHUNK_BYTES]
            self.run(f"w({chunk!r})")
            on_bytes(len(chunk))
        self.run("f.close()")

    def restart(
        self, on_text: Callable[[str], None], listen_s: float = _LISTEN_S, until: str = "\0"
    ) -> None:
        """Reset the module; hand on what it prints, for a while or up to a line with `until`."""
        port = self._link.serial
        try:
            self._link.exec_raw_no_follow("import machine; machine.reset()")
            ends = time.monotonic() + listen_s
            seen = ""
            while time.monotonic() < ends and until not in seen.rpartition("\n")[0]:
                if waiting := port.in_waiting:
                    text = port.read(waiting).decode("utf-8", "replace")
                    seen += text
                    on_text(text)
                else:
                    time.sleep(0.02)
        except (TransportError, OSError, serial.SerialException):
            # A board with its own USB goes away with the reset.
            pass

    def close(self) -> None:
        with contextlib.suppress(OSError, serial.SerialException):
            self._link.close()


def files_of(folder: Path) -> dict[str, bytes]:
    """What belongs into a tree: path below it to content. The start files lie above the trees."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in build.START_FILES
    }


def deploy(
    module: Module, folder: Path, on_text: Callable[[str], None], public_key: bytes = b""
) -> str:
    """Bring a built folder onto a module; returns the tree it is in. Raises DeployError.

    public_key: what the module compares updates over the air with; b"" leaves it as it is.
    """
    wanted = files_of(folder)
    words = str(module.ask("_read('tree')")).split()
    running = words[0] if words and words[0] in TREES else ""
    # Of a trial, the one that is gone back to is the one to keep.
    if len(words) == 3 and words[1] in TREES:
        running = words[1]
    idle = "b" if running == "a" else "a"
    there: dict[str, str] = module.ask("_walk('')")
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in wanted.items()}
    by_hash = {digest: path for path, digest in there.items()}
    top = f"/{idle}"
    old = {path for path in there if path.startswith(f"{top}/")}
    stale = [path for path in sorted(old) if hashes.get(path.removeprefix(f"{top}/")) is None]
    for path in stale:
        module.run(f"os.remove({path!r})")
    missing = {
        name: data for name, data in wanted.items() if there.get(f"{top}/{name}") != hashes[name]
    }
    needed = sum(-(-len(data) // _BLOCK_BYTES) * _BLOCK_BYTES for data in missing.values())
    replaced = [f"{top}/{name}" for name in missing if f"{top}/{name}" in there]
    for path in replaced:
        # Else both would need room at once.
        module.run(f"os.remove({path!r})")
    free = int(module.ask("_free()"))
    if needed + SPARE_BYTES > free:
        raise DeployError(
            f"The module has {free} bytes free, and {needed} are needed beside {SPARE_BYTES} for "
            "history: take files off it, or use the form `small`."
        )
    for name in sorted({top, *(f"{top}/{Path(name).parent.as_posix()}" for name in wanted)}):
        parts = Path(name).parts
        for depth in range(2, len(parts) + 1):
            path = "/" + "/".join(parts[1:depth])
            module.run(f"try:\n os.mkdir({path!r})\nexcept OSError:\n pass")
    _fill(module, top, missing, hashes, by_hash, set(replaced), on_text)
    _check(module, top, hashes)
    if public_key:
        _replace(module, public_key, f"/{bundle.PUBLIC_FILE}", there)
    for name in build.START_FILES:
        _replace(module, (folder / name).read_bytes(), f"/{name}", there)
    text = f"{idle} {running} {TRIAL_STARTS}" if running else idle
    _replace(module, text.encode(), "/tree", {})
    return idle


def _fill(module, top, missing, hashes, by_hash, gone, on_text) -> None:
    sent = total = 0
    for name, data in missing.items():
        path = f"{top}/{name}"
        source = by_hash.get(hashes[name], "")
        if source and source not in gone:
            module.run(f"_copy({source!r}, {path!r})")
            continue
        total += len(data)

        def count(more: int, name=name, data=data) -> None:
            nonlocal sent
            sent += more
            on_text(f"\r{name}: {sent} bytes sent ")

        module.send(data, path, count)
    on_text(f"\r{total} bytes sent, {len(hashes)} files in {top}.\n")


def _check(module: Module, top: str, hashes: dict[str, str]) -> None:
    """Compare what arrived."""
    found = module.ask(f"_walk({top!r})")
    for name, digest in hashes.items():
        if found.get(f"{top}/{name}") != digest:
            raise DeployError(
                f"{name} did not arrive as it was sent; the firmware that was there goes on. "
                "Try again, with a shorter cable."
            )


def _replace(module: Module, data: bytes, path: str, there: dict[str, str]) -> None:
    """Write a file beside the old one and rename it: a cut leaves one of the two."""
    digest = hashlib.sha256(data).hexdigest()
    if there.get(path) == digest:
        return
    module.send(data, f"{path}.new", lambda count: None)
    if module.ask(f"_hash({path + '.new'!r})") != digest:
        raise DeployError(f"{path} did not arrive as it was sent; nothing was changed. Try again.")
    module.run(f"os.rename({path + '.new'!r}, {path!r})")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.deploy", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("board")
    parser.add_argument("--form", default="small", choices=("small", "plain"))
    parser.add_argument("--port", required=True)
    options = parser.parse_args(arguments)
    folder = build.form_folder(options.board, options.form)

    def show(text: str) -> None:
        print(text, end="", flush=True)

    module = None
    try:
        module = Module(options.port)
        public_key = bundle.public_text(bundle.load_key())
        tree = deploy(module, folder, show, public_key)
        print(f"The module starts from /{tree} now:")
        module.restart(show)
    except (DeployError, bundle.BundleError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if module is not None:
            module.close()
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
