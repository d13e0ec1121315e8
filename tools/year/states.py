"""Every fault of the recovery table while the module is in each power state.

    python -m tools.year.states                    all faults in all states
    python -m tools.year.states park --words hang  some of them

Faults of modem, SIM and network are those of `tools/desk/driver_faults.py`; beside them stand what
befalls server, GPS, flash and module. Well again means: an SMS of the owner is answered, and the
server is talked with; parked it is only visited at times, so there a key that is turned has to
bring it back.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.desk import driver_faults
from tools.desk.modem.fault_switches import FaultError, apply_fault
from tools.year import wires
from tools.year.story import Story
from tools.year.world import StoryOverError, World

STATES = ("drive", "charge", "awake", "park", "deep")
# Design 5: logged in again within 5 minutes of any single fault; and what more is waited for, to
# say by how much that is missed.
BUDGET_S = 300.0
_PATIENCE_S = 900.0
_LOOK_S = 2.0
_SET_UP_S = 400.0
_STATE_LIMIT_S = 3600.0
# Until all is forgiven, five polls of the modem (`links/modem/watch.py`): before that the next
# fault would not be a single one, and meets longer pauses.
_FORGIVEN_S = 400.0
_SHORT_S = 20.0
_EVER_S = 1e9
# Thirty texts of a stranger are read and deleted before the one that is waited for.
_STORE_FULL_S = 700.0
_LOW_AH = 0.5

_Step = Callable[[World], object]


@dataclass(frozen=True)
class Fault:
    """strike(world), then after lasts_s mend(world)."""

    name: str
    strike: _Step
    lasts_s: float = 1.0
    mend: _Step = lambda world: None


@dataclass(frozen=True)
class Outcome:
    """well_s: seconds from the fault's end until all was well, None: not in time. complaint: what
    was missing then, or why the fault could not happen; is_struck: it did."""

    fault: str
    state: str
    well_s: float | None
    complaint: str = ""
    is_struck: bool = True

    @property
    def is_good(self) -> bool:
        limit_s = _STORE_FULL_S if self.fault == "store full" else BUDGET_S
        return not self.is_struck or (self.well_s is not None and self.well_s <= limit_s)


def _switched(switches: Sequence[Sequence[object]]) -> _Step:
    def switch(world: World) -> None:
        for name, *values in switches:
            apply_fault(world.modem, str(name), *values)

    return switch


def _driver_faults() -> list[Fault]:
    """Those that may strike a modem that runs, and that need no other one."""
    plain = driver_faults.DriverFault("")
    return [
        Fault(f.name, _switched(f.strike), max(f.lasts_s, 1.0), _switched(f.mend))
        for f in driver_faults.FAULTS
        if f.is_on and f.strike and f.profile is plain.profile and not f.parameters
    ]


def _happens(kind: str, *values) -> _Step:
    def strike(world: World) -> None:
        if getattr(world.has_happened, kind)(*values) is False:
            raise FaultError("It cannot happen now.")

    return strike


def _module_faults() -> list[Fault]:
    tasks = ("modem", "commander", "sms", "notifier", "server", "gps", "can")
    return [
        Fault("modem hangs until its power is cut", _happens("modem_hangs")),
        Fault("server refuses for 60 s", _happens("server_away", "refuses", 60.0), 60.0),
        Fault("server silent for 60 s", _happens("server_away", "silent", 60.0), 60.0),
        Fault("server drops for 60 s", _happens("server_away", "drops", 60.0), 60.0),
        Fault("tunnel for 60 s", _happens("tunnel", 60.0), 60.0),
        Fault("another SIM after 60 s", _happens("sim_swap", 60.0), 60.0),
        Fault("flash full for 60 s", _happens("flash_full", 60.0), 60.0),
        Fault("12 V unreadable for 150 s", _happens("sensor", 150.0), 150.0),
        Fault("power cut", _happens("power_cut", 2.0, False), 5.0),
        Fault("power cut in a write", _happens("power_cut", 2.0, True), 310.0),
        Fault("firmware hangs", _happens("hang"), 5.0),
        *[Fault(f"task {name} ends", _happens("task_ends", name), 10.0) for name in tasks],
        *[
            Fault(f"{part} fails once", _happens("error", part))
            for part in ("tick", "history", "car")
        ],
    ]


FAULTS = tuple(_driver_faults() + _module_faults())


class Ward:
    """A module that is brought into a state again and again, and suffers there."""

    def __init__(
        self,
        state: str,
        faults: Sequence[Fault],
        folder: Path,
        on_outcome: Callable[[Outcome], None],
    ):
        self.state = state
        self._on_outcome = on_outcome
        self._faults = faults
        story = Story(1, 365)
        story.events = []
        self.world = World(story, folder)
        self.outcomes: list[Outcome] = []

    def run(self) -> list[Outcome]:
        script = self._script()

        def step() -> None:
            seconds = next(script, None)
            if seconds is None:
                self.world.pending = StoryOverError()
            else:
                self.world.later(seconds, step)

        self.world.later(_SET_UP_S, step)
        self.world.run()
        return self.outcomes

    def _note(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self._on_outcome(outcome)

    def _script(self) -> Iterator[float]:
        for fault in self._faults:
            yield from self._enter()
            if self.world.state() != self.state:
                text = f"the module was in {self.world.state()}"
                self._note(Outcome(fault.name, self.state, None, text, False))
                continue
            try:
                fault.strike(self.world)
            except FaultError as error:
                # What came before the switch that cannot be.
                fault.mend(self.world)
                apply_fault(self.world.modem, "clear")
                self._note(Outcome(fault.name, self.state, None, str(error), False))
                continue
            yield fault.lasts_s
            fault.mend(self.world)
            yield from self._recover(fault)
            self.world.flash.cuts_next = False
            apply_fault(self.world.modem, "clear")
            # Crashes of less than an hour's distance add up to safe mode: as after a power cut.
            wires.RTC.data = b""
            yield _FORGIVEN_S

    def _why(self) -> str:
        app = self.world.app
        return "no power" if app is None else f"{self.world.state()}, {app.status.server_error}"

    def _enter(self) -> Iterator[float]:
        """Bring the module into the state."""
        world = self.world
        car, battery = world.car, world.battery
        battery.charge_ah = battery.capacity_ah
        car.model.soc = 0.6
        if self.state == "drive" and car.state == "parked":
            world.go(world.drive(_EVER_S))
        elif self.state == "charge" and car.state == "parked":
            world.go(world.charge(99.0))
        elif self.state == "awake":
            if car.state == "parked":
                world.go(world.drive(_SHORT_S))
            yield 2 * _SHORT_S
        elif self.state == "deep":
            battery.charge_ah = _LOW_AH
        passed_s = 0.0
        while world.state() != self.state and passed_s < _STATE_LIMIT_S:
            if self.state == "deep":
                battery.charge_ah = _LOW_AH
            yield 2 * _LOOK_S
            passed_s += 2 * _LOOK_S
        # Not in the midst of what a change of state brings.
        yield 30.0

    def _recover(self, fault: Fault) -> Iterator[float]:
        world = self.world
        begin_s = world.now_s
        world.has_happened.sms("POWERSAVE?")
        question = world.ledger.questions[-1]
        while question.answered_s is None and world.now_s < begin_s + _PATIENCE_S:
            yield _LOOK_S
        if question.answered_s is None:
            world.ledger.forget(question)
            self._note(Outcome(fault.name, self.state, None, "no answer to an SMS"))
            return
        heard = world.server.messages
        while world.server.messages < heard + 1 and world.now_s < begin_s + _PATIENCE_S:
            # Until a message has left, not only a connection that nobody knows to be dead.
            if world.car.state == "parked" and world.state() in ("park", "deep"):
                world.go(world.drive(3 * _SHORT_S))
            yield _LOOK_S
        is_heard = world.server.messages > heard
        well_s = world.now_s - begin_s if is_heard else None
        text = "" if is_heard else f"the server hears nothing: {self._why()}"
        self._note(Outcome(fault.name, self.state, well_s, text))


def outcomes(
    state: str,
    faults: Sequence[Fault] = FAULTS,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """What becomes of the faults, one after the other, in a module in that state."""
    with tempfile.TemporaryDirectory() as folder:
        return Ward(state, faults, Path(folder), on_outcome).run()


def _print(outcome: Outcome) -> None:
    well = "-" if not outcome.is_struck else "never"
    well = well if outcome.well_s is None else f"{outcome.well_s:.0f} s"
    line = f"{outcome.fault:45} {outcome.state:8} {well:>6}  {outcome.complaint}"
    print(line, file=sys.__stdout__, flush=True)


def main(arguments: Sequence[str]) -> int:
    """Print a line for each fault; 1 when one is not got over in time."""
    parser = argparse.ArgumentParser(prog="python -m tools.year.states")
    parser.add_argument("states", nargs="*", help=f"of {', '.join(STATES)}")
    parser.add_argument("--words", nargs="*", default=[], help="faults with one of these in it")
    options = parser.parse_args(arguments)
    wrong = [state for state in options.states if state not in STATES]
    if wrong:
        print(f"There is no state {wrong[0]}: choose of {', '.join(STATES)}.", file=sys.stderr)
        return 2
    faults = [
        f for f in FAULTS if not options.words or any(w in f.name.lower() for w in options.words)
    ]
    is_good = True
    for state in options.states or STATES:
        found = outcomes(state, faults, _print)
        is_good = is_good and all(outcome.is_good for outcome in found)
    return int(not is_good)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
