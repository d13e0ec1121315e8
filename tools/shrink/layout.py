"""Puts the most frequent names first in a module that stays for good.

An operand of bytecode that is one of a module's first 128 names takes one byte, any other two.
`mpy-cross` numbers names as it meets them, so a function that nobody keeps mentions them first.
"""

from __future__ import annotations

import ast
from collections import Counter

from tools.shrink.scopes import FUNCTION, Module

_NARROW_NAMES = 128
# The source's name, `<module>`, and what is not foreseen.
_RESERVE = 3


def lay_out(module: Module) -> None:
    """Change the shrunk source of one module, in place."""
    module.analyse()
    counts = Counter(attribute.attr for attribute in module.attributes)
    for use in module.uses:
        owner = use.owner
        if owner is None or owner.kind != FUNCTION or isinstance(use.node, ast.arg):
            # A function holds its name, too.
            counts[use.name] += 2 if hasattr(use.node, "body") else 1
    # What the module's own code says comes first anyway: what it defines and imports.
    top = [node for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    early = {getattr(node, "module", "") for node in top}
    early.update(alias.name for node in top for alias in node.names)
    early.update(getattr(node, "name", "") for node in module.tree.body)
    room = max(_NARROW_NAMES - _RESERVE - len(early), 0)
    wanted = [name for name, _ in counts.most_common() if name not in early][:room]
    if len(counts) > _NARROW_NAMES and wanted:
        mention: ast.expr = ast.Constant(None)
        for name in wanted:
            mention = ast.Attribute(mention, name, ast.Load())
        nothing = ast.arguments([], [], None, [], [], None, [])
        module.tree.body.insert(0, ast.Expr(ast.Lambda(nothing, mention)))
