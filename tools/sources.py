"""What the firmware's sources import, read without importing them."""

from __future__ import annotations

import ast


def foreign_modules(sources: dict[str, str]) -> set[str]:
    """What the firmware imports that is not its own, at any depth of its code."""
    found: set[str] = set()
    for text in sources.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
    return {name for name in found if name.partition(".")[0] != "ovms"}


def top_imports(text: str) -> set[str]:
    """Modules that a source imports when it is imported itself."""
    found: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def imported_modules(text: str) -> set[str]:
    """Modules that a source imports at any depth, `from a import b` as a and as a.b."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found
