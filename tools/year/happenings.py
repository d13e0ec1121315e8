"""What an event of the story does to the world. Each is a method of its kind's name."""

from __future__ import annotations

import asyncio
from typing import Any

from tools.desk.modem import fault_switches
from tools.year import wires
from tools.year.story import DAY_S, OWNER, Event

STRANGER = "+491701111111"
_CALLER = "+491702222222"
_CALL_S = 20.0
_WRITE_LIMIT_S = 300.0


class Happenings:
    """Has a method for each kind of event, which takes its values."""

    def __init__(self, world: Any):
        self._world = world
        # Overlapping reasons to be without a network.
        self._shadows = 0
        self._swaps = 0

    def schedule(self) -> None:
        for event in self._world.story.events:
            self._world.later(event.at_s - self._world.now_s, lambda event=event: self.do(event))

    def do(self, event: Event) -> None:
        ledger = self._world.ledger
        try:
            done = getattr(self, event.kind)(*event.values)
        except fault_switches.FaultError:
            # It cannot happen now.
            done = False
        (ledger.skipped if done is False else ledger.done)[event.kind] += 1

    # Every day.

    def drive(self, seconds: float):
        if self._world.car.state != "parked":
            return False
        return self._world.go(self._world.drive(seconds))

    def charge(self, until_pct: float):
        if self._world.car.state != "parked" or self._world.car.model.soc * 100 > until_pct - 1:
            return False
        return self._world.go(self._world.charge(until_pct))

    def unplug(self):
        car = self._world.car
        if car.state != "charge":
            return False
        car.is_unplugged = True
        # And in again.
        self._world.later(120, lambda: self.charge(100))
        return True

    def sms(self, text: str):
        self._world.ledger.ask(text)
        self._world.modem.sms.submit(OWNER, text)

    def stranger(self):
        self._world.modem.sms.submit(STRANGER, "Hallo, wann kommst du?")

    def call(self):
        modem = self._world.modem
        if not modem.calls.incoming(_CALLER):
            return False
        self._world.later(_CALL_S, modem.calls.remote_hang_up)
        return True

    def app(self, seconds: float):
        self._world.later(seconds, self._world.server.look())

    def zone(self, quarters: int, is_summer: bool):
        profile = self._world.modem.profile
        profile.zone_quarters, profile.is_summer_time = quarters, is_summer
        if self._world.modem.is_alive and self._world.modem.network.is_registered:
            self._world.modem.network.send_time()

    # The network and the server.

    def tunnel(self, seconds: float):
        receiver = self._world.receiver
        receiver.is_in_tunnel = True

        def out() -> None:
            receiver.is_in_tunnel = False

        self._world.later(seconds, out)
        self.no_network(seconds)

    def no_network(self, seconds: float):
        self._shadows += 1
        self._world.modem.network.set_coverage(0)
        self._world.later(seconds, self._in_reach)

    def _in_reach(self) -> None:
        self._shadows -= 1
        if not self._shadows:
            network = self._world.modem.network
            network.set_coverage(self._world.modem.profile.registered_stat)

    def server_away(self, mode: str, seconds: float):
        server = self._world.server
        if server.mode:
            return False
        server.set_mode(mode)
        self._world.later(seconds, lambda: server.set_mode(""))
        return True

    def pdp_lost(self):
        fault_switches.apply_fault(self._world.modem, "pdp_deact")

    def tcp_dead(self, seconds: float):
        modem = self._world.modem
        fault_switches.apply_fault(modem, "tcp_dead", "acked")
        self._world.later(seconds, lambda: fault_switches.apply_fault(modem, "tcp_dead", "off"))

    # The modem.

    def modem_brownout(self):
        if not self._world.modem.is_on:
            return False
        self._world.modem.brown_out()
        return True

    def modem_hangs(self):
        """Until somebody takes its power, or its owner does."""
        modem = self._world.modem
        if not modem.is_on:
            return False
        modem.is_hung = True
        return True

    def sim_swap(self, seconds: float):
        modem = self._world.modem
        self._swaps += 1
        modem.sim.set_inserted(False)
        modem.profile.identity.iccid = f"89490200000123456{self._swaps:02d}F"
        self._world.later(seconds, lambda: modem.sim.set_inserted(True))

    # The module.

    def power_cut(self, off_s: float, is_in_write: bool):
        world = self._world
        if world.app is None:
            return False
        if not is_in_write:
            world.pending = wires.PowerCutError(off_s)
            return True
        world.flash.cuts_next = True
        life = len(world.ledger.lives)

        def at_last() -> None:
            if world.flash.cuts_next and len(world.ledger.lives) == life:
                world.pending = wires.PowerCutError(off_s)

        world.later(_WRITE_LIMIT_S, at_last)
        return True

    def restart(self):
        """By the owner: as an update does, too."""
        self._world.modem.sms.submit(OWNER, "RESET")

    def hang(self):
        """The firmware hangs, and the watchdog bites."""
        if self._world.app is None:
            return False
        self._world.pending = wires.ResetError("watchdog")
        return True

    def task_ends(self, name: str):
        app = self._world.app
        if app is None or app.is_safe:
            return False
        for task in asyncio.all_tasks(self._world._loop):
            coroutine: Any = task.get_coro()
            frame = coroutine.cr_frame
            if frame is None or coroutine.__qualname__ != "App.keep":
                continue
            if frame.f_locals["name"] == name:
                task.cancel()
                return True
        return False

    def error(self, part: str):
        """One of the second hand's parts fails, once."""
        app = self._world.app
        if app is None or app.is_safe:
            return False
        owner, name = {
            "tick": (app.notifier, "tick"),
            "history": (app.history, "tick"),
            "car": (app.car, "poll"),
        }[part]

        def fail(*arguments):
            delattr(owner, name)
            raise RuntimeError(f"The story wants {part} to fail.")

        setattr(owner, name, fail)
        return True

    def flash_full(self, seconds: float):
        flash = self._world.flash
        flash.is_full = True

        def emptied() -> None:
            flash.is_full = False

        self._world.later(min(seconds, DAY_S), emptied)

    def sensor(self, seconds: float):
        world = self._world
        world.is_sensor_broken = True

        def well() -> None:
            world.is_sensor_broken = False

        world.later(seconds, well)
