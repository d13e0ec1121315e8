"""Runs on a VM: puts a folder on a new LittleFS, as `mpremote cp -r` does on a module.

make_flash.py IMAGE BLOCKS FOLDER       prints how many bytes of flash are then in use
"""

import os
import sys

import vfs
from flash_device import BLOCK_BYTES, FileFlash


def copy(source, target):
    for name, kind, *_ in os.ilistdir(source):
        if kind == 0x4000:
            os.mkdir(target + "/" + name)
            copy(source + "/" + name, target + "/" + name)
            continue
        with open(source + "/" + name, "rb") as read, open(target + "/" + name, "wb") as written:
            written.write(read.read())


image, blocks, folder = sys.argv[1:]
device = FileFlash(image, int(blocks))
vfs.VfsLfs2.mkfs(device)
vfs.mount(device, "/f")
copy(folder, "/f")
_, size, all_blocks, free, *_ = os.statvfs("/f")
vfs.umount("/f")
print((all_blocks - free) * BLOCK_BYTES)
