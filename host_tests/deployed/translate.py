"""Rewrites test sources so that they run against the shrunk firmware. CPython only.

The build gives every name of the firmware a short one and leaves a record of that beside the tree
(`tools/shrink/record.py`). Here the tests, and all helpers that they import, take over the same
names wherever they meet the firmware: its modules and globals, attributes and methods (those of
fakes too, as the firmware calls them), names of keyword arguments, texts that `getattr` looks up,
names of counters. Constants that the build put where they are used become their values. Lines stay
where they are, so that a traceback fits the source.

Two long names may share a short one where the firmware has no object with both, but a test's class
may well have both. One of them, the one that looks less like the firmware's, then gets a name of
its own (`name__t`), and where an object is only known at run time, `names.py` decides.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from host_tests.deployed.meanings import HELPER, OWN, PACKAGE, Meanings, TestClass
from tools.shrink.scopes import CLASS, Module, Use

_LOOKUPS = ("getattr", "setattr", "hasattr", "delattr")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class TranslationError(Exception):
    """What a test does that cannot be translated, as one sentence."""


class Translator:
    """record: of the build. firmware: path ("ovms/app.py") to its plain text. tests: the same for
    all sources to be translated, which may import each other.
    """

    def __init__(self, record: dict, firmware: dict[str, str], tests: dict[str, str]):
        self._meanings = Meanings(record, firmware, tests)
        self._texts = tests

    def translated(self) -> dict[str, str]:
        """Path to translated text of every source."""
        return {
            module.path: _Writer(self._meanings, module, self._texts[module.path]).apply()
            for module in self._meanings.modules.values()
        }

    def helper(self) -> str:
        """Text of the module that decides at run time: `names.py` with its tables filled."""
        template = Path(__file__).with_name("names.py").read_text("utf-8")
        homes = self._meanings.record["homes"]
        cars = [homes[name]["module"] for name in homes if name.endswith(".car")]
        text = template.replace("NAMES = {}", f"NAMES = {self._meanings.names!r}")
        modules: dict[str, list[str]] = {}
        for name, home in sorted(homes.items()):
            parts = set(home["parts"].values()) or {home["module"]}
            for module in sorted(parts) if home["parts"] or _is_alone(name, home) else ():
                modules.setdefault(module, []).append(name)
        text = text.replace("MODULES = {}", f"MODULES = {modules!r}")
        return text.replace("CARS = ()", f"CARS = {cars!r}")


class _Writer:
    """Collects what changes in one source, then writes it."""

    def __init__(self, meanings: Meanings, module: Module, text: str):
        self._of = meanings
        self._module = module
        self._bytes = text.encode()
        self._starts = [0]
        for line in self._bytes.split(b"\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)
        # (start, end, order, new text), byte offsets; those at one place keep their order.
        self._edits: list[tuple[int, int, int, str]] = []
        self._classes = {
            id(each.scope.node): each
            for each in meanings.classes.values()
            if each.module is module
        }
        self._enclosing: dict[int, TestClass] = {}
        for each in self._classes.values():
            # Inner classes come later, and overwrite.
            for node in ast.walk(each.scope.node):
                self._enclosing[id(node)] = each

    def apply(self) -> str:
        self._imports()
        for use in self._module.uses:
            self._use(use)
        for attribute in self._module.attributes:
            self._attribute(attribute)
        for call in self._module.calls:
            self._lookup(call)
            self._keywords(call)
        for node in self._module.texts:
            new = self._of.record["counters"].get(node.value)
            if new is not None:
                self._replace(node, repr(new))
        if not self._edits:
            return self._bytes.decode()
        self._edits.append((0, 0, -1, f"import {HELPER};"))
        data = self._bytes
        for start, end, _, new in sorted(self._edits, reverse=True):
            data = data[:start] + new.encode() + data[end:]
        return data.decode()

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def _range(self, node) -> tuple[int, int]:
        return (
            self._at(node.lineno, node.col_offset),
            self._at(node.end_lineno, node.end_col_offset),
        )

    def _edit(self, start: int, end: int, new: str) -> None:
        self._edits.append((start, end, len(self._edits), new))

    def _replace(self, node, new: str) -> None:
        """Put `new` in the place of a node, on as many lines."""
        start, end = self._range(node)
        lines = self._bytes[start:end].count(b"\n")
        if lines and not isinstance(node, ast.stmt):
            new = "(" + new + "\n" * lines + ")"
        else:
            new += "\n" * lines
        self._edit(start, end, new)

    def _refuse(self, node, what: str):
        where = f"{self._module.path}, line {node.lineno}"
        raise TranslationError(f"{where}: {what}")

    def _imports(self) -> None:
        statements = {id(statement): statement for statement, _ in self._module.imports}
        for statement in statements.values():
            parts = [self._import(statement, alias) for alias in statement.names]
            if any(new is not None for new in parts):
                both = zip(parts, statement.names, strict=True)
                written = [new or ast.unparse(_alone(statement, alias)) for new, alias in both]
                self._replace(statement, "; ".join(written))

    def _import(self, statement, alias: ast.alias) -> str | None:
        """What stands for one imported name, None when it stays."""
        home, name = self._of.meaning(statement, alias)
        if not self._of.is_ours(home) or home == PACKAGE and name is None:
            return None
        bound = alias.asname or alias.name
        homes = self._of.record["homes"]
        if name is None:
            if home not in homes:
                return f'{bound} = {HELPER}.Absent("{home}")'
            if isinstance(statement, ast.Import) and not alias.asname:
                self._refuse(statement, f"import {home} needs a name of its own (as).")
            if homes[home]["parts"]:
                # Each of its globals is looked up where it is, see `_global`.
                return f'{bound} = {HELPER}.Absent("{home} as a whole")'
            return f"import {homes[home]['module']} as {bound}"
        new = self._of.global_name(home, name)
        if new is None:
            return f"{bound} = {self._of.value_of(home, name)}"
        return f"from {self._of.module_of(home, name)} import {new} as {bound}"

    def _use(self, use: Use) -> None:
        """What a class body binds is an attribute."""
        owner = use.owner
        if owner is None or owner.kind != CLASS or isinstance(use.node, ast.alias):
            return
        each = self._classes.get(id(owner.node))
        assert each is not None
        new = self._in_class(each, use.name)
        if new == use.name:
            return
        node = use.node
        start, end = self._range(node)
        if not isinstance(node, ast.Name):
            words = re.compile(rb"(?:def|class)\s+(" + use.name.encode() + rb")\b")
            # Decorators stand before the line that the node is said to begin at.
            found = words.search(self._bytes, start, end)
            assert found is not None
            start, end = found.span(1)
        self._edit(start, end, new)

    def _in_class(self, each: TestClass, name: str) -> str:
        return each.own.get(name) or self._of.names.get(name, name)

    def _attribute(self, node: ast.Attribute) -> None:
        name = node.attr
        end = self._at(node.end_lineno, node.end_col_offset)  # type: ignore[arg-type]
        start = end - len(name.encode())
        if name == "__dict__":
            self._edit(self._range(node)[0], self._range(node)[0], f"{HELPER}.members(")
            self._edit(end, end, ")")
            return
        module = self._named_module(node.value)
        if module is not None:
            if self._of.is_ours(module):
                self._global(node, module, name)
            # Globals of tests, and what others define, keep their names.
            return
        each = self._enclosing.get(id(node))
        if each is not None and isinstance(node.value, ast.Name) and node.value.id == "self":
            new = self._in_class(each, name)
        elif name in self._of.owned:
            self._dispatch(node, name)
            return
        else:
            new = self._of.names.get(name, name)
        if new != name:
            self._edit(start, end, new)

    def _named_module(self, node: ast.expr) -> str | None:
        """Dotted name of the module that an expression names, None when it is anything else."""
        if not isinstance(node, ast.Name):
            return None
        source = self._of.source(self._module, self._module.use_at[id(node)])
        if source is None or source[1] is not None:
            return None
        return source[0]

    def _global(self, node: ast.Attribute, home: str, name: str) -> None:
        """`alias.NAME` of a firmware module."""
        end = self._range(node)[1]
        here = self._of.global_name(home, name)
        origin, original = self._of.origin(home, name)
        elsewhere = self._of.global_name(origin, original) if original else None
        is_cut = bool(self._of.record["homes"].get(home, {}).get("parts"))
        if here is not None and not is_cut:
            self._edit(end - len(name.encode()), end, here)
        elif not isinstance(node.ctx, ast.Load):
            self._refuse(node, f"{name} of {home} has no place of its own in what ships.")
        elif elsewhere is not None and original is not None:
            module = self._of.module_of(origin, original)
            self._replace(node, f'{HELPER}.load("{module}", "{elsewhere}")')
        elif not name.startswith("__"):
            self._replace(node, self._of.value_of(origin, original or name))

    def _dispatch(self, node: ast.Attribute, name: str) -> None:
        """Let the object decide what a name means on it."""
        short = self._of.names.get(name, name)
        start, end = self._range(node)
        value_end = self._range(node.value)[1]
        arguments = f', "{name}{OWN}", "{short}")'
        if isinstance(node.ctx, ast.Load):
            self._edit(start, start, f"{HELPER}.get(")
            self._edit(value_end, end, arguments + self._lines(value_end, end))
        else:
            self._edit(start, start, f"{HELPER}.Place(")
            self._edit(value_end, end, arguments + ".value" + self._lines(value_end, end))

    def _lines(self, start: int, end: int) -> str:
        """Line ends of what is replaced: an attribute on a line of its own is in brackets."""
        return "\n" * self._bytes[start:end].count(b"\n")

    def _lookup(self, call: ast.Call) -> None:
        function = call.func
        if not isinstance(function, ast.Name) or function.id not in _LOOKUPS:
            return
        if self._module.use_at[id(function)].owner is None:
            self._edit(*self._range(function), f"{HELPER}.{function.id}_")

    def _keywords(self, call: ast.Call) -> None:
        for keyword in call.keywords:
            if keyword.arg is None:
                continue
            new = self._parameter(call, keyword.arg)
            if new != keyword.arg:
                start = self._at(keyword.lineno, keyword.col_offset)
                self._edit(start, start + len(keyword.arg), new)

    def _parameter(self, call: ast.Call, name: str) -> str:
        """What a keyword argument is called by the function that is called."""
        called = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if isinstance(call.func, ast.Name):
            source = self._of.source(self._module, self._module.use_at[id(call.func)])
            if source is None or not self._of.is_ours(source[0]) or source[1] is None:
                return name
            called = source[1]
        elif isinstance(call.func, ast.Attribute):
            module = self._named_module(call.func.value)
            if module is not None and not self._of.is_ours(module):
                return name
        functions = self._of.record["parameters"].get(called, [])
        found = {names[name] for names in functions if name in names}
        # A wrong guess fails with a TypeError.
        if not found or (found != {name} and self._is_defined_by_tests(call, called, name)):
            return name
        if len(found) > 1:
            self._refuse(
                call, f"nobody can say whose {called} gets {name} here: call it by order."
            )
        return found.pop()

    def _is_defined_by_tests(self, call: ast.Call, called: str, name: str) -> bool:
        if not isinstance(call.func, ast.Attribute):
            return False
        for each in self._of.classes.values():
            for node in each.scope.node.body:  # type: ignore[attr-defined]
                if isinstance(node, _FUNCTIONS) and node.name == called:
                    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                    if any(argument.arg == name for argument in arguments):
                        return True
        return False


def _is_alone(name: str, home: dict) -> bool:
    """Whether a file of the build is this module, others in it or not."""
    return home["path"] == f"{name.replace('.', '/')}.py"


def _alone(statement, alias: ast.alias) -> ast.stmt:
    if isinstance(statement, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(statement.module, [alias], statement.level)
