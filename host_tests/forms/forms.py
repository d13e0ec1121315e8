"""What the tests of the three forms share: the harness on a VM, flash images, and children."""

import shutil
import subprocess

from tools import build, images, vm

HERE = vm.ROOT / "host_tests" / "forms"
# `life_child` is a script; the others are modules, for which the package keeps its names.
HARNESS = (
    *(HERE / f"{name}.py" for name in ("machine", "phone", "flash_device", "make_flash")),
    *(HERE / f"{name}.py" for name in ("life_child", "cut_child")),
    vm.ROOT / "tools/benchmarks/day/time.py",
    vm.ROOT / "tools/simulated_board/fakes/at_peer.py",
)
BOARD = "LILYGO_TCALL_SIM800"
# A quarter of the partition `vfs` of an official image: tests copy it often.
BLOCKS = 128
# The plain form needs more.
PLAIN_BLOCKS = 400
# More than it needs: the heap is other tests' matter. Only `reads` lives in a module's.
AMPLE_KIB = 4096


class Form:
    """The firmware in one form for the VM of `bits`, on new flash.

    harness: folder of what the test adds. image: file of the flash, or of its file system. rom:
    the ROMFS image or "-". flash_bytes: what the file system takes of the flash.
    """

    def __init__(self, folder, form, bits):
        self.folder, self.bits = folder, bits
        self.harness = folder / "harness"
        self.image = folder / "flash.bin"
        self.rom = "-"
        files = folder / "files"
        tree = folder / "rom" if form == "romfs" else files
        files.mkdir()
        self.harness.mkdir()
        build.compile_tree(vm.march(bits), tree, form != "small", beside=HARNESS)
        for path in HARNESS:
            (tree / f"{path.stem}.mpy").rename(self.harness / f"{path.stem}.mpy")
        for path in build.board_sources(BOARD):
            build.compile_file(path, tree / f"{path.stem}.mpy", path.name)
        for name in build.START_FILES:
            shutil.copyfile(build.FIRMWARE / name, files / name)
        self.files = files
        self.blocks = PLAIN_BLOCKS if form == "plain" else BLOCKS
        if form == "romfs":
            self.rom = folder / build.ROM_IMAGE
            images.write_romfs(tree, self.rom)
        done = self.child("make_flash", self.image, self.blocks, files)
        self.flash_bytes = int(done.stdout)

    def child(self, module, *arguments, heap_kib=AMPLE_KIB, code=0):
        """Run a module of the harness; returns the finished process."""
        start = f"import sys; sys.argv[:] = {[module, *map(str, arguments)]!r}; import {module}"
        done = subprocess.run(
            [*vm.command(self.bits, heap_kib), "-c", start],
            cwd=self.harness,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=1000,
        )
        assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
        return done

    def live(self, part, image=None, journal="-", **options):
        """A part of `life_child`; returns its lines."""
        arguments = (image or self.image, self.blocks, journal, self.rom, part)
        return self.child("life_child", *arguments, **options).stdout.splitlines()


def of(lines, word):
    return [line.removeprefix(word + " ") for line in lines if line.startswith(word + " ")]
