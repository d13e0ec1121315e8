"""Reads a mapping and its DBC file; every complaint is one sentence with file and line."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import cantools
from cantools.database.can import Database, Message, Signal

COLUMNS = (
    "car",
    "dbc",
    "frame",
    "signal",
    "rule",
    "target",
    "arguments",
    "valid_raw",
    "sure",
    "note",
)
RULES = (
    *("num", "flag", "enum", "latch", "mean", "sum", "text", "hold", "silence"),
    *("absent", "set", "like", "poll"),
)
# Takes over the rows of another mapping, whatever car and DBC file that names.
LIKE = "like"
ANY = "*"
# What the module can compute without an allocation.
MAX = (1 << 30) - 1
_RANGE = re.compile(r"(-?\d+)(?:\.\.(-?\d+))?")
_BY_LINE = re.compile(r"line (\d+)")


class CarError(Exception):
    """One sentence for the user, with file and line."""


@dataclass(frozen=True)
class Row:
    """One line of the mapping. frame: arbitration id, None for any. line: from 1."""

    file: Path
    line: int
    frame: int | None
    signal: str
    rule: str
    target: str
    arguments: str
    valid_raw: str

    def error(self, sentence: str) -> CarError:
        return CarError(f"{self.file}:{self.line}: {sentence}")

    def options(self) -> tuple[str, dict[str, str]]:
        """The arguments: what stands first, and each `name=value` or `name` behind it."""
        first, *rest = [part.strip() for part in self.arguments.split(";")]
        if "=" in first and self.rule in ("text", "silence", "poll"):
            first, rest = "", [first, *rest]
        found = {}
        for part in rest:
            if part:
                name, _, value = part.partition("=")
                found[name.strip()] = value.strip()
        return first, found


@dataclass(frozen=True)
class Mapping:
    """A mapping that was read, with its DBC file. code: as parameter 14 has it."""

    file: Path
    dbc_file: Path
    code: str
    rows: list[Row]
    dbc: Database


def load(file: Path, dbc_file: Path | None = None) -> Mapping:
    """Read a mapping. dbc_file: instead of the one that its column `dbc` names. CarError."""
    code, dbc_name, rows = _read_rows(file)
    dbc_file = dbc_file or file.parent / dbc_name
    return Mapping(file, dbc_file, code, rows, _load_dbc(dbc_file))


def _read_rows(file: Path) -> tuple[str, str, list[Row]]:
    try:
        text = file.read_text("ascii")
    except OSError as error:
        raise CarError(f"{file}: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = file.read_bytes()[: error.start].count(b"\n") + 1
        raise CarError(f"{file}:{line}: a mapping is written in ASCII.") from None
    reader = csv.reader(text.splitlines())
    rows: list[Row] = []
    names: set[tuple[str, str]] = set()
    for number, cells in enumerate(reader, 1):
        if number == 1:
            if tuple(cells) != COLUMNS:
                raise CarError(f"{file}:1: the columns have to be {','.join(COLUMNS)}.")
            continue
        if not cells:
            continue
        if len(cells) != len(COLUMNS):
            raise CarError(
                f"{file}:{number}: {len(cells)} columns instead of {len(COLUMNS)}"
                " (a text with a comma stands in quotes)."
            )
        by = dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=True))
        frame = None
        if by["frame"] != ANY:
            try:
                frame = int(by["frame"], 16)
            except ValueError:
                raise CarError(
                    f"{file}:{number}: '{by['frame']}' is no hexadecimal id and no *."
                ) from None
        if by["rule"] not in RULES:
            raise CarError(
                f"{file}:{number}: there is no rule '{by['rule']}': choose {', '.join(RULES)}."
            )
        names.add((by["car"], by["dbc"]))
        if len(names) > 1:
            raise CarError(f"{file}:{number}: a mapping is of one car and one DBC file.")
        if by["rule"] == LIKE:
            rows += _taken_over(file, number, by["target"])
            continue
        cut = {key: by[key] for key in ("signal", "rule", "target", "arguments", "valid_raw")}
        rows.append(Row(file, number, frame, **cut))
    if not rows:
        raise CarError(f"{file}: nothing is mapped.")
    code, dbc_name = names.pop()
    if not re.fullmatch(r"[A-Z][A-Z0-9]{1,3}", code):
        raise CarError(f"{file}:2: '{code}' is no type of two to four letters and digits.")
    return code, dbc_name, rows


def _taken_over(file: Path, number: int, name: str) -> list[Row]:
    other = file.parent / name
    if not other.is_file():
        raise CarError(f"{file}:{number}: there is no mapping '{name}' to take over.")
    if f",{LIKE}," in other.read_text("utf-8", "replace"):
        raise CarError(f"{file}:{number}: '{name}' takes over a mapping itself.")
    return _read_rows(other)[2]


def _load_dbc(file: Path) -> Database:
    try:
        text = file.read_text("cp1252")
    except OSError as error:
        raise CarError(f"{file}: {error.strerror}.") from None
    try:
        database = cantools.database.load_string(text, "dbc", strict=True)
    except Exception as error:  # noqa: BLE001 - whatever a library finds is the file's fault
        raise CarError(_dbc_sentence(file, text, error)) from None
    assert isinstance(database, Database)
    return database


def _dbc_sentence(file: Path, text: str, error: Exception) -> str:
    """What cantools says of a DBC file, with the line it means."""
    parts = [str(error)]
    if isinstance(error, cantools.database.UnsupportedDatabaseFormatError):
        parts = [str(part) for part in (error.e_dbc,) if part] or parts
    sentence = " ".join(parts[0].split()).rstrip(".")
    line = 0
    if found := _BY_LINE.search(sentence):
        line = int(found[1])
    else:
        for number, content in enumerate(text.splitlines(), 1):
            words = content.split()
            is_named = len(words) > 1 and words[0] == "SG_" and words[1] in sentence.split()
            if is_named and (not line or "overlapping" in sentence):
                line = number
    return f"{file}:{line}: {sentence}." if line else f"{file}: {sentence}."


def find_message(mapping: Mapping, row: Row) -> Message:
    """The frame of a row."""
    for message in mapping.dbc.messages:
        if message.frame_id == row.frame:
            if message.is_extended_frame:
                raise row.error(f"frame {row.frame:X} has an extended id, which no car hears.")
            return message
    raise row.error(f"{mapping.dbc_file.name} has no frame {row.frame or 0:03X}.")


def find_signal(mapping: Mapping, row: Row, name: str) -> Signal:
    """A signal of the row's frame."""
    message = find_message(mapping, row)
    for signal in message.signals:
        if signal.name == name:
            return signal
    known = ", ".join(signal.name for signal in message.signals)
    raise row.error(f"frame {message.frame_id:03X} has no signal '{name}', only {known}.")


def range_of(row: Row, text: str, what: str) -> tuple[int, int]:
    """`3` or `1..254` as (lowest, highest)."""
    found = _RANGE.fullmatch(text.strip())
    if not found:
        raise row.error(f"{what} '{text}' is no number and no range like 1..254.")
    low = int(found[1])
    high = low if found[2] is None else int(found[2])
    if low > high:
        raise row.error(f"{what} '{text}' ends before it begins.")
    if not -MAX <= low <= high <= MAX:
        raise row.error(f"{what} '{text}' goes beyond 30 bits.")
    return low, high
