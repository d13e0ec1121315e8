"""Arranges a module that stays for good so that its code and its classes take fewer bytes.

An operand of bytecode that is one of a module's first 128 names takes one byte, any other two.
`mpy-cross` numbers names as it meets them, attributes before globals, so a function that nobody
keeps mentions the most frequent ones first. And each class holds its `__module__` and
`__qualname__`, 16 bytes that only CPython has a use for.
"""

from __future__ import annotations

import ast
from collections import Counter

_NARROW_NAMES = 128
# The source's name, `<module>`, and what is not foreseen.
_RESERVE = 3
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def lay_out(tree: ast.Module) -> None:
    """Change the shrunk source of one module, in place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            # First of all, so that methods take the places that get free.
            names = [ast.Name(name, ast.Del()) for name in ("__module__", "__qualname__")]
            node.body.insert(0, ast.Delete(list(names)))
    early = _names_of_body(tree)
    counts = _frequencies(tree)
    room = _NARROW_NAMES - _RESERVE - len(early)
    wanted = [name for name, _ in counts.most_common() if name not in early][: max(room, 0)]
    if len(counts) > _NARROW_NAMES and wanted:
        mention: ast.expr = ast.Constant(None)
        for name in wanted:
            mention = ast.Attribute(mention, name, ast.Load())
        nothing = ast.arguments([], [], None, [], [], None, [])
        tree.body.insert(0, ast.Expr(ast.Lambda(nothing, mention)))


def _names_of_body(tree: ast.Module) -> set[str]:
    """Names that the module's own code, which comes first, has as texts or attributes."""
    found: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            found.update(alias.name for alias in statement.names)
            if isinstance(statement, ast.ImportFrom):
                found.add(statement.module or "")
        elif isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
            found.add(statement.name)
        else:
            found.update(n.attr for n in ast.walk(statement) if isinstance(n, ast.Attribute))
    return found


def _frequencies(tree: ast.Module) -> Counter[str]:
    """How often each name is an operand of the compiled functions, roughly."""
    counts: Counter[str] = Counter()

    def visit(node: ast.AST, local: set[str]) -> None:
        if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
            local = _locals(node)
            counts.update(argument.arg for argument in _arguments(node))
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            counts[node.name] += 2
        elif isinstance(node, ast.Attribute):
            counts[node.attr] += 1
        elif isinstance(node, ast.Name) and node.id not in local:
            counts[node.id] += 1
        elif isinstance(node, ast.keyword) and node.arg:
            counts[node.arg] += 1
        for child in ast.iter_child_nodes(node):
            visit(child, local)

    visit(tree, set())
    return counts


def _arguments(function) -> list[ast.arg]:
    return [*function.args.args, *function.args.kwonlyargs]


def _locals(function) -> set[str]:
    found = {argument.arg for argument in _arguments(function)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return found
