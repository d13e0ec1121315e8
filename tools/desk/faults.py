"""What can go wrong around the module, one thing at a time, for `recovery.py`.

Modem faults are those of `modem/fault_switches.py`. Durations are seconds of the module's clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tools.desk.modem import sockets
from tools.desk.modem.fault_switches import FaultError
from tools.desk.stage import VEHICLE, Stage
from tools.simulated_board.models.mcp2515 import MCP2515Model

_Step = Callable[[Stage], Awaitable[None]]

_MINUTE_S = 60.0
# Longer than a position may be stale, and long enough for the car's bus to seem asleep.
_STALE_S = 150.0
_UNLIMITED = resource.RLIM_INFINITY


@dataclass(frozen=True)
class Fault:
    """strike: make it happen. After lasts_s, mend: make it end, for what does not end by itself.

    clear: what is undone only when the module was well in spite of it.
    """

    name: str
    strike: _Step
    lasts_s: float = 0.0
    mend: _Step | None = None
    clear: _Step | None = None


def _modem(name: str, *values) -> _Step:
    async def strike(stage: Stage) -> None:
        assert stage.modem is not None
        stage.modem.fault(name, *values)

    return strike


async def _hang(stage: Stage) -> None:
    assert stage.modem is not None
    stage.modem.fault("hang", _MINUTE_S / stage.options.time_scale)


async def _power_on(stage: Stage) -> None:
    assert stage.modem is not None
    stage.modem.modem.power_on()


async def _kill_connection(stage: Stage) -> None:
    """The connection of now swallows everything; the next one is a good one."""
    assert stage.modem is not None
    modem = stage.modem
    modem.fault("tcp_dead", "acked")

    async def revive() -> None:
        while modem.modem.ip.sockets[0].state == sockets.CONNECTED:
            await asyncio.sleep(0.002)
        modem.fault("tcp_dead", "off")

    # Held by the stage, which ends it with the others.
    stage.keep(revive())


async def _restart_server(stage: Stage) -> None:
    await stage.restart_server(_MINUTE_S / stage.options.time_scale)


async def _close_link(stage: Stage) -> None:
    stage.server.disconnect_car(VEHICLE)


def _gps(is_silent: bool) -> _Step:
    async def strike(stage: Stage) -> None:
        stage.gps.receiver.faults.is_silent = is_silent

    return strike


async def _stop_gps(stage: Stage) -> None:
    await stage.gps.stop()


async def _start_gps(stage: Stage) -> None:
    await stage.gps.start()


async def _stop_can(stage: Stage) -> None:
    await stage.can.stop()


async def _start_can(stage: Stage) -> None:
    await stage.can.start(stage.options.host)


def _can_noise(share: float) -> _Step:
    async def strike(stage: Stage) -> None:
        assert stage.board is not None
        stage.board.bus.noise = share

    return strike


def _crystal(factor: float) -> _Step:
    """As on a board with another crystal than the one it is sold with."""

    async def strike(stage: Stage) -> None:
        assert stage.board is not None
        controller = stage.board.bus.controller
        if not isinstance(controller, MCP2515Model):
            raise FaultError("This board has no controller with a crystal of its own.")
        controller.crystal_hz = round(stage.board.wiring.crystal_hz * factor)

    return strike


async def _cut_uart(stage: Stage) -> None:
    assert stage.board is not None
    stage.board.modem_line.cut()


async def _fill_flash(stage: Stage) -> None:
    """No file of the firmware may grow any more; then let it try."""
    _limit_files(stage, 0)
    await stage.send_sms("FEATURE 9 1")


async def _empty_flash(stage: Stage) -> None:
    _limit_files(stage, _UNLIMITED)


def _limit_files(stage: Stage, size: int) -> None:
    assert stage.board is not None and stage.board.process is not None
    pid = stage.board.process.pid
    with contextlib.suppress(ProcessLookupError):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


async def _kill_firmware(stage: Stage) -> None:
    assert stage.board is not None and stage.board.process is not None
    os.kill(stage.board.process.pid, signal.SIGKILL)


_CLEAR = _modem("clear")

FAULTS = (
    Fault("modem sends every byte alone", _modem("bytes", 0.0), _MINUTE_S, clear=_CLEAR),
    Fault("modem sends bursts with a URC inside", _modem("bursts"), _MINUTE_S, clear=_CLEAR),
    Fault("modem five times as slow", _modem("slow", 5.0), _MINUTE_S, clear=_CLEAR),
    Fault("modem browns out", _modem("brownout")),
    Fault("modem hangs for 60 s", _hang, _MINUTE_S),
    Fault("modem without power for 60 s", _modem("power_off"), _MINUTE_S, _power_on),
    Fault("GPRS context lost", _modem("pdp_deact")),
    Fault("TCP dead without a word", _kill_connection),
    Fault("server away for 60 s", _restart_server),
    Fault("server closes the link", _close_link),
    Fault("no network for 60 s", _modem("reg", 0), _MINUTE_S, _modem("reg", 1)),
    Fault("GPS silent for 150 s", _gps(True), _STALE_S, _gps(False)),
    Fault("GPS away for 150 s", _stop_gps, _STALE_S, _start_gps),
    Fault("CAN bus away for 150 s", _stop_can, _STALE_S, _start_can),
    Fault("CAN noise for 60 s", _can_noise(0.9), _MINUTE_S, _can_noise(0.0)),
    Fault("wrong crystal for 150 s", _crystal(2.0), _STALE_S, _crystal(1.0)),
    Fault("modem UART cut and back", _cut_uart),
    Fault("flash full for 60 s", _fill_flash, _MINUTE_S, _empty_flash),
    Fault("firmware killed", _kill_firmware),
)
