"""Writes the short names into the trees."""

from __future__ import annotations

import ast

from tools.shrink.names import Namer, short_names
from tools.shrink.scopes import FUNCTION, Module, Scope, Use


def rename(modules: dict[str, Module], namer: Namer) -> None:
    """Replace every name of `modules` by its short one, in place."""
    for module in modules.values():
        _Renaming(module, namer, modules).apply()


class _Renaming:
    def __init__(self, module: Module, namer: Namer, modules):
        self._module = module
        self._short = namer.short
        self._keywords = namer.keywords
        self._modules = modules
        self._locals: dict[int, dict[str, str]] = {}
        self._owners = {id(use): use.owner for use in module.uses}

    def apply(self) -> None:
        self._name_locals()
        imports = {id(alias): statement for statement, alias in self._module.imports}
        for use in self._module.uses:
            if isinstance(use.node, ast.alias):
                self._rename_import(use, imports[id(use.node)])
            else:
                _write(use, self._new_name(use))
        for attribute in self._module.attributes:
            attribute.attr = self._short.get(attribute.attr, attribute.attr)

    def _new_name(self, use: Use) -> str:
        owner = self._owners[id(use)]
        if owner is None:
            return use.name
        if owner.kind == FUNCTION:
            return self._locals[id(owner)][use.name]
        return self._short.get(use.name, use.name)

    def _rename_import(self, use: Use, statement: ast.stmt) -> None:
        alias = use.node
        assert isinstance(alias, ast.alias)
        new = self._new_name(use)
        if isinstance(statement, ast.ImportFrom) and statement.module in self._modules:
            alias.name = self._short.get(alias.name, alias.name)
        alias.asname = None if new == alias.name else new

    def _name_locals(self) -> None:
        """Short names for parameters and variables, outer functions first.

        Variables have no names at run time; they only must not hide anything.
        """
        foreign: dict[int, set[str]] = {}
        inner: dict[int, list[tuple[Scope, str]]] = {}
        for use in self._module.uses:
            owner = self._owners[id(use)]
            scope: Scope | None = use.scope
            while scope is not None and scope is not owner:
                if scope.kind == FUNCTION:
                    if owner is not None and owner.kind == FUNCTION:
                        inner.setdefault(id(scope), []).append((owner, use.name))
                    else:
                        new = self._short.get(use.name, use.name) if owner else use.name
                        foreign.setdefault(id(scope), set()).add(new)
                scope = scope.parent
        for scope in self._module.scopes:
            if scope.kind != FUNCTION:
                continue
            taken = set(foreign.get(id(scope), ()))
            taken |= {self._locals[id(owner)][name] for owner, name in inner.get(id(scope), ())}
            fixed = {name for name in scope.parameters if name in self._keywords}
            fresh = short_names(taken | self._keywords)
            self._locals[id(scope)] = {
                name: name if name in fixed else next(fresh) for name in scope.bindings
            }


def _write(use: Use, name: str) -> None:
    node = use.node
    if isinstance(node, ast.Name):
        node.id = name
    elif isinstance(node, ast.arg):
        node.arg = name
    elif isinstance(node, ast.Global | ast.Nonlocal):
        node.names[use.index] = name
    else:
        node.name = name  # type: ignore[attr-defined]
