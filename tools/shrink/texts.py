"""Keeps short texts of modules that come and go out of MicroPython's list of names.

mpy-cross makes a name of every text of up to ten characters, and MicroPython forgets no name as
long as it runs. In a module that is loaded for one call that is a leak: the text goes, its name
stays. A text within a constant tuple is an object of its own, which goes with its module, so
`"abc"` becomes `("abc",)[0]`.
"""

from __future__ import annotations

import ast

from tools.shrink.kept import kept_names
from tools.shrink.scopes import Module
from tools.shrink.trees import Transformer, walk

_NAME_LENGTH_MAX = 10


def unname_texts(resident: list[Module], passing: list[Module]) -> None:
    """Change the texts in the trees of `passing`, in place.

    Not those that are a name anyway: in a `resident` module or in MicroPython itself.
    """
    names = set(kept_names())
    for module in resident:
        for node in walk(module.tree):
            words = (getattr(node, role, None) for role in ("id", "attr", "arg", "name", "value"))
            names.update(word for word in words if isinstance(word, str))
    for module in passing:
        # A keyword of a call is handed over as a name.
        calls = [part.arg for call in module.calls for part in call.keywords if part.arg]
        _Unnamer(names.union(calls)).visit(module.tree)


class _Unnamer(Transformer):
    def __init__(self, names: set[str]):
        self._names = names

    def visit_JoinedStr(self, node: ast.JoinedStr):  # noqa: N802
        return node

    def visit_Tuple(self, node: ast.Tuple):  # noqa: N802
        is_constant = all(isinstance(element, ast.Constant) for element in node.elts)
        return node if is_constant else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant):  # noqa: N802
        value = node.value
        if not isinstance(value, str) or len(value) > _NAME_LENGTH_MAX or value in self._names:
            return node
        return ast.Subscript(ast.Tuple([node], ast.Load()), ast.Constant(0), ast.Load())
