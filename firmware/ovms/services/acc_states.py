"""States of ACC, and what is where in its list of whole numbers, `status.acc`."""

from micropython import const

# States (module-behaviour 7.2).
FIRST_RUN = const(0)
FREE = const(10)
DRIVING_IN = const(20)
PARKED_IN = const(30)
PORT_OPEN = const(31)
COOLDOWN = const(40)
WAIT = const(50)
CHARGING = const(51)
WAKE_TO_CHARGE = const(52)
WAKE_TO_WAIT = const(53)
DONE = const(60)
OVERRIDE = const(70)

# Where in the list. SLOT: number of the place, 1 to 4, 0 none; SINCE_S: uptime of the last change
# of the state; START_MIN: when the charge begins, in minutes since 1970, 0 not known; TRIES: how
# often the car did not do what it had to; IS_BUSY: a command is under way; SETTINGS: checksum of
# the places that were looked at.
STATE = const(0)
SLOT = const(1)
SINCE_S = const(2)
START_MIN = const(3)
TRIES = const(4)
IS_BUSY = const(5)
SETTINGS = const(6)
# Limits of the state that were put there, and what was there before.
ARMED = const(7)
OLD_PCT = const(8)
OLD_KM = const(9)
# Of the last estimate: mode, W, ideal range and SOC to charge to, ideal range and CAC then, place,
# minutes.
LAST_MODE = const(10)
LAST_W = const(11)
LAST_STOP_KM = const(12)
LAST_STOP_PCT = const(13)
LAST_RANGE_KM = const(14)
LAST_CAC100 = const(15)
LAST_SLOT = const(16)
LAST_MIN = const(17)
# The charge was seen; the uptime from which on another stop may be asked for.
HAS_BEGUN = const(18)
STOP_S = const(19)
LENGTH = const(20)
