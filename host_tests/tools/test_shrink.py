"""Which names and constants `tools.shrink` may change, and which not. CPython only."""

import re
import subprocess

import pytest

from host_tests.needs_vm import require
from host_tests.tools.shrinking import PAIR, run, shrunk, text_of, words
from tools import build, vm
from tools.shrink import kept

# Parameters and variables


def test_parameters_become_short():
    source = "def main(first_value, second_value):\n    return first_value - second_value\n"
    result = shrunk(source)
    pattern = r"def main\((\w+), (\w+)\):\n    return \1 - \2\n"
    assert {*re.fullmatch(pattern, text_of(result)).groups()} <= set(kept.rom_names())


def test_parameter_named_in_a_call_stays():
    result = shrunk(
        "def main(level_one, rest):\n    return level_one + rest\n", outside=["main(level_one=1)"]
    )
    assert re.match(
        r"def main\(level_one, (\w+)\):\n    return level_one \+ \1\n", text_of(result)
    )


def test_short_parameter_does_not_hide_a_builtin_or_a_global():
    source = (
        "def helper(value):\n    return value\n"
        "def main(items, extra):\n    return [helper(items), len(extra)]\n"
    )
    result = shrunk(source)
    assert run(result)["main"](1, "abc") == [1, 3]


def test_nested_functions_lambdas_and_comprehensions():
    source = (
        "def main(count, step):\n"
        "    total = 0\n"
        "    def add(amount):\n"
        "        nonlocal total\n"
        "        total += amount * step\n"
        "        return total\n"
        "    double = lambda value, factor=step: value * factor + count\n"
        "    squares = [index * step for index in range(count) if index != step]\n"
        "    pairs = {key: [inner + key for inner in range(key)] for key in range(count)}\n"
        "    add(5)\n"
        "    return total, double(3), squares, pairs, sum(n * count for n in squares)\n"
    )
    plain = {}
    exec(source, plain)
    result = shrunk(source)
    assert run(result)["main"](4, 2) == plain["main"](4, 2)


def test_global_statement_and_except_name():
    source = (
        "_seen_errors = 0\n"
        "def main(text):\n"
        "    global _seen_errors\n"
        "    try:\n"
        "        return int(text)\n"
        "    except ValueError as error:\n"
        "        _seen_errors += 1\n"
        "        return '%d %s' % (_seen_errors, error)\n"
    )
    result = shrunk(source)
    main = run(result)["main"]
    assert main("7") == 7
    main("x")
    assert main("x").startswith("2 invalid")
    assert "_seen_errors" not in words(text_of(result))


def test_keyword_only_star_and_default_parameters():
    source = (
        "LIMIT = 3\n"
        "def main(first, *others, limit=LIMIT, **options):\n"
        "    return first, others, limit, sorted(options)\n"
    )
    result = shrunk(source, outside=["main(1, limit=2, colour=3)"])
    assert run(result)["main"](1, 2, colour=3) == (1, (2,), 3, ["colour"])


# Constants


CONSTANTS = (
    "from micropython import const\n"
    "RATE = const(60 * 1000)\n"
    "_OFFSET = const(-RATE)\n"
    "NAME = 'a text that is long'\n"
    "IS_LOUD = True\n"
    "def scaled(value):\n    return value * RATE + _OFFSET\n"
)


def test_constants_go_where_they_are_used():
    app = (
        "from ovms import rates as tariff\n"
        "from ovms.rates import IS_LOUD, RATE, scaled\n"
        "import ovms.rates as again\n"
        "def main():\n    return RATE, tariff.RATE, again.RATE, IS_LOUD, scaled(1)\n"
    )
    result = shrunk(app, rates=CONSTANTS)
    text = text_of(result)
    assert "return (60000, 60000, 60000, True," in text
    assert text.count("import") == 1
    home = text_of(result, "ovms/rates.py")
    assert re.fullmatch(r"def \w+\((\w+)\):\n    return \1 \* 60000 \+ -60000\n", home)


def test_no_const_call_is_left():
    """mpy-cross would replace the short name in the whole file."""
    app = "from micropython import const\nLIMIT = const(5)\ndef main(x):\n    return x.LIMIT\n"
    result = shrunk(app)
    assert "const" not in text_of(result)
    assert words(text_of(result)) >= {result.names["LIMIT"]}


def test_constant_stays_for_who_imports_it_outside():
    app = "WANTED = 5\nGONE = 7\ndef main(m):\n    return 'GONE', m\n"
    result = shrunk(app, outside=["from ovms.app import WANTED, main"])
    space = run(result)
    assert space["WANTED"] == 5
    assert 7 not in space.values()


def test_reassigned_global_is_no_constant():
    source = (
        "count = 1\nhidden = 2\n"
        "def main():\n    global count\n    count += 1\n    return count, hidden\n"
        "def other(hidden):\n    return hidden\n"
    )
    result = shrunk(source, outside=["from ovms.app import other"])
    space = run(result)
    assert space["main"]() == (2, 2)
    assert space["other"](9) == 9


def test_text_compared_by_identity_is_no_constant():
    rates = "MARK = 'marker text'\nVALUE = 'another text'\n"
    app = "from ovms.marks import MARK, VALUE\ndef main(x):\n    return x is MARK, x == VALUE\n"
    result = shrunk(app, marks=rates)
    assert "marker text" not in text_of(result)


def test_text_of_another_module_is_not_copied():
    app = "from ovms.marks import MARK\ndef main():\n    return MARK\n"
    result = shrunk(app, marks="MARK = 'long text'\n")
    assert "long text" not in text_of(result)


# Public names


def test_attributes_and_methods_become_short_and_still_meet():
    result = shrunk(PAIR + "def main():\n    return Child(3).grow_twice()\n")
    assert run(result)["main"]() == 18
    assert not words(text_of(result)) & {"total_count", "grow_by", "Tally", "START_VALUE"}


def test_names_of_one_family_stay_apart():
    result = shrunk(PAIR + "def main():\n    return Child(3).grow_twice()\n")
    family = ["total_count", "double_count", "grow_by", "grow_twice", "START_VALUE"]
    assert len({result.names[name] for name in family}) == len(family)


def test_base_class_under_another_name_is_family():
    app = (
        "from ovms.base import Tally as Base\n"
        "class Child(Base):\n    def own_method(self):\n        return self.grow_by(1)\n"
        "def main():\n    return Child(1).own_method().total_count\n"
    )
    result = shrunk(app, base=PAIR.partition("class Child")[0])
    assert result.names["own_method"] not in (result.names["grow_by"], result.names["total_count"])


def test_attribute_set_from_outside_is_apart_from_every_class():
    """Nobody can say of which class the object is."""
    source = (
        "class First:\n    def __init__(self):\n        self.alpha_value = 1\n"
        "class Second:\n    def __init__(self):\n        self.beta_value = 2\n"
        "def main():\n"
        "    second = Second()\n"
        "    second.alpha_value = 3\n"
        "    return First().alpha_value, second.beta_value, second.alpha_value\n"
    )
    result = shrunk(source)
    assert run(result)["main"]() == (1, 2, 3)
    assert result.names["alpha_value"] != result.names["beta_value"]


def test_what_is_set_on_an_object_is_apart_from_its_class():
    source = (
        "class Car:\n    def drive_on(self):\n        return self.power_kw\n"
        "class Other:\n    def __init__(self):\n        self.far_value = 9\n"
        "    def ask_it(self):\n        return self.far_value\n"
        "def main():\n"
        "    car = Car()\n    car.power_kw, car.told_name = 5, 'x'\n"
        "    alias = car\n    alias.late_value = car.told_name\n"
        "    return car.drive_on(), Other().ask_it(), alias.late_value\n"
    )
    result = shrunk(source)
    assert run(result)["main"]() == (5, 9, "x")
    family = ["drive_on", "power_kw", "told_name", "late_value"]
    assert len({result.names[name] for name in family}) == len(family)


def test_class_body_that_reads_a_global_of_the_same_name():
    source = (
        "LIMITS = [1, 2]\nOTHERS = [3]\n"
        "class Thing:\n    LIMITS = LIMITS\n    SECOND = OTHERS\n"
        "def main():\n    return Thing.LIMITS, Thing.SECOND, LIMITS\n"
    )
    assert run(shrunk(source))["main"]() == ([1, 2], [3], [1, 2])


@pytest.mark.parametrize("name", ["ticks_ms", "readinto", "startswith", "errno"])
def test_names_of_micropython_stay(name):
    source = (
        f"class Thing:\n    def {name}(self):\n        return 1\n"
        f"def main(x):\n    return x.{name}()\n"
    )
    assert name not in shrunk(source).names


def test_names_looked_up_by_text_and_outside_stay():
    source = (
        "class Thing:\n"
        "    def by_text(self):\n        return 1\n"
        "    def by_board(self):\n        return 2\n"
        "    def by_board_text(self):\n        return 3\n"
        "    def only_said(self):\n        return 4\n"
        "def main(x):\n"
        "    thing = Thing()\n"
        "    found = getattr(thing, 'by_text')(), hasattr(thing, 'by_nobody'), thing.only_said()\n"
        "    return found, 'only_said', Thing\n"
    )
    result = shrunk(source, outside=["main(x).by_board(), 'by_board_text me'.split()"])
    assert run(result)["main"](1)[:2] == ((1, False, 4), "only_said")
    assert not {"by_text", "by_board", "by_board_text", "main"} & set(result.names)
    assert "only_said" in result.names


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
def test_names_taken_from_rom_cost_nothing(bits, tmp_path):
    require(bits)
    source = tmp_path / "probe.py"
    lines = "".join(f"    x.{name}\n" for name in kept.rom_names())
    source.write_text("def f(x):\n" + lines)
    build.compile_package({"ovms/probe.py": source.read_text()}, tmp_path)
    runner = tmp_path / "runner.py"
    runner.write_text(
        "import sys, micropython\n"
        f"sys.path[:] = [{str(tmp_path)!r}]\n"
        "micropython.qstr_info()\nimport ovms.probe\nmicropython.qstr_info()\n"
    )
    done = subprocess.run(
        [*vm.command(bits), str(runner)], capture_output=True, text=True, check=True
    )
    before, after = (int(count) for count in re.findall(r"n_qstr=(\d+)", done.stdout))
    # The module's own: its name, folder, file, and what tracebacks call it.
    assert after - before < 12
    assert len(kept.rom_names()) > 100
