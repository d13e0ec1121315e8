"""The board of the story: what the firmware asks of a T-Call, and what looks into the firmware."""

from __future__ import annotations

import asyncio
import gc
import io
import types
from collections.abc import Callable
from typing import Any

from tools.year import wires


class Board:
    """What the composition root asks of a T-Call, and no pin of it."""

    NAME = "YEAR"
    CRYSTAL_HZ = 8_000_000
    RI_GPIO = 33
    HAS_WIFI = False

    def __init__(self, world: Any):
        self._world = world
        self.light_sleep = world.light_sleep

    def modem_uart(self):
        return Nothing()

    gps_uart = modem_uart

    def modem_pins(self):
        world = self._world
        return wires.Key(world), wires.Reset(world), wires.Supply(world), wires.DTR(world)

    def can(self):
        return (Nothing(),) * 3

    def supply_mv(self):
        if self._world.is_sensor_broken:
            raise OSError("no calibration")
        return self._world.supply_mv()

    def watchdog(self, timeout_ms):
        return self

    def feed(self):
        """The world itself decides when the watchdog bites."""

    def set_cpu_mhz(self, mhz):
        """Nothing here is slower then."""

    def reset(self):
        raise wires.ResetError("hard reset")

    def reset_cause(self):
        return self._world.cause


class Nothing:
    """A port or pin that is replaced before anybody looks at it."""

    IRQ_FALLING = 2

    def __call__(self, *arguments, **options):
        return 0

    value = irq = write_readinto = init = __call__

    def readinto(self, view):
        """Nothing was received."""

    def write(self, data):
        return len(data)


class Keys:
    """Nobody types."""

    def poll(self, ms):
        return []


class Lines(io.TextIOBase):
    """What the firmware prints, line by line."""

    def __init__(self, on_line: Callable[[str], None]):
        self._on_line = on_line
        self._text = ""

    def write(self, text: str) -> int:
        *lines, self._text = (self._text + text).split("\n")
        for line in lines:
            self._on_line(line)
        return len(text)


def reachable(root, outside: tuple[type, ...]) -> int:
    """Objects that `root` holds, directly or not, without code, what all share, and `outside`."""
    code = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType)
    running = (types.FrameType, asyncio.AbstractEventLoop, asyncio.Task)
    shared = (type, *code, *running, *outside)
    seen = {id(root)}
    left = [root]
    while left:
        for thing in gc.get_referents(left.pop()):
            if id(thing) not in seen and not isinstance(thing, shared):
                seen.add(id(thing))
                left.append(thing)
    return len(seen)
