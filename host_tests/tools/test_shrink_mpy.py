"""Texts of compiled modules that are to be no names. CPython starts the VMs."""

import subprocess

import pytest

from host_tests.needs_vm import require
from tools import build, shrink, vm
from tools.shrink.mpy import FormatError, Mpy

# Jumps, closures, keywords, more than 128 names: every kind of operand.
MANY = "\n".join(f"    seen.append('n{number}')" for number in range(150))
SOURCE = f"""
def texts(seen, *rest, last="done-1"):
{MANY}
    for word in ("one", "two"):
        try:
            if word == "two":
                break
            seen.append("x-1" if len(seen) > 149 else "never-1")
        finally:
            seen.append("fin-1")
    add = lambda text, tail="!": [seen.append(text + tail + last), rest][1]
    add("kw-1", tail="tail-1")
    return {{"key-1": len(seen), "upper": seen[-1].upper()}}["key-1"], "%d.%d" % (1, 2), b"raw"
class Thing:
    def __init__(self, value="init-1"):
        self.value = value
"""
CHECK = """
import sys, micropython
sys.path.insert(0, {folder!r})
import thing
seen = []
print(thing.texts(seen, 7), "|".join(seen[-6:]), thing.Thing().value, len(seen))
micropython.qstr_info(1)
"""


@pytest.fixture
def compiled(tmp_path):
    source = tmp_path / "source.py"
    source.write_text(SOURCE, "utf-8")
    build._compile(source, tmp_path / "thing.mpy", "thing", [], "thing")
    return tmp_path / "thing.mpy"


def run(bits, file):
    script = CHECK.format(folder=str(file.parent))
    done = subprocess.run(
        [*vm.command(bits), "-c", script], capture_output=True, text=True, check=False, timeout=20
    )
    assert done.returncode == 0, done.stderr
    line, _, names = done.stdout.partition("\n")
    return line, names


def test_written_as_it_was_read(compiled):
    data = compiled.read_bytes()
    assert Mpy(data).data() == data


def test_texts_are_those_that_name_nothing(compiled):
    texts = Mpy(compiled.read_bytes()).texts()
    assert {"n0", "n149", "key-1", "%d.%d"} <= texts
    assert not texts & {"texts", "Thing", "value", "last", "seen", "append", "thing"}


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
def test_same_result_and_fewer_names(bits, compiled):
    require(bits)
    expected, names = run(bits, compiled)
    assert "Q(fin-1)" in names and "kw-1tail-1done-1" in expected
    shrink.unname_texts([], [compiled], {"thing.py": SOURCE})
    got, names = run(bits, compiled)
    assert got == expected
    assert "Q(fin-1)" not in names and "Q(key-1)" not in names
    # A keyword is compared as a name.
    assert "Q(tail)" in names


def test_names_of_what_stays_are_left(compiled, tmp_path):
    (tmp_path / "other.py").write_text("USED = 'key-1'\n", "utf-8")
    build._compile(tmp_path / "other.py", tmp_path / "other.mpy", "other", [], "other")
    shrink.unname_texts([tmp_path / "other.mpy"], [compiled], {})
    stored = Mpy(compiled.read_bytes()).stored_names()
    assert "key-1" in stored and "fin-1" not in stored


@pytest.mark.parametrize("damage", [lambda d: b"M\x05" + d[2:], lambda d: d + b"\0"])
def test_other_files_are_refused(compiled, damage):
    with pytest.raises(FormatError):
        Mpy(damage(compiled.read_bytes()))
