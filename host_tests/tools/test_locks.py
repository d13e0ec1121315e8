"""The lock files: complete, in step with pyproject.toml, and nothing else gets installed.

CPython only. pip runs for a package made here, without a network; apt is a script of ours.
"""

import base64
import hashlib
import os
import re
import zipfile
from importlib import metadata

import pytest

from tools import debian, lock, mosquitto, qemu, requirements, vm

PACKAGE = "locked_thing-1.0-py3-none-any.whl"
DEB = b"a package"
SHA256 = hashlib.sha256(DEB).hexdigest()
# What Python's own venv brings.
BROUGHT = {"pip", "setuptools", "wheel"}
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
HEAD = re.compile(r"[a-z0-9-]+==[^ ;]+( ; [^\\/]+)? \\")


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("group", requirements.groups())
def test_a_lock_has_versions_and_hashes_only(group):
    """No index, no place of the machine that wrote it, no package without a hash."""
    text = requirements.lock_of(group).read_text("ascii")
    assert text.startswith("#")
    lines = text.splitlines()[1:]
    for line, following in zip(lines, [*lines[1:], "end==1 \\"]):
        is_hash = HASH.fullmatch(line)
        assert is_hash or HEAD.fullmatch(line), line
        assert line.endswith("\\") == bool(HASH.fullmatch(following)), line


@pytest.mark.parametrize("group", requirements.groups())
def test_locks_follow_the_project(group):
    """`make lock` was run after a version was changed."""
    pins = dict(pin.split("==") for pin in requirements.pins(group))
    found = lock.locked(group)
    assert pins.items() <= found.items()


def test_groups_agree_with_the_environment():
    environment = lock.locked(requirements.ENVIRONMENT)
    for name, version in lock.locked("flash").items():
        assert environment.get(name, version) == version, name


def test_every_installed_package_is_locked():
    """Those that others need, too, and in the version that is locked."""
    allowed = {**lock.locked("flash"), **lock.locked(requirements.ENVIRONMENT)}
    found = {normal(it.metadata["Name"]): it.version for it in metadata.distributions()}
    loose = {name for name in found if found[name] != allowed.get(name)}
    assert loose <= BROUGHT


def test_debian_lock_has_all_programs():
    _, packages = debian.read_lock()
    wanted = {f"{name}:{row[0]}" for name in vm.PACKAGES for row in vm.TARGETS.values()}
    wanted |= {f"{name}:amd64" for name in (*mosquitto.PACKAGES, qemu.PACKAGE)}
    assert set(packages) == wanted
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for _, sha256 in packages.values())
    assert packages["micropython:i386"][0] == packages["micropython:amd64"][0]


def test_licences_name_every_package():
    rows = lock.LICENCES.read_text("utf-8").splitlines()[1:]
    named = dict(row.split(": ", 1) for row in rows)
    _, packages = debian.read_lock()
    wanted = {f"{name.split(':')[0]} {version}" for name, (version, _) in packages.items()}
    for group in requirements.groups():
        wanted |= {f"{name} {version}" for name, version in lock.locked(group).items()}
    assert set(named) == wanted
    assert not [name for name, licence in named.items() if licence in ("", lock.NOT_SAID)]


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ({"license_expression": "MIT OR Apache-2.0", "license": "x"}, "MIT OR Apache-2.0"),
        (
            {"classifier": ["License :: OSI Approved", "License :: OSI Approved :: MIT License"]},
            "MIT License",
        ),
        ({"license": "\nBSD\n\nCopyright"}, "BSD"),
        ({}, lock.NOT_SAID),
    ],
)
def test_licence_of_a_python_package(said, licence):
    assert lock.licence_of(said) == licence


@pytest.mark.parametrize(
    ("text", "licences"),
    [
        ("Files: *\nLicense: Expat\n\nFiles: b\nLicense: ISC\n\nLicense: Expat\n x", "Expat, ISC"),
        ("see /usr/share/common-licenses/GPL-2. And /usr/share/common-licenses/LGPL-2.1.",
         "GPL-2, LGPL-2.1"),
        ("", lock.NOT_SAID),
    ],
)  # fmt: skip
def test_licences_of_a_debian_package(text, licences):
    assert lock.licences_in(text) == licences


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A package that pip finds, and nothing but that."""
    body = b"VALUE = 1\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
    info = "locked_thing-1.0.dist-info"
    files = {
        "locked_thing.py": body,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: locked-thing\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": f"locked_thing.py,sha256={digest},{len(body)}\n".encode(),
    }
    with zipfile.ZipFile(tmp_path / PACKAGE, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path / PACKAGE


def lock_with(tmp_path, text):
    path = tmp_path / "some.txt"
    path.write_text(text)
    return path


def test_pip_takes_the_file_that_the_lock_names(wheel, tmp_path):
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    path = lock_with(tmp_path, f"locked-thing==1.0 --hash=sha256:{sha256}\n")
    requirements.install(path, "--target", str(tmp_path / "there"))
    assert (tmp_path / "there/locked_thing.py").exists()


@pytest.mark.parametrize("line", ["locked-thing==1.0 --hash=sha256:" + "0" * 64, "locked-thing"])
def test_pip_takes_no_other_file(wheel, tmp_path, line, capfd):
    path = lock_with(tmp_path, line + "\n")
    with pytest.raises(requirements.InstallError, match="packages of some.txt"):
        requirements.install(path, "--target", str(tmp_path / "there"))
    assert not (tmp_path / "there/locked_thing.py").exists()


APT = r"""#!/bin/sh
# Archive {name}: its packages are as old as the sources.list says.
while [ $# -gt 0 ]; do
  case "$1" in
    Dir::Etc::sourcelist=*) list="${{1#*=}}" ;;
    update) exit 0 ;;
    download) shift; break ;;
  esac
  shift
done
echo "$* | $(cat "$list")" >> {log}
gone={gone}
case "$gone-$*" in none-*|*-thing:amd64) gone= ;; esac
if [ "$gone" = here ] && grep -q snapshot "$list"; then gone=; fi
if [ -n "$gone" ]; then
  echo "E: Version '1' for 'thing' was not found" >&2
  exit 100
fi
printf %s '{content}' > thing_1_amd64.deb
"""


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Sets up archives: content of the package; gone: of whose archive the locked version is,
    "none", "here" or "everywhere".
    """
    monkeypatch.setattr(debian, "LOCK", tmp_path / "debian.txt")
    monkeypatch.setattr(debian, "_STATE", tmp_path / "state")
    monkeypatch.setattr(debian.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(debian, "_own_archive", lambda: "deb http://own/debian trixie main\n")
    debian.write_lock({"thing:amd64": ("1", SHA256)})

    def use(content=DEB, gone="none"):
        programs = tmp_path / "bin"
        programs.mkdir()
        values = {"name": "own", "log": tmp_path / "log", "gone": gone}
        text = APT.format(content=content.decode(), **values)
        for name in ("apt-get", "dpkg-deb"):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    return use


def test_debian_package_of_the_locked_version(archive, tmp_path):
    archive()
    debian.download(["thing:amd64"], tmp_path / "new")
    assert (tmp_path / "new/thing_1_amd64.deb").read_bytes() == DEB
    assert (tmp_path / "log").read_text().startswith("thing:amd64=1 | deb http://own/debian")


def test_another_debian_package_is_refused(archive, tmp_path):
    archive(b"another package")
    with pytest.raises(debian.DebianError, match="another file than debian.txt names"):
        debian.download(["thing:amd64"], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_debian_package_that_the_archive_has_no_more(archive, tmp_path):
    """It comes from the archive of old ones, as that was when the lock was written."""
    archive(gone="here")
    debian.download(["thing:amd64"], tmp_path / "new")
    assert (tmp_path / "new/thing_1_amd64.deb").read_bytes() == DEB
    written, _ = debian.read_lock()
    asked = (tmp_path / "log").read_text().splitlines()
    assert f"/{written}/ trixie main" in asked[-1] and "check-valid-until=no" in asked[-1]


def test_debian_package_that_is_newer_where_the_old_one_cannot_be_had(archive, tmp_path, capsys):
    archive(b"a newer package", gone="everywhere")
    debian.download(["thing:amd64"], tmp_path / "new")
    assert (tmp_path / "new/thing_1_amd64.deb").exists()
    told = "thing_1_amd64.deb is newer than debian.txt: its signature alone was checked.\n"
    assert capsys.readouterr().err == told


def test_debian_package_that_no_lock_has(archive, tmp_path):
    archive()
    with pytest.raises(debian.DebianError, match="has no other:amd64"):
        debian.download(["other:amd64"], tmp_path / "new")
