"""Prints the pinned packages of pyproject.toml, one a line, for pip. Needs nothing but Python.

An argument names an optional group, for example `stubs`.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))[
    "project"
]
groups = project["optional-dependencies"]
print("\n".join(groups[sys.argv[1]] if len(sys.argv) > 1 else project["dependencies"]))
