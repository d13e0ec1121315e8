"""What the names in tests mean for the shrunk firmware. CPython only."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from tools.shrink.kept import kept_names
from tools.shrink.scopes import CLASS, Module, Scope, Use, module_name

PACKAGE = "ovms"
# What `names.py` is called in the translated tree.
HELPER = "t__"
# How a test's name ends that the firmware would take for another one.
OWN = "__t"


@dataclass
class TestClass:
    """A class of a test. bases: keys of other test classes, or firmware classes ("ovms.x.Y")."""

    module: Module
    scope: Scope
    bases: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    # Name to what it is in this class and its relatives, where that is not the firmware's.
    own: dict[str, str] = field(default_factory=dict)


class Meanings:
    """record: of the build. firmware: path ("ovms/app.py") to its plain text. tests: the same for
    all sources to be translated, which may import each other.
    """

    def __init__(self, record: dict, firmware: dict[str, str], tests: dict[str, str]):
        self.record = record
        self.names: dict[str, str] = record["names"]
        self._firmware = {
            module_name(path): Module(path, ast.parse(text)) for path, text in firmware.items()
        }
        self.modules = {
            module_name(path): Module(path, ast.parse(text, path)) for path, text in tests.items()
        }
        self.classes = self._find_classes()
        self._settle_families()
        self.owned = {name for each in self.classes.values() for name in each.own}

    # What a name means

    def source(self, module: Module, use: Use) -> tuple[str, str | None] | None:
        """(module, name or None) that an imported name of `module` stands for."""
        owner = use.owner
        bound = owner.bindings.get(use.name, []) if owner is not None else []
        if len(bound) != 1 or not isinstance(bound[0], ast.alias):
            return None
        for statement, alias in module.imports:
            if alias is bound[0]:
                return self.meaning(statement, alias)
        return None

    def meaning(self, statement, alias: ast.alias) -> tuple[str, str | None]:
        """(module, name or None) that an import binds, in any source."""
        if isinstance(statement, ast.Import):
            return alias.name, None
        whole = f"{statement.module}.{alias.name}"
        if whole in self._firmware or whole in self.modules:
            return whole, None
        return self.origin(statement.module or "", alias.name)

    def origin(self, home: str, name: str) -> tuple[str, str | None]:
        """Where `name` of firmware module `home` is defined, which may have imported it itself."""
        module = self._firmware.get(home)
        bound = module.top.bindings.get(name, []) if module else []
        if module is not None and len(bound) == 1 and isinstance(bound[0], ast.alias):
            for statement, alias in module.imports:
                if alias is bound[0]:
                    return self.meaning(statement, alias)
        return home, name

    def is_ours(self, module: str) -> bool:
        """Whether a dotted name is of the firmware."""
        return module.partition(".")[0] == PACKAGE

    def value_of(self, home: str, name: str) -> str:
        """Source of what stands for a global of the firmware that has no name any more."""
        literal = self.record["constants"].get(home, {}).get(name)
        return literal or f'{HELPER}.Absent("{home}.{name}")'

    def global_name(self, home: str, name: str) -> str | None:
        """The name of a firmware global in the module that holds it, None when it has none."""
        return self.record["homes"].get(home, {}).get("globals", {}).get(name)

    def module_of(self, home: str, name: str) -> str:
        """What the module is imported as that holds a firmware global."""
        entry = self.record["homes"][home]
        return entry["parts"].get(name, entry["module"])

    # Classes

    def _find_classes(self) -> dict[str, TestClass]:
        found = {}
        for name, module in self.modules.items():
            for scope in module.scopes:
                if scope.kind == CLASS:
                    found[self._key(name, scope)] = TestClass(module, scope)
        for each in found.values():
            each.names = _own_names(each.scope)
            for base in each.scope.node.bases:  # type: ignore[attr-defined]
                key = self._base(each, base, found)
                if key:
                    each.bases.append(key)
        return found

    def _key(self, module: str, scope: Scope) -> str:
        return f"{module}:{scope.node.name}:{scope.node.lineno}"  # type: ignore[attr-defined]

    def _base(self, each: TestClass, base: ast.expr, found: dict[str, TestClass]) -> str | None:
        """Key of a base class: of a test class, or "ovms.x.Y"; None for any other."""
        module, home, name = each.module, "", ""
        if isinstance(base, ast.Name):
            use = module.use_at[id(base)]
            source = self.source(module, use)
            if source is None:
                bound = use.owner.bindings[use.name] if use.owner else []
                scopes = {id(other.scope.node): key for key, other in found.items()}
                return next((scopes[id(node)] for node in bound if id(node) in scopes), None)
            home, name = source[0], source[1] or ""
        elif isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
            source = self.source(module, module.use_at[id(base.value)])
            home, name = (source[0], base.attr) if source else ("", "")
        if self.is_ours(home):
            return f"{home}.{name}"
        if home in self.modules:
            bound = self.modules[home].top.bindings.get(name, [])
            for node in bound:
                if isinstance(node, ast.ClassDef):
                    return f"{home}:{name}:{node.lineno}"
        return None

    def _settle_families(self) -> None:
        parent = {key: key for key in self.classes}

        def root(key: str) -> str:
            while parent[key] != key:
                key = parent[key]
            return key

        for key, each in self.classes.items():
            for base in each.bases:
                if base in parent:
                    parent[root(key)] = root(base)
        relatives: dict[str, list[TestClass]] = {}
        for key, each in self.classes.items():
            relatives.setdefault(root(key), []).append(each)
        for family in relatives.values():
            own = self._own_names(family)
            for each in family:
                each.own = own

    def _own_names(self, family: list[TestClass]) -> dict[str, str]:
        """Names that the firmware would take for others, to what they are called instead."""
        written = {name for each in family for name in each.names}
        inherited: set[str] = set()
        for each in family:
            for base in each.bases:
                inherited |= set(self.record["families"].get(base, ()))
        # What the firmware looks for on a fake may be there or not.
        model = inherited or self._model(written)
        holders: dict[str, set[str]] = {}
        for name in written | model:
            holders.setdefault(self.names.get(name, name), set()).add(name)
        own = {}
        for short, names in holders.items():
            # A name that MicroPython itself may look up, then what the firmware knows.
            first = {name for name in names if name == short and name in kept_names()}
            stays = min(
                names,
                key=lambda name: (
                    name not in first,
                    name not in model or name not in written,
                    name not in model,
                    name,
                ),
            )
            own.update({name: name + OWN for name in names & written if name != stays})
        return own

    def _model(self, written: set[str]) -> set[str]:
        """Names of the firmware's classes that a fake seems to stand for."""
        known = [set(names) for names in self.record["families"].values()]
        alike = max((len(names & written) for names in known), default=0)
        return set().union(*(names for names in known if alike and len(names & written) == alike))


def _own_names(scope: Scope) -> set[str]:
    """What a class body binds, and the attributes its methods use of `self`."""
    found = set(scope.bindings)
    for node in ast.walk(scope.node):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
            found.add(node.attr)
    return {name for name in found if not name.startswith("__")}


def imported_sources(starts: Iterable[str], texts: dict[str, str]) -> list[str]:
    """Paths out of `texts` that are reached by imports from `starts`, these included."""
    paths = {module_name(path): path for path in texts}
    found: list[str] = []
    waiting = list(starts)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.append(path)
        for node in ast.walk(ast.parse(texts[path])):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
                names += [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                parts = name.split(".")
                every = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
                waiting += [paths[name] for name in every if name in paths]
    return sorted(found)
