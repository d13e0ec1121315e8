"""Gives modules short names: on the module a file's path and its dotted name are text in RAM, too.

`ovms/services/sms/parts.py` becomes `a.py`, imported as `a`. A module that code outside the tree
imports stays where it is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tools.shrink.scopes import Module, ShrinkError, imported
from tools.shrink.trees import Transformer, walk

# From this length on a text is no name.
_OBJECT_LENGTH = 10


def name_modules_apart(tree: ast.Module, names: set[str]) -> None:
    """Turn `from package import module as m` into `import package.module as m`, in place.

    names: dotted names of our modules. Afterwards `from` takes something out of a module only.
    """
    _Splitter(names).visit(tree)


class _Splitter(Transformer):
    def __init__(self, names: set[str]):
        self._names = names

    def visit_ImportFrom(self, node: ast.ImportFrom):  # noqa: N802
        modules = [a for a in node.names if f"{node.module}.{a.name}" in self._names]
        if not modules or node.level:
            return node
        statements: list[ast.stmt] = [
            ast.Import([ast.alias(f"{node.module}.{alias.name}", alias.asname or alias.name)])
            for alias in modules
        ]
        node.names = [alias for alias in node.names if alias not in modules]
        return [*statements, node] if node.names else statements


def check_imports(modules: dict[str, Module]) -> None:
    """Raise ShrinkError for an import of what the tree does not hold, or by `__import__`."""
    tops = {name.partition(".")[0] for name in modules}
    for module in modules.values():
        for call in module.calls:
            if getattr(call.func, "id", "") == "__import__":
                raise ShrinkError(
                    f"{module.path}, line {call.lineno}: only an ordinary import says which "
                    "module is meant."
                )
        for statement, alias in module.imports:
            is_from = isinstance(statement, ast.ImportFrom)
            home = (statement.module or "") if is_from else alias.name  # type: ignore[union-attr]
            if home.partition(".")[0] not in tops:
                continue
            target = modules.get(home)
            if target is None or (is_from and alias.name not in target.top.bindings):
                what = f"{alias.name} from {home}" if is_from else home
                raise ShrinkError(f"{module.path} imports {what}, which does not exist.")


def imported_modules(tree: ast.Module) -> set[str]:
    """Dotted names of the modules that a source imports, with the packages they are in."""
    found: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            found.update(".".join(parts[:count]) for count in range(1, len(parts) + 1))
    return found


def pack(
    modules: dict[str, Module], fixed: set[str], fresh: Iterator[str], resident: Iterable[Module]
) -> dict[str, str]:
    """Rename the modules, in place; returns old path to new path, without empty packages.

    fixed: dotted names that stay. fresh: short names to use, the cheapest first: they are for what
    `resident` modules import, whose names are there from the start.
    """
    short: dict[str, str] = {}
    paths: dict[str, str] = {}
    early = {imported(alias, node).module for module in resident for node, alias in module.imports}
    for name, module in sorted(modules.items(), key=lambda item: item[0] not in early):
        if module.is_package and module.tree.body:
            raise ShrinkError(f"{module.path}: a package that holds code cannot be packed.")
        if name in fixed or (module.is_package and "." not in name):
            paths[module.path] = module.path
        elif not module.is_package:
            # Lower case only: some file systems do not tell `a.mpy` from `A.mpy`. A longer text
            # would be no name where somebody loads the module, but an object.
            short[name] = next(n for n in fresh if n.islower() and len(n) < _OBJECT_LENGTH)
            paths[module.path] = f"{short[name]}.py"
    for module in modules.values():
        _write(module, short)
    return paths


def _write(module: Module, short: dict[str, str]) -> None:
    for statement, alias in module.imports:
        if isinstance(statement, ast.ImportFrom):
            statement.module = short.get(statement.module or "", statement.module or "")
        else:
            alias.name = short.get(alias.name, alias.name)
    for text in module.texts:
        if text.value in short:
            raise ShrinkError(
                f"{module.path}, line {text.lineno}: {text.value} is named as text and would not "
                "be found: import it where it is needed."
            )
