"""What `tools.shrink` does to whole modules: what goes, short paths, bundles. CPython only."""

import ast
import re
import subprocess
import sys

import pytest

from host_tests.tools.shrinking import shrunk, text_of
from tools import build, shrink
from tools.groups import joined_roots, resident_groups

# What nobody needs


def test_constants_and_imports_that_went_elsewhere_go():
    app = (
        "from ovms.rates import RATE, called\n"
        "LIMIT = RATE * 2\n"
        "MADE = called()\n"
        "def main():\n    from ovms.rates import RATE as again\n    return LIMIT + again\n"
    )
    rates = "RATE = 5\nEXTRA = (RATE, 6)\ndef called():\n    return 1\n"
    result = shrunk(app, rates=rates)
    text = text_of(result)
    # What calls something stays, used or not.
    assert re.fullmatch(
        r"from \w+ import (\w+)\n\w+ = \1\(\)\n\ndef main\(\):\n    return 10 \+ 5\n", text
    )
    assert "=" not in text_of(result, "ovms/rates.py")


def test_what_is_set_on_an_object_of_micropython_keeps_its_name():
    source = "def main(context):\n    context.verify_mode = 1\n    return context\n"
    assert "verify_mode" in text_of(shrunk(source))


def test_what_micropython_has_and_its_stubs_do_not_keeps_its_name():
    source = "import sys\ndef main():\n    return sys.stdin.buffer\n"
    assert ".stdin.buffer" in text_of(shrunk(source))


def test_docstrings_annotations_and_all_go():
    source = (
        "'''Module.'''\n__all__ = ['main']\n"
        "limit: int = 3\n"
        "def main(value: int = 1) -> str:\n"
        "    '''Function.'''\n    later: bytes\n    return value\n"
        "class Empty:\n    '''Only a text.'''\n"
        "USED = Empty()\n"
    )
    text = text_of(shrunk(source))
    assert re.match(r"def main\((\w+)=1\):\n    return \1\n\nclass", text)


def test_a_block_of_nothing_but_pass_stays_one():
    source = (
        "def main(x):\n    try:\n        x.append(1)\n    finally:\n        pass\n"
        "    if x:\n        pass\n    else:\n        'text'\n    return x\n"
    )
    space = {}
    exec(text_of(shrunk(source)), space)
    assert space["main"]([]) == [1]


# Modules


def test_modules_become_short_wherever_they_are_named():
    app = (
        "def main():\n    from ovms.deep import thing\n"
        "    from ovms.deep.thing import useful\n"
        "    return thing.useful(), useful(), 'ovms.cfg'\n"
    )
    result = shrunk(
        app,
        **{"deep/thing": "def useful():\n    return 5\n", "deep/__init__": "", "__init__": ""},
    )
    thing = result.paths["ovms/deep/thing.py"]
    assert "/" not in thing and f"from {thing[:-3]} import" in text_of(result)
    assert "'ovms.cfg'" in text_of(result)
    assert "ovms/deep/__init__.py" not in result.paths


def test_module_names_differ_on_every_file_system():
    many = {f"part{n}": f"def main():\n    return {n}\n" for n in range(80)}
    paths = shrunk("", **many).paths.values()
    assert len({path.lower() for path in paths}) == len(paths)


@pytest.mark.parametrize(
    "line", ["from ovms.other import missing", "from ovms import nothing", "import ovms.none as x"]
)
def test_import_of_nothing_is_refused(line):
    with pytest.raises(shrink.ShrinkError, match="does not exist"):
        shrunk(line, other="present = 1\n")


@pytest.mark.parametrize(
    "expression, reason",
    [("__import__('ovms.deep.' + n)", "an ordinary import"), ("'ovms.deep.x'", "named as text")],
)
def test_module_that_no_import_names_is_refused(expression, reason):
    with pytest.raises(shrink.ShrinkError, match=reason):
        shrunk(f"def main(n):\n    return {expression}\n", **{"deep/x": ""})


# Bundles


HELPERS = (
    "import asyncio\n"
    "STEP = [2]\n"
    "_count = 0\n"
    "class Tool:\n    FACTOR = STEP\n    STEP = STEP\n"
    "    def use_it(self):\n        return self.FACTOR[0] * self.STEP[0]\n"
    "def counted():\n    global _count\n    _count += 1\n    return _count, asyncio.sleep_ms\n"
)
LATER = (
    "from ovms import helpers as tools_module\n"
    "from ovms.helpers import Tool\n"
    "import asyncio\n"
    "_count = 10\n"
    "def counted(tools):\n"
    "    return _count + tools + tools_module.counted()[0], Tool().use_it(), asyncio.sleep_ms\n"
)
HOME = (
    "from ovms.later import counted as later_counted\n"
    "from ovms.helpers import counted\n"
    "def main(counted_by_main):\n"
    "    from ovms import alone\n"
    "    return later_counted(counted_by_main), counted(), alone.ask()\n"
)
ALONE = (
    "from ovms.helpers import Tool as Kit\n"
    "from ovms import later\n"
    "def ask():\n"
    "    from ovms.helpers import counted\n"
    "    return Kit().use_it(), later.counted(5)[0], counted()[0]\n"
)


def import_tree(result, folder, entry):
    """Write shrunk sources and import one in a Python of its own; returns what main(100) gives."""
    for path, text in result.sources.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    code = (
        "import asyncio, sys; asyncio.sleep_ms = 'sleep'; \n"
        f"import importlib; print(importlib.import_module({entry!r}).main(100))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


@pytest.mark.parametrize("groups", [(), [("ovms.app",)]])
def test_bundle_does_what_its_modules_did(tmp_path, groups):
    named = {"helpers": HELPERS, "later": LATER, "alone": ALONE}
    result = shrunk(HOME, groups=groups, **named, __init__="")
    files = 3 if groups else 5
    assert len(result.sources) == files
    assert import_tree(result, tmp_path, "ovms.app") == (
        (111, 4, "sleep"),
        (2, "sleep"),
        (4, 18, 4),
    )


def test_bundle_leaves_out_what_others_import_and_what_that_needs(tmp_path):
    """A board imports `alone`, and so does the bundle: `alone` cannot import from that."""
    app = (
        "from ovms import alone\nfrom ovms.later import value\n"
        "def main(x):\n    return value(x), alone.first(x)\n"
    )
    named = {
        "alone": "from ovms.needed import step\ndef first(x):\n    return step(x)\n",
        "needed": "def step(x):\n    return x + 1\n",
        "later": "from ovms.needed import step\ndef value(x):\n    return step(x) * 2\n",
    }
    outside = ["from ovms.alone import first"]
    result = shrunk(app, outside=outside, groups=[("ovms.app",)], **named, __init__="")
    assert set(result.paths) == {f"ovms/{n}.py" for n in ("__init__", "app", "alone", "needed")}
    value = import_tree(result, tmp_path, "ovms.app")
    assert value[:2] == (202, 101)


def test_later_bundle_does_not_take_what_the_first_one_left_out(tmp_path):
    """The app would import the whole car for it."""
    named = {
        "needed": "def step(x):\n    return x + 1\n",
        "kept": "from ovms.needed import step\ndef first(x):\n    return step(x)\n",
        "car": "from ovms.needed import step\ndef drive(x):\n    return step(x)\n",
    }
    app = (
        "from ovms.kept import first\nfrom ovms.needed import step\n"
        "def main(x):\n    return first(x), step(x)\n"
    )
    groups = [("ovms.app",), ("ovms.car",)]
    outside = ["from ovms.kept import first", "from ovms.car import drive"]
    result = shrunk(app, groups=groups, outside=outside, **named, __init__="")
    assert "ovms/needed.py" in result.paths
    assert import_tree(result, tmp_path, "ovms.app")[:2] == (101, 101)


def test_bundle_leaves_out_what_others_import():
    app = "from ovms.kept import value\ndef main(x):\n    return value\n"
    result = shrunk(
        app, kept="value = [1]\n", outside=["from ovms.kept import value"], groups=[("ovms.app",)]
    )
    assert result.paths["ovms/kept.py"] == "ovms/kept.py"
    assert "from ovms.kept import value" in text_of(result)


def test_bundle_refuses_a_module_as_a_value():
    app = "from ovms import helpers\ndef main(x):\n    return x(helpers)\n"
    with pytest.raises(shrink.ShrinkError, match="helpers, a module, is used but to read"):
        shrunk(app, helpers="A = 1\n", groups=[("ovms.app",)])


RETURNED = (
    "def _late():\n    from ovms import late\n    return late\n"
    "def main(x):\n    late = _late()\n    return late.doubled(x) + late.LIMIT + late.OFFSETS[0]\n"
)
LATE = "LIMIT = 4\nOFFSETS = [2]\ndef doubled(value):\n    return 2 * value + LIMIT\n"


@pytest.mark.parametrize("groups", [(), [("ovms.app",)]])
def test_a_module_that_a_function_returns_is_read_from(tmp_path, groups):
    result = shrunk(RETURNED, groups=groups, late=LATE, __init__="")
    assert import_tree(result, tmp_path, "ovms.app") == 210
    assert "doubled" not in text_of(result)


def test_bundle_does_not_return_one_of_its_own_modules():
    app = "from ovms.late import doubled\n" + RETURNED
    with pytest.raises(shrink.ShrinkError, match="uses late for more than reading"):
        shrunk(app, groups=[("ovms.app",)], late=LATE)


def test_bundle_refuses_a_circle():
    app = "from ovms.helpers import value\ndef main():\n    return value()\n"
    helpers = "from ovms.app import main\ndef value():\n    return main\n"
    with pytest.raises(shrink.ShrinkError, match="import each other"):
        shrunk(app, helpers=helpers, groups=[("ovms.app",)])


# The whole


def test_the_firmware_shrinks_the_same_every_time():
    sources = build.firmware_sources()
    outside = [path.read_text("utf-8") for path in build.outside_sources()]
    groups = resident_groups(sources)
    joined = joined_roots(groups)
    first = shrink.shrink(sources, outside, groups=groups, joined=joined)
    again = shrink.shrink(dict(reversed(sources.items())), outside, groups=groups, joined=joined)
    assert first.sources == again.sources
    assert len("".join(first.sources.values())) < len("".join(sources.values())) * 0.6
    # The board's modem is part of what always stays, another one a file that nobody loads.
    profiles = {path for path in first.paths if path.endswith("/profile.py")}
    assert profiles == {"ovms/links/modem/sim7000/profile.py"}


def test_whose_modem_is_merged():
    sources = build.firmware_sources()
    for modem, merged in (
        ("SIM800", ("ovms.links.modem.sim800.profile",)),
        ("SIM7000", ("ovms.links.modem.sim7000.profile",)),
        ("", ()),
    ):
        groups = resident_groups(sources, modem)
        # The vehicle that every car is stays with each of them.
        joined = (*merged, "ovms.vehicle.base")
        assert joined_roots(groups) == joined
        assert groups[0] == ("ovms.app", *joined, "ovms.assembly")
        apart = [roots for roots in groups if roots[0].endswith(".profile")]
        assert len(apart) == 2 - len(merged) and not {*merged} & {roots[0] for roots in apart}
