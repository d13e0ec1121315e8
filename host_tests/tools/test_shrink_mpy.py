"""Compiled files that are read to be changed. What becomes of lines is in `test_explain.py`."""

import pytest

from tools import build
from tools.shrink.mpy import FormatError, Mpy

# Objects of all kinds, functions in functions, cells, more names than one byte numbers.
NAMES = "\n".join(f"    seen.append(first.name_{number})" for number in range(150))
SOURCE = f"""
def outer(seen, *rest, first="a text of some length", last=None):
{NAMES}
    def inner(*, key_only):
        return [part + seen[-1] for part in rest], key_only
    return inner, 1.5, 10 ** 20, b"raw", ("one", (2, None)), lambda: last
class Thing:
    def __init__(self, value=...):
        self.value = value
"""


@pytest.fixture
def compiled(tmp_path):
    source = tmp_path / "source.py"
    source.write_text(SOURCE, "utf-8")
    build._compile(source, tmp_path / "thing.mpy", "thing", [], "thing")
    return (tmp_path / "thing.mpy").read_bytes()


def test_written_as_it_was_read(compiled):
    assert Mpy(compiled).data() == compiled


def test_functions_are_called_as_in_the_source(compiled):
    file = Mpy(compiled)
    outer, thing = file.code.children
    assert file.name_of(outer) == "outer" and file.name_of(thing) == "Thing"
    assert [file.name_of(code) for code in outer.children] == ["inner", "<lambda>"]
    # The format has a number of its own for this one.
    assert [file.name_of(code) for code in thing.children] == [None]


def test_a_line_is_set_once_and_takes_two_bytes_at_most(compiled):
    for line, more_bytes in ((1, 0), (2, 1), (4, 1), (5, 2), (2048, 2)):
        file = Mpy(compiled)
        for code in file.code.children:
            file.set_line(code, line)
        again = Mpy(file.data())
        for code, plain in zip(again.code.children, Mpy(compiled).code.children, strict=True):
            # With more bytes of lines the length of them may need another byte.
            assert 0 <= len(code.data) - len(plain.data) - more_bytes <= (more_bytes > 0)
            assert again.name_of(code) == Mpy(compiled).name_of(plain)
        if more_bytes:
            with pytest.raises(FormatError, match="already"):
                again.set_line(again.code.children[0], 2)


@pytest.mark.parametrize("damage", [lambda d: b"M\x05" + d[2:], lambda d: d + b"\0"])
def test_other_files_are_refused(compiled, damage):
    with pytest.raises(FormatError):
        Mpy(damage(compiled))
