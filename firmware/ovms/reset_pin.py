"""A factory reset by whoever has the board in hand. Loaded at the start, on a board that can.

    from the start on, for 10 s     the pin is low: the button is held
    then                            the sign: the LED, if there is one, and a line on the console
    within 10 s                     it is let go, and pressed once more for a second

Anything else starts the module as ever. One long press would not do: at a board's BOOT pin hangs
the serial port, whose DTR holds it low as long as some terminals are open, and a wet or broken
board may do the same for ever. Neither lets go at the sign and comes back.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ovms.app import App

_LOOK_MS = const(50)
_HOLD_LOOKS = const(200)
_LOOKS = const(200)
# A contact bounces for some milliseconds.
_PRESS_LOOKS = const(20)

SIGN = "Factory reset: let go now, then press once more for a second."


def is_asked(
    value: "Callable[[], int]", sleep_ms: "Callable[[int], object]", show: "Callable[[bool], None]"
) -> bool:
    """Whether all of it was done. value() -> 0 while the pin is low. show(is_on): the sign.

    Returns at once when the pin is not low at the first look, and after 20 s at the latest.
    """
    if value() or _looks(value, sleep_ms, 0, _HOLD_LOOKS, _HOLD_LOOKS) is None:
        return False
    show(True)
    try:
        left = _looks(value, sleep_ms, 1, 1, _LOOKS)
        return left is not None and _looks(value, sleep_ms, 0, _PRESS_LOOKS, left) is not None
    finally:
        show(False)


def _looks(value, sleep_ms, level, times, left):
    """Wait for so many looks in a row at which the pin has `level`; looks left, None: too late."""
    seen = 0
    while seen < times:
        if left <= 0:
            return None
        left -= 1
        sleep_ms(_LOOK_MS)
        seen = seen + 1 if value() == level else 0
    return left


def look(app: "App", pin: "Any", led: "Any", sleep_ms: "Callable[[int], object]") -> None:
    """At the start. pin, led: `machine.Pin`; led may be None. sleep_ms: that of `time`."""

    def show(is_on):
        if led is not None:
            led.value(is_on)
        if is_on:
            app.log.info(SIGN)

    if is_asked(pin.value, sleep_ms, show):
        from ovms.parameters import FROM_CABLE
        from ovms.services.sms.restore import reset

        reset(app.config, app.status, FROM_CABLE)
        app.status.take_requests()
        app.log.info("All settings are those of the factory.")
