"""What `tools.shrink` does to the order of names and to classes. CPython starts the VM."""

import ast
import subprocess

import pytest

from host_tests.needs_vm import require
from host_tests.tools.shrinking import run, shrunk, text_of
from tools import build, vm
from tools.shrink.layout import lay_out
from tools.shrink.scopes import Module

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


def laid_out(source):
    module = Module("ovms/app.py", ast.parse(source))
    lay_out(module)
    return ast.unparse(module.tree)


def file_size(text, folder):
    (folder / "source.py").write_text(text, "utf-8")
    build._compile(folder / "source.py", folder / "source.mpy", "source", [], "source")
    return (folder / "source.mpy").stat().st_size


def test_frequent_names_take_one_byte(tmp_path):
    text = laid_out(SOURCE)
    assert text.startswith("lambda: None.often.")
    # Two bytes for each name that is mentioned, and a few for the function.
    mention = 3 * 128
    often = 300
    source = SOURCE.replace(OFTEN, "\n".join("    thing.often()" for _ in range(often)))
    before, after = (file_size(source, tmp_path), file_size(laid_out(source), tmp_path))
    assert after <= before - often + mention


def test_a_small_module_mentions_nothing():
    assert "lambda" not in laid_out("def main(thing):\n    return thing.often()\n")


CLASSES = (
    "class Base:\n    def size(self):\n        return 1\n"
    "class Empty(Base):\n    pass\n"
    "class Wide(Empty):\n    def size(self):\n        return super().size() + 1\n"
    "def main():\n    return Wide().size(), Empty().size()\n"
)


def test_classes_work_without_their_names():
    result = shrunk(CLASSES, groups=[("ovms.app",)])
    assert "del __module__, __qualname__" in text_of(result)
    assert run(result)["main"]() == (2, 1)


def test_only_what_stays_is_laid_out():
    assert "del " not in text_of(shrunk(CLASSES))


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
def test_classes_on_the_vm(bits, tmp_path):
    require(bits)
    text = text_of(shrunk(CLASSES, groups=[("ovms.app",)]))
    kept = "[n for c in globals().values() if type(c) is type for n in dir(c) if '_qual' in n]"
    script = f"{text}\nprint(main(), {kept})"
    done = subprocess.run(
        [*vm.command(bits), "-c", script], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.stdout.strip() == "(2, 1) []", done.stderr
