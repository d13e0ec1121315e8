"""Which name means what: the scopes of a source, and every place where a name is written.

MicroPython's rules are Python's: a name belongs to the innermost function that binds it, class
bodies are seen from inside themselves only, everything else is the module's or a builtin.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from tools.shrink.trees import Visitor

MODULE = "module"
CLASS = "class"
FUNCTION = "function"

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class ShrinkError(Exception):
    """A construct that cannot be shrunk safely, as one sentence for the user."""


@dataclass(eq=False)
class Scope:
    """One module, class body, function, lambda or comprehension."""

    kind: str
    parent: Scope | None
    node: ast.AST
    # Name to the nodes that bind it; for a function that begins with the parameters.
    bindings: dict[str, list[ast.AST]] = field(default_factory=dict)
    parameters: list[str] = field(default_factory=list)
    # Names that a `global` or `nonlocal` statement sends elsewhere.
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    is_comprehension: bool = False

    def owner(self, name: str) -> Scope | None:
        """The scope that `name`, written here, belongs to; None for a builtin."""
        if name in self.globals:
            top = self
            while top.parent is not None:
                top = top.parent
            return top if name in top.bindings else None
        if name in self.bindings and name not in self.nonlocals:
            return self
        return self.outer_owner(name)

    def outer_owner(self, name: str) -> Scope | None:
        """The scope that `name` belongs to when it is none of this scope."""
        scope = self.parent
        while scope is not None:
            if scope.kind != CLASS and name in scope.bindings and name not in scope.nonlocals:
                return scope.owner(name) if name in scope.globals else scope
            scope = scope.parent
        return None


@dataclass(eq=False)
class Use:
    """One place where a name is written. index: position in a `global` statement's list.

    is_early: read in a class body before that binds it (`X = X`), so it means an outer one.
    """

    scope: Scope
    name: str
    node: ast.AST
    index: int = 0
    is_early: bool = False

    @property
    def owner(self) -> Scope | None:
        """The scope that the name belongs to; None for a builtin."""
        return self.scope.outer_owner(self.name) if self.is_early else self.scope.owner(self.name)


@dataclass(frozen=True)
class Imported:
    """What an import binds: a module, or (name set) something in it."""

    module: str
    name: str | None = None


class Module:
    """One source with its scopes. path: "ovms/config.py", relative to the import root."""

    def __init__(self, path: str, tree: ast.Module):
        self.path = path
        self.name = module_name(path)
        self.is_package = path.endswith("/__init__.py")
        # Whether it holds definitions of one or more sources, see `split`.
        self.is_part = False
        self.tree = tree
        # Of globals that came from elsewhere and have no mark of it: the path of their source.
        self.origins: dict[str, str] = {}
        self.analyse()

    def analyse(self) -> None:
        """Read the tree again, after it was changed."""
        walker = _Walker(self.path, self.tree)
        self.top = walker.top
        self.scopes = walker.scopes
        self.uses = walker.uses
        self.attributes = walker.attributes
        self.imports = walker.imports
        self.texts = walker.texts
        self.calls = walker.calls
        self.use_at = {id(use.node): use for use in self.uses}


# Between a source's path, or a module's name, and the part of it that became a module.
PART = ":"


def source_of(path: str) -> str:
    """Path of the source that a module comes from, which may be a part of it."""
    stem, mark, _ = path.partition(PART)
    return f"{stem}.py" if mark else path


def module_name(path: str) -> str:
    """Dotted name of a source by its path."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(alias: ast.alias, statement: ast.stmt) -> Imported:
    """What `alias` of an import statement binds."""
    if isinstance(statement, ast.ImportFrom):
        return Imported(statement.module or "", alias.name)
    return Imported(alias.name)


class _Walker(Visitor):
    def __init__(self, path: str, tree: ast.Module):
        self._path = path
        self.top = Scope(MODULE, None, tree)
        self.scopes = [self.top]
        self.uses: list[Use] = []
        self.attributes: list[ast.Attribute] = []
        self.imports: list[tuple[ast.Import | ast.ImportFrom, ast.alias]] = []
        self.texts: list[ast.Constant] = []
        self.calls: list[ast.Call] = []
        self._scope = self.top
        for node in tree.body:
            self.visit(node)

    def _bind(self, name: str, node: ast.AST, scope: Scope | None = None) -> None:
        scope = scope or self._scope
        if name in scope.globals:
            self.top.bindings.setdefault(name, []).append(node)
        elif name in scope.nonlocals:
            outer = scope.parent
            while outer is not None and (outer.kind == CLASS or name not in outer.bindings):
                outer = outer.parent
            if outer is not None:
                outer.bindings[name].append(node)
        else:
            scope.bindings.setdefault(name, []).append(node)

    def _use(self, name: str, node: ast.AST, index: int = 0) -> None:
        is_read = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        is_class = self._scope.kind == CLASS
        is_early = is_read and is_class and name not in self._scope.bindings
        self.uses.append(Use(self._scope, name, node, index, is_early))

    def _enter(self, kind: str, node: ast.AST) -> Scope:
        self._scope = Scope(kind, self._scope, node)
        self.scopes.append(self._scope)
        return self._scope

    def _leave(self) -> None:
        assert self._scope.parent is not None
        self._scope = self._scope.parent

    def visit_FunctionDef(self, node) -> None:  # noqa: N802
        self._bind(node.name, node)
        self._use(node.name, node)
        for decorator in node.decorator_list:
            self.visit(decorator)
        self._function(node, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:  # noqa: N802
        self._function(node, [node.body])

    def _function(self, node, body) -> None:
        arguments = node.args
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            if default is not None:
                self.visit(default)
        scope = self._enter(FUNCTION, node)
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
        # `global` and `nonlocal` count for the whole function, wherever they stand.
        for inner in _statements_of(node):
            if isinstance(inner, ast.Global):
                scope.globals.update(inner.names)
            elif isinstance(inner, ast.Nonlocal):
                scope.nonlocals.update(inner.names)
        for argument in every:
            self._bind(argument.arg, argument)
            self._use(argument.arg, argument)
            scope.parameters.append(argument.arg)
        for statement in body:
            self.visit(statement)
        self._leave()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:  # noqa: N802
        self._bind(node.name, node)
        self._use(node.name, node)
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        self._enter(CLASS, node)
        for statement in node.body:
            self.visit(statement)
        self._leave()

    def visit_ListComp(self, node) -> None:  # noqa: N802
        self.visit(node.generators[0].iter)
        self._enter(FUNCTION, node).is_comprehension = True
        for number, generator in enumerate(node.generators):
            self.visit(generator.target)
            if number:
                self.visit(generator.iter)
            for condition in generator.ifs:
                self.visit(condition)
        for part in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            self.visit(part)
        self._leave()

    visit_SetComp = visit_ListComp  # noqa: N815
    visit_DictComp = visit_ListComp  # noqa: N815
    visit_GeneratorExp = visit_ListComp  # noqa: N815

    def visit_Match(self, node: ast.Match) -> None:  # noqa: N802
        raise ShrinkError(f"{self._path}, line {node.lineno}: MicroPython has no match statement.")

    def visit_Name(self, node: ast.Name) -> None:  # noqa: N802
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id, node)
        self._use(node.id, node)

    def visit_Constant(self, node: ast.Constant) -> None:  # noqa: N802
        if isinstance(node.value, str):
            self.texts.append(node)

    def visit_Call(self, node: ast.Call) -> None:  # noqa: N802
        self.calls.append(node)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:  # noqa: N802
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:  # noqa: N802
        # Binds outside the comprehension it may stand in.
        scope = self._scope
        while scope.is_comprehension and scope.parent is not None:
            scope = scope.parent
        self._bind(node.target.id, node.target, scope)
        self._use(node.target.id, node.target)
        self.visit(node.value)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:  # noqa: N802
        if node.name:
            self._bind(node.name, node)
            self._use(node.name, node)
        self.generic_visit(node)

    def visit_Global(self, node) -> None:  # noqa: N802
        if self._scope.kind == CLASS:
            raise ShrinkError(
                f"{self._path}, line {node.lineno}: {node.names[0]} of a class body."
            )
        for index, name in enumerate(node.names):
            self._use(name, node, index)

    visit_Nonlocal = visit_Global  # noqa: N815

    def visit_Import(self, node) -> None:  # noqa: N802
        for alias in node.names:
            if alias.name == "*":
                raise ShrinkError(
                    f"{self._path}, line {node.lineno}: import * hides which names are used."
                )
            name = alias.asname or alias.name.partition(".")[0]
            self._bind(name, alias)
            self._use(name, alias)
            self.imports.append((node, alias))

    visit_ImportFrom = visit_Import  # noqa: N815

    def visit_Attribute(self, node: ast.Attribute) -> None:  # noqa: N802
        self.attributes.append(node)
        self.visit(node.value)


def _statements_of(function):
    """The statements of a function's own body, nested ones included, inner scopes not."""
    waiting: list[ast.AST] = list(function.body) if isinstance(function, _FUNCTIONS) else []
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
            continue
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt | ast.excepthandler):
                waiting.append(child)
