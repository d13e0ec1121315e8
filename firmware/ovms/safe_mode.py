"""What the module is in safe mode: modem, SMS and console. Loaded on demand, see `runs.py`.

No car is asked and none is written to, no server is connected, nothing is recorded: whatever made
the module crash is most likely there.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App
    from ovms.contracts import Buffer

# The first tasks of `assembly.py`, behind them the console.
_TASKS = const(4)


class NoHistory:
    """In the place of `services/history.py:History`: keeps nothing."""

    def add(
        self, type: str, number: int, lifetime_s: int, data: str, priority: int | None = None
    ) -> None:
        """Nobody would fetch it."""

    def tick(self) -> None:
        """Nothing to do."""

    flush = tick

    def poll(self) -> None:
        """None: nothing to send."""


class NoBus:
    """In the place of the CAN driver; see "CAN bus" in firmware/README.md."""

    def send(self, arbitration_id: int, data: "Buffer") -> bool:
        """False: not sent."""
        return False

    def state(self) -> int:
        """Stopped."""
        return 0

    def counts(self) -> dict[str, int]:
        """Nothing was counted."""
        return {}


def enter(app: "App") -> None:
    """Leave out the tasks of the car and of the server, and say so."""
    app.tasks = app.tasks[:_TASKS] + app.tasks[-1:]
    app.guarded = app.guarded[:_TASKS]
    app.status.count("safe_mode")
    app.log.error("Safe mode after five crashes: no car, no server.")
    app.log.error("Send DIAG for the last crash, RESET to start anew.")
