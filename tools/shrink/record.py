"""What became of every name, for code that is not shrunk with the tree but must fit it.

The build writes it beside the tree; `host_tests/deployed` translates tests with it.
"""

from __future__ import annotations

import ast

from tools.shrink.bundle import origin, plain_name
from tools.shrink.families import family_names
from tools.shrink.makers import CLASS_MARK
from tools.shrink.scopes import CLASS, FUNCTION, Module, Scope, module_name

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def homes_of(
    modules: dict[str, Module], members: dict[str, list[str]], short: dict[str, str]
) -> dict[str, dict]:
    """Dotted name of each source to where its globals are: {"path", "globals": {old: new},
    "parts": {old: path}}.

    modules: bundled and split, not yet renamed. members: of each bundle, by the path of its home.
    path: that of the bundle, or the module's own, or of one of its parts. parts: where each global
    is, for a source that was split.
    """
    found: dict[str, dict] = {}
    for module in modules.values():
        names = [module.name, *(module_name(path) for path in members.get(module.path, ()))]
        if module.is_part:
            names = [module_name(path) for path in module.origins.values()]
        for name in names:
            found.setdefault(name, {"path": module.path, "globals": {}, "parts": {}})
    for module in modules.values():
        for name in module.top.bindings:
            owner = _member(name, module, members)
            # What a part imports is none of its source's globals, but other sources'.
            if owner is None or (module.is_part and name not in module.origins):
                continue
            found[owner]["globals"][plain_name(name)] = short.get(name, name)
            if module.is_part:
                found[owner]["parts"].setdefault(plain_name(name), module.path)
    return found


def _member(name: str, module: Module, members: dict[str, list[str]]) -> str | None:
    """Dotted name of the source that a global comes from; None for an import that all share."""
    path = origin(name, module, members.get(module.path, []))
    return None if path is None else module_name(path)


def families_of(modules: dict[str, Module], members: dict[str, list[str]]) -> dict[str, list[str]]:
    """Every class ("ovms.config.Config") with all names that its objects may have."""
    families = family_names(modules)
    found = {}
    for module in modules.values():
        for scope in module.scopes:
            name = getattr(scope.node, "name", "")
            owner = _member(name, module, members)
            if scope.kind == CLASS and owner is not None:
                names = {plain_name(name) for name in families[name]}
                found[f"{owner}.{plain_name(name)}"] = sorted(names)
    return found


class Parameters:
    """The parameters of all functions, from before they are renamed."""

    def __init__(self, modules: dict[str, Module], members: dict[str, list[str]]):
        self._functions: list[tuple[str, ast.arguments, list[str]]] = []
        for module in modules.values():
            for scope in module.scopes:
                if scope.kind == FUNCTION and isinstance(scope.node, _FUNCTIONS):
                    name = _called_as(scope)
                    old = [argument.arg for argument in _arguments(scope.node.args)]
                    self._functions.append((name, scope.node.args, old))

    def renamed(self) -> dict[str, list[dict[str, str]]]:
        """What a call writes (`feed`, or the class) to {old parameter: new} of each function."""
        found: dict[str, list[dict[str, str]]] = {}
        for name, arguments, old in self._functions:
            new = [argument.arg for argument in _arguments(arguments)]
            found.setdefault(name, []).append(dict(zip(old, new, strict=True)))
        return found


def _called_as(scope: Scope) -> str:
    name: str = getattr(scope.node, CLASS_MARK, "") or scope.node.name  # type: ignore[attr-defined]
    if name == "__init__" and scope.parent is not None:
        name = getattr(scope.parent.node, "name", name)
    return plain_name(name)


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
