"""Writes `tools/locks/`: what is fetched for desk, tests and build, with versions and SHA-256.

`python -m tools.lock` (`make lock`) is for whoever changes a version; look at the difference
before it is committed. Python's packages are resolved by uv for every Python and processor the
project supports, with the hashes of all files of a version. Debian's packages are the archive's
present ones. The licences are those that the packages name themselves.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tools import debian, mosquitto, qemu, requirements, vm
from tools.debian import ROOT

# pip and uv of their own: an older pip knows no licence expressions.
_TOOLS = ROOT / ".cache" / "lock"
# Whatever index the machine has beside: the hashes are those of the real files.
_INDEX = "https://pypi.org/simple"
LICENCES = requirements.LOCKS / "licences.txt"
_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.M)
NOT_SAID = "not said"
# Packages whose metadata do not say it; from their licence file.
_READ = {"littlefs-python": "BSD-3-Clause"}
_HEADER = "# Written by `make lock`.\n"
_OLDEST_PYTHON = "3.11"


class LockError(Exception):
    """Why the locks stay as they were, as one sentence."""


def locked(group: str) -> dict[str, str]:
    """Versions of all packages of a group by their normalised names."""
    return dict(_PIN.findall(requirements.lock_of(group).read_text("ascii")))


def write_python(group: str) -> None:
    """Resolve a group. The environment comes first: the others keep to its versions."""
    lock = requirements.lock_of(group)
    start = [
        str(_TOOLS / "bin/uv"),
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--generate-hashes",
    ]
    plain = ["--no-header", "--no-annotate", "--upgrade", "--system-certs"]
    where = ["--python-version", _OLDEST_PYTHON, "--default-index", _INDEX]
    if group != requirements.ENVIRONMENT:
        where += ["--constraint", str(requirements.lock_of(requirements.ENVIRONMENT))]
    done = subprocess.run(
        [*start, *plain, *where, "-"],
        input="\n".join(requirements.pins(group)),
        # Nothing of this machine's own settings counts.
        env={name: text for name, text in os.environ.items() if not name.startswith("UV_")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise LockError(f"uv cannot resolve the packages of {lock.name}: {reason}")
    lock.write_text(_HEADER + done.stdout, "ascii")


def python_licences(groups: Iterable[str]) -> dict[str, tuple[str, str]]:
    """(version, licence) of the groups' packages by name, from their own metadata."""
    pins = {name: version for group in groups for name, version in locked(group).items()}
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    report = subprocess.run(
        [
            *(*pip, "--dry-run", "--ignore-installed", "--no-deps", "--report", "-"),
            *(f"{name}=={version}" for name, version in pins.items()),
        ],
        env={**os.environ, "PYTHONPATH": str(_TOOLS)},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    found = {}
    for package in json.loads(report)["install"]:
        metadata = package["metadata"]
        name = re.sub(r"[-_.]+", "-", metadata["name"]).lower()
        licence = licence_of(metadata)
        if licence == NOT_SAID:
            licence = _READ.get(name, licence)
        found[name] = (metadata["version"], licence)
    return found


def licence_of(metadata: dict) -> str:
    """What a package says of its licence, in one line. metadata: as JSON (PEP 566), of any age.

    An expression comes first (PEP 639), then the classifiers, then the first line of the text.
    """
    if metadata.get("license_expression"):
        return metadata["license_expression"]
    classifiers = [
        line.split(" :: ")[-1]
        for line in metadata.get("classifier", ())
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    lines = (metadata.get("license") or "").strip().splitlines()
    return ", ".join(classifiers) or (lines[0].strip() if lines else NOT_SAID)


def write_debian(packages: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Note the archive's versions; returns (version, licence) by package name."""
    found = debian.look_up(sorted(set(packages)))
    debian.write_lock(found)
    licences = {}
    with tempfile.TemporaryDirectory() as folder:
        downloads = Path(folder) / "packages"
        debian.download(list(found), downloads)
        for name, (version, _) in found.items():
            short, architecture = name.split(":")
            (package,) = downloads.glob(f"{short}_*_{architecture}.deb")
            licences[short] = version, debian_licence(short, package)
    return licences


def debian_licence(name: str, package: Path) -> str:
    """The licences that a package's copyright file names, which are those of all its parts."""
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as unpacking,
        tarfile.open(fileobj=unpacking.stdout, mode="r|") as archive,
    ):
        text = ""
        for member in archive:
            if member.name == f"./usr/share/doc/{name}" and member.issym():
                return f"that of {Path(member.linkname).name}"
            if member.name == f"./usr/share/doc/{name}/copyright":
                content = archive.extractfile(member)
                text = content.read().decode("utf-8", "replace") if content else ""
    return licences_in(text)


def licences_in(copyright_text: str) -> str:
    """Short names of a Debian copyright file (DEP 5), or the licences an older one cites."""
    named = re.findall(r"^License:[ \t]*(\S.*?)\s*$", copyright_text, re.M)
    cited = re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])", copyright_text)
    return ", ".join(dict.fromkeys(named or sorted(set(cited)))) or NOT_SAID


def main() -> int:
    packages = [
        *(f"{name}:{row[0]}" for name in vm.PACKAGES for row in vm.TARGETS.values()),
        *(f"{name}:amd64" for name in (*mosquitto.PACKAGES, qemu.PACKAGE)),
    ]
    groups = requirements.groups()
    try:
        requirements.install(requirements.lock_of("lock"), "--upgrade", "--target", str(_TOOLS))
        for group in groups:
            write_python(group)
        rows = python_licences(groups)
        rows.update(write_debian(packages))
    except (LockError, requirements.InstallError, debian.DebianError) as error:
        print(error, file=sys.stderr)
        return 2
    except subprocess.CalledProcessError:
        print("pip could not say which licences the packages have.", file=sys.stderr)
        return 2
    lines = [f"{name} {version}: {licence}\n" for name, (version, licence) in sorted(rows.items())]
    LICENCES.write_text(_HEADER + "".join(lines), "utf-8")
    print(f"{len(rows)} packages stand in {LICENCES.parent.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
