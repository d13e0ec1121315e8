"""The CAN controller's sleep while its bus is silent. Loaded on demand, see `CANLink`.

A bus that wakes the controller again and again, as it never sleeps for long or has only frames
that are not the car's, is left alone for longer and longer: awake, nothing of it is lost.
"""

import time

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import SleepyController
    from ovms.links.can_link import CANLink

# What is left alone at first, and at the longest; a sleep that is a good one.
_QUIET_MS = const(10_000)
_LONGEST_MS = const(3_600_000)
_GOOD_MS = const(60_000)


def turn(link: "CANLink", bus: "SleepyController") -> bool:
    """Put the controller of the CANLink to sleep, or wake it. False when it has to be opened anew.

    bus: the driver, see `drivers/can_bus.py`.
    """
    now = time.ticks_ms()
    try:
        if link.is_asleep:
            link.is_asleep = False
            if link.may_sleep:
                _judge(link, time.ticks_diff(now, link.rested))
            bus.wake()
        else:
            link.rested = now
            link.is_asleep = bus.sleep()
            if not link.is_asleep:
                _judge(link, 0)
    except OSError:
        return False
    return True


def _judge(link, slept_ms):
    """How long the next silence has to be, after one that was slept through."""
    if slept_ms >= _GOOD_MS:
        link.quiet_ms = _QUIET_MS
    else:
        link.quiet_ms = min(2 * link.quiet_ms, _LONGEST_MS)
