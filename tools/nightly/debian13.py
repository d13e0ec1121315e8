"""A Debian 13 in a folder, for what has to work on users' machines, which are newer than this one.

    system = Debian13(folder)
    system.make()                               once; some 300 MB, a minute
    system.clone(ROOT, "ovms")                  the last commit, fresh, as that user's
    system.run("ovms", "cd ovms && make test", 3600)

Needs root, for `debootstrap`, `chroot` and `unshare`; what runs in it is an ordinary user's. It
shares the network of this machine, and gets its certificates and its proxies. It sees no process
of this machine, and none of its own outlives a `run`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools import debian

RELEASE = "trixie"
# What README.md asks for, and the two that a Debian without them misses.
PACKAGES = ("make", "python3", "python3-venv", "git", "ca-certificates", "procps")
_TOOLS = ("debootstrap", "chroot", "unshare", "git")
_CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
_PROXIES = ("http_proxy", "https_proxy", "no_proxy")
_MAKE_LIMIT_S = 1800
_SMALL_LIMIT_S = 900
# Everything here goes with the namespace, also when this process is killed.
_INSIDE = """\
set -e
mount --make-rprivate /
mount -t proc proc "$0/proc"
mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm"
exec chroot "$0" env -i "${@:2}" su -s /bin/bash -w "$KEPT" -c "$COMMAND" - "$1"
"""


class NightlyError(Exception):
    """What cannot be done here; one sentence with what to do."""


class Debian13:
    """folder: where it is or will be."""

    def __init__(self, folder: Path):
        self.folder = folder.absolute()

    def make(self) -> None:
        """Lay it where it is missing. Raises NightlyError."""
        missing = [tool for tool in _TOOLS if not shutil.which(tool)]
        if os.geteuid() != 0 or missing:
            what = f"{missing[0]} is not here" if missing else "this is not root"
            raise NightlyError(
                f"A Debian 13 in a folder needs root and Debian's package debootstrap: {what}."
            )
        if not (self.folder / "etc/debian_version").exists():
            self._lay()
        for name in ("etc/resolv.conf", "etc/hosts", _CERTIFICATES):
            if Path("/", name).exists():
                shutil.copyfile(Path("/", name), self.folder / name)

    def _lay(self) -> None:
        partial = self.folder.with_name(self.folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            archive = debian.archive()
        except debian.DebianError as error:
            raise NightlyError(f"A Debian 13 cannot be laid, as {error}.") from None
        packages = f"--include={','.join(PACKAGES)}"
        words = ["debootstrap", "--variant=minbase", packages, RELEASE, str(partial), archive]
        _must(words, _MAKE_LIMIT_S)
        partial.rename(self.folder)

    def add(self, packages: Sequence[str]) -> None:
        """Install more of Debian's packages."""
        apt = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0"
        names = shlex.join(packages)
        done = self.run(
            "root",
            f"{apt} update && {apt} install -y --no-install-recommends {names} >/dev/null",
            _SMALL_LIMIT_S,
        )
        if done:
            raise NightlyError(f"Debian 13 has not installed {names}: its apt-get has said why.")

    def user(self, name: str) -> Path:
        """Home of a user of that name, who is made."""
        home = self.folder / "home" / name
        if not home.exists():
            _must(["chroot", str(self.folder), "useradd", "-m", name], _SMALL_LIMIT_S)
        return home

    def clone(self, source: Path, name: str) -> Path:
        """The last commit of `source` as a fresh clone `ovms` in the home of user `name`."""
        target = self.user(name) / "ovms"
        shutil.rmtree(target, ignore_errors=True)
        _must(["git", "clone", "-q", "--no-hardlinks", str(source), str(target)], _SMALL_LIMIT_S)
        owner = ["chroot", str(self.folder), "chown", "-R", f"{name}:", f"/home/{name}/ovms"]
        _must(owner, _SMALL_LIMIT_S)
        return target

    def run(self, name: str, command: str, limit_s: float) -> int:
        """Exit code of a shell command in the home of user `name`; 124 when it took too long."""
        kept = {key: os.environ[key] for key in _PROXIES if key in os.environ}
        kept |= dict.fromkeys(("SSL_CERT_FILE", "PIP_CERT"), f"/{_CERTIFICATES}")
        settings = [f"{key}={value}" for key, value in kept.items()]
        words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", _INSIDE]
        process = subprocess.Popen(
            [*words, str(self.folder), name, "PATH=/usr/bin:/usr/sbin", "LANG=C.UTF-8", *settings],
            env={**os.environ, "COMMAND": command, "KEPT": ",".join(["LANG", *kept])},
            stdin=subprocess.DEVNULL,
        )
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return 124
        finally:
            process.kill()
            process.wait()


def _must(words: Sequence[str], limit_s: float) -> None:
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, check=False, timeout=limit_s, errors="replace"
        )
    except subprocess.TimeoutExpired:
        raise NightlyError(f"{words[0]} took more than {limit_s:.0f} s; try again.") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise NightlyError(f"{words[0]} ended with: {said.rstrip('.')}.")
