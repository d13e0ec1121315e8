"""Emulators of the processors that the native modules are compiled for: QEMU's user mode.

`python -m tools.qemu` makes sure they are there (`--quiet`: only what is wrong).

Where they come from, in this order: PATH (Debian's `qemu-user` or `qemu-user-static`), else
Debian trixie's package, 71 MB, of which those three programs are kept under `.cache/qemu/`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile

from tools import debian
from tools.debian import ROOT

CACHE = ROOT / ".cache" / "qemu"
PACKAGE = "qemu-user"
PROGRAMS = ("qemu-xtensa", "qemu-riscv32", "qemu-arm")


class QemuMissingError(Exception):
    """An emulator cannot be had here; the text says what to install."""


def program(name: str) -> str:
    """Path of one of PROGRAMS. Raises QemuMissingError with one sentence for the user."""
    kept = CACHE / name
    found = shutil.which(name) or shutil.which(f"{name}-static") or (kept.exists() and str(kept))
    if not found:
        raise QemuMissingError(
            f"There is no {name} here: run `make qemu`, or install it (Debian: qemu-user)."
        )
    return found


def _is_complete() -> bool:
    try:
        return all(program(name) for name in PROGRAMS)
    except QemuMissingError:
        return False


def install() -> None:
    """Fetch and unpack what is missing. Raises QemuMissingError when this machine cannot."""
    if _is_complete():
        return
    downloads = CACHE / "packages"
    try:
        debian.download([f"{PACKAGE}:amd64"], downloads)
        for package in downloads.glob("*.deb"):
            _unpack(str(package))
    except (debian.DebianError, tarfile.TarError) as error:
        raise QemuMissingError(
            f"QEMU cannot be fetched, as {error}: install it as `qemu-xtensa`, `qemu-riscv32` and "
            "`qemu-arm` on your PATH."
        ) from None
    finally:
        shutil.rmtree(downloads, ignore_errors=True)


def _unpack(package: str) -> None:
    """Take PROGRAMS out of the package; all of it would be 465 MB."""
    command = ["dpkg-deb", "--fsys-tarfile", package]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as unpacking,
        tarfile.open(fileobj=unpacking.stdout, mode="r|") as archive,
    ):
        for member in archive:
            name = os.path.basename(member.name)
            content = archive.extractfile(member) if name in PROGRAMS else None
            if content is None:
                continue
            partial = CACHE / f"{name}.partial"
            with partial.open("wb") as file:
                shutil.copyfileobj(content, file)
            partial.chmod(0o755)
            partial.rename(CACHE / name)


def main() -> int:
    try:
        install()
    except QemuMissingError as error:
        print(error, file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    if "--quiet" not in sys.argv:
        print(*(program(name) for name in PROGRAMS), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
