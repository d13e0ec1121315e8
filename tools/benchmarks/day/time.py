"""`time` for a VM that lives a day in seconds: MicroPython's own, with a clock of ours.

What the firmware waits for passes at once (`day_child`). New tasks get their turn by the VM's own
clock, so this one starts there and is never behind it.
"""

import utime
from utime import gmtime, sleep, sleep_ms, sleep_us, ticks_add, ticks_diff, ticks_us, time  # noqa: F401

now_ms = utime.ticks_ms()


def ticks_ms():
    return now_ms


def advance(ms):
    """Let virtual time pass."""
    global now_ms
    now_ms = ticks_add(now_ms, ms)
