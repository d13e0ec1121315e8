"""Cuts code on demand by what is asked of it.

Sources are cut by subject. On the module an import inside a function brings all of a file, though
most functions want one thing of it. So each definition is put together with those that the same
places ask for, and each such part becomes a module of its own, with what it needs and no more:
`ovms.faults` becomes `ovms.faults:report` and `ovms.faults:summary`. Code on demand keeps no
state, so that small helpers may be in several parts; what is bigger is a part that others import.

What is always loaded together stays together, and so does what is too small to be worth a module.
A file stays whole where it cannot be told what is asked of it: see `_obstacle`.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator

from tools.shrink.parts import Ask, Foreign, Part, Unit, Writer, positions
from tools.shrink.scopes import FUNCTION, MODULE, Module, imported
from tools.shrink.sound import exceptions
from tools.shrink.trees import walk

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
# Heap, as estimated: of a node of the source, of a function, of a module.
_NODE_BYTES = 4
_FUNCTION_BYTES = 48
_MODULE_BYTES = 220
# What a module more costs for ever once it was loaded, and the look into flash each time.
_LASTING_BYTES = 2000
# A helper of at most this size is in every part that needs it.
_COPIED_BYTES = 220


def split_modules(modules: dict[str, Module], starts: Iterable[str]) -> None:
    """Replace modules by their parts, in place; new ones are called `module:definition`.

    modules: bundled, not yet renamed. starts: what stays imported, with what it imports at its
    top. Without any nothing is known to be on demand.
    """
    resident = _reached(modules, starts)
    if resident:
        Splitter(modules, resident).apply()


def _reached(modules: dict[str, Module], starts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = [name for name in starts if name in modules]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        for statement in modules[name].tree.body:
            if isinstance(statement, ast.Import):
                waiting += [alias.name for alias in statement.names if alias.name in modules]
            elif isinstance(statement, ast.ImportFrom) and statement.module in modules:
                waiting.append(statement.module or "")
    return found


class Splitter:
    """Finds out who asks for what, and which definitions go together."""

    def __init__(self, modules: dict[str, Module], resident: set[str]):
        self._modules = modules
        self._errors = exceptions(modules)
        cut = [
            name
            for name, module in modules.items()
            if name not in resident and module.tree.body and not _obstacle(module)
        ]
        self._cut = {name: modules[name] for name in cut}
        self._imported = {
            id(alias): imported(alias, statement)
            for module in modules.values()
            for statement, alias in module.imports
        }
        self._parents = {name: positions(module.tree) for name, module in modules.items()}
        self.asks = self._find_asks()
        # Definition to its statement, and what it needs when it is loaded.
        self.statements = {
            (name, bound): statement
            for name, module in self._cut.items()
            for statement in module.tree.body
            if not isinstance(statement, _IMPORTS)
            for bound in _bound(statement)
        }
        self._needs = {unit: self._needs_of(unit) for unit in self.statements}
        self._order = {unit: number for number, unit in enumerate(self._in_order())}
        self.copied = self._find_copied()
        # What nobody asks for is a part all the same, so that nothing is lost.
        kept = {unit[0] for unit in self.statements.keys() - self.copied}
        self.copied = {unit for unit in self.copied if unit[0] in kept}
        self.weights = {unit: _weight(node) for unit, node in self.statements.items()}

    def apply(self) -> None:
        places = self._places()
        parts: list[Part] = []
        for name in sorted(self._cut):
            together: dict[frozenset, set[Unit]] = {}
            for unit in self.statements:
                if unit[0] == name and unit not in self.copied:
                    key = frozenset(places.get(unit, ()))
                    together.setdefault(key, set()).add(unit)
            parts += [Part(units, key) for key, units in together.items()]
        self._merge(parts)
        Writer(self._modules, self._cut, parts, self).write()

    # What is asked of whom

    def _find_asks(self) -> list[Ask]:
        """All imports of modules that can be cut, at whose top they do not stand themselves.

        A module stays whole when one of them does not say what it wants.
        """
        while True:
            asks, whole = self._try_asks()
            if not whole:
                return asks
            for name in whole:
                del self._cut[name]

    def _try_asks(self) -> tuple[list[Ask], set[str]]:
        asks: list[Ask] = []
        whole: set[str] = set()
        for module in self._modules.values():
            read = {id(attribute.value): attribute for attribute in module.attributes}
            for statement, alias in module.imports:
                target = imported(alias, statement).module
                if target not in self._cut:
                    continue
                bound = alias.asname or alias.name
                use_here = module.use_at[id(alias)]
                owner = use_here.owner
                if owner is not use_here.scope or owner.kind not in (FUNCTION, MODULE):
                    whole.add(target)
                    continue
                ask = Ask(module, statement, alias, target, owner)
                if isinstance(statement, ast.ImportFrom):
                    made = self._cut[target].top.bindings[alias.name]
                    # What it has imported itself is not asked of it.
                    if any(isinstance(node, ast.alias) for node in made):
                        whole.add(target)
                else:
                    if any(not _is_import_of(node, target) for node in owner.bindings[bound]):
                        whole.add(target)
                    for use in module.uses:
                        if use.name != bound or use.owner is not owner:
                            continue
                        attribute = read.get(id(use.node))
                        if isinstance(use.node, ast.alias):
                            continue
                        name = attribute.attr if attribute is not None else ""
                        made = self._cut[target].top.bindings.get(name, [])
                        is_read = attribute is not None and isinstance(attribute.ctx, ast.Load)
                        if not (is_read and made) or isinstance(made[0], ast.alias):
                            whole.add(target)
                        elif attribute is not None:
                            ask.uses.append(attribute)
                if owner.kind == FUNCTION or module.name not in self._cut:
                    asks.append(ask)
        return asks, whole

    def meaning(self, module: Module, name: str) -> Unit | Foreign | None:
        """What global `name` of a module that is cut stands for."""
        if (module.name, name) in self.statements:
            return module.name, name
        for node in module.top.bindings.get(name, ()):
            source = self._imported.get(id(node))
            if source is not None and source.name is not None and source.module in self._cut:
                return source.module, source.name
            if source is not None:
                return Foreign(source.module, source.name)
        return None

    def _needs_of(self, unit: Unit) -> set[Unit | Foreign]:
        module = self._cut[unit[0]]
        return {need for _, need in self.references(module, self.statements[unit])}

    def references(self, module: Module, statement: ast.stmt) -> Iterator[tuple]:
        """(node, what it stands for) of all that a definition reads of its module's globals.

        For `m.name` of a module that is cut the node is the attribute.
        """
        read = {id(attribute.value): attribute for attribute in module.attributes}
        for node in walk(statement):
            use = module.use_at.get(id(node))
            if use is None or use.owner is not module.top or isinstance(node, ast.alias):
                continue
            found = self.meaning(module, use.name)
            if isinstance(found, Foreign) and found.name is None and found.module in self._cut:
                attribute = read[id(node)]
                yield attribute, self.meaning(self._cut[found.module], attribute.attr)
            elif found is not None:
                yield node, found

    def _in_order(self) -> Iterator[Unit]:
        """All definitions, each module behind what it imports at its top."""
        done: set[str] = set()

        def visit(name: str) -> Iterator[Unit]:
            if name in done or name not in self._cut:
                return
            done.add(name)
            module = self._cut[name]
            for statement in module.tree.body:
                if isinstance(statement, _IMPORTS):
                    for alias in statement.names:
                        yield from visit(imported(alias, statement).module)
            for statement in module.tree.body:
                if not isinstance(statement, _IMPORTS):
                    yield from ((name, bound) for bound in _bound(statement))

        for name in sorted(self._cut):
            yield from visit(name)

    def number(self, unit: Unit) -> int:
        """Where a definition stands among all, so that it comes behind what it needs."""
        return self._order[unit]

    # Which definitions go where

    def _places(self) -> dict[Unit, set]:
        """Definition to all places whose import brings it."""
        found: dict[Unit, set] = {}
        for ask in self.asks:
            for unit, place in self.wanted(ask):
                waiting = [unit]
                while waiting:
                    need = waiting.pop()
                    if isinstance(need, Foreign) or place in found.setdefault(need, set()):
                        continue
                    found[need].add(place)
                    waiting += self._needs[need]
        return found

    def wanted(self, ask: Ask) -> Iterator[tuple]:
        """(what an import wants, the place where it is needed: something to compare)."""
        target = self._cut[ask.target]
        names: dict[str, list[ast.AST]] = {}
        if isinstance(ask.statement, ast.ImportFrom):
            names[ask.alias.name] = []
        for attribute in ask.uses:
            names.setdefault(attribute.attr, []).append(attribute)
        for name, uses in names.items():
            block, _ = self.spot(ask, uses)
            yield self.meaning(target, name), id(block)

    def spot(self, ask: Ask, uses: list) -> tuple[list, ast.stmt]:
        """Block, and statement in it, before which an import stands that serves only `uses`."""
        block, at = self._parents[ask.module.name][id(ask.statement)]
        bound = ask.alias.asname or ask.alias.name
        if not uses or ask.owner.kind == MODULE or len(ask.owner.bindings[bound]) > 1:
            return block, ask.statement
        return _sink(block, at, {id(use) for use in uses})

    def _find_copied(self) -> set[Unit]:
        """Helpers that may be in several parts: functions that are called and nothing else, and
        constants; none that another module asks for.
        """
        asked: set[Unit | Foreign | None] = set()
        for ask in self.asks:
            asked.update(unit for unit, _ in self.wanted(ask))
        called: set[int] = set()
        for module in self._cut.values():
            called.update(id(call.func) for call in module.calls)
        for (name, bound), needs in self._needs.items():
            module = self._cut[name]
            asked |= {need for need in needs if not isinstance(need, Foreign) and need[0] != name}
            for node, need in self.references(module, self.statements[name, bound]):
                is_definition = node is self.statements[name, bound]
                is_value = isinstance(need, tuple) and isinstance(
                    self.statements[need], (*_DEFINITIONS,)
                )
                if is_value and not is_definition and id(node) not in called:
                    asked.add(need)
        return {
            unit
            for unit, statement in self.statements.items()
            if unit not in asked
            and unit[1] not in self._errors
            and _weight(statement) <= _COPIED_BYTES
            and (
                isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
                and not statement.decorator_list
                and not statement.args.defaults
                and not any(statement.args.kw_defaults)
                or isinstance(statement, ast.Assign)
                and _is_immutable(statement.value)
            )
        }

    def with_copies(self, units: Iterable[Unit]) -> set[Unit]:
        """`units` and all that is copied for them."""
        found = set(units)
        waiting = list(found)
        while waiting:
            more = {
                need
                for need in self._needs[waiting.pop()]
                if not isinstance(need, Foreign) and need in self.copied
            }
            waiting += more - found
            found |= more
        return found

    def _merge(self, parts: list[Part]) -> None:
        """Put parts together, in place, as long as that saves more than it loads in vain.

        The pair that saves most comes first, of equal ones the one that stands first.
        """
        order = {part: number for number, part in enumerate(parts)}
        gains: dict[tuple[Part, Part], int] = {}

        def weigh(one: Part, other: Part) -> None:
            gain = self._gain(one, other)
            if gain > 0:
                gains[one, other] = gain

        def rank(pair: tuple[Part, Part]) -> tuple[int, int, int]:
            return -gains[pair], order[pair[0]], order[pair[1]]

        for pair in itertools.combinations(parts, 2):
            weigh(*pair)
        while True:
            ranked = sorted(gains, key=rank)
            best = next((pair for pair in ranked if not self._makes_circle(parts, *pair)), None)
            if best is None:
                return
            one, other = best
            parts.remove(other)
            one.units |= other.units
            one.places |= other.places
            for pair in [pair for pair in gains if one in pair or other in pair]:
                del gains[pair]
            for part in parts:
                if part is not one:
                    weigh(*sorted((one, part), key=order.__getitem__))

    def _gain(self, one: Part, other: Part) -> int:
        """Bytes that are saved, summed over the places that load one of two parts."""
        if not one.places or not other.places:
            return 0
        common = one.places & other.places
        if not common and {u[0] for u in one.units}.isdisjoint(u[0] for u in other.units):
            return 0
        waste = self._size(one) * len(other.places - one.places)
        waste += self._size(other) * len(one.places - other.places)
        return _MODULE_BYTES * len(common) + _LASTING_BYTES - waste

    def _size(self, part: Part) -> int:
        return sum(self.weights[unit] for unit in self.with_copies(part.units))

    def _makes_circle(self, parts: list[Part], one: Part, other: Part) -> bool:
        """Whether the two reach each other by way of a third."""
        home = {unit: part for part in parts for unit in part.units}
        pair = (one, other)
        near = self._imported_by(one, home) | self._imported_by(other, home)
        waiting = [part for part in near if part not in pair]
        seen: set[Part] = set()
        while waiting:
            part = waiting.pop()
            if part in pair:
                return True
            if part not in seen:
                seen.add(part)
                waiting += self._imported_by(part, home)
        return False

    def _imported_by(self, part: Part, home: dict[Unit, Part]) -> set[Part]:
        return {
            home[need]
            for unit in self.with_copies(part.units)
            for need in self._needs[unit]
            if not isinstance(need, Foreign) and need in home and home[need] is not part
        }


def _obstacle(module: Module) -> str:
    """Why a module must stay whole, or ""."""
    if module.is_package:
        return "it is a package"
    if any(scope.globals for scope in module.scopes):
        return "it keeps state"
    if exceptions({module.name: module}):
        return "it makes exceptions"
    for statement in module.tree.body:
        if isinstance(statement, ast.Assign):
            if not all(isinstance(target, ast.Name | ast.Tuple) for target in statement.targets):
                return "it does something when it is imported"
        elif not isinstance(statement, (*_DEFINITIONS, *_IMPORTS)):
            return "it does something when it is imported"
    if any(len(nodes) > 1 for nodes in module.top.bindings.values()):
        return "it defines a name twice"
    return ""


def _bound(statement: ast.stmt) -> list[str]:
    """Names that a definition or an assignment makes."""
    if isinstance(statement, _DEFINITIONS):
        return [statement.name]
    return [
        node.id
        for node in walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]


def _is_import_of(node: ast.AST, module: str) -> bool:
    return isinstance(node, ast.alias) and node.name == module


def _sink(block: list, at: int, uses: set[int]) -> tuple[list, ast.stmt]:
    """The latest place that serves all of `uses`, but in no loop: as late as a branch of an if."""
    holding = [node for node in block[at:] if _holds(node, uses)]
    first = holding[0]
    if len(holding) == 1 and isinstance(first, ast.If) and not _holds(first.test, uses):
        branches = [branch for branch in (first.body, first.orelse) if _any_holds(branch, uses)]
        if len(branches) == 1:
            return _sink(branches[0], 0, uses)
    return block, first


def _any_holds(block: list, uses: set[int]) -> bool:
    return any(_holds(node, uses) for node in block)


def _holds(tree: ast.AST, uses: set[int]) -> bool:
    return any(id(node) in uses for node in walk(tree))


def _weight(statement: ast.stmt) -> int:
    """Heap that a definition takes, roughly."""
    found = 0
    for node in walk(statement):
        if isinstance(node, ast.expr | ast.stmt):
            found += _NODE_BYTES
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            found += _FUNCTION_BYTES
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            found += len(node.value)
    return found


def _is_immutable(node: ast.expr) -> bool:
    return all(
        isinstance(part, ast.Constant | ast.Tuple | ast.expr_context) for part in walk(node)
    )
