"""The shrinker's walks against those of Python's `ast`, on all sources of the firmware."""

import ast

import pytest

from tools import build
from tools.shrink import trees

SOURCES = build.firmware_sources()
MARKS = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
ODD = """
def f(a, *b, c=1, d, **e):
    return {**e, 1: 2, "x": [i for i in b if i if not a]}, f"{a!r:{c}}", lambda: (yield)
"""


@pytest.fixture(scope="module", params=["firmware", "odd"])
def parsed(request):
    texts = SOURCES.values() if request.param == "firmware" else [ODD]
    return [ast.parse(text) for text in texts]


def test_a_walk_meets_the_same_in_the_same_order(parsed):
    for tree in parsed:
        expected = [node for node in ast.walk(tree) if not isinstance(node, MARKS)]
        assert list(map(id, trees.walk(tree))) == list(map(id, expected))


def test_a_walk_of_statements_meets_all_of_them(parsed):
    kinds = (ast.stmt, ast.excepthandler, ast.Module)
    for tree in parsed:
        expected = [node for node in ast.walk(tree) if isinstance(node, kinds)]
        assert list(map(id, trees.walk_statements(tree))) == list(map(id, expected))


def test_a_copy_is_the_same_and_apart(parsed):
    for tree in parsed:
        twins = {}
        twin = trees.copied(tree, twins)
        assert ast.dump(twin, include_attributes=True) == ast.dump(tree, include_attributes=True)
        for node, other in zip(trees.walk(tree), trees.walk(twin), strict=True):
            assert twins[id(node)] is other and other is not node


def doubler(base):
    """A transformer that does all that one can: replaces, removes, multiplies, goes on below."""

    class Doubler(base):
        def visit_Name(self, node):
            return ast.Constant(node.id) if len(node.id) > 4 else node

        def visit_Return(self, node):
            return None

        def visit_Expr(self, node):
            self.generic_visit(node)
            return [node, ast.Pass()]

        def visit_arguments(self, node):
            return self.generic_visit(node)

    return Doubler()


def test_a_transformer_does_what_that_of_ast_does(parsed):
    for tree in parsed:
        expected = doubler(ast.NodeTransformer).visit(trees.copied(tree, {}))
        found = doubler(trees.Transformer).visit(trees.copied(tree, {}))
        assert ast.dump(found) == ast.dump(expected)


def test_a_visitor_meets_what_that_of_ast_meets(parsed):
    def seen(base, tree):
        class Noter(base):
            def visit_Call(self, node):
                found.append(node)
                self.generic_visit(node)

            def visit_Constant(self, node):
                found.append(node)

        found = []
        Noter().visit(tree)
        return list(map(id, found))

    for tree in parsed:
        assert seen(trees.Visitor, tree) == seen(ast.NodeVisitor, tree)
