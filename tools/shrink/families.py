"""Which attributes can meet on one object, so that they must not get the same short name.

Classes that inherit from each other are one family, as their instances share attributes. What a
method sets on `self` is the family's own. What is set on another object (`car.sleep_ms = ...`)
belongs to every family that objects so called can be of: those which have an attribute that is
used on that name anywhere.
"""

from __future__ import annotations

import ast
import builtins

from tools.shrink.scopes import CLASS, MODULE, Module, Scope


class Families:
    """The classes of a tree."""

    def __init__(self, modules: dict[str, Module]):
        self._names: dict[str, set[str]] = {}
        self._parent: dict[str, str] = {}
        # By what the code calls an object: the attributes used on it, and those set.
        self._used: dict[str, set[str]] = {}
        self._set: dict[str, set[str]] = {}
        for module in modules.values():
            for scope in module.scopes:
                if scope.kind == CLASS:
                    # Two classes of one name count as one: that only costs short names.
                    self._names.setdefault(_name_of(scope), set()).update(_own_names(scope))
            for attribute in module.attributes:
                self._note(attribute)
            for use in module.uses:
                owner = use.owner
                if use.scope.kind == CLASS and owner is not None and owner.kind == MODULE:
                    # Read in the class body, where a name of the class would hide it.
                    self._names[_name_of(use.scope)].add(use.name)
        for module in modules.values():
            self._join_relatives(module)

    def members(self) -> list[set[str]]:
        """The names of each family."""
        families: dict[str, set[str]] = {}
        for name, names in self._names.items():
            families.setdefault(self._root(name), set()).update(names)
        groups = list(families.values())
        additions: list[set[str]] = [set() for _ in groups]
        strays: set[str] = set()
        for called, names in self._set.items():
            numbers = self._candidates(called, groups) if called else set()
            for number in numbers:
                additions[number] |= names
            strays |= set() if numbers else names
        groups = [group | more for group, more in zip(groups, additions, strict=True)]
        return [group | strays for group in groups] + [strays]

    def by_class(self) -> dict[str, set[str]]:
        """Every class with the names of its family."""
        roots = dict.fromkeys(self._root(name) for name in self._names)
        groups = dict(zip(roots, self.members(), strict=False))
        return {name: groups[self._root(name)] for name in self._names}

    def _candidates(self, called: str, groups: list[set[str]]) -> set[int]:
        """Families that objects called so may be of.

        What tells is the attributes that are used on them but not set on them. Objects called
        otherwise, on which something is set that is used here, may be the same ones.
        """
        alike = [name for name, names in self._set.items() if name and names & self._used[called]]
        found = set()
        for name in [called, *alike]:
            telling = self._used[name] - self._set.get(name, set())
            fitting = {number for number, group in enumerate(groups) if telling & group}
            if not fitting:
                fitting = {n for n, group in enumerate(groups) if self._used[name] & group}
            found |= fitting
        return found

    def _note(self, attribute: ast.Attribute) -> None:
        called = _called(attribute.value)
        if called == "self":
            return
        self._used.setdefault(called, set()).add(attribute.attr)
        if not isinstance(attribute.ctx, ast.Load):
            self._set.setdefault(called, set()).add(attribute.attr)

    def _join_relatives(self, module: Module) -> None:
        for _, alias in module.imports:
            if alias.asname and alias.name in self._names:
                self._join(alias.asname, alias.name)
        for scope in module.scopes:
            if isinstance(scope.node, ast.ClassDef):
                for base in scope.node.bases:
                    name = _called(base)
                    if name in self._names or not hasattr(builtins, name):
                        self._join(scope.node.name, name)

    def _join(self, one: str, other: str) -> None:
        self._parent[self._root(one)] = self._root(other)

    def _root(self, name: str) -> str:
        while self._parent.get(name, name) != name:
            name = self._parent[name]
        return name


def _called(node: ast.expr) -> str:
    """The last name of an expression (`self.car` is called `car`), "" for a call or an index."""
    return getattr(node, "id", "") or getattr(node, "attr", "")


def _name_of(scope: Scope) -> str:
    assert isinstance(scope.node, ast.ClassDef)
    return scope.node.name


def _own_names(scope: Scope) -> set[str]:
    """What a class body binds, and the attributes its methods use of `self`."""
    found = set(scope.bindings)
    for node in ast.walk(scope.node):
        if isinstance(node, ast.Attribute) and _called(node.value) == "self":
            found.add(node.attr)
    return found
