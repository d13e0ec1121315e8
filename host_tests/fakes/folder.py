"""A real folder of files, on every runtime."""

import os
from binascii import hexlify

# Of this run alone: others go on at the same time.
ROOT = "build/folder_" + hexlify(os.urandom(4)).decode()


def put(path, data):
    """Write a file below ROOT, with its folders."""
    parts = (ROOT + "/" + path).split("/")
    for depth in range(1, len(parts)):
        folder = "/".join(parts[:depth])
        if not _is_there(folder):
            os.mkdir(folder)
    with open("/".join(parts), "wb") as file:
        file.write(data)


def content(folder=ROOT):
    """{path below the folder: bytes} of all files."""
    found = {}
    for name in os.listdir(folder):
        path = folder + "/" + name
        if os.stat(path)[0] & 0x4000:
            inner = content(path)
            for key in inner:
                found[name + "/" + key] = inner[key]
            if not inner:
                found[name + "/"] = b""
        else:
            with open(path, "rb") as file:
                found[name] = file.read()
    return found


def _is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def clear(folder=ROOT):
    """Remove it with all that is in it."""
    if not _is_there(folder):
        return
    for name in os.listdir(folder):
        path = folder + "/" + name
        if os.stat(path)[0] & 0x4000:
            clear(path)
        else:
            os.remove(path)
    os.rmdir(folder)
