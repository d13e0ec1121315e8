"""Debian's packages for programs that are no Python packages: downloaded without being root.

The suite is one of our own choice, whatever the machine runs. Needs `apt-get` and `dpkg` and an
archive that the machine's apt knows.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_STATE = ROOT / ".cache" / "apt"
SUITE = "trixie"


class DebianError(Exception):
    """What kept a package from being here, as the first half of a sentence for the user."""


def download(packages: Sequence[str], folder: Path) -> None:
    """Download packages ("libc6:i386") as `.deb` files into a new folder.

    Packages are for programs that this machine starts: on anything but x86-64 this is refused.
    """
    if platform.machine() != "x86_64":
        raise DebianError("Debian's packages are unpacked on x86-64 only")
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise DebianError(f"`{tool}` is needed to unpack Debian's package and is not here")
    apt = _private_apt()
    run([*apt, "update"], "reading Debian's package lists")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run([*apt, "download", *packages], f"downloading {packages[0]}", cwd=folder)


def run(arguments: Sequence[str], what: str, cwd: Path | None = None) -> None:
    """Run a command. what: what it does, for the error."""
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DebianError(f"{what} ended with: {reason.rstrip('.')}")


def _private_apt() -> list[str]:
    """apt-get with a state directory of its own and the machine's archive, suite swapped."""
    for folder in ("lists/partial", "archives/partial"):
        (_STATE / folder).mkdir(parents=True, exist_ok=True)
    (_STATE / "status").touch()
    (_STATE / "sources.list").write_text("".join(_source_lines()), encoding="ascii")
    options = {
        "Dir::State": _STATE,
        "Dir::State::status": _STATE / "status",
        "Dir::Cache": _STATE,
        "Dir::Etc::sourcelist": _STATE / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "APT::Architecture": "amd64",
        "APT::Architectures": "amd64,i386",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",
    }
    line = ["apt-get", "-qq"]
    for name, value in options.items():
        line += ["-o", f"{name}={value}"]
    return line


def _source_lines() -> list[str]:
    """One `deb` line per Debian archive this machine already uses, for the wanted suite."""
    uris: list[str] = []
    keyrings: list[str] = []
    parts = Path("/etc/apt")
    files = [parts / "sources.list", *sorted((parts / "sources.list.d").glob("*"))]
    for path in files:
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        uris += re.findall(r"^URIs:\s*(\S+)", text, re.M)
        uris += re.findall(r"^deb\s+(?:\[[^\]]*\]\s*)?(\S+)", text, re.M)
        keyrings += re.findall(r"^Signed-By:\s*(/\S+debian-archive\S+)", text, re.M)
    archives = [uri for uri in uris if re.search(r"/debian/?$", uri)]
    if not archives:
        raise DebianError("this machine's apt knows no Debian archive")
    usual = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    keyring = next((Path(k) for k in keyrings if Path(k).exists()), usual)
    option = f"[signed-by={keyring}] " if keyring.exists() else ""
    return [f"deb {option}{archives[0]} {SUITE} main\n"]
