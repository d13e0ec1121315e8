"""Overlays with several entries become a module for each of them."""

import ast

from host_tests.tools.shrinking import run, shrunk, text_of
from tools import build, shrink

TEXTS = (
    "LIMIT = [3]\n"
    "_TABLE = ('a', 'b')\n"
    "def helper(x):\n    return x + LIMIT[0]\n"
    "def first(x):\n    return helper(x) * 2\n"
    "def second(x):\n    return _TABLE[x]\n"
    "class Third:\n    def value(self):\n        return helper(1)\n"
)
APP = (
    "def call(name, function, *arguments):\n    return name, function, arguments\n"
    "ROWS = (('K', 'ovms.texts', 'second'), ('L', 'ovms.texts', 'Third'))\n"
    "def main(x):\n"
    "    return call('ovms.texts', 'first', x), ROWS[0][1:], ROWS[1][1:]\n"
)


def parts_of(result):
    return {path for path in result.paths if path.startswith("ovms/texts")}


def test_each_entry_gets_what_it_needs():
    result = shrunk(APP, texts=TEXTS)
    assert parts_of(result) == {f"ovms/texts-{name}.py" for name in ("first", "second", "Third")}
    second = text_of(result, "ovms/texts-second.py")
    assert second.count("def ") == 1 and "class" not in second and "3" not in second
    assert "class" not in text_of(result, "ovms/texts-first.py")


def test_the_caller_names_the_part():
    result = shrunk(APP, texts=TEXTS)
    called = run(result)["main"](4)
    for (module, function, *rest), name in zip(called, ("first", "second", "Third"), strict=True):
        path = f"ovms/texts-{name}.py"
        assert result.paths[path] == f"ovms/{module}.py"
        space = {}
        exec(compile(text_of(result, path), path, "exec"), space)
        assert function in space
        if name == "first":
            assert space[function](*rest[0]) == 14


def test_a_module_that_is_named_alone_stays_whole():
    for use in ("'ovms.texts'", "call('ovms.texts', main)", "('ovms.texts', 'no_entry')"):
        result = shrunk(APP.replace("ROWS[1][1:]\n", f"ROWS[1][1:], {use}\n"), texts=TEXTS)
        assert parts_of(result) == {"ovms/texts.py"}, use


def test_what_is_imported_or_works_at_import_stays_whole():
    importing = "from ovms.texts import helper\n" + APP.replace("ROWS[1][1:]\n", "helper(x)\n")
    assert parts_of(shrunk(importing, texts=TEXTS)) == {"ovms/texts.py"}
    working = TEXTS + "for _word in _TABLE:\n    LIMIT.append(len(_word))\n"
    assert parts_of(shrunk(APP, texts=working)) == {"ovms/texts.py"}


def test_of_an_import_only_what_is_needed():
    texts = TEXTS.replace("LIMIT = [3]\n", "from math import pi, tau\nLIMIT = [tau]\n")
    texts = texts.replace("_TABLE[x]", "_TABLE[x], pi")
    result = shrunk(APP, texts=texts)
    tree = ast.parse(text_of(result, "ovms/texts-second.py"))
    assert [alias.name for alias in tree.body[0].names] == ["pi"]


def test_parts_name_parts():
    texts = TEXTS + "def fourth(x):\n    return ('ovms.zoo', 'one'), ('ovms.zoo', 'two')\n"
    app = APP.replace("ROWS[1][1:]\n", "ROWS[1][1:], ('ovms.texts', 'fourth')\n")
    zoo = "def one():\n    return 1\ndef two():\n    return 2\n"
    result = shrunk(app, texts=texts, zoo=zoo)
    fourth = text_of(result, "ovms/texts-fourth.py")
    for name in ("one", "two"):
        stem = result.paths[f"ovms/zoo-{name}.py"].removeprefix("ovms/").removesuffix(".py")
        assert f"'{stem}'" in fourth


def test_the_firmware_names_no_module_that_is_gone():
    sources = build.firmware_sources()
    outside = [path.read_text("utf-8") for path in build.outside_sources()]
    result = shrink.shrink(sources, outside, groups=build.resident_groups(sources))
    gone = {path.removesuffix(".py").replace("/", ".") for path in sources}
    left = {
        node.value
        for text in result.sources.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not left & gone
    assert any("config_edit-" in path for path in result.paths)
