"""Which names get shorter, and what they become.

A name is an attribute, a method, or what a module defines; all of these share one dictionary
old name -> new name, so that any object may meet any code. Two names may become the same short
one when no class and no module holds both: then a few letters serve the whole firmware, and
MicroPython stores each of them once.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import keyword
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator

from tools.shrink.families import families
from tools.shrink.kept import rom_names
from tools.shrink.scopes import FUNCTION, Module, ShrinkError
from tools.shrink.sound import exceptions, looked_up
from tools.shrink.trees import walk

_PRIVATE = re.compile(r"^_(?!_)")
_WORDS = re.compile(r"^[\w. ]+$")


def is_private(name: str) -> bool:
    """Whether `name` is `_like_this`, which nobody uses outside its file."""
    return bool(_PRIVATE.match(name))


def short_names(taken: Iterable[str]) -> Iterator[str]:
    """Names that lie in ROM anyway, then a to Z, aa, ab, ...; without `taken` and builtins."""
    refused = {*taken, *keyword.kwlist, *keyword.softkwlist, *dir(builtins), "const"}
    yield from (name for name in rom_names() if name not in refused)
    refused.update(rom_names())
    letters = string.ascii_letters
    for length in itertools.count(1):
        for parts in itertools.product(letters, repeat=length):
            name = "".join(parts)
            if name not in refused:
                yield name


def known_names(module: Module) -> set[str]:
    """Names by which a source outside the tree could know something of the tree, or be known."""
    found = texts_of(module)
    for node in walk(module.tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias | ast.ImportFrom):
            name = node.name if isinstance(node, ast.alias) else node.module
            found.update((name or "").split("."))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.Module | ast.ClassDef):
            found.update(_assigned(node.body))
    return {name for name in found if not is_private(name)}


def _assigned(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        for target in getattr(statement, "targets", ()):
            for node in walk(target):
                if isinstance(node, ast.Name):
                    yield node.id


def identifiers(tree: ast.AST) -> set[str]:
    """Every name that a piece of code reads or sets, attributes and globals alike."""
    return {
        name
        for node in walk(tree)
        for name in (getattr(node, "id", None), getattr(node, "attr", None))
        if name
    }


def texts_of(module: Module) -> set[str]:
    """Names that occur as text in a source, so that they may be looked up by it."""
    found = set()
    for node in module.texts:
        # `name`, `a.b`, or a list of names in one text: "soc_pct vin".split().
        if _WORDS.match(str(node.value)):
            found.update(re.findall(r"\w+", str(node.value)))
    return found


class Namer:
    """Chooses the short names of a tree.

    kept: names that stay as they are. keywords: those of calls from outside the tree.
    short: old name to new name. taken: names in the tree that no new name may equal.
    """

    def __init__(self, modules: dict[str, Module], kept: set[str], keywords: set[str]):
        self._modules = modules
        self._kept = kept | looked_up(modules) | exceptions(modules)
        self.keywords = set(keywords)
        for module in modules.values():
            self._read_imports(module)
            for call in module.calls:
                self.keywords.update(part.arg for part in call.keywords if part.arg)
        self.short, self.taken = self._assign(
            # What must stay different from each other: names of classes, names of modules.
            families(modules) + [set(module.top.bindings) for module in modules.values()]
        )

    def _read_imports(self, module: Module) -> None:
        """What comes from modules that are not ours keeps its name."""
        for statement, alias in module.imports:
            if isinstance(statement, ast.Import):
                if "." in alias.name and not alias.asname:
                    raise ShrinkError(
                        f"{module.path}: import {alias.name} needs a name of its own (as)."
                    )
                if alias.name not in self._modules:
                    self._kept.add(alias.name.partition(".")[0])
            elif statement.level:
                raise ShrinkError(f"{module.path}: relative imports cannot be shrunk.")
            elif statement.module not in self._modules:
                self._kept.add(alias.name)

    def _may_rename(self, name: str) -> bool:
        return not name.startswith("__") and name not in self._kept

    def _assign(self, groups: list[set[str]]) -> tuple[dict[str, str], set[str]]:
        names = sorted({name for group in groups for name in group if self._may_rename(name)})
        membership: dict[str, list[int]] = {name: [] for name in names}
        for number, group in enumerate(groups):
            for name in group:
                if name in membership:
                    membership[name].append(number)
        frequency = self._frequency()
        taken = self._unrenamed(set(names))
        order = sorted(
            names,
            key=lambda name: (
                -max(len(groups[number]) for number in membership[name]),
                -frequency[name],
                name,
            ),
        )
        used: list[set[str]] = [set() for _ in groups]
        fresh = short_names(taken)
        pool: list[str] = []
        short = {}
        for name in order:
            refused = set().union(*(used[number] for number in membership[name]))
            choice = next((candidate for candidate in pool if candidate not in refused), None)
            if choice is None:
                choice = next(fresh)
                pool.append(choice)
            short[name] = choice
            for number in membership[name]:
                used[number].add(choice)
        return short, taken

    def _frequency(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for module in self._modules.values():
            counts.update(use.name for use in module.uses)
            counts.update(attribute.attr for attribute in module.attributes)
        return counts

    def _unrenamed(self, renamed: set[str]) -> set[str]:
        """Names that stay in the tree or meet it beside the short ones, locals aside."""
        found = self.keywords | self._kept - set(rom_names())
        for module in self._modules.values():
            found.update(attribute.attr for attribute in module.attributes)
            for use in module.uses:
                owner = use.owner
                if owner is None or owner.kind != FUNCTION:
                    found.add(use.name)
        return found - renamed
