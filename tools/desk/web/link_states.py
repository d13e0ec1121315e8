"""Which parts around the module are as they should be: the lights at the top of the page.

They show what is, by the simulators, and not what the module has noticed.
"""

from __future__ import annotations

import contextlib
import resource
import time
from collections.abc import Callable
from typing import Any

from tools.desk.board_host import BoardHost
from tools.desk.modem.sockets import CONNECTED
from tools.desk.sim800 import Sim800Server
from tools.desk.stage import VEHICLE, Stage
from tools.simulated_board.models.mcp2515 import MCP2515Model

_HELD_S = 1.0
_GOOD = {
    "module": "runs",
    "modem": "on its UART",
    "network": "registered",
    "server": "logged in",
    "GPS": "on its UART",
    "CAN": "on the bus",
    "flash": "takes files",
}


class Lights:
    """What is wrong with each part of `stage`, held long enough to be seen.

    `look` often: some faults last for a moment only, above all in fast time. clock: real seconds.
    """

    def __init__(self, stage: Stage, clock: Callable[[], float] = time.monotonic):
        self._stage = stage
        self._clock = clock
        # By name: until when a fault is shown, and which.
        self._faults: dict[str, tuple[float, str]] = {}

    def look(self) -> None:
        """Take note of what is wrong now."""
        until_s = self._clock() + _HELD_S
        for name, fault in _faults(self._stage).items():
            if fault:
                self._faults[name] = until_s, fault

    def shown(self) -> list[dict[str, Any]]:
        """One object a light: name, isGood, text."""
        now_s = self._clock()
        lights = []
        for name, good in _GOOD.items():
            until_s, fault = self._faults.get(name, (0.0, ""))
            is_good = now_s >= until_s
            lights.append({"name": name, "isGood": is_good, "text": good if is_good else fault})
        return lights


def _faults(stage: Stage) -> dict[str, str]:
    """By name of the light: what is wrong, "" for nothing."""
    board, modem = stage.board, stage.modem
    assert board is not None and modem is not None
    return {
        "module": "" if _is_running(board) else "does not run",
        "modem": _modem_fault(board, modem),
        "network": "" if modem.modem.network.is_registered else "not registered",
        "server": _server_fault(stage, modem),
        "GPS": _gps_fault(stage, board),
        "CAN": _can_fault(board),
        "flash": "full" if _is_flash_full(board) else "",
    }


def _is_running(board: BoardHost) -> bool:
    return board.process is not None and board.process.returncode is None


def _modem_fault(board: BoardHost, modem: Sim800Server) -> str:
    engine = modem.modem
    if not board.modem_line.is_connected:
        return "away"
    if not engine.is_on:
        return "off"
    if engine.is_hung or engine.tasks.now_ms() < engine.faults.hang_until_ms:
        return "hangs"
    if engine.tasks.slowness > 1:
        return f"{engine.tasks.slowness:g} times as slow"
    if engine.line.burst_bytes:
        return "speaks in bursts"
    return "speaks byte by byte" if engine.line.byte_gap_ms is not None else ""


def _server_fault(stage: Stage, modem: Sim800Server) -> str:
    if not stage.server.is_car_online(VEHICLE):
        return "not logged in"
    if modem.modem.faults.tcp_dead:
        return "the connection is dead"
    is_by_modem = not stage.options.wiring.has_wifi
    # The server does not know that yet.
    is_gone = all(socket.state != CONNECTED for socket in modem.modem.ip.sockets)
    return "the connection is gone" if is_by_modem and is_gone else ""


def _gps_fault(stage: Stage, board: BoardHost) -> str:
    if not board.gps_line.is_connected:
        return "away"
    return "silent" if stage.gps.receiver.faults.is_silent else ""


def _can_fault(board: BoardHost) -> str:
    if not board.can_line.is_connected:
        return "away"
    if board.bus.noise:
        return "noise"
    controller = board.bus.controller
    is_other = (
        isinstance(controller, MCP2515Model) and controller.crystal_hz != board.wiring.crystal_hz
    )
    return "wrong crystal" if is_other else ""


def _is_flash_full(board: BoardHost) -> bool:
    """Whether no file of the firmware may grow: see `faults.py`."""
    if not _is_running(board):
        return False
    assert board.process is not None
    with contextlib.suppress(OSError):
        return resource.prlimit(board.process.pid, resource.RLIMIT_FSIZE)[0] == 0
    return False
