"""Removes what nothing refers to any more when constants went where they are used: their
definitions, and imports that only served them.

Functions and methods that nobody calls are not looked for: the firmware holds none.
"""

from __future__ import annotations

import ast

from tools.shrink.constants import assignments
from tools.shrink.scopes import Imported, Module, imported
from tools.shrink.strip import fill
from tools.shrink.trees import Transformer, walk


def bury(modules: dict[str, Module], outside: set[str]) -> None:
    """Remove, in place, until everything left is used.

    outside: names that sources outside the tree use.
    """
    while True:
        attributes = {node.attr for module in modules.values() for node in module.attributes}
        # Module to what others take out of it.
        taken: dict[str | None, set[str]] = {}
        for module in modules.values():
            for statement, alias in module.imports:
                if isinstance(statement, ast.ImportFrom):
                    taken.setdefault(statement.module, set()).add(alias.name)
        changed = [
            module
            for module in modules.values()
            if _clean(module, modules, outside, attributes | taken.get(module.name, set()))
        ]
        if not changed:
            return
        for module in changed:
            module.analyse()


def _clean(module: Module, modules, outside: set[str], used_elsewhere: set[str]) -> bool:
    used = used_elsewhere | {
        use.name
        for use in module.uses
        if isinstance(use.node, ast.Name) and isinstance(use.node.ctx, ast.Load)
    }
    constants = assignments(module)

    def is_dead(node: ast.stmt) -> bool:
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            return False
        name = node.targets[0].id
        return name not in used | outside and name in constants and _is_pure(node.value)

    def is_idle(alias: ast.alias, statement: ast.stmt) -> bool:
        source = imported(alias, statement)
        name = alias.asname or alias.name
        if source == Imported("micropython", "const"):
            return name not in used
        return source.module in modules and name not in used | outside

    cleaner = _Cleaner(is_dead, is_idle)
    cleaner.visit(module.tree)
    return cleaner.has_changed


def _is_pure(node: ast.expr) -> bool:
    """Whether nothing is lost when `node` is not evaluated."""
    return not any(
        isinstance(part, ast.Await | ast.NamedExpr)
        or (isinstance(part, ast.Call) and getattr(part.func, "id", "") != "const")
        for part in walk(node)
    )


class _Cleaner(Transformer):
    def __init__(self, is_dead, is_idle):
        self._is_dead, self._is_idle = is_dead, is_idle
        self.has_changed = False

    def visit_Module(self, node: ast.Module):  # noqa: N802
        left = [statement for statement in node.body if not self._is_dead(statement)]
        self.has_changed = len(left) < len(node.body)
        node.body = left
        return self.generic_visit(node)

    def visit_Import(self, node):  # noqa: N802
        names = [alias for alias in node.names if not self._is_idle(alias, node)]
        self.has_changed |= len(names) < len(node.names)
        node.names = names
        return node if names else None

    visit_ImportFrom = visit_Import  # noqa: N815

    def generic_visit(self, node):
        super().generic_visit(node)
        fill(node)
        return node
