"""A year of the module, in virtual time.

    python -m tools.year                      366 days of seed 1, on CPython
    python -m tools.year --days 30 --seed 7   another month
    python -m tools.year --days 14 --dense    two weeks in which as much goes wrong as in months
    --log FILE                                what the module prints, with the day

Prints days, Ah, bytes, SMS and writes to flash of each month and of each power state, what became
of every record and SMS, and what must not be; the exit code is 1 then.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools.year import tables
from tools.year.story import DAY_S, Story
from tools.year.world import World

YEAR_DAYS = 366.0


def main(arguments: Sequence[str]) -> int:
    """Live through a story and print its books; 1 when something must not be."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.year",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--days", type=float, default=YEAR_DAYS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dense", action="store_true", help="more goes wrong")
    parser.add_argument("--log", type=Path, help="file for what the module prints")
    options = parser.parse_args(arguments)
    if not 0.1 <= options.days <= 3650:
        print("A story has between 0.1 and 3650 days.", file=sys.stderr)
        return 2
    story = Story(options.seed, options.days, options.dense)
    lines: list[str] = []
    started_s = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        world = World(story, Path(folder))
        world.on_line = lambda text: lines.append(f"{world.now_s / DAY_S:9.4f} {text}")
        ledger = world.run()
    if options.log:
        options.log.write_text("\n".join(lines) + "\n", "utf-8")
    print(tables.table(ledger))
    print()
    print("\n".join(tables.summary(ledger)))
    wrong = tables.complaints(ledger, world.server.faults)
    print(f"{options.days:g} days of seed {options.seed} took", end=" ")
    print(f"{time.process_time() - started_s:.0f} s of processor time.")
    for sentence in wrong:
        print(f"WRONG: {sentence}")
    return int(bool(wrong))
