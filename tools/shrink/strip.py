"""Removes what the module never looks at: docstrings, annotations, `__all__`, `pass` fillers."""

from __future__ import annotations

import ast

from tools.shrink.trees import Transformer, walk


class _Stripper(Transformer):
    def visit_arguments(self, node: ast.arguments):  # noqa: N802
        for argument in walk(node):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign):  # noqa: N802
        self.generic_visit(node)
        return ast.Assign([node.target], node.value, lineno=node.lineno) if node.value else None

    def visit_Assign(self, node: ast.Assign):  # noqa: N802
        is_all = getattr(node.targets[0], "id", "") == "__all__"
        return None if is_all else self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr):  # noqa: N802
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_Pass(self, node: ast.Pass):  # noqa: N802
        return None

    def generic_visit(self, node):
        super().generic_visit(node)
        if hasattr(node, "returns"):
            node.returns = None
        fill(node)
        return node


def strip(tree: ast.Module) -> None:
    """Take the dead weight out of `tree`, in place."""
    _Stripper().visit(tree)


def fill(node: ast.AST) -> None:
    """Give a block that lost its last statement a `pass`."""
    if getattr(node, "body", None) == [] and not isinstance(node, ast.Module):
        node.body = [ast.Pass()]  # type: ignore[attr-defined]
    if isinstance(node, ast.Try) and not node.handlers + node.finalbody:
        node.finalbody = [ast.Pass()]


def forget_class_names(tree: ast.Module) -> None:
    """Let each class drop its `__module__` and `__qualname__`: 16 bytes nobody has a use for.

    First of all, so that methods take the places that get free.
    """
    for node in walk(tree):
        if isinstance(node, ast.ClassDef):
            names: list[ast.expr] = [
                ast.Name(name, ast.Del()) for name in ("__module__", "__qualname__")
            ]
            node.body.insert(0, ast.Delete(names))
