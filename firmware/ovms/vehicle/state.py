"""What the module knows of the car and of where it is, in fixed units.

Rules of this file: a value is None until it was seen once; after a loss of signal it stays and its
age grows, it never turns into 0. Integers only, scaled as the name says (`_pct100` hundredths of a
percent, `_udeg` millionths of a degree, `_a10` tenths of an ampere). Whoever decodes writes the
attributes directly; whoever reports reads them. Distances are kilometres or metres, never miles:
the unit a user sees is made at the edge. The attributes stand in `state_values.py`.
"""

from micropython import const

from ovms.protocol.v2.messages import STALE_AFTER_S

# Charge states, substates and modes as numbered in the v2 S message (fields 12 to 14).
CHARGING = const(1)
TOPPING_OFF = const(2)
CHARGE_DONE = const(4)
CHARGE_PREPARING = const(13)
CHARGE_TIMER_WAIT = const(14)
CHARGE_HEATING = const(15)
CHARGE_STOPPED = const(21)

SUBSTATE_ON_REQUEST = const(3)
SUBSTATE_POWER_WAIT = const(7)
SUBSTATE_STOPPED = const(13)
SUBSTATE_INTERRUPTED = const(14)

MODE_STANDARD = const(0)
MODE_STORAGE = const(1)
MODE_RANGE = const(3)
MODE_PERFORMANCE = const(4)


class VehicleState:
    """One per module. `tick` ages it, `touch` announces a change a user wants to see at once."""

    def __init__(self):
        from ovms.vehicle import state_values

        state_values.fill(self)

    def touch(self):
        """Something changed that S and D should report at once."""
        self.revision += 1

    def tick(self, elapsed_s):
        """Age what has an age by whole seconds; call about once a second."""
        if self.told_age_s is not None:
            self.told_age_s += elapsed_s
        if self.temps_age_s is not None:
            self.temps_age_s += elapsed_s
        if self.ambient_age_s is not None:
            self.ambient_age_s += elapsed_s
        if self.tyres_age_s is not None:
            self.tyres_age_s += elapsed_s
        if self.gps_age_s is not None:
            self.gps_age_s += elapsed_s
            if self.gps_age_s >= STALE_AFTER_S:
                self.has_gps_lock = False
        if self.is_on:
            self.parked_s = 0
        elif self.parked_s or not self.is_awake:
            # Awake with 0: in use, though not about to move.
            self.parked_s += elapsed_s
        if self.is_charging:
            self.charge_s += elapsed_s
