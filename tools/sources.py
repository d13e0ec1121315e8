"""What the firmware's sources import, read without importing them."""

from __future__ import annotations

import ast

_TYPE_CHECKING = "TYPE_CHECKING"


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


def without_annotation_imports(text: str) -> str:
    """A source without `TYPE_CHECKING = False` and the block `if TYPE_CHECKING:`, which name what
    only annotations need. Their lines stay, empty, so that all others keep their numbers.
    """
    if _TYPE_CHECKING not in text:
        return text
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        if _is_for_annotations(node):
            for number in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[number] = "\n"
    return "".join(lines)


def _is_for_annotations(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign):
        return getattr(node.targets[0], "id", "") == _TYPE_CHECKING
    return isinstance(node, ast.If) and getattr(node.test, "id", "") == _TYPE_CHECKING
