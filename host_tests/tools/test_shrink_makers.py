"""Constructors that become code on demand, and those that must not. CPython only."""

import ast
import subprocess
import sys

from host_tests.tools.shrinking import shrunk, text_of

PARTS = """
import sys
STEPS = [1]
class Base:
    def __init__(self, name):
        self.name = name
        self.log = [name, "base", len(name), name + name, name * 2, [name, name], (name,)]
class Engine(Base):
    def __init__(self, name, power=7):
        super().__init__(name)
        self.power = power
        self.wheels = [Wheel(number, STEPS, sys) for number in range(4)]
        self.spare = [power, power + 1, power + 2, power + 3, power + 4, power + 5]
    def told(self):
        return "%s %d %d" % (self.name, self.power, len(self.wheels))
class Wheel:
    def __init__(self, number, steps, place):
        self.number = number
        self.size = number + len(steps)
        self.place = place
        self.marks = [number, self.size, number * self.size, number + self.size]
        self.spare = [number, number + 1, number + 2]
    def total(self):
        return sum(self.marks)
class Often:
    def __init__(self, number):
        self.number = number
        self.twice = number * 2
        self.more = [number, number + 1, number + 2, number + 3, number + 4, number + 5]
class Small:
    def __init__(self, number):
        self.number = number
"""
APP = """
from ovms.parts import Base, Engine, Often, Small, Wheel
def main():
    from ovms.assembly import build
    engine = build()
    return engine.told(), engine.wheels[3].total(), engine.log[0], Often(3).twice, Small(2).number
"""
ASSEMBLY = """
from ovms.parts import Engine, Small
def build():
    return Engine("ab", power=Small(9).number)
"""


def _result(assembly=ASSEMBLY):
    groups = [("ovms.app", "ovms.assembly")]
    sources = {"app": APP, "parts": PARTS, "assembly": assembly, "__init__": ""}
    return shrunk(groups=groups, **sources)


def _constructors(text):
    """How many functions of a text are an `__init__`."""
    return sum(getattr(node, "name", "") == "__init__" for node in ast.walk(ast.parse(text)))


def _done(result, folder):
    for path, text in result.sources.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    code = "from ovms.app import main; print(main())"
    line = [sys.executable, "-c", code]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_they_do_the_same(tmp_path):
    assert _done(_result(), tmp_path) == "('ab 9 4', 26, 'ab', 6, 2)\n"


def test_what_only_code_on_demand_makes_is_moved():
    """Engine and Wheel, which Engine makes; Base has heirs, Often is made by what stays."""
    result = _result()
    assert _constructors(text_of(result)) == 3
    moved = [path for path in result.paths if "make_by_number" in path]
    assert moved == ["ovms/app:make_by_number.py"]
    text = text_of(result, moved[0])
    assert len([node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]) == 2
    assert "super" not in text


def test_without_code_on_demand_that_makes_them_nothing_is_moved():
    groups = [("ovms.app",)]
    app = APP.replace("from ovms.assembly import build", "build = Engine").replace(
        "build()", "build('ab')"
    )
    result = shrunk(groups=groups, app=app, parts=PARTS, __init__="")
    assert not [path for path in result.paths if "make_by_number" in path]


def test_a_traceback_names_the_class():
    result = _result()
    outline = result.outlines["ovms/app:make_by_number.py"]
    places = {(entry.place.path, entry.place.name) for entry in outline}
    assert places == {
        ("ovms/parts.py", "Engine.__init__"),
        ("ovms/parts.py", "Wheel.__init__"),
    }


def test_keywords_of_a_caller_are_known_as_those_of_the_class():
    assert any("power" in found for found in _result().record["parameters"]["Engine"])
