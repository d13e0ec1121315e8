"""Measures speed, heap and bytes: one table, and build/bench.json (design 4.3 and 5).

python -m tools.bench            everything, about five minutes
python -m tools.bench --quick    under a minute: fewer runs, no heap of a day, no turns
python -m tools.bench --check    exit code 1 when a budget is not kept
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from rich.console import Console

from tools import build, vm
from tools.benchmarks import (
    boot,
    can_path,
    cipher,
    flash,
    heap,
    messages,
    power,
    table_cars,
    turns,
    wire,
)
from tools.benchmarks.rows import Row, is_within_budget, table, to_json

FOLDER = build.BUILD / "bench"
JSON_FILE = build.BUILD / "bench.json"
# A pipe or a file has no width of its own.
_PLAIN_WIDTH = 160


def groups(is_quick: bool) -> dict[str, Callable[[], list[Row]]]:
    """What is measured, in the order of the table."""
    return {
        "cipher": lambda: cipher.measure(FOLDER, is_quick),
        "messages": lambda: messages.measure(is_quick),
        "can": lambda: can_path.measure(FOLDER, is_quick),
        "cars": lambda: table_cars.measure(FOLDER, is_quick),
        "heap": lambda: heap.measure(FOLDER, is_quick),
        "turns": lambda: turns.measure(FOLDER, is_quick),
        "flash": flash.measure,
        "wire": wire.measure,
        "boot": boot.measure,
        "power": power.measure,
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="fewer runs, under a minute")
    parser.add_argument("--check", action="store_true", help="exit 1 when a budget is not kept")
    parser.add_argument(
        "--only", choices=tuple(groups(False)), action="append", help="one group (repeatable)"
    )
    options = parser.parse_args(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for name, measure in groups(options.quick).items():
        if options.only and name not in options.only:
            continue
        start_s = time.monotonic()
        print(f"measuring {name} ...", end="", file=sys.stderr, flush=True)
        rows += measure()
        print(f" {time.monotonic() - start_s:.0f} s", file=sys.stderr)
    JSON_FILE.write_text(to_json(rows), "utf-8")
    console = Console() if sys.stdout.isatty() else Console(width=_PLAIN_WIDTH)
    console.print(table(rows))
    print(f"Written to {JSON_FILE.relative_to(vm.ROOT)}.")
    return 1 if options.check and not is_within_budget(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
