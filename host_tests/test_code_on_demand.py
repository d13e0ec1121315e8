"""What code on demand must not do, proved on the sources; `firmware/ovms/broom.py` says why.

An import inside a function is the only sign that a module is on demand: `python -m
host_tests.test_code_on_demand` counts all imports and circles. CPython only.
"""

import ast
import re

import pytest

from tools.sources import without_annotation_imports
from tools.vm import ROOT

FIRMWARE = ROOT / "firmware" / "ovms"
LISTED = ROOT / "host_tests" / "resident.txt"


def text_of(path):
    """What runs of a source: what only annotations need is not imported by it."""
    return without_annotation_imports(path.read_text("utf-8"))


def sources():
    """Module name to its tree, packages included."""
    found = {}
    for path in sorted(FIRMWARE.rglob("*.py")):
        name = str(path.relative_to(ROOT / "firmware").with_suffix("")).replace("/", ".")
        found[name.removesuffix(".__init__")] = ast.parse(text_of(path))
    return found


def imported_here(node, modules):
    """Modules out of `modules` that one import statement names."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        names = [name if name in modules else node.module for name in names]
    else:
        names = []
    return [name for name in names if name in modules]


def edges(modules, is_top):
    """(importer, imported) of all imports, or of those that an import of the importer makes."""
    return {
        (name, target)
        for name, tree in modules.items()
        for node in (outside_functions(tree) if is_top else ast.walk(tree))
        for target in imported_here(node, modules)
    }


def outside_functions(tree):
    """Nodes that are executed when the module is imported."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def reached(starts, links):
    """Module to the one that imports it, for all that `starts` need."""
    found = dict.fromkeys(starts, "")
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        for importer, target in sorted(links):
            if importer == name and target not in found:
                found[target] = name
                waiting.append(target)
    return found


def circles(links):
    """Each pair that is part of a circle: sets of modules that reach each other."""
    names = {name for link in links for name in link}
    reach = {name: set(reached([name], links)) - {name} for name in names}
    groups = {
        frozenset(n for n in names if n == name or (n in reach[name] and name in reach[n]))
        for name in names
    }
    return sorted(sorted(group) for group in groups if len(group) > 1)


MODULES = sources()
TOP_EDGES = edges(MODULES, is_top=True)
CARS = [name for name in MODULES if name.endswith(".car")]
PROFILES = [name for name in MODULES if name.endswith(".profile")]
# What stays imported: the composition root is needed once. The modem is a board's own.
RESIDENT = reached(
    [
        "ovms.app",
        "ovms.links.modem.sim800.profile",
        *[target for name, target in TOP_EDGES if name == "ovms.assembly"],
    ],
    TOP_EDGES,
)
STAYS = {**RESIDENT, **reached(CARS + PROFILES, TOP_EDGES)}
ON_DEMAND = sorted(name for name in MODULES if name not in STAYS and MODULES[name].body)


def test_every_import_is_seen():
    """By a second count, of lines."""
    written = sum(
        bool(re.match(r"\s*(import|from) ovms\b", line))
        for path in FIRMWARE.rglob("*.py")
        for line in text_of(path).splitlines()
    )
    statements = sum(
        isinstance(node, ast.Import | ast.ImportFrom) and bool(imported_here(node, MODULES))
        for tree in MODULES.values()
        for node in ast.walk(tree)
    )
    assert statements == written


def test_no_circle_of_imports_at_the_top():
    assert circles(TOP_EDGES) == []


def test_resident_modules_are_those_that_are_meant_to_be():
    """The list is `resident.txt`: a top-level import too many costs RAM on every module."""
    listed = set(LISTED.read_text("ascii").split())
    more = [f"{name} (imported by {RESIDENT[name] or 'the start'})" for name in RESIDENT]
    more = [text for text in more if text.split()[0] not in listed]
    assert not more, "resident, and not in host_tests/resident.txt: " + ", ".join(more)
    gone = sorted(listed - set(RESIDENT))
    assert not gone, "in host_tests/resident.txt, and no longer resident: " + ", ".join(gone)


def test_nothing_is_named_in_a_text():
    functions = {
        node.name
        for tree in MODULES.values()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    wrong = []
    for name, tree in MODULES.items():
        for node in ast.walk(tree):
            value = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
            if isinstance(value, str) and "." in value and value in MODULES:
                wrong.append(f"{name}:{node.lineno} {value}")
            if isinstance(node, ast.Name) and node.id == "__import__":
                wrong.append(f"{name}:{node.lineno} __import__")
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "getattr":
                looked_up = getattr(node.args[1], "value", None)
                if looked_up in functions or not isinstance(looked_up, str):
                    wrong.append(f"{name}:{node.lineno} getattr {looked_up}")
    assert not wrong


def home_of(name, tree, module):
    """Module that a name or `alias.name` of a tree comes from, `module` when defined in it."""
    first, dot, _ = name.partition(".")
    for node in ast.walk(tree):
        for alias in getattr(node, "names", []):
            if isinstance(alias, ast.alias) and first == (alias.asname or alias.name):
                home = getattr(node, "module", None)
                return home if home and not dot else f"{home or ''}.{alias.name}".lstrip(".")
    return module


def compared_by_identity(tree):
    """(dotted name, line) of what `except`, `isinstance`, `issubclass` and `is` look for."""
    for node in ast.walk(tree):
        found = []
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            found = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        elif isinstance(node, ast.Call):
            if getattr(node.func, "id", "") in ("isinstance", "issubclass"):
                kinds = node.args[1]
                found = kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]
        elif isinstance(node, ast.Compare):
            is_identity = any(isinstance(op, ast.Is | ast.IsNot) for op in node.ops)
            found = [node.left, *node.comparators] if is_identity else []
        for part in found:
            text = ast.unparse(part)
            if re.fullmatch(r"\w+(\.\w+)?", text):
                yield text, node.lineno


def defined_at_top(tree):
    """Names that a module defines, imports aside."""
    found = {node.name for node in tree.body if hasattr(node, "name")}
    for node in tree.body:
        for target in getattr(node, "targets", []):
            found |= {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}
    return found


@pytest.mark.parametrize("name", ON_DEMAND)
def test_code_on_demand_makes_no_exception(name):
    """There may be two copies of a module on demand, and `except` tells one's class from the
    other's.
    """
    made = [
        node.name
        for node in ast.walk(MODULES[name])
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith(("Error", "Exception", "Abort")) for base in node.bases)
    ]
    assert not made, f"{name} is loaded on demand: {made} belong to a module that stays"


def wrongly_compared(modules, on_demand):
    """`module:line what` of comparisons with something of a module that comes and goes."""
    for name, tree in modules.items():
        own = defined_at_top(tree)
        for text, line in compared_by_identity(tree):
            home = home_of(text, tree, name)
            if home in on_demand and (home != name or text in own):
                yield f"{name}:{line} {text}"


def test_what_is_compared_by_identity_stays():
    wrong = list(wrongly_compared(MODULES, ON_DEMAND))
    assert not wrong, f"these look for what comes and goes: {wrong}"


COMPARED = (
    "from a.late import Kind, Late as L\nimport a.late as late\nfrom a.kept import Stays\n"
    "def f(x, y):\n    try:\n        return isinstance(x, (Stays, Kind)), x is late.MARK, x is y\n"
    "    except (L, ValueError):\n        return x is not None\n"
)


def test_comparisons_by_identity_are_found():
    own = "MARK = (1, 2)\ndef g(x):\n    return x is MARK\n"
    modules = {"a.app": ast.parse(COMPARED), "a.late": ast.parse(own), "a.kept": ast.parse(own)}
    found = sorted(wrongly_compared(modules, ["a.late"]))
    assert found == ["a.app:6 Kind", "a.app:6 late.MARK", "a.app:7 L", "a.late:3 MARK"]


CHANGING = {
    *("append", "extend", "insert", "pop", "remove", "clear", "update", "add", "discard", "sort"),
    *("setdefault", "popitem", "reverse", "readinto"),
}


def changed_globals(tree):
    """(name, line) of module globals that functions rebind or change in place."""
    names = defined_at_top(tree)
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        local = {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
        local |= {
            node.id
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Global):
                yield node.names[0], node.lineno
            is_place = isinstance(node, ast.Subscript | ast.Attribute)
            is_set = is_place and not isinstance(node.ctx, ast.Load)
            is_changed = is_set or getattr(node, "attr", "") in CHANGING
            target = node.value if is_changed else None
            name = getattr(target, "id", "")
            if name in names - local:
                yield name, node.lineno


@pytest.mark.parametrize("name", ON_DEMAND)
def test_code_on_demand_keeps_no_state(name):
    changed = list(changed_globals(MODULES[name]))
    assert not changed, f"{name} is loaded on demand and would forget {changed}"


def test_no_import_in_a_loop_that_runs_for_ever():
    """A look of a waiting loop must not read flash, and its variable would keep the code."""
    wrong = [
        f"{name}:{node.lineno}"
        for name, tree in MODULES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.AsyncFunctionDef)
        for loop in ast.walk(function)
        if isinstance(loop, ast.While) and getattr(loop.test, "value", None) is True
        if not any(isinstance(node, ast.Return | ast.Break) for node in ast.walk(loop))
        for node in ast.walk(loop)
        if set(imported_here(node, MODULES)) & set(ON_DEMAND)
    ]
    assert not wrong


PROBES = {
    "state": ("seen = []\ndef f(x):\n    seen.append(x)\n", [("seen", 3)]),
    "slot": ("seen = {}\ndef f(x):\n    seen[x] = 1\n", [("seen", 3)]),
    "global": ("n = 1\ndef f():\n    global n\n    n = 2\n", [("n", 3)]),
    "local": ("seen = []\ndef f(x):\n    seen = []\n    seen.append(x)\n", []),
}


@pytest.mark.parametrize("case", PROBES)
def test_changed_globals_are_found(case):
    text, expected = PROBES[case]
    assert list(changed_globals(ast.parse(text))) == expected


def test_circles_are_found():
    assert circles({("a", "b"), ("b", "c"), ("c", "b"), ("d", "a")}) == [["b", "c"]]


if __name__ == "__main__":
    every = edges(MODULES, is_top=False)
    print(f"{len(MODULES)} modules, {len(RESIDENT)} resident, {len(ON_DEMAND)} on demand")
    print(f"{len(TOP_EDGES)} imports at the top, {len(every)} in all")
    print(f"{len(circles(every))} circles:", *map(" ".join, circles(every)), sep="\n  ")
