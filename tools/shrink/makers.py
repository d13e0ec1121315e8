"""Constructors of modules that stay, on demand: most of them run once, when the module starts.

The body of such an `__init__` becomes a function on demand; its class keeps a number, and all of
these classes share one small `__init__` that looks for the function by it. So a constructor costs
8 bytes of heap while nothing is made, and loads its code when something is: one module for all
of a bundle, as they are needed together.

That is for classes that nothing makes but code on demand, and such constructors: what is made
again and again in service, as by a link for each connection, is made by code that stays. So is
what is small, and a class that others inherit from.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tools.shrink.bundle import origin, plain_name
from tools.shrink.scopes import PART, Module, imported

_MAKE, _NUMBER, _FIND = "make_by_number", "maker_number", "find_maker"
_CONSTRUCTOR = "__init__"
# Statements and expressions of the smallest constructor that is moved.
_LEAST_NODES = 30
# Definitions carry these attributes into the parts of `split`: the class whose instance the first
# parameter is, and (path, name) of the source.
CLASS_MARK, PLACE_MARK = "made_class", "made_place"


@dataclass(eq=False)
class _Maker:
    """The constructor of one class. home: the module that both are in."""

    home: Module
    made: ast.ClassDef
    function: ast.FunctionDef

    @property
    def name(self) -> str:
        return f"make_{self.made.name}"


def move_constructors(modules: dict[str, Module], members: dict[str, list[str]]) -> None:
    """Move the constructors of bundles, in place. members: what `bundle` returns."""
    homes = [module for module in modules.values() if module.path in members]
    homes.sort(key=lambda module: list(members).index(module.path))
    makers = _chosen(modules, homes)
    if not makers:
        return
    first = homes[0]
    finder = f"{first.name}{PART}{_FIND}"
    branches: list[ast.stmt] = []
    for home in homes:
        own = [maker for maker in makers if maker.home is home]
        if not own:
            continue
        name = f"{home.name}{PART}{_MAKE}"
        body: list[ast.stmt] = list(_imports(home, own))
        for maker in own:
            _shorten(maker, makers.index(maker))
            path = origin(maker.made.name, home, members[home.path]) or home.path
            body.append(_moved(maker, path))
        branches.append(_branch(name, own, makers.index(own[0])))
        if home is not first:
            home.tree.body.insert(0, _import(first.name, _MAKE))
        modules[name] = Module(f"{home.path.removesuffix('.py')}{PART}{_MAKE}.py", _module(body))
    shared = f"""
def {_MAKE}(self, *arguments, **named):
    pass
    {_FIND}(self.{_NUMBER})(self, *arguments, **named)
"""
    make = ast.parse(shared).body[0]
    assert isinstance(make, ast.FunctionDef)
    make.body[0] = _import(finder, _FIND)
    first.tree.body.insert(0, make)
    find = ast.parse(f"def {_FIND}(number):\n    pass\n").body[0]
    assert isinstance(find, ast.FunctionDef)
    find.body = branches
    path = f"{first.path.removesuffix('.py')}{PART}{_FIND}.py"
    modules[finder] = Module(path, _module([find]))
    for home in homes:
        home.analyse()


def _chosen(modules: dict[str, Module], homes: list[Module]) -> list[_Maker]:
    bases = _bases(modules)
    makers = [
        maker
        for home in homes
        for maker in _constructors(home)
        if _is_movable(maker, bases, modules)
    ]
    while True:
        moved = {id(node) for maker in makers for node in ast.walk(maker.function)}
        kept = _named(homes, moved)
        left = [maker for maker in makers if maker.made.name not in kept]
        if len(left) == len(makers):
            return makers
        makers = left


def _constructors(home: Module) -> Iterator[_Maker]:
    for statement in home.tree.body:
        if isinstance(statement, ast.ClassDef):
            for node in statement.body:
                if isinstance(node, ast.FunctionDef) and node.name == _CONSTRUCTOR:
                    yield _Maker(home, statement, node)


def _bases(modules: dict[str, Module]) -> set[str]:
    """Names of classes that others inherit from, by whatever name these know them."""
    found = {
        getattr(base, "id", getattr(base, "attr", ""))
        for module in modules.values()
        for scope in module.scopes
        if isinstance(scope.node, ast.ClassDef)
        for base in scope.node.bases
    }
    renamed = {
        alias.name
        for module in modules.values()
        for _, alias in module.imports
        if alias.asname in found
    }
    return found | renamed


def _is_movable(maker: _Maker, bases: set[str], modules: dict[str, Module]) -> bool:
    home, function = maker.home, maker.function
    nodes = sum(isinstance(node, ast.expr | ast.stmt) for node in ast.walk(function))
    if nodes < _LEAST_NODES:
        return False
    inherited = maker.made.bases
    if maker.made.name in bases or function.decorator_list or maker.made.decorator_list:
        return False
    if len(inherited) > 1 or not all(_is_own(base, home, modules) for base in inherited):
        return False
    rebound = {name for scope in home.scopes for name in scope.globals}
    read = {use.name for use in _globals(home, function)}
    # A variable of the class body is not to be seen from outside.
    return not read & rebound and not any(
        isinstance(node, ast.Name) and node.id == "__class__" for node in ast.walk(function)
    )


def _is_own(base: ast.expr, home: Module, modules: dict[str, Module]) -> bool:
    """Whether a base is a class of ours, and called by its name."""
    if not isinstance(base, ast.Name):
        return False
    nodes = home.top.bindings.get(base.id, [])
    if len(nodes) != 1:
        return False
    if isinstance(nodes[0], ast.ClassDef):
        return not nodes[0].bases
    for statement, alias in home.imports:
        if alias is nodes[0]:
            source = imported(alias, statement)
            there = modules.get(source.module)
            found = there.top.bindings.get(source.name or "", []) if there else []
            return len(found) == 1 and isinstance(found[0], ast.ClassDef) and not found[0].bases
    return False


def _named(homes: list[Module], moved: set[int]) -> set[str]:
    """Names that code which stays uses for more than to read an attribute of what they mean.

    moved: id() of all nodes that do not stay.
    """
    found: set[str] = set()
    for home in homes:
        read = {id(attribute.value) for attribute in home.attributes}
        original = {
            alias.asname: alias.name for _, alias in home.imports if alias.asname is not None
        }
        for use in home.uses:
            is_reading = isinstance(use.node, ast.Name) and isinstance(use.node.ctx, ast.Load)
            if is_reading and id(use.node) not in read and id(use.node) not in moved:
                found.add(original.get(use.name, use.name))
        found |= {node.attr for node in home.attributes if id(node) not in moved}
    return found


def _globals(home: Module, function: ast.AST) -> Iterator:
    for node in ast.walk(function):
        use = home.use_at.get(id(node))
        if use is not None and use.owner is home.top:
            yield use


def _imports(home: Module, makers: list[_Maker]) -> Iterator[ast.stmt]:
    """What the constructors need of their module."""
    names = {use.name for maker in makers for use in _globals(home, maker.function)}
    names |= {
        base.id for maker in makers for base in maker.made.bases if isinstance(base, ast.Name)
    }
    by_alias = {id(alias): statement for statement, alias in home.imports}
    for name in sorted(names):
        node = home.top.bindings[name][0]
        statement = by_alias.get(id(node))
        if statement is None or not isinstance(node, ast.alias):
            yield _import(home.name, name)
        elif isinstance(statement, ast.ImportFrom):
            yield _import(statement.module or "", node.name, name)
        else:
            yield ast.Import([ast.alias(node.name, name)])


def _shorten(maker: _Maker, number: int) -> None:
    """Leave the number and the shared `__init__` in the class."""
    lines = ast.parse(f"{_CONSTRUCTOR} = {_MAKE}\n{_NUMBER} = {number}\n").body
    at = maker.made.body.index(maker.function)
    maker.made.body[at : at + 1] = lines


def _moved(maker: _Maker, path: str) -> ast.FunctionDef:
    function = maker.function
    if maker.made.bases:
        _Supers(maker.made.bases[0], function.args.args[0].arg).visit(function)
    function.name = maker.name
    setattr(function, CLASS_MARK, maker.made.name)
    setattr(function, PLACE_MARK, (path, f"{plain_name(maker.made.name)}.{_CONSTRUCTOR}"))
    return function


class _Supers(ast.NodeTransformer):
    """`super().f(x)` becomes `Base.f(self, x)`."""

    def __init__(self, base: ast.expr, first: str):
        self._base, self._first = base, first

    def visit_Call(self, node: ast.Call):  # noqa: N802
        self.generic_visit(node)
        inner = getattr(node.func, "value", None)
        if isinstance(inner, ast.Call) and getattr(inner.func, "id", "") == "super":
            assert isinstance(self._base, ast.Name) and isinstance(node.func, ast.Attribute)
            node.func.value = ast.Name(self._base.id, ast.Load())
            node.args.insert(0, ast.Name(self._first, ast.Load()))
        return node


def _branch(module: str, makers: list[_Maker], first: int) -> ast.stmt:
    """One place for all of a bundle, so that `split` keeps them together."""
    functions = ", ".join(f"m.{maker.name}" for maker in makers)
    end = first + len(makers)
    branch = ast.parse(
        f"if number < {end}:\n    pass\n    return ({functions},)[number - {first}]\n"
    ).body[0]
    assert isinstance(branch, ast.If)
    branch.body[0] = ast.Import([ast.alias(module, "m")])
    return branch


def _import(module: str, name: str, bound: str | None = None) -> ast.ImportFrom:
    return ast.ImportFrom(module, [ast.alias(name, None if bound == name else bound)], 0)


def _module(body: list[ast.stmt]) -> ast.Module:
    return ast.fix_missing_locations(ast.Module(body, []))
