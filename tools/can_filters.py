"""Searches the acceptance filters of a car: `python -m tools.can_filters [--seconds 120]`.

The module computes filters from the wanted ids alone, in a second. Knowing what else is on the
bus, and with the time of a desk computer, better ones can be found; they stand as `FILTERS` in the
car's class. Prints each better set until the time is over. The car's bus is that of `twizy.dbc`.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterable

from cantools.database import can

from tools.benchmarks import on_vm
from tools.desk.twizy_frames import DBC

Filters = tuple[int, tuple[int, ...], int, tuple[int, ...]]

# Filters behind mask 0 and behind mask 1 of the MCP2515.
_BANKS = (2, 4)
_ALL_BITS = 0x7FF
# A frame a second weighs as much as so many ids that may pass but are not known on the bus.
_IDS_PER_FRAME = 100
# Frames sent on an event only are counted as if they came this often.
_EVENT_MS = 10_000


def bus_rates(wanted: Iterable[int]) -> dict[int, float]:
    """Frames a second of each id on the Twizy's bus that is not wanted."""
    database = can.Database()
    database.add_dbc_file(DBC)
    return {
        message.frame_id: 1000 / (message.cycle_time or _EVENT_MS)
        for message in database.messages
        if message.frame_id not in set(wanted)
    }


def does_pass(filters: Filters, arbitration_id: int) -> bool:
    """Whether the controller hands on a frame with this id."""
    mask_0, filters_0, mask_1, filters_1 = filters
    return arbitration_id & mask_0 in filters_0 or arbitration_id & mask_1 in filters_1


def filters_of(groups: list[list[int]]) -> Filters:
    """The tightest filters when each group of ids shares one; the first two groups have mask 0."""
    banks: list[tuple[int, tuple[int, ...]]] = []
    at = 0
    for size in _BANKS:
        used = [group for group in groups[at : at + size] if group]
        at += size
        mask = _ALL_BITS
        for group in used:
            for arbitration_id in group:
                mask &= ~(arbitration_id ^ group[0])
        values = [group[0] & mask for group in used]
        banks.append((mask, tuple((values + values[:1] * size)[:size])))
    # A bank without ids copies the other one, which passes nothing more.
    if not banks[0][1]:
        banks[0] = (banks[1][0], banks[1][1][: _BANKS[0]])
    if not banks[1][1]:
        banks[1] = (banks[0][0], banks[0][1] * 2)
    return (*banks[0], *banks[1])


def cost(filters: Filters, rates: dict[int, float]) -> float:
    """What passes: frames a second of the bus, and ids that nobody is known to send."""
    frames = sum(rate for number, rate in rates.items() if does_pass(filters, number))
    mask_0, filters_0, mask_1, filters_1 = filters
    ids = 0
    for mask, values in ((mask_0, filters_0), (mask_1, filters_1)):
        ids += len(set(values)) << (11 - mask.bit_count())
    return frames * _IDS_PER_FRAME + ids


def search(
    wanted: Iterable[int], rates: dict[int, float], seconds: float, seed: int = 1
) -> Iterable[tuple[float, Filters]]:
    """Ever better (cost, filters): random groups, then single ids moved as long as that pays."""
    ids = sorted(set(wanted))
    dice = random.Random(seed)
    end_s = time.monotonic() + seconds
    best = float("inf")
    while time.monotonic() < end_s:
        groups: list[list[int]] = [[] for _ in range(sum(_BANKS))]
        for arbitration_id in ids:
            dice.choice(groups).append(arbitration_id)
        here = _descend(groups, ids, rates)
        if here < best:
            best = here
            yield here, filters_of(groups)


def _descend(groups: list[list[int]], ids: list[int], rates: dict[int, float]) -> float:
    best = cost(filters_of(groups), rates)
    is_better = True
    while is_better:
        is_better = False
        for arbitration_id in ids:
            home = next(group for group in groups if arbitration_id in group)
            for target in groups:
                if target is home:
                    continue
                home.remove(arbitration_id)
                target.append(arbitration_id)
                here = cost(filters_of(groups), rates)
                if here < best:
                    best = here
                    home = target
                    is_better = True
                else:
                    target.remove(arbitration_id)
                    home.append(arbitration_id)
    return best


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.can_filters", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seconds", type=float, default=120.0)
    options = parser.parse_args(arguments)
    wanted = on_vm.firmware_attribute("ovms.vehicle.twizy.decode", "RX_IDS")
    rates = bus_rates(wanted)
    for value, found in search(wanted, rates, options.seconds):
        mask_0, filters_0, mask_1, filters_1 = found
        passing = [f"{number:03X}" for number in rates if does_pass(found, number)]
        print(
            f"FILTERS = (0x{mask_0:03X}, ({', '.join(f'0x{f:03X}' for f in filters_0)}), "
            f"0x{mask_1:03X}, ({', '.join(f'0x{f:03X}' for f in filters_1)}))  "
            f"# cost {value:.0f}, foreign ids: {' '.join(passing) or 'none'}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
