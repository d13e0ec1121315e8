"""The stage for the eyes: a live screen on a terminal, plain lines everywhere else."""

from __future__ import annotations

import sys
from collections import deque

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tools.desk.ovms.describe import Describer
from tools.desk.phone_script import PhoneScript
from tools.desk.sevcon_moods import MotorController
from tools.desk.sevcon_node import OPERATIONAL
from tools.desk.stage import Stage

_COLOURS = {
    "phone": "cyan",
    "module SMS": "green",
    "server": "yellow",
    "module": "dim",
    "module CAN": "magenta",
    "app": "white",
    "broker": "blue",
}
# What the app's panel shows: (title, message code, field name of tools/desk/ovms/fields.py).
_APP_ROWS = (
    ("SOC", "S", "SOC"),
    ("Estimated range", "S", "estimated range"),
    ("Ideal range", "S", "ideal range"),
    ("Charge state", "S", "charge state"),
    ("Battery", "S", "battery voltage"),
    ("Current", "S", "battery current"),
    ("Speed", "L", "speed"),
    ("Odometer", "D", "odometer"),
    ("Latitude", "L", "latitude"),
    ("Longitude", "L", "longitude"),
    ("Power", "L", "battery power"),
    ("12 V", "D", "12 V voltage"),
    ("Firmware", "F", "firmware"),
    ("VIN", "F", "VIN"),
)
_LINES = 400
# Changed fields of a message that one line names: on the screen, and where lines may be long.
_NEWS, _PLAIN_NEWS = 4, 10


class PlainView:
    """One line per happening, with the seconds since the start. For pipes, logs and CI."""

    def __init__(self) -> None:
        self.stage: Stage | None = None
        self.address = ""
        self._describer = Describer()

    def line(self, who: str, text: str) -> None:
        if who == "app" and len(text) > 1 and text[1] == " ":
            text = self._describer.news(text[0], text[2:], _PLAIN_NEWS)
        elapsed = self.stage.view.elapsed_s() if self.stage else 0.0
        for part in text.replace("\r\n", "\n").replace("\r", "\n").splitlines() or [""]:
            print(f"{elapsed:6.1f} {who:>10}  {part}", flush=True)

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()

    def refresh(self, script: PhoneScript) -> None:
        """Lines need no refresh."""


class LiveView:
    """Car, app, phone and events on one screen, redrawn four times a second."""

    def __init__(self) -> None:
        self.stage: Stage | None = None
        # Of the page in a browser.
        self.address = ""
        self._events: deque[Text] = deque(maxlen=_LINES)
        self._conversation: deque[Text] = deque(maxlen=_LINES)
        # Of the newest event: who, and of an app's message its code.
        self._kind = ""
        self._console = Console()
        self._live = Live(console=self._console, auto_refresh=False, screen=True)
        self._describer = Describer()

    def line(self, who: str, text: str) -> None:
        elapsed = self.stage.view.elapsed_s() if self.stage else 0.0
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if who in ("phone", "module SMS"):
            sign = ">" if who == "phone" else "<"
            for part in text.splitlines():
                self._conversation.append(Text(f"{sign} {part}", _COLOURS[who]))
            return
        kind = who
        if who == "app" and len(text) > 1 and text[1] == " ":
            kind = f"app {text[0]}"
            text = self._describer.news(text[0], text[2:], _NEWS)
        if kind == self._kind == "app L":
            # A stream of positions is one line, its newest.
            self._events.pop()
        self._kind = kind
        self._events.append(Text(f"{elapsed:6.1f} {who}: {text}", _COLOURS[who], no_wrap=True))

    def shown(self) -> list[str]:
        """The lines of the events panel, oldest first."""
        return [event.plain for event in self._events]

    def __enter__(self) -> LiveView:
        self._live.__enter__()
        return self

    def __exit__(self, *details) -> None:
        self._live.__exit__(*details)

    def refresh(self, script: PhoneScript) -> None:
        if self.stage is not None:
            self._live.update(self._screen(self.stage, script), refresh=True)

    def _screen(self, stage: Stage, script: PhoneScript) -> Group:
        height = max(self._console.height, 24)
        top_rows = len(_APP_ROWS) + 2
        below = max(height - top_rows - 4, 4)
        top = Table.grid(expand=True)
        for ratio in (3, 3, 4):
            top.add_column(ratio=ratio)
        top.add_row(
            Panel(self._car(stage), title="The car (truth)", height=top_rows),
            Panel(self._app(stage), title="What the app sees", height=top_rows),
            Panel(
                Group(*list(self._conversation)[-(top_rows - 2) :]),
                title=f"Phone ({script.answered} of {len(script.steps)} answered)",
                height=top_rows,
            ),
        )
        state = "logged in" if stage.view.is_car_online else "not connected"
        title = (
            f"{stage.view.elapsed_s():.0f} s, module {state}, "
            f"v2 {stage.options.host}:{stage.server.port}, Ctrl-C ends"
        )
        if self.address:
            title += f", {self.address}"
        events = Group(*list(self._events)[-below:])
        return Group(top, Panel(events, title=title, height=below + 2))

    def _car(self, stage: Stage) -> Table:
        car = stage.car
        table = _table()
        asleep = "asleep" if car.is_asleep else "awake"
        table.add_row("Scenario", stage.options.scenario)
        table.add_row("Bus", asleep)
        table.add_row("Key, motor", f"{_on(car.is_key_on)}, {_on(car.is_on)}")
        table.add_row("SOC", f"{car.soc_pct:.2f} %")
        table.add_row("Range", f"{car.range_km:.0f} km")
        table.add_row("Speed", f"{car.speed_kmh:.1f} km/h")
        table.add_row("Odometer", f"{car.odometer_km:.2f} km")
        table.add_row("Power", f"{car.power_w / 1000:.1f} kW")
        table.add_row("Charge", car.charge_state)
        table.add_row("SEVCON", _sevcon(stage.sevcon))
        fix = stage.gps.receiver.fix
        table.add_row("Position", f"{fix.latitude:.6f}, {fix.longitude:.6f}")
        return table

    def _app(self, stage: Stage) -> Table:
        table = _table()
        for title, code, name in _APP_ROWS:
            table.add_row(title, stage.view.value(code, name) or "-")
        return table


def _table() -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    return table


def _sevcon(controller: MotorController) -> str:
    node = controller.node
    state = "operational" if node.state == OPERATIONAL else "pre-operational"
    return f"{controller.mood}, {state}, level {node.level}"


def _on(flag: bool) -> str:
    return "on" if flag else "off"
