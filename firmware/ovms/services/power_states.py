"""How much power the module may take: the states of the power governor, pure. Loaded on demand.

Time, voltage and what the car does in, a state out; what each part does in a state is in `WISHES`.
Into a state of use the module goes at once, out of it late; into and out of deep park only after
minutes below and well above the limit. What is remembered from one look to the next is a list of
whole numbers (`new`), which stays in memory; `ovms/power.py` has it and does what the state wants.

The 12 V limit: the Twizy guide's floor of 11.5 V (Twizy guide 1.2.0, "12V battery"), or 1.6 V
below the battery's own rest voltage where that is higher (module-behaviour 6.3). A reference that
was learnt beside a flat battery never lowers it.
"""

from micropython import const

# States, in the order of `NAMES`.
DRIVE = const(0)
CHARGE = const(1)
AWAKE = const(2)
PARK = const(3)
DEEP = const(4)
TRANSPORT = const(5)
NAMES = ("drive", "charge", "awake", "park", "deep", "transport")

# What the owner wants, as stored: parameter POWER_SAVE.
ON = ""
OFF = "OFF"
SHIPPED = "TRANSPORT"

# Places in the list.
STATE = const(0)
SINCE_S = const(1)
# The uptime of the last sign of use.
USED_S = const(2)
# Minutes in a row below the 12 V limit, or in deep park well above it, and the next look at it.
MINUTES = const(3)
LOOK_S = const(4)
# Changes of state: all, and in the window of a day that runs, and in the one before.
CHANGES = const(5)
CHANGES_NOW = const(6)
CHANGES_BEFORE = const(7)
# What was taken from the 12 V battery in the same two windows, in tenths of mA times seconds, and
# when the window began and the last sum was made.
TAKEN_NOW = const(8)
TAKEN_BEFORE = const(9)
WINDOW_S = const(10)
SUMMED_S = const(11)
# The uptime from which on the server is to be talked with, and until when at the latest.
VISIT_S = const(12)
VISIT_END_S = const(13)
# The state whose wishes were carried out last, -1 for none.
DONE = const(14)
# Seconds of light sleep since the last sum.
SLEPT_S = const(15)
# Looks in a row at a connection over which nothing more is said.
SAID = const(16)
# The uptime of the next look by GPS, while one goes on of its end; 0 in use.
GPS_S = const(17)
# Visits in a row that news asked for and that did not take it.
VAIN = const(18)
LENGTH = const(19)

# After the last sign of use: the modem's set-up, a report to the server, a look at the car by app.
_PARK_AFTER_S = const(600)
# In transport the reply to the command has to leave first.
_SHIP_AFTER_S = const(120)
_MINUTE_S = const(60)
_FLOOR_MV = const(11_500)
_BELOW_REFERENCE_MV = const(1_600)
# A battery without a load recovers by some tenths of a volt.
_RECOVERED_MV = const(700)
_LOW_MINUTES = const(5)
_DAY_S = const(86_400)

# Seconds between two visits to the server, and how long one lasts at the most.
_VISIT_EVERY_S = (0, 0, 0, 3_600, 14_400, 43_200)
_VISIT_LASTS_S = const(240)

# 12 V current of each state in tenths of mA, with light sleep and without: the totals that
# board.md of the T-Call makes of its table of parts. Not measured; for the owner's estimate only.
_TAKEN = (486, 396, 338, 97, 90, 88)
_SLEEP_PERCENT = const(86)
_TAKEN_SLEEPLESS = (486, 396, 338, 184, 164, 163)


def new(now_s: int) -> list[int]:
    """The list of a module that has just started: in use, as far as it knows."""
    power = [0] * LENGTH
    power[STATE] = AWAKE
    power[SINCE_S] = power[USED_S] = power[WINDOW_S] = power[SUMMED_S] = power[LOOK_S] = now_s
    power[DONE] = -1
    return power


def limit_mv(reference_mv: int | None) -> int:
    """The 12 V battery is low below this. reference_mv: its rest voltage, None while unknown."""
    return max(_FLOOR_MV, (reference_mv or 0) - _BELOW_REFERENCE_MV)


def step(
    power: list[int],
    now_s: int,
    wanted: str,
    is_on: bool,
    is_charging: bool,
    is_used: bool,
    supply_mv: int | None,
    reference_mv: int | None,
) -> int:
    """The state from now on; `power` is brought up to date. Call it at changes and once a minute.

    now_s: uptime. wanted: ON, OFF or SHIPPED. is_used: the car is awake, somebody looks at it, or
    the module has something to do that must not wait. supply_mv, reference_mv: of the 12 V
    battery, None for unknown, which is never called low.
    """
    _sum(power, now_s)
    if is_on or is_charging or is_used:
        power[USED_S] = now_s
    idle_s = now_s - power[USED_S]
    before = power[STATE]
    if is_on:
        state = DRIVE
    elif is_charging:
        state = CHARGE
    elif is_used or wanted == OFF:
        state = AWAKE
    elif wanted == SHIPPED:
        state = TRANSPORT if idle_s >= _SHIP_AFTER_S or before == TRANSPORT else AWAKE
    elif before in (PARK, DEEP):
        state = _parked(power, now_s, supply_mv, limit_mv(reference_mv))
    elif before == TRANSPORT:
        # The owner has just called it back.
        power[USED_S] = now_s
        state = AWAKE
    else:
        state = PARK if idle_s >= _PARK_AFTER_S else AWAKE
    if state != before:
        power[STATE] = state
        power[SINCE_S] = power[LOOK_S] = now_s
        power[MINUTES] = power[VAIN] = 0
        power[CHANGES] += 1
        power[CHANGES_NOW] += 1
        # The server hears of what has changed.
        power[VISIT_S] = now_s
        power[VISIT_END_S] = now_s + _VISIT_LASTS_S
    return state


def _parked(power, now_s, supply_mv, limit):
    """PARK or DEEP, by the minutes that the battery was low or well."""
    is_deep = power[STATE] == DEEP
    while now_s - power[LOOK_S] >= _MINUTE_S:
        power[LOOK_S] += _MINUTE_S
        if supply_mv is None:
            is_moving = False
        elif is_deep:
            is_moving = supply_mv >= limit + _RECOVERED_MV
        else:
            is_moving = supply_mv < limit
        power[MINUTES] = power[MINUTES] + 1 if is_moving else 0
        # A module that slept has one reading for the minutes since: that counts once.
        if now_s - power[LOOK_S] >= _MINUTE_S:
            power[LOOK_S] = now_s
    if power[MINUTES] < _LOW_MINUTES:
        return power[STATE]
    return PARK if is_deep else DEEP


def is_visit(power: list[int], now_s: int, has_news: bool) -> bool:
    """Whether the server is to be talked with now. has_news: something waits for it.

    In a state of use always; parked by the schedule of the state, and at once for news, which
    after a visit in vain waits for a twelfth of it, then for twice as long each time.
    """
    every_s = _VISIT_EVERY_S[power[STATE]]
    if not every_s:
        return True
    if power[VISIT_S] <= now_s < power[VISIT_END_S]:
        return True
    pause_s = min(every_s // 12 << max(power[VAIN] - 1, 0), every_s) if has_news else every_s
    if now_s < power[VISIT_S] + pause_s:
        return False
    power[VAIN] = min(power[VAIN] + 1, 5) if has_news else 0
    power[VISIT_S] = now_s
    power[VISIT_END_S] = now_s + _VISIT_LASTS_S
    return True


def end_visit(power: list[int], now_s: int) -> None:
    """All is said."""
    power[VAIN] = 0
    if power[VISIT_S] <= now_s < power[VISIT_END_S]:
        power[VISIT_END_S] = now_s


def _sum(power, now_s):
    """Add what was taken since the last call, at the rate of the state; begin a new window."""
    passed_s = now_s - power[SUMMED_S]
    awake = _TAKEN_SLEEPLESS[power[STATE]]
    power[TAKEN_NOW] += awake * passed_s
    # The figures with sleep are those of a module that sleeps most of the time, but not always.
    slept_s = min(power[SLEPT_S] * 100 // _SLEEP_PERCENT, passed_s)
    power[TAKEN_NOW] -= (awake - _TAKEN[power[STATE]]) * slept_s
    power[SUMMED_S] = now_s
    power[SLEPT_S] = 0
    if now_s - power[WINDOW_S] >= _DAY_S:
        power[WINDOW_S] = now_s
        power[TAKEN_BEFORE] = power[TAKEN_NOW]
        power[CHANGES_BEFORE] = power[CHANGES_NOW]
        power[TAKEN_NOW] = power[CHANGES_NOW] = 0


def taken_mah(power: list[int], now_s: int) -> int:
    """Estimate of what was taken since yesterday, in mAh at 12 V."""
    _sum(power, now_s)
    return (power[TAKEN_BEFORE] + power[TAKEN_NOW] + 18_000) // 36_000


# Of each state: MHz of the CPU, whether the GPS receiver runs, whether the CAN controller may
# sleep while its bus is silent, whether the ESP32 may sleep between events.
WISHES = (
    (160, True, False, False),
    (160, True, False, False),
    (160, True, False, False),
    (80, False, True, True),
    (80, False, True, True),
    (80, False, True, True),
)
