"""What the documents tell to type is there: targets and knobs of the Makefile, modules of `tools`,
options of the desk. CPython only. `test_contributing.py` tries the worked examples themselves.
"""

import importlib
import importlib.util
import re
import shlex
import subprocess

import pytest

from tools import boards, build
from tools.desk import __main__ as desk
from tools.vm import ROOT

# The facts are about what others made, and tell how they make it.
_FOREIGN = {".venv", ".cache", "build", ".pytest_cache", "facts"}
DOCUMENTS = sorted(
    path for path in ROOT.rglob("*.md") if not _FOREIGN & set(path.relative_to(ROOT).parts)
)
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
KNOBS = set(re.findall(r"^([A-Z_]+) \?=", MAKEFILE, re.M))
TARGETS = set(re.search(r"^\.PHONY: ((?:.*\\\n)*.*)", MAKEFILE, re.M)[1].replace("\\", "").split())
_COMMAND = r"(?:make|(?:\S*python3? )-m tools)\b"
# In a sentence, or a line of its own, maybe behind a pipe.
_INLINE = re.compile(rf"`({_COMMAND}[^`\n]*)`")
_LINE = re.compile(rf"^ {{4}}(?:[^#`\n]*\| )?({_COMMAND}.*)", re.M)


def commands_in(text):
    """Words of every command that a document tells to type."""
    found = _INLINE.findall(text) + _LINE.findall(text)
    # What it does stands behind it: a comment, or a few blanks away.
    return [shlex.split(re.split(r" {3}| #", line)[0]) for line in found]


def all_commands(name):
    """(document, words) of the commands that begin with `name`, but for MicroPython's makes."""
    return [
        (path.relative_to(ROOT).as_posix(), words)
        for path in DOCUMENTS
        for words in commands_in(path.read_text("utf-8"))
        if words[0].endswith(name) and "-C" not in words and "FROZEN_MANIFEST" not in str(words)
    ]


def is_gap(text):
    """Whether the reader is to put something in its place: `<folder>`, `...`."""
    return "<" in text or "..." in text or "…" in text


def run_desk(words, monkeypatch):
    """The exit code of a verb that takes its options and does nothing."""
    verb = importlib.import_module(f"tools.desk.{words[0]}")
    monkeypatch.setattr(verb, "run", lambda options: 0)
    try:
        return desk.main(words)
    except SystemExit as ended:
        return ended.code


def check_knob(knob, value, monkeypatch):
    if knob == "RUN":
        words = ["run", *shlex.split(value)]
        assert any(map(is_gap, words)) or run_desk(words, monkeypatch) == 0, value
    elif knob == "FORM":
        assert value in build.FORMS or is_gap(value)
    elif knob == "BOARD":
        assert (boards.BOARDS / value).is_dir() or is_gap(value)
    elif knob in ("T", "PYTEST"):
        for word in shlex.split(value):
            path = word.partition("::")[0]
            # The examples of CONTRIBUTING.md make theirs.
            is_example = "pebble" in path or "uptime" in path
            assert not path.startswith("host_tests") or is_example or (ROOT / path).exists(), word


def test_every_make_is_one_of_the_makefile(monkeypatch):
    commands = all_commands("make")
    used = set()
    for document, words in commands:
        for word in words[1:]:
            knob, is_set, value = word.partition("=")
            if is_set:
                assert knob in KNOBS, (document, word)
                check_knob(knob, value, monkeypatch)
            else:
                assert word in TARGETS, (document, word)
                used.add(word)
    # No document lost its commands to a change of its layout.
    assert len(commands) > 40
    assert used >= {"run", "test", "test-quick", "check", "firmware", "flash", "deploy", "setup"}


def test_every_python_m_is_there(monkeypatch):
    commands = all_commands("python") + all_commands("python3")
    for document, words in commands:
        module = words[2]
        assert importlib.util.find_spec(module), (document, module)
        rest = words[3:]
        if module != "tools.desk" or not rest or any("<" in word for word in rest):
            continue
        assert rest[0] in desk.VERBS or is_gap(rest[0]), (document, rest)
        if len(rest) > 1 and rest[0] in desk.VERBS:
            assert run_desk(rest, monkeypatch) == 0, (document, rest)
    assert len(commands) > 15


def test_help_names_every_target():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    shown = set(re.findall(r"^  make ([a-z-]+)  *\S", done.stdout, re.M))
    assert shown == TARGETS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("    make run RUN='--headless --x 1'   # all", ["make", "run", "RUN=--headless --x 1"]),
        ("    make qemu          what it does", ["make", "qemu"]),
        ("Call `make lint` first", ["make", "lint"]),
        ("    printf 'S VERSION\\n' | .venv/bin/python -m tools.desk app", ["app"]),
    ],
)
def test_commands_are_found(text, words):
    (found,) = commands_in(text)
    assert found[-len(words) :] == words


@pytest.mark.parametrize(
    "text", ["what many cars\n    makes of it", "    to make sense", "`maker`"]
)
def test_a_sentence_is_no_command(text):
    assert commands_in(text) == []
