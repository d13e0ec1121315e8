"""Reads `host_tests/fixtures/at/dialogues.txt` into steps (CPython only).

A dialogue is a list of runs (the first one and its `--` variants), a run a list of steps:
`("H", data, delay_ms, note)` and `("M", data, delay_ms, note)`, in the order of the file. A host
line with an answer gives two steps; data is None for a `<...>` placeholder.
"""

import re
from pathlib import Path

PATH = Path(__file__).parents[1] / "fixtures" / "at" / "dialogues.txt"
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|r|n)")
_PLAIN = {"r": "\r", "n": "\n"}
_DELAY = re.compile(r"~(\d+) ?")


def unescape(text):
    """Bytes of `text` with its C escapes resolved."""
    plain = _ESCAPE.sub(lambda m: _PLAIN.get(m[1]) or chr(int(m[1][1:], 16)), text)
    return plain.encode("latin-1")


def load(path=PATH):
    """{"D1": [run, ...], ...} of the file."""
    dialogues: dict[str, list] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        line, _, note = line.partition(";;")
        line = line.rstrip()
        if not line:
            continue
        if line.startswith("# "):
            runs = dialogues[line.split()[1]] = [[]]
        elif line.startswith("-- "):
            runs.append([])
        else:
            runs[-1].extend(_steps(line, note.strip()))
    return dialogues


def _steps(line, note):
    side, _, rest = line.partition(" ")
    if side == "M":
        return [_step("M", rest, note)]
    request, arrow, answer = rest.partition(" =>")
    steps = [_step("H", request, note)]
    if arrow and answer.strip():
        steps.append(_step("M", answer.strip().removeprefix("M "), note))
    return steps


def _step(side, text, note):
    delay_ms = 0
    match = _DELAY.match(text)
    if match:
        delay_ms = int(match[1])
        text = text[match.end() :]
    text = re.sub(r" ~\d+$", "", text)
    data = None if text.startswith("<") else unescape(text)
    return side, data, delay_ms, note
