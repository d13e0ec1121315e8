"""The pinned packages of pyproject.toml, and how they are installed. Needs nothing but Python.

`python tools/requirements.py [group]` installs the environment's packages, or those of an
optional group, for the Python that runs it. pip takes only files whose SHA-256 stands in
`tools/locks/`; `make lock` writes these lists.
"""

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).parent.parent / "pyproject.toml"
LOCKS = Path(__file__).parent / "locks"
# The packages that are no optional group.
ENVIRONMENT = "environment"

# A source would be built with whatever setuptools there is; esptool comes as nothing else.
_KINDS = ("--only-binary", ":all:", "--no-binary", "esptool")


class InstallError(Exception):
    """pip could not install what a lock names; it has said why."""


def pins(group: str = ENVIRONMENT) -> list[str]:
    """Requirements such as "pytest==9.2.0": the project's own, or those of an optional group."""
    if group == ENVIRONMENT:
        return _project()["dependencies"]
    return _project()["optional-dependencies"][group]


def groups() -> list[str]:
    """Names of all locks of Python packages, the environment's first."""
    return [ENVIRONMENT, *_project()["optional-dependencies"]]


def _project() -> dict[str, Any]:
    return tomllib.loads(_PROJECT.read_text("utf-8"))["project"]


def pinned_version(package: str) -> str:
    """Version of one of the project's packages."""
    found = dict(pin.split("==") for pin in pins())
    return found[package]


def lock_of(group: str) -> Path:
    """The file with all packages of a group, what they need included."""
    return LOCKS / f"{group}.txt"


def install(lock: Path, *options: str) -> None:
    """Have pip install all of a lock and nothing else. Raises InstallError."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    hashed = [*_KINDS, "--require-hashes", "--requirement", str(lock)]
    if subprocess.run([*pip, *options, *hashed], check=False).returncode:
        raise InstallError(f"pip could not install the packages of {lock.name}.")


if __name__ == "__main__":
    try:
        install(lock_of((sys.argv[1:] or [ENVIRONMENT])[0]))
    except InstallError as problem:
        sys.exit(str(problem))
