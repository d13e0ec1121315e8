"""What `tools.shrink` does to the order of names and to classes. CPython starts the VM."""

import ast
import subprocess

import pytest

from host_tests.needs_vm import require
from host_tests.tools.shrinking import run, shrunk, text_of
from tools import build, vm
from tools.shrink.layout import lay_out
from tools.shrink.mpy import Mpy

# 150 names that are used once, then one that is used often.
RARE = "\n".join(f"    thing.rare_{number}()" for number in range(150))
OFTEN = "\n".join("    thing.often()" for _ in range(100))
SOURCE = f"""
def early(thing):
{RARE}
def late(thing):
{OFTEN}
class Thing:
    def often(self):
        return 3
"""


def function_sizes(text, folder):
    """Bytes of code of the module's functions, in their order."""
    (folder / "source.py").write_text(text, "utf-8")
    build._compile(folder / "source.py", folder / "source.mpy", "source", [], "source")
    code = Mpy((folder / "source.mpy").read_bytes())._code
    return [len(child.data) for child in code.children]


def test_frequent_names_take_one_byte(tmp_path):
    _, before, _ = function_sizes(SOURCE, tmp_path)
    tree = ast.parse(SOURCE)
    lay_out(tree)
    mention, _, after, _ = function_sizes(ast.unparse(tree), tmp_path)
    assert ast.unparse(tree).startswith("lambda: None.often.")
    assert after <= before - 100
    # Two bytes for each name that is mentioned.
    assert mention < 2 * 128 + 10


def test_a_small_module_mentions_nothing():
    tree = ast.parse("def main(thing):\n    return thing.often()\n")
    lay_out(tree)
    assert "lambda" not in ast.unparse(tree)


CLASSES = (
    "class Base:\n    def size(self):\n        return 1\n"
    "class Empty(Base):\n    pass\n"
    "class Wide(Empty):\n    def size(self):\n        return super().size() + 1\n"
    "def main():\n    return Wide().size(), Empty().size(), type(Wide()).__name__ != ''\n"
)


def test_classes_work_without_their_names():
    result = shrunk(CLASSES, groups=[("ovms.app",)])
    assert "del __module__, __qualname__" in text_of(result)
    assert run(result)["main"]() == (2, 1, True)


def test_only_what_stays_is_laid_out():
    assert "del " not in text_of(shrunk(CLASSES))


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
def test_classes_on_the_vm(bits, tmp_path):
    require(bits)
    text = text_of(shrunk(CLASSES, groups=[("ovms.app",)]))
    kept = "[n for c in globals().values() if type(c) is type for n in dir(c) if '_qual' in n]"
    script = f"{text}\nprint(main(), {kept})"
    done = subprocess.run(
        [*vm.command(bits), "-c", script], capture_output=True, text=True, check=False, timeout=20
    )
    assert done.stdout.strip() == "(2, 1, True) []", done.stderr
