"""Puts module-level constants where they are used.

A constant is a module global that is assigned once, at the top level, to an expression of
literals and other constants (`const()` around it or not). Its name would cost a slot in the
module's dictionary, a slot in the dictionary of every module that imports it, and the name itself.

Numbers, True, False and None go wherever they are used. Text, bytes and tuples only stay within
the module that defines them, as each module keeps its own copy of a literal; and not when
somebody compares them by identity.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from tools.shrink.scopes import MODULE, Imported, Module, Use, imported
from tools.shrink.trees import Transformer, walk

_NONE = object()
_BINARY: dict[type, Callable] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitXor: lambda a, b: a ^ b,
}
_UNARY: dict[type, Callable] = {
    ast.USub: lambda a: -a,
    ast.UAdd: lambda a: +a,
    ast.Invert: lambda a: ~a,
}


class Constants:
    """The constants of a tree. modules: by dotted name."""

    def __init__(self, modules: dict[str, Module]):
        self._modules = modules
        self._imports = {name: _imports(module) for name, module in modules.items()}
        self._expressions = {name: assignments(module) for name, module in modules.items()}
        self._values: dict[tuple[str, str], object] = {}
        self._identities = self._compared_by_identity()

    def inline(self) -> None:
        """Replace every use that can be replaced."""
        for module in self._modules.values():
            replaced: dict[int, ast.expr] = {}
            for use in module.uses:
                if isinstance(use.node, ast.Name) and isinstance(use.node.ctx, ast.Load):
                    self._note(replaced, use.node, module, self._home(module, use))
            for attribute in module.attributes:
                if isinstance(attribute.ctx, ast.Load):
                    self._note(replaced, attribute, module, self._home_of(module, attribute))
            _Replacer(replaced).visit(module.tree)
        for module in self._modules.values():
            module.analyse()

    def literals(self) -> dict[str, dict[str, str]]:
        """Module to the constants it defines, each as the source of its value."""
        found: dict[str, dict[str, str]] = {}
        for module, expressions in self._expressions.items():
            values = {name: self._value(module, name) for name in expressions}
            found[module] = {
                name: repr(value) for name, value in values.items() if value is not _NONE
            }
        return found

    def _note(self, replaced, node: ast.expr, module: Module, home) -> None:
        if home is None or home in self._identities:
            return
        value = self._value(*home)
        if value is _NONE or (_is_big(value) and home[0] != module.name):
            return
        replaced[id(node)] = _literal(value)

    def _home(self, module: Module, use: Use) -> tuple[str, str] | None:
        """(module, name) of the global that a name means, followed through imports."""
        owner = use.owner
        if owner is None:
            return None
        if owner.kind == MODULE and use.name in self._expressions[module.name]:
            return module.name, use.name
        source = self._source(module, owner, use.name)
        if source is None or source.name is None or source.module not in self._modules:
            return None
        if source.name in self._expressions[source.module]:
            return source.module, source.name
        return None

    def _home_of(self, module: Module, attribute: ast.Attribute) -> tuple[str, str] | None:
        """The same for `alias.NAME` where the alias is one of our modules."""
        if not isinstance(attribute.value, ast.Name):
            return None
        use = module.use_at.get(id(attribute.value))
        owner = use.owner if use else None
        if use is None or owner is None:
            return None
        source = self._source(module, owner, use.name)
        if source is None or source.name is not None or source.module not in self._modules:
            return None
        known = attribute.attr in self._expressions[source.module]
        return (source.module, attribute.attr) if known else None

    def _source(self, module: Module, owner, name: str) -> Imported | None:
        bound = owner.bindings[name]
        return self._imports[module.name].get(id(bound[0])) if len(bound) == 1 else None

    def _value(self, module_name: str, name: str) -> object:
        key = module_name, name
        if key not in self._values:
            self._values[key] = _NONE
            expression = self._expressions[module_name][name]
            self._values[key] = self._evaluate(expression, self._modules[module_name])
        return self._values[key]

    def _evaluate(self, node: ast.expr, module: Module) -> object:
        """Value of a constant expression at module level, or _NONE."""
        if isinstance(node, ast.Constant):
            is_plain = node.value is None or isinstance(node.value, int | str | bytes)
            return node.value if is_plain else _NONE
        if isinstance(node, ast.Call):
            return self._evaluate(node.args[0], module) if _is_const(node) else _NONE
        if isinstance(node, ast.Tuple):
            values = tuple(self._evaluate(element, module) for element in node.elts)
            return _NONE if _NONE in values else values
        home = None
        if isinstance(node, ast.Name):
            home = self._home(module, Use(module.top, node.id, node))
        elif isinstance(node, ast.Attribute):
            home = self._home_of(module, node)
        if home is not None:
            return self._value(*home)
        return self._calculate(node, module)

    def _calculate(self, node: ast.expr, module: Module) -> object:
        """Integer arithmetic only: MicroPython folds the same and nothing else."""
        parts: list[ast.expr]
        if isinstance(node, ast.UnaryOp):
            parts, work = [node.operand], _UNARY.get(type(node.op))
        elif isinstance(node, ast.BinOp):
            parts, work = [node.left, node.right], _BINARY.get(type(node.op))
        else:
            return _NONE
        values = [self._evaluate(part, module) for part in parts]
        if work is None or not all(type(value) is int for value in values):
            return _NONE
        try:
            result = work(*values)
        except (ArithmeticError, ValueError):
            return _NONE
        return result if type(result) is int else _NONE

    def _compared_by_identity(self) -> set[tuple[str, str]]:
        """Constants in `is` comparisons whose literals need not be one object."""
        found = set()
        for module in self._modules.values():
            for node in walk(module.tree):
                if not isinstance(node, ast.Compare):
                    continue
                if not any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops):
                    continue
                for side in (node.left, *node.comparators):
                    home = None
                    if isinstance(side, ast.Name):
                        home = self._home(module, module.use_at[id(side)])
                    elif isinstance(side, ast.Attribute):
                        home = self._home_of(module, side)
                    if home and _is_big(self._value(*home)):
                        found.add(home)
        return found


def _is_big(value: object) -> bool:
    return isinstance(value, str | bytes | tuple)


def _literal(value: object) -> ast.expr:
    if isinstance(value, tuple):
        return ast.Tuple([_literal(element) for element in value], ast.Load())
    if type(value) is int and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)  # type: ignore[arg-type]


def assignments(module: Module) -> dict[str, ast.expr]:
    """Globals that are assigned once, at the top level, as `NAME = expression`."""
    return {
        node.targets[0].id: node.value
        for node in module.tree.body
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and len(module.top.bindings[node.targets[0].id]) == 1
    }


def _imports(module: Module) -> dict[int, Imported]:
    """What each alias node of the module stands for, by id(node)."""
    return {
        id(alias): imported(alias, statement)
        for statement, alias in module.imports
        # `import a.b` binds `a`.
        if isinstance(statement, ast.ImportFrom) or alias.asname or "." not in alias.name
    }


def _is_const(node: ast.AST) -> bool:
    """Whether `node` is `const(value)`.

    mpy-cross takes it as an order to replace that identifier in the whole file, whatever it means
    there; with short names that would hit variables, so no `const` may stay.
    """
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "const"
        and len(node.args) == 1
        and not node.keywords
    )


class _Replacer(Transformer):
    def __init__(self, replaced: dict[int, ast.expr]):
        self._replaced = replaced

    def visit(self, node: ast.AST):
        if id(node) in self._replaced:
            return ast.copy_location(self._replaced[id(node)], node)
        super().visit(node)
        return node.args[0] if _is_const(node) else node  # type: ignore[attr-defined]
