"""What is changed in a source, one thing at a time, by Python's `ast`.

    a == b, a < b, a in b        !=, <=, not in, and back
    a and b, not a               or, a
    if a, while a, b if a else c not a; a branch that is never taken
    a + b, a << b, a & b         -, >>, |, and back; of `+=`, too
    7, True                      8 and 6, False
    a call, x.a = b, x += b, raise, del, break, continue    not there
    return a                     None
    except E:                    the error goes on

Texts are no matter: what is told is compared whole where it matters. Names are not changed, as
most of these would be a NameError.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tools.sources import without_annotation_imports

_COMPARISONS: dict[type, type] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATIONS: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
_STATEMENTS = (ast.Raise, ast.Delete, ast.Break, ast.Continue, ast.AugAssign)
_TOP = "module"

# Puts something into the tree, and back: (do, undo).
_Change = tuple[Callable[[], None], Callable[[], None]]


@dataclass(frozen=True)
class Mutant:
    """function: qualified name, or "module". before, after: the statement's first line, with
    "(2)" behind it for the second such change of a function. source: of the whole file.
    """

    function: str
    before: str
    after: str
    source: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by in `survivors.txt`."""
        return self.function, self.before, self.after


class _Unannotated(ast.NodeTransformer):
    """Annotations are for mypy: no test sees a change of them."""

    def visit_arg(self, node: ast.arg):  # noqa: N802
        node.annotation = None
        return node

    def visit_FunctionDef(self, node):  # noqa: N802
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign):  # noqa: N802
        return ast.Assign([node.target], node.value, lineno=node.lineno) if node.value else None


def mutants(text: str) -> Iterator[Mutant]:
    """Every mutant of a source, in the order of its lines."""
    tree = _Unannotated().visit(ast.parse(without_annotation_imports(text)))
    seen: Counter[tuple[str, str, str]] = Counter()
    for function, block, at in _statements(tree, _TOP):
        before = _header(block[at])
        for do, undo in _changes(block, at):
            do()
            try:
                after = _header(block[at])
                source = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
            finally:
                undo()
            seen[function, before, after] += 1
            number = seen[function, before, after]
            yield Mutant(function, before, after + (f" ({number})" if number > 1 else ""), source)


def _statements(node: ast.AST, function: str) -> Iterator[tuple[str, list, int]]:
    """(function, block, index in it) of each statement."""
    for name in ("body", "handlers", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if not isinstance(block, list):
            continue
        for at in range(len(block)):
            statement = block[at]
            inside = function
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside = statement.name if function == _TOP else f"{function}.{statement.name}"
            yield inside, block, at
            yield from _statements(statement, inside)


def _header(statement: ast.AST) -> str:
    """The first line, of what has a block without it."""
    if hasattr(statement, "body"):
        statement = copy.copy(statement)
        statement.body = [ast.Pass()]
        for name in ("orelse", "finalbody", "handlers", "decorator_list"):
            if hasattr(statement, name):
                setattr(statement, name, [])
        if isinstance(statement, ast.Try):
            return "try:"
    text = ast.unparse(ast.fix_missing_locations(copy.deepcopy(statement)))
    if hasattr(statement, "body"):
        text = text.removesuffix("pass")
    return " ".join(text.split())


def _changes(block: list, at: int) -> Iterator[_Change]:
    """All changes of one statement, without those of the statements in it."""
    statement = block[at]
    yield from _whole(block, at)
    if isinstance(statement, ast.If):
        yield _set(statement, "test", ast.Constant(False))
    for node in _expressions(statement):
        yield from _of_node(node)


def _whole(block: list, at: int) -> Iterator[_Change]:
    """The statement is another, or not there."""
    statement = block[at]
    if isinstance(statement, ast.ExceptHandler):
        is_raised = isinstance(statement.body[0], ast.Raise) and not statement.body[0].exc
        if not is_raised:
            passed_on = copy.copy(statement)
            passed_on.type = ast.Tuple([], ast.Load())
            yield _put(block, at, passed_on)
    elif isinstance(statement, ast.Return):
        value = statement.value
        # What is as false as None needs no such change, and a number has its own.
        if value and not (isinstance(value, ast.Constant) and not value.value):
            yield _put(block, at, ast.Return(ast.Constant(None)))
    elif _is_dispensable(statement):
        yield _put(block, at, ast.Pass())


def _is_dispensable(statement: ast.AST) -> bool:
    if isinstance(statement, ast.Expr):
        # A docstring is none, and a generator without its `yield` is another kind of function.
        value = (
            statement.value.value if isinstance(statement.value, ast.Await) else statement.value
        )
        return isinstance(value, ast.Call)
    if isinstance(statement, ast.Assign):
        kinds = (ast.Attribute, ast.Subscript)
        return any(isinstance(target, kinds) for target in statement.targets)
    return isinstance(statement, _STATEMENTS)


def _expressions(statement: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement outside of its blocks and annotations."""
    yield statement
    for name, value in ast.iter_fields(statement):
        if name in ("body", "handlers", "orelse", "finalbody", "annotation", "returns"):
            # The parts of `a if b else c` have such names, too, and are no lists.
            if isinstance(value, ast.AST) and name in ("body", "orelse"):
                yield from _expressions(value)
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _expressions(child)


def _of_node(node: ast.AST) -> Iterator[_Change]:
    if isinstance(node, ast.Constant):
        for value in _others(node.value):
            yield _set(node, "value", value)
    elif isinstance(node, ast.Compare):
        for at, operation in enumerate(node.ops):
            if type(operation) in _COMPARISONS:
                yield _put(node.ops, at, _COMPARISONS[type(operation)]())
    elif isinstance(node, ast.BoolOp):
        yield _set(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.BinOp | ast.AugAssign):
        is_text = isinstance(node, ast.BinOp) and _is_text(node.left)
        if type(node.op) in _OPERATIONS and not is_text:
            yield _set(node, "op", _OPERATIONS[type(node.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        # `not not a` is as true as `a`.
        yield _set(node, "operand", ast.UnaryOp(ast.Not(), node.operand))
    if isinstance(node, ast.If | ast.While | ast.IfExp) and not _has_opposite(node.test):
        yield _set(node, "test", ast.UnaryOp(ast.Not(), node.test))


def _has_opposite(test: ast.AST) -> bool:
    """Whether another change of it is its opposite already."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return not isinstance(test.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE)
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _others(value: object) -> tuple:
    if isinstance(value, bool):
        return (not value,)
    return (value + 1, value - 1) if isinstance(value, int) else ()


def _put(block: list, at: int, other: ast.AST) -> _Change:
    original = block[at]
    return lambda: block.__setitem__(at, other), lambda: block.__setitem__(at, original)


def _set(node: ast.AST, name: str, other: object) -> _Change:
    original = getattr(node, name)
    return lambda: setattr(node, name, other), lambda: setattr(node, name, original)
