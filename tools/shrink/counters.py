"""Gives the counters short names, out of MicroPython's ROM, in place of telling ones.

A counter is named as text where it counts: `status.count("server_logins")`,
`counts["gps_noise"] += 1`, `link.end = "server_silences"`. Each such text takes about 50 bytes of
RAM, and nobody reads it but a user who asks for all of them, who gets the long ones back out of
the table in `TABLE_MODULE`.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator

from tools.shrink.scopes import Module
from tools.shrink.trees import walk

TABLE_MODULE, _TABLE = "ovms.services.counter_names", "SHORTENED"
# Names in the ROM of every MicroPython, of less than ten characters: a longer text is no name.
_WORDS = """
abs all any bool bytearray bytes callable chr dict dir divmod eval exec getattr globals hasattr
hash id int iter len list locals map next object open ord pow print range repr round set
setattr sorted str sum super tuple type zip EOFError KeyError NameError OSError TypeError
Exception Ellipsis append clear close copy count endswith extend find format get index insert
isdigit items join keys lower pop read readinto readline remove replace reverse rfind rstrip
send sort split strip throw update upper values write args key little main self sep start step
stop value builtins bytecode const sys gc json struct errno math time array heapq hashlib
binascii uctypes random select socket asyncio deflate
"""
# Of one text of the table.
_TEXT_LENGTH = 400
_COUNTER = re.compile(r"[a-z]+(_[a-z0-9]+)+$")


def shorten_counters(modules: dict[str, Module]) -> dict[str, str]:
    """Change the texts of all modules, in place, and fill the table. modules: by dotted name.

    Returns the short name of each counter. Nothing happens in a tree without the table; counters
    beyond the short names keep their own.
    """
    if TABLE_MODULE not in modules:
        return {}
    texts = [text for module in modules.values() for text in module.texts]
    counted = {id(node) for module in modules.values() for node in _counted(module.tree)}
    names = {str(text.value) for text in texts if id(text) in counted}
    # What is said elsewhere, too, or may be put together of two texts, stays.
    names -= {str(text.value) for text in texts if id(text) not in counted}
    words = {str(text.value) for text in texts}
    halves = [word for word in words if word.endswith("_")]
    names -= {half + word for half in halves for word in words}
    free = [word for word in _WORDS.split() if all(text.value != word for text in texts)]
    short = dict(zip(sorted(names), free, strict=False))
    for text in texts:
        text.value = short.get(str(text.value), text.value)
    for statement in modules[TABLE_MODULE].tree.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == _TABLE:
            pairs = "".join(f" {word}:{name}" for name, word in short.items())
            # As a line is wrapped, which ends at a blank.
            lines = textwrap.wrap(pairs, _TEXT_LENGTH)
            texts = [ast.Constant(f" {line} ") for line in lines]
            statement.value = ast.Tuple(list[ast.expr](texts), ast.Load())
    modules[TABLE_MODULE].analyse()
    return short


def _counted(tree: ast.Module) -> Iterator[ast.AST]:
    """Texts that a module counts by, whole ones with a `_` in them."""
    for node in walk(tree):
        where: ast.AST | None = None
        if isinstance(node, ast.Call) and len(node.args) == 1:
            if getattr(node.func, "attr", getattr(node.func, "id", "")) == "count":
                where = node.args[0]
        elif isinstance(node, ast.Subscript):
            if getattr(node.value, "attr", getattr(node.value, "id", "")) == "counts":
                where = node.slice
        elif isinstance(node, ast.Assign):
            if getattr(node.targets[0], "attr", "") in ("end", "counts"):
                where = node.value
        elif isinstance(node, ast.Compare) and getattr(node.left, "id", "") == "end":
            where = node
        if where is None:
            continue
        for text in walk(where):
            value = getattr(text, "value", None)
            # The first half of a name that is put together, which ends with a `_`, is none.
            if isinstance(value, str) and _COUNTER.match(value):
                yield text
