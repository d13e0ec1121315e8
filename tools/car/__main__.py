"""Makes the table of a car: `python -m tools.car MAP [--dbc FILE] [--to FILE] [--check]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.car import compiler, mapping, writer
from tools.vm import ROOT

VEHICLES = ROOT / "firmware" / "ovms" / "vehicle"


def text_of(map_file: Path, dbc_file: Path | None = None) -> str:
    """The module that a mapping makes. Raises CarError."""
    loaded = mapping.load(map_file, dbc_file)
    name = map_file.resolve().parent.name if map_file.stem == "map" else map_file.stem
    return writer.module_text(compiler.compile_table(loaded), loaded, name)


def maps() -> list[Path]:
    """The mappings of all cars of the firmware."""
    return sorted(VEHICLES.glob("*/map.csv"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.car", description=__doc__)
    parser.add_argument("map", type=Path, nargs="*", help="mappings; none: those of all cars")
    parser.add_argument("--dbc", type=Path, help="instead of what the mapping's column dbc names")
    parser.add_argument("--to", type=Path, help="where to write, instead of car.py beside it")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if it differs")
    options = parser.parse_args(arguments)
    status = 0
    for map_file in options.map or maps():
        target = options.to or map_file.parent / "car.py"
        try:
            text = text_of(map_file, options.dbc)
            is_same = target.is_file() and target.read_text("utf-8") == text
            if not is_same and not options.check:
                target.write_text(text, "utf-8")
        except mapping.CarError as error:
            print(error, file=sys.stderr)
            return 2
        except OSError as error:
            print(f"{target}: {error.strerror}.", file=sys.stderr)
            return 2
        if not is_same:
            status |= options.check
            print(f"{target}: {'differs' if options.check else 'written'}.")
    return status


if __name__ == "__main__":
    sys.exit(main())
