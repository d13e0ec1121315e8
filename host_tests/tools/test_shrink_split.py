"""Modules on demand become parts by what is asked of them."""

import ast

import pytest

from host_tests.tools.shrinking import shrunk
from tools import build, shrink
from tools.groups import joined_roots, resident_groups
from tools.shrink import split

TEXTS = (
    "from math import pi, tau\n"
    "from ovms.zoo import Animal, feed as give\n"
    "LIMIT = [3]\n"
    "_TABLE = (('a', pi), 'b')\n"
    "def helper(x):\n    return x + LIMIT[0]\n"
    "def _twice(x):\n    return helper(x) * 2\n"
    "def first(x):\n    return _twice(x)\n"
    "def second(x):\n    return _TABLE[x]\n"
    "class Third:\n    def value(self):\n        return _twice(give(Animal(tau)))\n"
)
ZOO = (
    "class Animal:\n    def __init__(self, x):\n        self.x = x\n"
    "def feed(animal):\n    return animal.x\n"
    "def stroke(texts):\n    return texts\n"
)
APP = (
    "def main(x):\n"
    "    from ovms.texts import first\n    return first(x)\n"
    "def other(x):\n"
    "    from ovms import texts\n"
    "    if x:\n        return texts.second(x)\n"
    "    elif x is None:\n        return texts.Third().value()\n"
    "def third(x):\n    from ovms.zoo import stroke as pat\n    return pat(x)\n"
)
GROUPS = [("ovms.app",)]


@pytest.fixture
def finely(monkeypatch):
    """As if a module cost nothing."""
    monkeypatch.setattr(split, "_MODULE_BYTES", 0)
    monkeypatch.setattr(split, "_LASTING_BYTES", 0)


def parts_of(result, source="texts"):
    return {path for path in result.paths if path.startswith(f"ovms/{source}")}


def tree_of(result, path):
    return ast.parse(result.sources[result.paths[path]])


def imports_of(tree):
    """(module, name) of all imports, at any depth."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(alias.name, None) for alias in node.names]
    return found


def module_of(result, path):
    return result.paths[path].removesuffix(".py").replace("/", ".")


def test_each_place_gets_what_it_needs(finely):
    result = shrunk(APP, texts=TEXTS, zoo=ZOO, groups=GROUPS)
    parts = {f"ovms/texts:{name}.py" for name in ("first", "second", "Third", "LIMIT")}
    assert parts_of(result) == parts
    second = tree_of(result, "ovms/texts:second.py")
    assert imports_of(second) == [("math", "pi")]
    assert not any(isinstance(node, ast.ClassDef) for node in ast.walk(second))
    # What two places share is in both when it is a small helper, else a part of its own.
    first = tree_of(result, "ovms/texts:first.py")
    shared = module_of(result, "ovms/texts:LIMIT.py")
    assert [module for module, _ in imports_of(first)] == [shared]
    assert sum(isinstance(node, ast.FunctionDef) for node in first.body) == 3


def test_who_asks_names_the_part_in_the_branch_that_needs_it(finely):
    result = shrunk(APP, texts=TEXTS, zoo=ZOO, groups=GROUPS)
    app = tree_of(result, "ovms/app.py")
    named = {module for module, _ in imports_of(app)}
    for name in ("texts:first", "texts:second", "texts:Third", "zoo:stroke"):
        assert module_of(result, f"ovms/{name}.py") in named
    other = next(
        node
        for node in app.body
        if isinstance(node, ast.FunctionDef)
        and "If" in str([type(inner).__name__ for inner in node.body])
    )
    branch = other.body[0]
    assert isinstance(branch, ast.If) and isinstance(branch.body[0], ast.Import)
    assert isinstance(branch.orelse[0].body[0], ast.Import)


def test_what_is_always_needed_together_stays_together():
    app = (
        "def main(x):\n    from ovms.texts import first, second\n    return first(second(x))\n"
        "def other(x):\n    from ovms import texts\n    return texts.first(x), texts.second(x)\n"
    )
    result = shrunk(app, texts=TEXTS, zoo=ZOO, groups=GROUPS)
    both = [p for p in parts_of(result) if {"first", "second"} <= outline(result, p)]
    assert len(both) == 1


def outline(result, path):
    return {definition.place.name for definition in result.outlines[path]}


def test_small_ones_are_not_worth_a_module():
    zoo = "def feed(x):\n    return x + 1\ndef stroke(x):\n    return x * 2\n"
    app = (
        "def main(x):\n    from ovms.zoo import feed\n    return feed(x)\n"
        "def other(x):\n    from ovms.zoo import stroke\n    return stroke(x)\n"
    )
    result = shrunk(app, zoo=zoo, groups=GROUPS)
    assert parts_of(result, "zoo") == {"ovms/zoo.py"}


def test_places_are_those_of_the_source(finely):
    result = shrunk(APP, texts=TEXTS, zoo=ZOO, groups=GROUPS)
    for path in parts_of(result):
        for definition in result.outlines[path]:
            assert definition.place.path in ("ovms/texts.py", "ovms/zoo.py")
    homes = result.record["homes"]["ovms.texts"]
    assert homes["parts"]["second"] == module_of(result, "ovms/texts:second.py")


@pytest.mark.parametrize(
    "change",
    [
        (APP, "def more():\n    import ovms.texts as t\n    return t\n", TEXTS),
        (APP, "", TEXTS + "for _word in _TABLE:\n    LIMIT.append(len(_word))\n"),
        (APP, "", TEXTS + "class Fault(ValueError):\n    pass\n"),
        (APP, "", TEXTS + "count = 0\ndef tick():\n    global count\n    count += 1\n"),
        ("from ovms.texts import helper\n" + APP, "def more(x):\n    return helper(x)\n", TEXTS),
        (APP, "def more():\n    from ovms.texts import give\n    return give\n", TEXTS),
    ],
    ids=("handed-on", "works", "error", "state", "resident", "passed-on"),
)
def test_what_cannot_be_told_stays_whole(finely, change):
    app, more, texts = change
    result = shrunk(app + more, texts=texts, zoo=ZOO, groups=GROUPS)
    assert parts_of(result) in ({"ovms/texts.py"}, set())


def test_a_function_that_is_handed_on_is_not_copied(finely):
    """Two copies would not be the same object."""
    texts = (
        "def mark():\n    return 1\n"
        "def one(x):\n    return x is mark\ndef two():\n    return mark\n"
    )
    app = (
        "def main():\n    from ovms.texts import two\n    return two()\n"
        "def other(x):\n    from ovms.texts import one\n    return one(x)\n"
    )
    result = shrunk(app, texts=texts, groups=GROUPS)
    holding = [path for path in parts_of(result) if "mark" in outline(result, path)]
    assert len(holding) == 1 and len(parts_of(result)) == 3


def test_a_variable_hides_nothing(finely):
    """A part gives a definition another name where a variable has that one."""
    texts = (
        "from ovms import zoo\n"
        "def reply(x):\n    feed = zoo.feed(x)\n    return feed, zoo.stroke(feed)\n"
    )
    app = "def main(x):\n    from ovms.texts import reply\n    return reply(x)\n"
    zoo = "def feed(x):\n    return x + 1\ndef stroke(x):\n    return x * 2\n"
    result = shrunk(app, texts=texts, zoo=zoo, groups=GROUPS)
    (path,) = [p for p in result.paths if "reply" in outline(result, p)]
    function = next(
        node
        for node in tree_of(result, path).body
        if isinstance(node, ast.FunctionDef) and len(node.body) == 2
    )
    assert isinstance(function.body[0], ast.Assign)
    assert function.body[0].targets[0].id != function.body[0].value.func.id


def test_the_firmware_is_cut():
    sources = build.firmware_sources()
    outside = [path.read_text("utf-8") for path in build.outside_sources()]
    groups = resident_groups(sources)
    result = shrink.shrink(sources, outside, groups=groups, joined=joined_roots(groups))
    assert sum(":" in path for path in result.paths) > 50
    names = {path.removesuffix(".py").replace("/", ".") for path in result.sources}
    own = {name.removesuffix(".py").replace("/", ".") for name in sources} - names
    for path, text in result.sources.items():
        assert not {module for module, _ in imports_of(ast.parse(text))} & own, path
