"""Removes what nothing in the whole tree refers to: constants that went elsewhere, imports nobody
needs any more, functions, methods and classes that nobody calls, attributes that nobody reads.
"""

from __future__ import annotations

import ast

from tools.shrink.constants import assignments
from tools.shrink.names import texts_of
from tools.shrink.scopes import CLASS, Imported, Module, imported
from tools.shrink.strip import fill

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_HARMLESS = ("property", "staticmethod", "classmethod")
_IMPURE = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)


class Undertaker:
    """outside: names that sources outside the tree use. foreign: what MicroPython may use."""

    def __init__(self, modules, outside: set[str], foreign: set[str]):
        self._modules: dict[str, Module] = modules
        self._kept = outside
        self._called = outside | foreign
        self.buried: list[str] = []

    def bury(self) -> None:
        """Remove, in place, until everything left is used; `buried` names functions, classes."""
        while changed := self._sweep():
            for module in changed:
                module.analyse()

    def _sweep(self) -> list[Module]:
        """One pass; returns the modules that lost something."""
        read: set[str] = set()
        imported_names: set[tuple[str, str]] = set()
        for module in self._modules.values():
            read |= texts_of(module)
            for attribute in module.attributes:
                if isinstance(attribute.ctx, ast.Load):
                    read.add(attribute.attr)
            for statement, alias in module.imports:
                if isinstance(statement, ast.ImportFrom):
                    imported_names.add((statement.module or "", alias.name))
        changed = []
        for module in self._modules.values():
            used = read | set(self._loaded(module))
            used |= {name for home, name in imported_names if home == module.name}
            is_changed = self._clean(module, module.tree, used)
            is_changed |= _Attributes(read | self._called).clean(module.tree)
            if is_changed:
                changed.append(module)
        return changed

    def _loaded(self, module: Module):
        """Globals and class names that the code of `module` reads itself."""
        for use in module.uses:
            if isinstance(use.node, ast.Name) and isinstance(use.node.ctx, ast.Load):
                owner = use.owner
                if owner is module.top or (owner is not None and owner.kind == CLASS):
                    yield use.name

    def _clean(self, module: Module, block, used: set[str]) -> bool:
        constants = assignments(module)
        body = []
        is_changed = False
        for node in block.body:
            if isinstance(node, ast.ClassDef):
                is_changed |= self._clean(module, node, used)
            if self._is_dead(node, block, used, constants):
                is_changed = True
                if isinstance(node, _DEFINITIONS):
                    owner = getattr(block, "name", "")
                    self.buried.append(f"{module.name}.{owner}.{node.name}".replace("..", "."))
                continue
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias for alias in node.names if not self._is_idle(alias, node, used)]
                is_changed |= len(names) < len(node.names)
                node.names = names
                if not names:
                    continue
            body.append(node)
        block.body = body
        fill(block)
        return is_changed

    def _is_dead(self, node: ast.stmt, block, used: set[str], constants) -> bool:
        if isinstance(node, _DEFINITIONS):
            name = node.name
            kept = self._called
            is_plain = not name.startswith("__") and all(
                getattr(decorator, "id", "") in _HARMLESS for decorator in node.decorator_list
            )
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            kept = self._kept if isinstance(block, ast.Module) else self._called
            is_alone = len(node.targets) == 1 and not name.startswith("__")
            is_plain = is_alone and (name in constants or isinstance(block, ast.ClassDef))
            is_plain = is_plain and _is_pure(node.value)
        else:
            return False
        return is_plain and name not in used | kept

    def _is_idle(self, alias: ast.alias, statement: ast.stmt, used: set[str]) -> bool:
        """Whether an import of something of ours (or of `const`) serves nobody."""
        source = imported(alias, statement)
        name = alias.asname or alias.name
        if source == Imported("micropython", "const"):
            return name not in used
        return source.module in self._modules and name not in used | self._kept


class _Attributes(ast.NodeTransformer):
    """Removes `x.name = value` for every name that is never read."""

    def __init__(self, read: set[str]):
        self._read = read
        self._is_changed = False

    def clean(self, tree: ast.Module) -> bool:
        self.visit(tree)
        return self._is_changed

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        fill(node)
        return node

    def _is_unread(self, target: ast.expr) -> bool:
        return (
            isinstance(target, ast.Attribute)
            and isinstance(target.value, ast.Name)
            and target.attr not in self._read
        )

    def visit_Assign(self, node: ast.Assign):  # noqa: N802
        targets = [target for target in node.targets if not self._is_unread(target)]
        if len(targets) == len(node.targets) or (not targets and not _is_pure(node.value)):
            return node
        self._is_changed = True
        node.targets = targets
        return node if targets else None

    def visit_AugAssign(self, node: ast.AugAssign):  # noqa: N802
        if not self._is_unread(node.target) or not _is_pure(node.value):
            return node
        self._is_changed = True
        return None


def _is_pure(node: ast.expr) -> bool:
    """Whether nothing is lost when `node` is not evaluated."""
    return not any(
        isinstance(part, _IMPURE) and getattr(getattr(part, "func", None), "id", "") != "const"
        for part in ast.walk(node)
    )
