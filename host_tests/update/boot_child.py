"""The firmware of a folder with two trees on the 64-bit VM, started by the real boot.py.

Arguments: the module's file system, a folder of the host, becomes `/`. What the simulated board
needs of the host stays below `/tmp`.
"""

import os
import sys

import vfs


class Micropython:
    """In place of `micropython` for boot.py: the VM has no buffer for exceptions."""

    @staticmethod
    def alloc_emergency_exception_buf(size):
        assert size >= 100


class OS:
    """In place of `os`, see `set_rename`."""


def set_rename(folder):
    """A VfsPosix with a root has one buffer for both paths of a rename, so they are the same."""
    for name in dir(os):
        if not name.startswith("__"):
            setattr(OS, name, getattr(os, name))

    def rename(old, new):
        at = ["/host%s/%s" % (folder, path.lstrip("/")) for path in (old, new)]
        os.rename(at[0], at[1])

    OS.rename = rename
    sys.modules["os"] = OS


def main(folder, temporary):
    host = vfs.VfsPosix(folder)
    vfs.umount("/")
    vfs.mount(host, "/")
    vfs.mount(vfs.VfsPosix(temporary), temporary)
    vfs.mount(vfs.VfsPosix(), "/host")
    os.chdir("/")
    set_rename(folder)
    sys.path[:] = [".frozen"]
    sys.modules["micropython"] = Micropython
    with open("/boot.py") as file:
        exec(file.read(), {"__name__": "boot"})
    del sys.modules["micropython"]
    with open("/main.py") as file:
        exec(file.read(), {"__name__": "__main__"})


main(*sys.argv[1:3])
