"""Puts modules that stay imported together into one: each costs 200 bytes of RAM by itself.

A group is a home module and what it, or another root of the group, imports at its top level.
The members' code goes in front of the home's own, each behind what it needs; imports among them
become plain names. What is only imported inside functions comes and goes by itself, so it stays
one; so does another root than the first, unless it is said to stay with the first.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence

from tools.shrink.scopes import MODULE, Imported, Module, ShrinkError, Use, imported
from tools.shrink.sound import exceptions, refuse_rebound
from tools.shrink.trees import Transformer

MARK = "__m"


def plain_name(name: str) -> str:
    """A name as it is in the source, without the mark of the module it came from."""
    return name.partition(MARK)[0]


def origin(name: str, module: Module, members: Sequence[str]) -> str | None:
    """Path of the source that a global of a bundle comes from; None for an import all share.

    members: paths of the modules merged into `module`.
    """
    if name in module.origins:
        return module.origins[name]
    # What a car's bundle shares may come from the first one, and has two marks.
    _, mark, number = name.rpartition(MARK)
    if not mark:
        return module.path
    return members[int(number)] if int(number) < len(members) else None


def bundle(
    modules: dict[str, Module],
    groups: Iterable[Sequence[str]],
    fixed: set[str],
    joined: Collection[str] = (),
) -> dict[str, list[str]]:
    """Merge each group into its first module, in place; returns home path to member paths.

    groups: roots of each; a later group takes what is left by those before it. fixed: modules
    that code outside the tree imports, which stay by themselves. joined: roots that are merged
    like what the others import.
    """
    merged: dict[str, list[str]] = {}
    homes: set[str] = set()
    for roots in groups:
        home = roots[0]
        alone = {*fixed, *roots, *(name for name in modules if modules[name].is_package)}
        alone.difference_update(joined)
        order = _import_order(modules, roots, homes)
        # What a module outside needs while the bundle is being imported, stays outside, too.
        early = [name for name in order if name in alone and name not in roots]
        early = _import_order(modules, early, homes)
        alone.update(early)
        # Nor does a later group take it: it would be imported with all of that group.
        homes.update(early)
        order = [name for name in order if name not in alone]
        homes.add(home)
        merged[modules[home].path] = [modules[name].path for name in order]
        _Merger(modules, home, order).merge()
    return merged


def _import_order(modules: dict[str, Module], roots: Sequence[str], beyond: set[str]) -> list[str]:
    """Modules reached by top-level imports, each behind what it imports; none out of `beyond`."""
    order: list[str] = []
    open_: list[str] = []

    def visit(name: str) -> None:
        if name in open_:
            raise ShrinkError(f"{name} and {open_[-1]} import each other.")
        if name in order or name in beyond:
            return
        open_.append(name)
        for statement in modules[name].tree.body:
            for needed in _imported_by(statement):
                if needed in modules:
                    visit(needed)
        open_.pop()
        order.append(name)

    for root in roots:
        visit(root)
    return order


def _imported_by(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        yield statement.module or ""


class _Merger:
    def __init__(self, modules: dict[str, Module], home: str, members: list[str]):
        self._modules = modules
        self._home = home
        self._members = {name: number for number, name in enumerate(members)}
        inside = {name: modules[name] for name in [*members, home]}
        # Users see the names of exceptions.
        self._plain = exceptions(inside)
        for module in inside.values():
            refuse_rebound(module, inside)
        makers = [name for m in inside.values() for name in m.top.bindings if _is_class(m, name)]
        for name in self._plain:
            if makers.count(name) > 1:
                raise ShrinkError(f"Two exceptions are called {name}: users could not tell.")
        # Imports from elsewhere, by what they import: one serves all members.
        self._shared: dict[Imported, str] = {}
        self._imports: list[ast.stmt] = []

    def merge(self) -> None:
        changed = [module for module in self._modules.values() if self._concerns(module)]
        for module in changed:
            self._rewrite(module)
        body = list(self._imports)
        for name in [*self._members, self._home]:
            body += self._modules[name].tree.body
        home = self._modules[self._home]
        home.tree.body = body
        for name in self._members:
            member = self._modules[name]
            for made in self._plain & set(member.top.bindings):
                if _is_class(member, made):
                    home.origins[made] = member.path
        for name in self._members:
            del self._modules[name]
        for module in changed:
            if module.name in self._modules:
                module.analyse()

    def _concerns(self, module: Module) -> bool:
        """Whether `module` is part of the bundle or imports from a part of it."""
        return self._is_inside(module.name) or any(
            imported(alias, statement).module in self._members
            for statement, alias in module.imports
        )

    def _is_inside(self, name: str) -> bool:
        return name in self._members or name == self._home

    def _unique(self, module: str, name: str) -> str:
        """What a global of a member or of the home is called in the bundle."""
        if module not in self._members or name in self._plain:
            return name
        return f"{name}{MARK}{self._members[module]}"

    def _rewrite(self, module: Module) -> None:
        """Make what `module` says of the members true for the bundle."""
        inside = self._is_inside(module.name)
        top = {id(statement) for statement in module.tree.body}
        # Global name to its name in the bundle, and module aliases to their modules.
        names: dict[str, str] = {}
        aliases: dict[int, str] = {}
        replaced: dict[int, ast.expr] = {}
        if inside:
            names = {name: self._unique(module.name, name) for name in module.top.bindings}
        for statement, alias in module.imports:
            is_top = id(statement) in top
            bound = alias.asname or alias.name
            target = statement.module if isinstance(statement, ast.ImportFrom) else alias.name
            if target in self._members:
                if isinstance(statement, ast.ImportFrom):
                    unique = self._unique(target, alias.name)
                    if inside and is_top:
                        names[bound] = unique
                    else:
                        alias.name, alias.asname = unique, bound
                else:
                    aliases[id(alias)] = target
                    alias.name, alias.asname = self._home, bound
            elif inside and is_top:
                names[bound] = self._share(statement, alias)
            if inside and not is_top and bound in names and alias in module.top.bindings[bound]:
                raise ShrinkError(f"{module.path} imports {bound} on a condition.")
        self._follow_aliases(module, aliases, inside, replaced)
        for use in module.uses:
            is_import = isinstance(use.node, ast.alias)
            if not is_import and use.owner is module.top and use.name in names:
                _set_name(use, names[use.name])
        if replaced:
            Replacer(replaced).visit(module.tree)
        for statement, _ in module.imports:
            if isinstance(statement, ast.ImportFrom) and statement.module in self._members:
                statement.module = self._home
        if inside:
            module.tree.body = [
                node
                for node in module.tree.body
                if not isinstance(node, ast.Import | ast.ImportFrom)
            ]

    def _share(self, statement: ast.stmt, alias: ast.alias) -> str:
        """The bundle's one name for an import from elsewhere."""
        source = imported(alias, statement)
        if source not in self._shared:
            number = len(self._members) + len(self._shared)
            name = f"{alias.name.rpartition('.')[2]}{MARK}{number}"
            self._shared[source] = name
            if isinstance(statement, ast.ImportFrom):
                copy = ast.ImportFrom(statement.module, [ast.alias(alias.name, name)], 0)
                self._imports.append(copy)
            else:
                self._imports.append(ast.Import([ast.alias(alias.name, name)]))
        return self._shared[source]

    def _follow_aliases(self, module: Module, aliases, inside: bool, replaced) -> None:
        """`alias.name` becomes the name itself inside the bundle, `home.name` outside."""
        attributes = {id(attribute.value): attribute for attribute in module.attributes}
        for use in module.uses:
            owner = use.owner
            if isinstance(use.node, ast.alias) or owner is None:
                continue
            bound = owner.bindings.get(use.name, [])
            target = aliases.get(id(bound[0])) if len(bound) == 1 else None
            if target is None:
                continue
            attribute = attributes.get(id(use.node))
            if attribute is None or not isinstance(attribute.ctx, ast.Load):
                raise ShrinkError(f"{module.path} uses {use.name} for more than reading from it.")
            unique = self._unique(target, attribute.attr)
            if inside and owner.kind == MODULE:
                replaced[id(attribute)] = ast.Name(unique, attribute.ctx)
            else:
                attribute.attr = unique


def _is_class(module: Module, name: str) -> bool:
    return any(isinstance(node, ast.ClassDef) for node in module.top.bindings[name])


class Replacer(Transformer):
    """Puts an expression in the place of another, by its id()."""

    def __init__(self, replaced: dict[int, ast.expr]):
        self._replaced = replaced

    def visit(self, node: ast.AST):
        if id(node) in self._replaced:
            return ast.copy_location(self._replaced[id(node)], node)
        return super().visit(node)


def _set_name(use: Use, name: str) -> None:
    node = use.node
    if isinstance(node, ast.Name):
        node.id = name
    elif isinstance(node, ast.Global | ast.Nonlocal):
        node.names[use.index] = name
    else:
        node.name = name  # type: ignore[attr-defined]
