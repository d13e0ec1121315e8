"""Writes `kept_names.txt` anew from the ESP32 stubs: `python -m tools.shrink.write_kept_names`."""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from tools import check_types
from tools.shrink.kept import KEPT_NAMES

# Modules that only type checkers know, and packages that an image does not have: the build
# refuses a firmware that imports one, as its names are unknown then.
_NOT_THERE = {
    *("_ast", "_codecs", "_typeshed", "abc", "enum", "sre_compile", "sre_constants", "sre_parse"),
    *("stubs", "typing", "typing_extensions", "logging", "mip", "requests", "umqtt", "upysh"),
    *("urequests", "webrepl_setup"),
}

_HEADER = """\
# Names that MicroPython's own modules define: `tools/shrink` renames none of these.
# Written by `python -m tools.shrink.write_kept_names`. Source: the stub packages
# {packages}.
"""


def defined_names(folder: Path) -> dict[str, set[str]]:
    """Classes, functions and attributes, not private, of each module with stubs in `folder`."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.pyi")):
        parts = path.relative_to(folder).with_suffix("").parts
        module = parts[1] if parts[0] == "stdlib" else parts[0]
        names = found.setdefault(module, set())
        names.update(_defined_in(ast.parse(path.read_text("utf-8"))))
    return {
        module: {name for name in names if not name.startswith("_")}
        for module, names in found.items()
        if module not in _NOT_THERE
    }


def _defined_in(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def main() -> int:
    check_types.install_stubs()
    packages = (check_types.STUBS / ".ready").read_text("utf-8").split()
    lines = []
    for module, names in sorted(defined_names(check_types.STUBS).items()):
        for line in textwrap.wrap(" ".join(sorted(names)), 97 - len(module)):
            lines.append(f"{module}: {line}\n")
    header = _HEADER.format(packages=" and ".join(packages))
    KEPT_NAMES.write_text(header + "".join(lines), "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
