"""Tells the functions of a compiled file apart, so that a traceback names exactly one.

A shrunk firmware calls many functions by the same few names and has no line numbers. What a
traceback gives as the line of a function is therefore used to count its namesakes: the first
function of a name in a file is in line 1, which takes no room, the next three take one byte each,
others two.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.shrink.bundle import origin, plain_name
from tools.shrink.makers import PLACE_MARK
from tools.shrink.mpy import FormatError, Mpy
from tools.shrink.names import identifiers
from tools.shrink.scopes import Module

# A block of MicroPython's heap, and how many lines take one byte.
_BLOCK_BYTES = 16
_SHORT_LINES = 3
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Place:
    """A function or class as it is in the sources. path: of its file. name: with its class."""

    path: str
    name: str


@dataclass
class Definition:
    """A function or class of a shrunk source, with those inside of it in the order of the text."""

    short: str
    place: Place
    is_class: bool
    inner: list[Definition] = field(default_factory=list)


@dataclass
class Sources:
    """What is known of a tree before its names are shortened. places: by id() of a definition.

    used: names that a function reads or sets. classes: those of the tree, by id() as well.
    """

    places: dict[int, Place] = field(default_factory=dict)
    used: dict[Place, list[str]] = field(default_factory=dict)
    classes: set[int] = field(default_factory=set)

    def read(self, module: Module, members: list[str]) -> None:
        """Take over one module, not yet renamed. members: paths of those merged into it."""
        for node in _inside(module.tree):
            self._read(node, origin(node.name, module, members) or module.path, "")

    def _read(self, node, path: str, outer: str) -> None:
        place = Place(*getattr(node, PLACE_MARK, (path, f"{outer}{plain_name(node.name)}")))
        self.places[id(node)] = place
        self.used[place] = sorted({plain_name(word) for word in identifiers(node)})
        if isinstance(node, ast.ClassDef):
            self.classes.add(id(node))
        for inner in _inside(node):
            self._read(inner, place.path, f"{place.name}.")

    def outline(self, tree: ast.AST) -> list[Definition]:
        """What the same `tree`, now with short names, defines."""
        return [
            Definition(
                node.name, self.places[id(node)], id(node) in self.classes, self.outline(node)
            )
            for node in _inside(tree)
        ]


def _inside(node: ast.AST) -> Iterator:
    """Functions and classes of the scope of `node`, those inside of them not."""
    waiting = list(getattr(node, "body", ()))
    while waiting:
        statement = waiting.pop(0)
        if isinstance(statement, _DEFINITIONS):
            yield statement
            continue
        children = ast.iter_child_nodes(statement)
        waiting[:0] = [c for c in children if isinstance(c, ast.stmt | ast.excepthandler)]


def number_namesakes(compiled: Mpy, outline: list[Definition], path: str) -> dict[str, list]:
    """Give each function of `compiled` its line; returns {short name: the place of each line}.

    outline: of the source it was compiled from. path: of that file, for what has no name.
    """
    found: list[tuple] = []

    def visit(code, definitions: list[Definition], place: Place) -> None:
        named = iter(definitions)
        for child in code.children:
            text = compiled.name_of(child)
            if text is not None and text.startswith("<"):
                # A lambda or the like is told by where it stands.
                found.append((False, text, place, child))
                visit(child, [], place)
                continue
            definition = next(named, None)
            if definition is None or text not in (None, definition.short):
                raise FormatError(f"{path} defines {text} where its source does not.")
            found.append((definition.is_class, definition.short, definition.place, child))
            visit(child, definition.inner, definition.place)
        if next(named, None) is not None:
            raise FormatError(f"{path} lacks a function of its source.")

    visit(compiled.code, outline, Place(path, "<module>"))
    lines: dict[str, list[Place]] = {"<module>": [Place(path, "<module>")]}
    for _, short, place, code in _by_room(found):
        namesakes = lines.setdefault(short, [])
        namesakes.append(place)
        compiled.set_line(code, len(namesakes))
    return lines


def _by_room(found: list) -> list:
    """The functions so that the lines that take no bytes, or one, go where there is room for none,
    or one: the heap gives out blocks, and few functions fill their last one.
    """
    waiting = list(found)
    done = []
    for bytes_needed in (0, *[1] * _SHORT_LINES):
        # One of each name, of those with exactly the room, else with less, else with more.
        chosen: dict[str, tuple] = {}
        for entry in waiting:
            is_class, short, _, code = entry
            # The body of a class is garbage as soon as it was executed.
            room = _BLOCK_BYTES if is_class else -len(code.data) % _BLOCK_BYTES
            rank = (room > bytes_needed, abs(room - bytes_needed))
            if short not in chosen or rank < chosen[short][0]:
                chosen[short] = (rank, entry)
        taken = [entry for _, entry in chosen.values()]
        waiting = [entry for entry in waiting if not any(entry is other for other in taken)]
        done += taken
    return done + waiting
