"""Translates what a module with shrunk firmware prints back into the names of the sources.

    python -m tools.shrink.explain traceback.txt     or `make explain FILE=traceback.txt`
    python -m tools.shrink.explain < traceback.txt

The text tells its build, as in `build 1a2b3c4d`; the table of names of that build is looked for
under `build/`. The line of a function in a traceback says which one of its namesakes it is, so
file and function are exact. For other names in the text of an error all that they may stand for
are given: `'poll' or 'run'`.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tools.shrink.places import Definition, Place
from tools.vm import ROOT

TABLES = ROOT / "build"
# Tables of the builds that went to a board, to translate tracebacks of an older firmware, too.
_KEPT = TABLES / "names"
_KEPT_COUNT = 50
BUILD_ID_LENGTH = 8
# What the sources call their own build.
SOURCE = "source"

_BUILD = re.compile(r"\bbuild ([0-9a-f]{8}|source)\b")
_PLACE = re.compile(r'File "([\w./]+)", line (\d+), in ([\w<>]+)')
_QUOTED = re.compile(r"'(\w+)'( object)?")
_ERROR = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Iteration)\b|\berror\b")
_OWN_ERROR = re.compile(r"^(\W*)(\w+)(?=:|$)")


def name_table(shrunk, codes: dict[str, str], lines: dict[str, dict[str, list[Place]]]) -> dict:
    """What `Translator` needs, as JSON.

    codes: path of a source to what tracebacks call it. lines: path to what `number_lines` found.
    """
    classes: dict[str, list[str]] = {}

    def add(definitions: list[Definition]) -> None:
        for definition in definitions:
            if definition.is_class:
                classes.setdefault(definition.short, []).append(definition.place.name)
            add(definition.inner)

    for outline in shrunk.outlines.values():
        add(outline)
    files = {
        codes[path]: {
            "path": path,
            "functions": {
                name: [[place.path, place.name] for place in places]
                for name, places in functions.items()
            },
        }
        for path, functions in lines.items()
    }
    used = {f"{place.path} {place.name}": names for place, names in shrunk.used.items()}
    return {
        "names": shrunk.long_names,
        "classes": {short: sorted(set(names)) for short, names in sorted(classes.items())},
        "files": files,
        "used": used,
    }


def keep_table(file: Path) -> None:
    """Copy the table of a build to where the next build does not replace it."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    build = json.loads(file.read_text("utf-8"))["digest"][:BUILD_ID_LENGTH]
    shutil.copyfile(file, _KEPT / f"{build}.names.json")
    tables = sorted(_KEPT.glob("*.names.json"), key=_age)
    for old in tables[:-_KEPT_COUNT]:
        old.unlink(missing_ok=True)


def tables_of(folder: Path = TABLES) -> dict[str, dict]:
    """The tables below a folder by the id of their builds; the newest of each."""
    found: dict[str, dict] = {}
    for file in sorted(folder.rglob("*.names.json"), key=_age):
        try:
            table = json.loads(file.read_text("utf-8"))
            if table.get("files") and "classes" in table:
                found[table["digest"][:BUILD_ID_LENGTH]] = table
        except (OSError, ValueError, KeyError, AttributeError):
            # Half written, or of another version: as good as none.
            continue
    return found


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0


@functools.cache
def _table_of(build: str) -> dict | None:
    return tables_of().get(build)


class Translator:
    """Translates lines one after the other.

    table: that of the build, where it is known; else lines tell the build and `find` its table.
    build: the one the lines told last, "" before. unknown: builds without a table.
    """

    def __init__(
        self,
        table: dict | None = None,
        find: Callable[[str], dict | None] = _table_of,
    ):
        self.build = ""
        self.unknown: set[str] = set()
        self._table = table
        self._find = find
        # Where the last line of a traceback was; None for one that is in no table.
        self._place: Place | None = None
        self._is_behind_place = False

    def line(self, text: str) -> str:
        """`text` with files, functions and names of an error as they are in the sources."""
        told = _BUILD.search(text)
        if told and told[1] != self.build:
            self.build = told[1]
            self._table = None if self.build == SOURCE else self._find(self.build)
            if self._table is None and self.build != SOURCE:
                self.unknown.add(self.build)
        if self._table is None:
            return text
        match = _PLACE.search(text)
        if match:
            self._is_behind_place = True
            self._place = self._where(match)
            if self._place is None:
                return text
            where = f'File "{self._place.path}", in {self._place.name}'
            return text[: match.start()] + where + text[match.end() :]
        is_behind_place, self._is_behind_place = self._is_behind_place, False
        if is_behind_place:
            text = _OWN_ERROR.sub(self._own_error, text)
        if is_behind_place or _ERROR.search(text):
            text = _QUOTED.sub(self._quoted, text)
        self._place = None
        return text

    def _where(self, match: re.Match) -> Place | None:
        assert self._table is not None
        entry = self._table["files"].get(match[1])
        places = entry["functions"].get(match[3], []) if entry else []
        number = int(match[2]) - 1
        return Place(*places[number]) if 0 <= number < len(places) else None

    def _own_error(self, match: re.Match) -> str:
        """An error of a class of the firmware's own begins with its short name."""
        assert self._table is not None
        names = self._table["classes"].get(match[2], [match[2]])
        # An error that is called as one, where there is one.
        errors = [name for name in names if name.endswith(("Error", "Exception"))]
        return match[1] + " or ".join(errors or names)

    def _quoted(self, match: re.Match) -> str:
        assert self._table is not None
        if match[2]:
            names = self._table["classes"].get(match[1], [match[1]])
        else:
            names = self._table["names"].get(match[1], [match[1]])
            if self._place is not None:
                used = self._table["used"].get(f"{self._place.path} {self._place.name}", [])
                names = [name for name in names if name in used] or names
        return " or ".join(f"'{name}'" for name in names) + (match[2] or "")


def explain(text: str, table: dict) -> str:
    """A whole text, by the table of its build."""
    translator = Translator(table, lambda build: table)
    return "\n".join(translator.line(line) for line in text.splitlines())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.shrink.explain", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", nargs="?", type=Path, help="the text; without it, stdin")
    options = parser.parse_args(arguments)
    try:
        text = options.file.read_text("utf-8", "replace") if options.file else sys.stdin.read()
    except OSError as error:
        print(f"{options.file} cannot be read: {error.strerror}.", file=sys.stderr)
        return 2
    translator = Translator()
    # A line above the first that tells the build belongs to it, too.
    if told := _BUILD.search(text):
        translator.line(told[0])
    for line in text.splitlines():
        print(translator.line(line))
    if not told:
        print(
            "The text tells no build: add the line with `build ...` that the module prints when "
            "it starts and above each traceback.",
            file=sys.stderr,
        )
        return 2
    if translator.unknown:
        print(missing(translator.unknown), file=sys.stderr)
        return 2
    return 0


def missing(builds: set[str]) -> str:
    """The sentence about builds without a table."""
    return (
        f"No table of names of build {' or '.join(sorted(builds))} is under build/: run "
        "`make firmware` with the sources that it was made of."
    )


if __name__ == "__main__":
    sys.exit(main())
