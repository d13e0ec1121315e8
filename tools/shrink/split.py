"""Makes a module of its own of each function for which an overlay is loaded.

`overlay.call("ovms.services.sms_texts", "stat", ...)` needs one answer out of many, but would load
all of them. Where everybody names the function beside the module, each one named gets a module
with what it needs and no more. Overlays keep no state, so copies of a helper are as good as one.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Sequence

from tools.shrink.names import identifiers
from tools.shrink.scopes import Module

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def split_overlays(modules: dict[str, Module], groups: Iterable[Sequence[str]], fixed: set[str]):
    """Replace modules by their parts, in place. modules: by dotted name, new ones `name-function`.

    groups: see `bundle`; their roots stay whole. fixed: modules that code outside imports.
    """
    whole = {name for roots in groups for name in roots} | fixed | _imported(modules)
    entries = _entries(modules)
    parted: dict[str, list[str]] = {}
    for name, places in sorted(entries.items()):
        module = modules[name]
        wanted = sorted({str(function.value) for _, function in places})
        if name in whole or module.is_package or len(wanted) < 2:
            continue
        if all(_part(module, function) is not None for function in wanted):
            parted[name] = wanted
    # Before anything is copied, so that the parts name other parts, too.
    for name in parted:
        for text, entry in entries[name]:
            text.value = f"{name}-{entry.value!s}"
    for name, wanted in parted.items():
        module = modules.pop(name)
        for function in wanted:
            path = f"{module.path.removesuffix('.py')}-{function}.py"
            new = Module(path, ast.Module(_part(module, function) or [], []))
            modules[new.name] = new


def _imported(modules: dict[str, Module]) -> set[str]:
    found: set[str] = set()
    for module in modules.values():
        for statement, alias in module.imports:
            is_from = isinstance(statement, ast.ImportFrom)
            found.add((statement.module or "") if is_from else alias.name)  # type: ignore
    return found


def _entries(modules: dict[str, Module]) -> dict[str, list[tuple[ast.Constant, ast.Constant]]]:
    """Modules that are named as text, each with the places: (module's name, function's name).

    Without those that are somewhere named without a function.
    """
    found: dict[str, list[tuple[ast.Constant, ast.Constant]]] = {}
    in_place: set[int] = set()
    for module in modules.values():
        for node in module.rows:
            row = node.elts if isinstance(node, ast.Tuple) else node.args
            for first, second in zip(row, row[1:], strict=False):
                name, function = getattr(first, "value", None), getattr(second, "value", None)
                if not isinstance(name, str) or name not in modules:
                    continue
                if isinstance(function, str) and function in modules[name].top.bindings:
                    found.setdefault(name, []).append((first, second))  # type: ignore
                    in_place.add(id(first))
    for module in modules.values():
        for text in module.texts:
            if text.value in found and id(text) not in in_place:
                del found[str(text.value)]
    return found


def _part(module: Module, function: str) -> list[ast.stmt] | None:
    """A copy of what `function` needs of its module; None where that cannot be told."""
    binding: dict[str, ast.stmt] = {}
    for statement in module.tree.body:
        if isinstance(statement, _DEFINITIONS):
            names = [statement.name]
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            names = [(alias.asname or alias.name).partition(".")[0] for alias in statement.names]
        elif isinstance(statement, ast.Assign):
            names = [node.id for node in ast.walk(statement) if _is_stored(node)]  # type: ignore
        else:
            return None
        for name in names:
            if name in binding:
                return None
            binding[name] = statement
    needed: set[str] = set()
    waiting = {function}
    while waiting:
        name = waiting.pop()
        needed.add(name)
        waiting |= (identifiers(binding[name]) & binding.keys()) - needed
    return [
        _only(copy.deepcopy(statement), needed)
        for statement in module.tree.body
        if any(binding[name] is statement for name in needed)
    ]


def _only(statement: ast.stmt, needed: set[str]) -> ast.stmt:
    """Of an import those names that are needed."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        statement.names = [
            alias
            for alias in statement.names
            if (alias.asname or alias.name).partition(".")[0] in needed
        ]
    return statement


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
