"""Faults at the click of a button, and how the module gets over each.

A fault is `off`, `on` (until it is mended), `recovering`, and then `well` or `lost`: it never
stays at `recovering`, as that has a limit. Well means what `recovery.py` means by it, as far as it
can be seen without disturbing: a command of an app is answered, and the app is right about car
and place.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tools.desk.faults import FAULTS, Fault
from tools.desk.modem.fault_switches import FaultError
from tools.desk.ovms.client import AppClient, ClientError
from tools.desk.ovms.peers import BATCH
from tools.desk.stage import SERVER_PASSWORD, VEHICLE, Stage
from tools.desk.web.beliefs import Beliefs, field_text

OFF, ON, RECOVERING, WELL, LOST = "off", "on", "recovering", "well", "lost"
# Seconds of the module's clock, as in `recovery.py`.
_LIMIT_S = 600.0
_COMMAND_S = 40.0
_PAUSE_S = 3.0
_LIST_FEATURES = 1
# The module tells its counters every 5 s, so the last steps are known only then.
_TOLD_S = 6.0

# Those with a button of their own, in its words; the others are in a list.
BUTTONS = {
    "modem browns out": "Modem brown-out",
    "no network for 60 s": "No network",
    "TCP dead without a word": "Server silent",
    "GPS away for 150 s": "GPS unplugged",
    "CAN noise for 60 s": "CAN noise",
    "wrong crystal for 150 s": "Wrong crystal",
    "flash full for 60 s": "Flash full",
    "firmware killed": "Power cut",
}


@dataclass
class Strike:
    """One fault's state; times by time.monotonic. note: what is still missing, or the result.

    steps: what the module took of its recovery ladder from the strike until all was well.
    """

    fault: Fault
    state: str = OFF
    since_s: float = 0.0
    note: str = ""
    took_s: float | None = None
    steps: dict[str, int] = field(default_factory=dict)
    task: asyncio.Task | None = None
    mending: asyncio.Event | None = None


def key_of(fault: Fault) -> str:
    """Its name as a word for addresses and tests."""
    return "".join(c if c.isalnum() else "_" for c in fault.name.lower())


class Strikes:
    """Owns what was struck. on_change(text) is told each step. limit_s: of a recovery."""

    def __init__(
        self,
        stage: Stage,
        beliefs: Beliefs,
        on_change: Callable[[str], None],
        limit_s: float = _LIMIT_S,
    ):
        self.limit_s = limit_s
        self._stage = stage
        self._beliefs = beliefs
        self._on_change = on_change
        self._all = {key_of(fault): Strike(fault) for fault in FAULTS}

    def strike(self, key: str) -> None:
        """Make it happen. FaultError with a sentence when it cannot."""
        strike = self._all.get(key)
        if strike is None:
            raise FaultError(f"There is no fault {key[:40]}.")
        if strike.state in (ON, RECOVERING):
            raise FaultError("This fault is not over yet.")
        strike.mending = asyncio.Event()
        strike.task = asyncio.create_task(self._suffer(strike))

    def mend(self, key: str) -> None:
        """End it before its time. FaultError when there is none."""
        strike = self._all.get(key)
        if strike is None or strike.state != ON or strike.mending is None:
            raise FaultError("This fault is not there, so it cannot end.")
        strike.mending.set()

    def step(self, name: str) -> None:
        """The module took a step of its recovery ladder, because of whatever there is now."""
        for strike in self._all.values():
            if strike.state in (ON, RECOVERING):
                strike.steps[name] = strike.steps.get(name, 0) + 1

    async def stop(self) -> None:
        """Leave all of them."""
        tasks = [strike.task for strike in self._all.values() if strike.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def shown(self) -> list[dict[str, Any]]:
        now_s = time.monotonic()
        scale = self._stage.options.time_scale
        rows = []
        for key, strike in self._all.items():
            name = strike.fault.name
            since_s = (now_s - strike.since_s) * scale
            left_s = max(strike.fault.lasts_s - since_s, 0) if strike.state == ON else 0
            rows.append(
                {
                    "key": key,
                    "title": BUTTONS.get(name, name[0].upper() + name[1:]),
                    "isButton": name in BUTTONS,
                    "canEnd": strike.state == ON and strike.fault.lasts_s > 0,
                    "state": strike.state,
                    "left": round(left_s),
                    "since": round(since_s) if strike.state == RECOVERING else 0,
                    "took": strike.took_s,
                    "note": strike.note,
                    "steps": _listed(strike.steps),
                }
            )
        return sorted(rows, key=lambda row: _place(row["title"]))

    def _set(self, strike: Strike, state: str, note: str = "") -> None:
        strike.state, strike.note = state, note
        strike.since_s = time.monotonic()
        steps = _listed(strike.steps) if state in (WELL, LOST) else ""
        self._on_change(
            ": ".join((strike.fault.name, ", ".join(filter(None, (state, note, steps)))))
        )

    async def _suffer(self, strike: Strike) -> None:
        try:
            await self._happen(strike)
        except asyncio.CancelledError:
            strike.state = OFF
            raise
        # A part of the desk that is gone meanwhile must not leave the button as it is.
        except (FaultError, OSError, AssertionError, AttributeError) as error:
            self._set(strike, LOST, str(error) or "it could not happen now")

    async def _happen(self, strike: Strike) -> None:
        fault, stage = strike.fault, self._stage
        strike.took_s = None
        strike.steps = {}
        self._set(strike, ON)
        await fault.strike(stage)
        if fault.lasts_s and strike.mending is not None:
            with contextlib.suppress(TimeoutError):
                limit_s = fault.lasts_s / stage.options.time_scale
                await asyncio.wait_for(strike.mending.wait(), limit_s)
        if fault.mend is not None:
            await fault.mend(stage)
        self._set(strike, RECOVERING)
        complaint = await self._recover(strike)
        took_s = round((time.monotonic() - strike.since_s) * stage.options.time_scale)
        if fault.clear is not None:
            await fault.clear(stage)
        await asyncio.sleep(_TOLD_S / stage.options.time_scale)
        strike.took_s = None if complaint else took_s
        self._set(strike, LOST if complaint else WELL, complaint or f"all well after {took_s} s")

    async def _recover(self, strike: Strike) -> str:
        """Wait until all is well; "" or what was still missing in the end."""
        scale = self._stage.options.time_scale
        while True:
            complaint = await self._complaint()
            if not complaint:
                return ""
            strike.note = complaint
            if (time.monotonic() - strike.since_s) * scale > self.limit_s:
                return complaint
            await asyncio.sleep(_PAUSE_S / scale)

    async def _complaint(self) -> str:
        """What is not well now, as words; asks the module something as a batch client."""
        stage = self._stage
        if not stage.server.is_car_online(VEHICLE):
            return "waits for the login"
        logins = stage.server.counters(VEHICLE).car_logins
        client = AppClient(
            stage.options.host, stage.server.port, VEHICLE, SERVER_PASSWORD, kind=BATCH
        )
        try:
            await client.connect()
            limit_s = _COMMAND_S / stage.options.time_scale
            await client.command(_LIST_FEATURES, timeout_s=limit_s)
        except ClientError:
            return "waits for the answer to a command"
        finally:
            await client.close()
        if stage.server.counters(VEHICLE).car_logins != logins:
            return "the connection was lost again"
        location = self._beliefs.app.get("L")
        if location is not None and field_text("L", "GPS stale", location.payload) == "0":
            return "waits for a fresh position"
        wrong = self._beliefs.differences()
        return f"the app is wrong about: {', '.join(wrong)}" if wrong else ""


def _listed(steps: dict[str, int]) -> str:
    """`reconnect ×3, PDP`."""
    return ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in steps.items())


def _place(title: str) -> tuple[int, str]:
    """Buttons in their order, then the others by name."""
    titles = list(BUTTONS.values())
    return (titles.index(title), "") if title in titles else (len(titles), title)
