"""The MicroPython unix VMs (64 and 32 bit) that tests, bench and desk run the firmware on.

`python -m tools.vm` makes sure they are there and prints how to start them (`--quiet`: only
what is wrong).

Where they come from, in this order: a `micropython` on PATH that is 1.23 or newer (64 bit place),
else Debian trixie's packages, unpacked under `.cache/micropython/` and started through their own
dynamic loader. That needs `apt-get` and `dpkg-deb`, but neither root nor a trixie system.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

from tools import debian
from tools.debian import ROOT

CACHE = ROOT / ".cache" / "micropython"
PACKAGES = (
    "micropython",
    "libc6",
    "libffi8",
    "libmbedcrypto16",
    "libmbedtls21",
    "libmbedx509-7",
)
OLDEST = (1, 23)
# bits: (Debian architecture, loader and library folder inside the unpacked tree, mpy-cross march)
TARGETS = {
    64: ("amd64", "usr/lib/x86_64-linux-gnu", "ld-linux-x86-64.so.2", "x64"),
    32: ("i386", "usr/lib/i386-linux-gnu", "ld-linux.so.2", "x86"),
}


class VMMissingError(Exception):
    """No VM of the wanted width can be had here; the text says what to install."""


def march(bits: int) -> str:
    """mpy-cross architecture name of the VM's native code."""
    return TARGETS[bits][3]


def command(bits: int = 64, heap_kib: int | None = None) -> list[str]:
    """Start of a command line for the VM of `bits`; append a script and its arguments.

    heap_kib: size of the garbage-collected heap, None for the VM's own default.
    Raises VMMissingError with one sentence for the user.
    """
    start = _unpacked(bits) or _on_path(bits)
    if start is None:
        raise VMMissingError(
            f"There is no {bits}-bit MicroPython here: run `make micropython`, "
            "or install MicroPython 1.23 or newer as `micropython` on your PATH."
        )
    if heap_kib is not None:
        start = [*start, "-X", f"heapsize={heap_kib}k"]
    return start


def available() -> list[int]:
    """Widths in bits of the VMs that can be started here."""
    return [bits for bits in TARGETS if _unpacked(bits) or _on_path(bits)]


def _unpacked(bits: int) -> list[str] | None:
    architecture, libraries, loader, _ = TARGETS[bits]
    tree = CACHE / architecture
    binary = tree / "usr/bin/micropython"
    if not binary.exists():
        return None
    return [
        str(tree / libraries / loader),
        "--library-path",
        str(tree / libraries),
        str(binary),
    ]


def _on_path(bits: int) -> list[str] | None:
    """A system MicroPython counts as the 64-bit VM when it is new enough and 64 bit."""
    found = shutil.which("micropython")
    if bits != 64 or not found:
        return None
    asked = subprocess.run(
        [found, "-c", "import sys; print(sys.implementation[1][:2], sys.maxsize > 2**32)"],
        capture_output=True,
        text=True,
        check=False,
    )
    numbers = re.match(r"\((\d+), (\d+)\) True", asked.stdout)
    if not numbers or (int(numbers[1]), int(numbers[2])) < OLDEST:
        return None
    return [found]


def install() -> None:
    """Fetch and unpack what is missing. Raises VMMissingError when this machine cannot."""
    missing = [bits for bits in TARGETS if not _unpacked(bits)]
    if not missing:
        return
    try:
        for bits in missing:
            _unpack(TARGETS[bits][0])
    except debian.DebianError as error:
        raise VMMissingError(
            f"MicroPython cannot be fetched, as {error}: install MicroPython 1.23 or newer as "
            "`micropython` on your PATH."
        ) from None


def _unpack(architecture: str) -> None:
    downloads, partial = CACHE / "packages", CACHE / f"{architecture}.partial"
    debian.download([f"{name}:{architecture}" for name in PACKAGES], downloads)
    shutil.rmtree(partial, ignore_errors=True)
    for package in sorted(downloads.glob("*.deb")):
        debian.run(["dpkg-deb", "-x", str(package), str(partial)], f"unpacking {package.name}")
    partial.rename(CACHE / architecture)
    shutil.rmtree(downloads)


def main() -> int:
    try:
        install()
    except VMMissingError as error:
        print(error, file=sys.stderr)
        if os.environ.get("CI"):
            return 1
    if "--quiet" not in sys.argv:
        for bits in available():
            print(f"{bits} bit: {' '.join(command(bits))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
