"""Debian's packages for programs that are no Python packages: downloaded without being root.

The suite is one of our own choice, whatever the machine runs. Version and SHA-256 of every
package stand in `tools/locks/debian.txt`; `make lock` notes the archive's present ones. Needs
`apt-get` and `dpkg` and an archive that the machine's apt knows. When that has newer packages by
now, Debian's archive of old ones is asked (snapshot.debian.org), as of the day of the lock. Where
that cannot be reached either, the newer ones are taken and told: apt has checked their signature.
"""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_STATE = ROOT / ".cache" / "apt"
SUITE = "trixie"
LOCK = ROOT / "tools" / "locks" / "debian.txt"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SNAPSHOT = "http://snapshot.debian.org/archive/debian"


class DebianError(Exception):
    """What kept a package from being here, as the first half of a sentence for the user."""


def download(packages: Sequence[str], folder: Path) -> None:
    """Download packages ("libc6:i386") as `.deb` files into a new folder, as the lock has them.

    Packages are for programs that this machine starts: on anything but x86-64 this is refused.
    """
    if platform.machine() != "x86_64":
        raise DebianError("Debian's packages are unpacked on x86-64 only")
    for tool in ("apt-get", "dpkg-deb"):
        if not shutil.which(tool):
            raise DebianError(f"`{tool}` is needed to unpack Debian's package and is not here")
    written, lock = read_lock()
    missing = [name for name in packages if name not in lock]
    if missing:
        raise DebianError(f"{LOCK.name} has no {missing[0]}: `make lock` writes it")
    wanted = [f"{name}={lock[name][0]}" for name in packages]
    own, is_locked = _own_archive(), True
    try:
        _fetch(own, wanted, folder)
    except DebianError:
        try:
            _fetch(_old_archive(written), wanted, folder)
        except DebianError:
            is_locked = False
            _fetch(own, packages, folder)
    hashes = {sha256 for _, sha256 in (lock[name] for name in packages)}
    for path in sorted(folder.glob("*.deb")):
        if hashlib.sha256(path.read_bytes()).hexdigest() in hashes:
            continue
        if is_locked:
            shutil.rmtree(folder)
            raise DebianError(f"{path.name} is another file than {LOCK.name} names")
        note = f"{path.name} is newer than {LOCK.name}: its signature alone was checked."
        print(note, file=sys.stderr)


def _fetch(sources: str, wanted: Sequence[str], folder: Path) -> None:
    apt = _private_apt(sources)
    run(["apt-get", *apt, "update"], "reading Debian's package lists")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    what = f"downloading {wanted[0].split(':')[0]}"
    run(["apt-get", *apt, "download", *wanted], what, cwd=folder)


def read_lock() -> tuple[str, dict[str, tuple[str, str]]]:
    """When the lock was written ("20261129T011500Z"), and (version, SHA-256) of its packages."""
    lines = LOCK.read_text("ascii").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return lines[0].split()[-1], {name: (version, sha256) for name, version, sha256 in rows}


def write_lock(packages: Mapping[str, tuple[str, str]]) -> None:
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    rows = [f"{name} {version} {sha256}\n" for name, (version, sha256) in packages.items()]
    LOCK.write_text(f"# Written by `make lock` {now}\n{''.join(rows)}", "ascii")


def look_up(packages: Sequence[str]) -> dict[str, tuple[str, str]]:
    """(Version, SHA-256) that the machine's archive has of packages ("libc6:i386") now."""
    apt = _private_apt(_own_archive())
    run(["apt-get", *apt, "update"], "reading Debian's package lists")
    found = {}
    for name in packages:
        ask = ["apt-cache", *apt, "--no-all-versions", "show", name]
        text = run(ask, f"asking for {name}")
        version = re.search(r"^Version: (\S+)", text, re.M)
        sha256 = re.search(r"^SHA256: ([0-9a-f]{64})$", text, re.M)
        if not version or not sha256:
            raise DebianError(f"Debian's package lists have no {name}")
        found[name] = version[1], sha256[1]
    return found


def run(arguments: Sequence[str], what: str, cwd: Path | None = None) -> str:
    """What a command prints. what: what it does, for the error."""
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DebianError(f"{what} ended with: {reason.rstrip('.')}")
    return done.stdout


def _private_apt(sources: str) -> list[str]:
    """Options of apt for a state directory and a sources.list of its own."""
    for folder in ("lists/partial", "archives/partial"):
        (_STATE / folder).mkdir(parents=True, exist_ok=True)
    (_STATE / "status").touch()
    (_STATE / "sources.list").write_text(sources, encoding="ascii")
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
        "Acquire::http::Timeout": "20",
    }
    return [
        "-qq",
        *(word for name, value in options.items() for word in ("-o", f"{name}={value}")),
    ]


def archive() -> str:
    """Address of the first Debian archive this machine uses."""
    return _archive()[0]


def _own_archive() -> str:
    """A `deb` line for it, with the wanted suite."""
    uri, keyring = _archive()
    option = f"[signed-by={keyring}] " if Path(keyring).exists() else ""
    return f"deb {option}{uri} {SUITE} main\n"


def _archive() -> tuple[str, str]:
    """Address of the first Debian archive this machine uses, and the file that it is signed by."""
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
    return archives[0], next((key for key in keyrings if Path(key).exists()), _KEYRING)


def _old_archive(written: str) -> str:
    """The same for the archive as it was when the lock was written."""
    # Its lists of that day have expired by design; the SHA-256 says what is right.
    signed = f" signed-by={_KEYRING}" if Path(_KEYRING).exists() else ""
    return f"deb [check-valid-until=no{signed}] {_SNAPSHOT}/{written}/ {SUITE} main\n"
