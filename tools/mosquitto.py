"""The MQTT broker mosquitto, which tests and desk use: a real one, not of ours.

`python -m tools.mosquitto` makes sure it is there and prints how to start it (`--quiet`: only
what is wrong).

Where it comes from, in this order: a `mosquitto` of version 2 on PATH or in /usr/sbin, else Debian
trixie's packages (7 MB), unpacked under `.cache/mosquitto/` and started through their own dynamic
loader.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tools import debian
from tools.debian import ROOT

CACHE = ROOT / ".cache" / "mosquitto"
PACKAGES = (
    "mosquitto",
    "libc6",
    "libcap2",
    "libcjson1",
    "libdlt2",
    "libnsl2",
    "libssl3t64",
    "libsystemd0",
    "libtirpc3t64",
    "libwebsockets19t64",
    "libwrap0",
    "libzstd1",
    "zlib1g",
)
_LIBRARIES = "usr/lib/x86_64-linux-gnu"


class MosquittoMissingError(Exception):
    """There is no broker here; the text says what to install."""


def command() -> list[str]:
    """Start of a command line for mosquitto. Raises MosquittoMissingError with one sentence."""
    binary = CACHE / "tree/usr/sbin/mosquitto"
    if binary.exists():
        libraries = CACHE / "tree" / _LIBRARIES
        loader = libraries / "ld-linux-x86-64.so.2"
        return [str(loader), "--library-path", str(libraries), str(binary)]
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if found and _is_version_2(found):
        return [found]
    raise MosquittoMissingError(
        "There is no mosquitto here: run `make mosquitto`, or install version 2 "
        "(Debian: mosquitto)."
    )


def _is_version_2(program: str) -> bool:
    asked = subprocess.run([program, "-h"], capture_output=True, text=True, check=False)
    return "mosquitto version 2." in asked.stdout


def install() -> None:
    """Fetch and unpack it where it is missing. Raises MosquittoMissingError when it cannot."""
    try:
        command()
        return
    except MosquittoMissingError:
        pass
    downloads, partial = CACHE / "packages", CACHE / "partial"
    try:
        debian.download([f"{name}:amd64" for name in PACKAGES], downloads)
        shutil.rmtree(partial, ignore_errors=True)
        for package in sorted(downloads.glob("*.deb")):
            debian.run(["dpkg-deb", "-x", str(package), str(partial)], f"unpacking {package.name}")
    except debian.DebianError as error:
        raise MosquittoMissingError(
            f"mosquitto cannot be fetched, as {error}: install version 2 (Debian: mosquitto)."
        ) from None
    finally:
        shutil.rmtree(downloads, ignore_errors=True)
    partial.rename(CACHE / "tree")


def main() -> int:
    try:
        install()
        start = command()
    except MosquittoMissingError as error:
        print(error, file=sys.stderr)
        return 1 if os.environ.get("CI") else 0
    if "--quiet" not in sys.argv:
        print(*start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
