"""Removes what the module never looks at: docstrings, annotations, `__all__`, `pass` fillers."""

from __future__ import annotations

import ast


def strip(tree: ast.Module) -> None:
    """Take the dead weight out of `tree`, in place."""
    _Stripper().visit(tree)
    tree.body = [node for node in tree.body if not _is_all(node)]


def is_viper(function: ast.AST) -> bool:
    """Whether the annotations of `function` are machine types."""
    decorators = getattr(function, "decorator_list", ())
    return any(isinstance(d, ast.Attribute) and d.attr == "viper" for d in decorators)


class _Stripper(ast.NodeTransformer):
    def visit_FunctionDef(self, node):  # noqa: N802
        self.generic_visit(node)
        if not is_viper(node):
            node.returns = None
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign):  # noqa: N802
        self.generic_visit(node)
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_Expr(self, node: ast.Expr):  # noqa: N802
        self.generic_visit(node)
        return None if isinstance(node.value, ast.Constant) else node

    def visit_Pass(self, node: ast.Pass):  # noqa: N802
        return None

    def generic_visit(self, node):
        super().generic_visit(node)
        fill(node)
        return node


def fill(node: ast.AST) -> None:
    """Give a block that lost its last statement a `pass`."""
    if getattr(node, "body", None) == [] and not isinstance(node, ast.Module):
        node.body = [ast.Pass()]  # type: ignore[attr-defined]


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
    )
