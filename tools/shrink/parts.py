"""Writes the parts that `split` decided on, and lets every import ask for them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.shrink.bundle import MARK, Replacer
from tools.shrink.scopes import MODULE, PART, Module, Scope
from tools.shrink.trees import copied, walk_statements

if TYPE_CHECKING:
    from tools.shrink.split import Splitter

# What a global means: a definition of ours by module and name, or an import from elsewhere.
Unit = tuple[str, str]


@dataclass(frozen=True)
class Foreign:
    """Something imported from a module that is not cut. name: None for the module itself."""

    module: str
    name: str | None


@dataclass(eq=False)
class Ask:
    """One import inside a function, or at the top of what is not cut, of a module that is.

    uses: for `import module as m`, the attributes `m.name` that it serves. place: where what is
    imported is needed, by unit.
    """

    module: Module
    statement: ast.Import | ast.ImportFrom
    alias: ast.alias
    target: str
    owner: Scope
    uses: list[ast.Attribute] = field(default_factory=list)


class Part:
    """Definitions that are loaded together."""

    def __init__(self, units: Iterable[Unit], places: frozenset):
        self.units = set(units)
        self.places = places


class Writer:
    """Makes the parts' sources, and lets every import ask for them."""

    def __init__(self, modules, cut: dict[str, Module], parts: list[Part], by: Splitter):
        self._modules = modules
        self._cut = cut
        self._by = by
        self._units = [sorted(by.with_copies(part.units), key=by.number) for part in parts]
        # Definition to the module that others import it from, and what it is called there.
        self._home: dict[Unit, str] = {}
        self._called: dict[str, dict[Unit | Foreign, str]] = {}
        self._paths: dict[str, str] = {}
        for part, units in zip(parts, self._units, strict=True):
            path = self._path(part)
            name = path.removesuffix(".py").replace("/", ".")
            self._paths[name] = path
            self._home.update(dict.fromkeys(part.units, name))
            self._called[name] = self._names(units)

    def _path(self, part: Part) -> str:
        first = min(part.units, key=self._by.number)
        sources = {unit[0] for unit in part.units}
        path = self._cut[first[0]].path
        own = {unit for unit in self._home if unit[0] == first[0]}
        whole = {unit for unit in self._by.statements if unit[0] == first[0]}
        if len(sources) == 1 and not own and whole - self._by.copied <= part.units:
            return path
        entry = max(part.units, key=lambda unit: (unit[0] == first[0], self._by.weights[unit]))
        return f"{path.removesuffix('.py')}{PART}{entry[1]}.py"

    def write(self) -> None:
        made = {
            name: self._module(name, units)
            for name, units in zip(self._paths, self._units, strict=True)
        }
        for name, module in self._modules.items():
            if name not in self._cut:
                self._lead(module, module.tree, {}, "")
                module.analyse()
        for name in self._cut:
            del self._modules[name]
        self._modules.update(made)

    def _names(self, units: list[Unit]) -> dict[Unit | Foreign, str]:
        """What the globals of a part are called: as in the source where nothing is in the way."""
        wanted: dict[Unit | Foreign, str] = {unit: unit[1] for unit in units}
        marked: set[Unit | Foreign] = set()
        for unit in units:
            module = self._cut[unit[0]]
            for node, need in self._by.references(module, self._by.statements[unit]):
                name = getattr(node, "attr", getattr(node, "id", getattr(node, "name", "")))
                wanted.setdefault(need, name)
                if isinstance(node, ast.Attribute) or name != wanted[need]:
                    # Where it is read, a variable could have this name.
                    marked.add(need)
        taken: set[str] = set()
        for need, name in wanted.items():
            if need in marked or name in taken:
                wanted[need] = f"{name}{MARK}{len(taken)}"
            taken.add(wanted[need])
        return wanted

    def _module(self, name: str, units: list[Unit]) -> Module:
        called = self._called[name]
        body: list[ast.stmt] = []
        done: set[int] = set()
        for unit in units:
            statement = self._by.statements[unit]
            if id(statement) in done:
                continue
            done.add(id(statement))
            module = self._cut[unit[0]]
            twins: dict[int, ast.AST] = {}
            holder = ast.Module([copied(statement, twins)], [])
            replaced: dict[int, ast.expr] = {}
            for node, need in self._by.references(module, statement):
                new = called[need]
                other = twins[id(node)]
                if isinstance(other, ast.Attribute):
                    replaced[id(other)] = ast.Name(new, ast.Load())
                elif isinstance(other, ast.Name):
                    other.id = new
                else:
                    other.name = new  # type: ignore[attr-defined]
            Replacer(replaced).visit(holder)
            self._lead(module, holder, twins, name)
            body += holder.body
        imports: list[ast.stmt] = []
        for need, bound in called.items():
            if isinstance(need, Foreign):
                imports.append(_import(need.module, need.name, bound))
            elif need not in units:
                imports.append(_import(*self.home(need), bound))
        part = Module(self._paths[name], ast.Module([*imports, *body], []))
        part.is_part = True
        part.origins = {called[unit]: self._cut[unit[0]].path for unit in units}
        return part

    def _lead(self, module: Module, root: ast.AST, twins: dict[int, ast.AST], part: str) -> None:
        """Let the imports inside functions of a module ask for parts, in place or in a copy.

        twins: for a copy, its nodes by those they were made of. part: where the copy goes.
        """
        asks = [a for a in self._by.asks if a.module is module]
        asks = [a for a in asks if not twins or id(a.statement) in twins]
        if not asks:
            return
        blocks = positions(root)
        replaced: dict[int, ast.expr] = {}
        for ask in asks:
            lead = _Lead(self, ask, blocks, twins, self._called.get(part, {}))
            replaced.update(lead.apply())
        if replaced:
            Replacer(replaced).visit(root)

    def home(self, unit: Unit) -> tuple[str, str]:
        """Module of a definition, and what it is called there."""
        name = self._home[unit]
        return name, self._called[name][unit]

    def wanted(self, ask: Ask, uses: list[ast.Attribute]) -> list:
        """[(definition, block, statement to stand before, attributes)] of one import."""
        names: dict[str, list[ast.Attribute]] = {}
        if isinstance(ask.statement, ast.ImportFrom):
            names[ask.alias.name] = []
        for attribute in uses:
            names.setdefault(attribute.attr, []).append(attribute)
        return [
            ((ask.target, name), *self._by.spot(ask, served), served)
            for name, served in names.items()
        ]


class _Lead:
    """Rewrites one import. blocks: what `positions` says of the tree, as it was at first. twins:
    see `Writer`. called: what the globals of the part are called where the import stands.
    """

    def __init__(self, writer: Writer, ask: Ask, blocks, twins, called):
        self._writer = writer
        self._ask = ask
        self._blocks = blocks
        self._twins = twins
        self._called = called
        self._bound = ask.alias.asname or ask.alias.name

    def _twin(self, node):
        return self._twins.get(id(node), node)

    def apply(self) -> dict[int, ast.expr]:
        """Returns expressions that are to be replaced in the tree, by their id()."""
        ask = self._ask
        replaced: dict[int, ast.expr] = {}
        # By where it stands and what it imports from.
        added: dict[tuple[int, str], ast.stmt] = {}
        aliases: dict[str, str] = {}
        for unit, _, before, uses in self._writer.wanted(ask, ask.uses):
            anchor = self._twin(before)
            if self._is_here(unit):
                replaced.update(self._global(unit, uses))
                continue
            home, name = self._writer.home(unit)
            if isinstance(ask.statement, ast.ImportFrom):
                self._insert(anchor, _import(home, name, self._bound))
                continue
            alias = aliases.setdefault(home, self._alias(len(aliases)))
            if (id(anchor), home) not in added:
                added[id(anchor), home] = _import(home, None, alias)
                self._insert(anchor, added[id(anchor), home])
            for attribute in map(self._twin, uses):
                attribute.value.id = alias
                attribute.attr = name
        self._remove()
        return replaced

    def _alias(self, number: int) -> str:
        return f"{self._bound}{MARK}{number}" if number else self._bound

    def _is_here(self, unit: Unit) -> bool:
        """Whether a definition lies in the part itself, and nothing hides it."""
        if unit not in self._called or len(self._ask.owner.bindings[self._bound]) > 1:
            return False
        name = self._called[unit]
        return all(
            set(scope.bindings.get(name, ())) <= {self._ask.alias}
            for scope in self._ask.module.scopes
            if scope.kind != MODULE
        )

    def _global(self, unit: Unit, uses: list[ast.Attribute]) -> dict[int, ast.expr]:
        nodes: list[ast.AST] = list(uses)
        if isinstance(self._ask.statement, ast.ImportFrom):
            nodes = [
                use.node
                for use in self._ask.module.uses
                if use.name == self._bound
                and use.owner is self._ask.owner
                and isinstance(use.node, ast.Name)
            ]
        name = self._called[unit]
        return {id(self._twin(node)): ast.Name(name, ast.Load()) for node in nodes}

    def _insert(self, anchor: ast.stmt, statement: ast.stmt) -> None:
        block = self._blocks[id(anchor)][0]
        block.insert(_index(block, anchor), statement)

    def _remove(self) -> None:
        statement = self._twin(self._ask.statement)
        statement.names = [a for a in statement.names if a is not self._twin(self._ask.alias)]
        if not statement.names:
            block = self._blocks[id(statement)][0]
            del block[_index(block, statement)]
            if not block:
                block.append(ast.Pass())


def _import(module: str, name: str | None, bound: str) -> ast.stmt:
    alias = ast.alias(name or module, bound)
    return ast.ImportFrom(module, [alias], 0) if name else ast.Import([alias])


def _index(block: list, statement: ast.stmt) -> int:
    return next(index for index, node in enumerate(block) if node is statement)


def _blocks(node: ast.AST) -> Iterator[list]:
    for _, value in ast.iter_fields(node):
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            yield value


def positions(tree: ast.AST) -> dict[int, tuple[list, int]]:
    """Every statement's block, and where it stands in it."""
    return {
        id(statement): (block, index)
        for node in walk_statements(tree)
        for block in _blocks(node)
        for index, statement in enumerate(block)
    }
