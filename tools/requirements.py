"""The pinned packages of pyproject.toml. Needs nothing but Python.

Started, it prints them, one a line, for pip. An argument names an optional group, for example
`stubs`.
"""

import sys
import tomllib
from pathlib import Path

_PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def pins(group: str = "") -> list[str]:
    """Requirements such as "pytest==9.2.0": the project's own, or those of an optional group."""
    project = tomllib.loads(_PROJECT.read_text("utf-8"))["project"]
    return project["optional-dependencies"][group] if group else project["dependencies"]


def pinned_version(package: str) -> str:
    """Version of one of the project's packages."""
    found = dict(pin.split("==") for pin in pins())
    return found[package]


if __name__ == "__main__":
    print("\n".join(pins(*sys.argv[1:2])))
