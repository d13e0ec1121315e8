"""Refuses what cannot be shrunk without changing what the program does: one sentence with a place.

What the shrinker takes for granted, and nothing here can see:

* no two objects that meet in one variable tell what they are by a missing attribute (`except
  AttributeError` is refused, so nobody looks);
* nobody reads what `repr` says of an object whose class has no `__repr__`, nor a traceback without
  `explain`;
* MicroPython knows no name of an object of ours that is not in `kept_names.txt`;
* a module does nothing when it is imported but define, so that the order of imports is free;
* a parameter called `error` is given what an `except` caught;
* who gets a module from a function that imports and returns it does nothing but read from it.
"""

from __future__ import annotations

import ast
import builtins
import re

from tools.shrink.scopes import CLASS, FUNCTION, Module, Scope, ShrinkError, imported
from tools.shrink.trees import walk

_LOOKUPS = ("getattr", "setattr", "hasattr", "delattr")
_SPACES = ("globals", "locals", "vars", "dir", "eval", "exec", "compile")
# `type(error).__name__` is allowed where `error` is what an `except` caught, or a parameter.
_ERROR = "error"
_TELLING = ("__name__", "__qualname__", "__class__", "__dict__", "__module__", "__bases__")
_BY_TEXT = ("__getattr__", "__getattribute__", "__setattr__", "__delattr__", "__slots__")
# What makes attributes of texts.
_MAKERS = ("namedtuple", "uctypes")
_ATTRIBUTE_IN_FORMAT = re.compile(r"{\w*(\[\w*\])*\.\w")


def check(module: Module, names: set[str]) -> None:
    """Raise ShrinkError for the first thing in `module` that has no safe short form.

    names: dotted names of the modules that hold code.
    """
    looks = {id(call.func) for call in module.calls if _is_plain_lookup(call)}
    told = {id(node) for node in walk(module.tree) if _is_told_error(node, module)}
    parents = {id(attribute.value): attribute for attribute in module.attributes}
    returned = {id(n.value) for n in walk(module.tree) if isinstance(n, ast.Return)}
    modules = {
        id(alias)
        for statement, alias in module.imports
        if not isinstance(statement, ast.ImportFrom) and alias.name in names
    }
    for use in module.uses:
        owner = use.owner
        if owner is None and use.name in _LOOKUPS and id(use.node) not in looks:
            _refuse(module, use.node, f"{use.name} with a computed name hides which is meant")
        if owner is None and use.name in _SPACES:
            _refuse(module, use.node, f"{use.name}() shows names, which are others when shrunk")
        if use.name in ("__name__", "__file__", *_BY_TEXT):
            _refuse(module, use.node, f"{use.name} depends on names")
        if owner is not None and isinstance(use.node, ast.Name):
            is_module = any(id(node) in modules for node in owner.bindings[use.name])
            attribute = parents.get(id(use.node))
            is_read = attribute is not None and isinstance(attribute.ctx, ast.Load)
            # Imported there, so not for the whole module.
            is_returned = owner.kind == FUNCTION and id(use.node) in returned
            if is_module and not (is_read or is_returned):
                _refuse(module, use.node, f"{use.name}, a module, is used but to read from it")
        if use.scope.kind == CLASS and owner is not None and owner.kind == FUNCTION:
            _refuse(module, use.node, f"{use.name} of a function is used in a class body")
    for attribute in module.attributes:
        if attribute.attr in _TELLING and id(attribute) not in told:
            _refuse(module, attribute, f"{attribute.attr} shows a name that is another one")
        if attribute.attr in _MAKERS:
            _refuse(module, attribute, f"{attribute.attr} makes attributes of texts")
    for call in module.calls:
        if any(part.arg is None for part in call.keywords):
            _refuse(module, call, "** in a call hides which parameters are meant")
        if getattr(call.func, "id", "") == "type" and len(call.args) != 1:
            _refuse(module, call, "type() makes a class of texts")
    for text in module.texts:
        if _ATTRIBUTE_IN_FORMAT.search(str(text.value)):
            _refuse(module, text, "a format that reads an attribute hides its name")
    for statement, alias in module.imports:
        for name in (alias.name, getattr(statement, "module", "")):
            if name in _MAKERS:
                _refuse(module, statement, f"{name} makes attributes of texts")
    for node in walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            if any(getattr(part, "id", "") == "AttributeError" for part in walk(node.type)):
                _refuse(module, node, "except AttributeError asks for names that are others")
        elif isinstance(node, ast.ClassDef):
            _check_class(module, node)
        elif isinstance(node, ast.Attribute) and node.attr in ("viper", "native"):
            _refuse(module, node, f"{node.attr} code stays as it is: it belongs into modules/")


def _check_class(module: Module, node: ast.ClassDef) -> None:
    if node.keywords:
        _refuse(module, node, "a class takes no keywords")
    for base in node.bases:
        name = base.value if isinstance(base, ast.Attribute) else base
        use = module.use_at.get(id(name))
        owner = use.owner if use else None
        bound = owner.bindings[use.name] if use and owner else []
        if not use or any(not isinstance(made, ast.ClassDef | ast.alias) for made in bound):
            _refuse(module, node, f"nothing tells which class {ast.unparse(base)} is")


def _is_plain_lookup(call: ast.Call) -> bool:
    name = call.args[1] if len(call.args) > 1 else None
    return isinstance(name, ast.Constant) and isinstance(name.value, str)


def _is_told_error(node: ast.AST, module: Module) -> bool:
    """Whether `node` is `type(error).__name__` of an error."""
    if not (isinstance(node, ast.Attribute) and node.attr == "__name__"):
        return False
    call = node.value
    if not (isinstance(call, ast.Call) and getattr(call.func, "id", "") == "type" and call.args):
        return False
    use = module.use_at.get(id(call.args[0]))
    bound = use.owner.bindings[use.name] if use and use.owner else []
    return bool(bound) and all(
        isinstance(made, ast.ExceptHandler) or getattr(made, "arg", "") == _ERROR for made in bound
    )


def _refuse(module: Module, node: ast.AST, reason: str) -> None:
    line = getattr(node, "lineno", 1)
    raise ShrinkError(f"{module.path}, line {line}: {reason}; this cannot be shrunk.")


def looked_up(modules: dict[str, Module]) -> set[str]:
    """Names that `getattr` and its like give as text: they stay as they are."""
    return {
        str(call.args[1].value)  # type: ignore[attr-defined]
        for module in modules.values()
        for call in module.calls
        if getattr(call.func, "id", "") in _LOOKUPS and _is_plain_lookup(call)
    }


def exceptions(modules: dict[str, Module]) -> set[str]:
    """Names of the classes that may be exceptions: users see them, so they stay as they are."""
    bases = {
        scope.node.name: {getattr(b, "id", getattr(b, "attr", "")) for b in scope.node.bases}
        for module in modules.values()
        for scope in module.scopes
        if isinstance(scope.node, ast.ClassDef)
    }
    renamed = {
        alias.asname: alias.name
        for module in modules.values()
        for _, alias in module.imports
        if alias.asname
    }
    found: set[str] = set()
    while True:
        more = {
            name
            for name, above in bases.items()
            if any(base in found or _is_error(base) for base in {renamed.get(b, b) for b in above})
        }
        if more == found:
            return found
        found = more


def _is_error(name: str) -> bool:
    known = getattr(builtins, name, None)
    if known is None:
        return name.endswith(("Error", "Exception"))
    return isinstance(known, type) and issubclass(known, BaseException)


def refuse_rebound(module: Module, names: dict[str, Module]) -> None:
    """Raise ShrinkError where `from x import y` takes a global that `x` changes later.

    Merged into one module, both would see the change.
    """
    for statement, alias in module.imports:
        source = imported(alias, statement)
        home = names.get(source.module)
        if home is None or source.name is None:
            continue
        if any(source.name in scope.globals for scope in _functions(home)):
            _refuse(module, statement, f"{source.name} is changed in {source.module} by `global`")


def _functions(module: Module) -> list[Scope]:
    return [scope for scope in module.scopes if scope.kind == FUNCTION]
