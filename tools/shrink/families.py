"""Which attributes can meet on one object, so that they must not get the same short name.

Classes that inherit from each other are one family, as their instances share attributes: what
their bodies bind and what their methods set on `self`. What is set on any other object could be
set on one of any family, so it is apart from everything.
"""

from __future__ import annotations

import ast
import builtins

from tools.shrink.makers import CLASS_MARK
from tools.shrink.scopes import CLASS, MODULE, Module


def families(modules: dict[str, Module]) -> list[set[str]]:
    """Sets of names that must stay different from each other, one for each family."""
    groups, strays = _groups(modules)
    return [*{id(group): group for group in groups.values()}.values(), strays]


def family_names(modules: dict[str, Module]) -> dict[str, set[str]]:
    """Every class with all names that must stay different in its family."""
    return _groups(modules)[0]


def _groups(modules: dict[str, Module]) -> tuple[dict[str, set[str]], set[str]]:
    """The names of each class's family, and those set on objects of no known class."""
    names: dict[str, set[str]] = {}
    parent: dict[str, str] = {}
    strays: set[str] = set()

    def root(name: str) -> str:
        while parent.get(name, name) != name:
            name = parent[name]
        return name

    for module in modules.values():
        for scope in module.scopes:
            if isinstance(scope.node, ast.ClassDef):
                # Two classes of one name count as one: that only costs short names.
                names.setdefault(scope.node.name, set()).update(scope.bindings)
                for base in scope.node.bases:
                    name = getattr(base, "id", getattr(base, "attr", ""))
                    if not hasattr(builtins, name):
                        parent[root(scope.node.name)] = root(name)
        for use in module.uses:
            owner = use.owner
            if isinstance(use.scope.node, ast.ClassDef) and owner and owner.kind == MODULE:
                # Read in the class body, where a name of the class would hide it.
                names[use.scope.node.name].add(use.name)
        for attribute in module.attributes:
            if not isinstance(attribute.ctx, ast.Load):
                made = _class_of(attribute.value, module)
                group = names.setdefault(made, set()) if made else strays
                group.add(attribute.attr)
    for module in modules.values():
        for _, alias in module.imports:
            if alias.asname:
                parent[root(alias.asname)] = root(alias.name)
    groups: dict[str, set[str]] = {}
    for name, own in names.items():
        groups.setdefault(root(name), set()).update(own)
    for group in groups.values():
        group |= strays
    return {name: groups[root(name)] for name in names}, strays


def _class_of(node: ast.expr, module: Module) -> str:
    """The class whose instance `node` is, or "": the first parameter of a method, or of a
    constructor that was moved, never set again.
    """
    use = module.use_at.get(id(node))
    scope = use.owner if use else None
    if use is None or scope is None or scope.parent is None:
        return ""
    name = getattr(scope.node, CLASS_MARK, "")
    if scope.parent.kind == CLASS:
        name = scope.parent.node.name  # type: ignore[attr-defined]
    is_first = scope.parameters[:1] == [use.name] and len(scope.bindings[use.name]) == 1
    is_static = any(
        getattr(decorator, "id", "") == "staticmethod"
        for decorator in getattr(scope.node, "decorator_list", ())
    )
    return name if is_first and not is_static else ""
