"""The control lines of a modem: PWRKEY, RESET, supply and DTR."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import PowerTimes, Task


class ModemPower:
    """Each line has `value(level)` as `machine.Pin` does; lines a board lacks are None.

    supply is on while high, reset and pwrkey act while low, dtr low keeps the modem awake. The
    constructor sets the idle levels, which power a running modem on and change nothing else.
    """

    def __init__(
        self, pwrkey: "Any", reset: "Any" = None, supply: "Any" = None, dtr: "Any" = None
    ) -> None:
        self.pwrkey = pwrkey
        self.reset = reset
        self.supply = supply
        self.dtr = dtr
        pwrkey.value(1)
        for line, level in ((reset, 1), (supply, 1), (dtr, 0)):
            if line is not None:
                line.value(level)

    def start(self, times: "PowerTimes") -> "Task":
        """Coroutine that starts a modem which is off, see `modem_switch.py` also for times."""
        from ovms.drivers.modem_switch import start

        return start(self, times)

    def restart(self, times: "PowerTimes") -> "Task":
        """Coroutine that restarts a modem which does not answer, see `modem_switch.py`."""
        from ovms.drivers.modem_switch import restart

        return restart(self, times)
