"""Power statistics of a trip: energy and distance by driving section and by slope.

Frames feed it through the decoder, so what they call allocates nothing and every number stays
within 30 bits. Energy is kept as the Twizy guide 1.2.0 gives it away ("Power usage statistics"):
22500 units are a watt-hour. Sections and slopes: Twizy facts 5.2 to 5.5. The guide says nothing of
how power is measured, so the later firmware's way is taken: real current times real voltage.
"""

from array import array

from micropython import const

from ovms.protocol.v2.messages import STALE_AFTER_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import VehicleState

# `Power.sums` is the record RT-PWR-UsageStats field by field. A speed section has distance
# (0.1 m), energy used and energy recovered; a slope has distance (m), climb (m), used, recovered.
CONST = const(0)
ACCEL = const(3)
DECEL = const(6)
UP = const(9)
DOWN = const(13)
# Behind the guide's fields two for each speed section: count of samples (0.1 s), and sum of
# speed (0.01 km/h, the whole trip) or of the average acceleration (0.1 km/h per second).
SAMPLES = const(17)
FIELDS = const(23)

UNITS_PER_WH = const(22500)
# 1/4 A times 1/10 V, 100 times a second, make a watt-hour of 3600 * 100 * 40 products.
_PRODUCTS_PER_UNIT = const(640)
# Some seconds of full power; more would not fit a small integer.
_PRODUCTS_MAX = const(400_000_000)
_SUM_MAX = const(1_073_000_000)

# Acceleration from which it counts, in 0.1 km/h per second, and speed (0.01 km/h) that is one.
_CHANGE = const(7)
_MOVING = const(10)
# A longer step of the distance counter (0.1 m) is a gap in its frames, not a way driven.
_STEP_MAX = const(0x2000)
_SLOPE_M = const(100)
_ODOMETER_GOOD_M = const(500)
# Beyond any current of the frame, in 1/4 A.
_BEYOND = const(4096)


class Power:
    """sums: see above. start_m: odometer at the start of the trip, or None.

    highest_raw, lowest_raw: extremes of the current (1/4 A) since `forget_extremes`, the highest
    below the lowest when there was none. highest_product, lowest_product: times 1/10 V then.
    charge_out, charge_in: charge taken and given since the start of the trip or the charge, in
    1/400 As. recovered_units: energy recovered since then, up to the last `update`.
    The rest is what the last frames and the last end of a slope left, see `edges.reset_power`.
    """

    start_m: int | None
    used: int
    recovered: int
    used_units: int
    recovered_units: int
    charge_out: int
    charge_in: int
    charge_out_rest: int
    charge_in_rest: int
    section: int
    acceleration: int
    speed: int
    counter: int
    slope_m: int | None
    slope_altitude_m: int
    slope_used: int
    slope_recovered: int

    def __init__(self, state: "VehicleState") -> None:
        self.state = state
        self.sums = array("i", bytes(4 * FIELDS))
        self.forget_extremes()
        from ovms.vehicle.twizy import edges

        edges.reset_power(self)

    def ways_dm(self) -> tuple[int, int]:
        """Way of the trip in 0.1 m, twice: by the counter, 8 % too long as its sections are; and
        by the odometer, once its 10 m steps are small beside it.
        """
        sums = self.sums
        way_dm = sums[CONST] + sums[ACCEL] + sums[DECEL]
        start_m = self.start_m
        odometer_m = self.state.odometer_m
        if start_m is None or odometer_m is None or odometer_m - start_m < _ODOMETER_GOOD_M:
            return way_dm, way_dm
        return way_dm, (odometer_m - start_m) * 10

    def forget_extremes(self) -> None:
        """Look for the extremes of current and power anew."""
        self.highest_raw = -_BEYOND
        self.lowest_raw = _BEYOND
        self.highest_product = self.lowest_product = 0

    def add(self, current: int, pack_v10: int) -> int:
        """One of 100 samples a second: current in 1/4 A, positive while discharging. Hot path."""
        product = current * pack_v10
        if current > self.highest_raw:
            self.highest_raw = current
            self.highest_product = product
        if current < self.lowest_raw:
            self.lowest_raw = current
            self.lowest_product = product
        if current > 0:
            total = self.used = self.used + product
        else:
            total = self.recovered = self.recovered - product
        if total > _PRODUCTS_MAX:
            self.fold()
        return product

    def fold(self) -> None:
        """Move the energy since the last call into the section it belongs to."""
        sums = self.sums
        section = self.section
        used = sums[section + 1] + self.used // _PRODUCTS_PER_UNIT
        if used < _SUM_MAX:
            sums[section + 1] = used
        recovered = sums[section + 2] + self.recovered // _PRODUCTS_PER_UNIT
        if recovered < _SUM_MAX:
            sums[section + 2] = recovered
        self.used %= _PRODUCTS_PER_UNIT
        self.recovered %= _PRODUCTS_PER_UNIT

    def on_speed(self, speed: int) -> None:
        """One of 10 speeds a second, in 0.01 km/h: what does the car do? Hot path."""
        acceleration = 0
        if self.speed >= 0:
            acceleration = self.acceleration * 3 + speed - self.speed
            # Rounded by the size, so that both directions are alike.
            size = (abs(acceleration) + 2) >> 2
            acceleration = size if acceleration > 0 else -size
        self.speed = speed
        self.acceleration = acceleration
        section = CONST
        if acceleration >= _CHANGE:
            section = ACCEL
        elif acceleration <= -_CHANGE:
            section = DECEL
        if section != self.section:
            self.fold()
            self.section = section
        if speed < _MOVING:
            return
        sums = self.sums
        if sums[SAMPLES + 1] < _SUM_MAX:
            sums[SAMPLES] += 1
            sums[SAMPLES + 1] += speed
        if section:
            section = SAMPLES + section // 3 * 2
            sums[section] += 1
            sums[section + 1] += abs(acceleration)

    def on_distance(self, counter: int) -> None:
        """One of 10 readings a second of the cyclic counter of 0.1 m, or -1 for none. Hot path."""
        if counter >= 0 and self.counter >= 0:
            step = (counter - self.counter) & 0xFFFF
            if step < _STEP_MAX:
                self.sums[self.section] += step
        self.counter = counter

    def _count_charge(self, used, recovered):
        """Charge from energy: within a second the voltage is one, as it is told once a second."""
        pack_v10 = (self.state.battery_mv or 0) // 100
        if pack_v10:
            left = (used - self.used_units) * _PRODUCTS_PER_UNIT + self.charge_out_rest
            self.charge_out += left // pack_v10
            self.charge_out_rest = left % pack_v10
            left = (recovered - self.recovered_units) * _PRODUCTS_PER_UNIT + self.charge_in_rest
            self.charge_in += left // pack_v10
            self.charge_in_rest = left % pack_v10
        self.used_units = used
        self.recovered_units = recovered

    def update(self) -> None:
        """Once a second, before the key is looked at."""
        self.fold()
        sums = self.sums
        state = self.state
        used = sums[CONST + 1] + sums[ACCEL + 1] + sums[DECEL + 1]
        recovered = sums[CONST + 2] + sums[ACCEL + 2] + sums[DECEL + 2]
        self._count_charge(used, recovered)
        state.energy_used_wh = (used + UNITS_PER_WH // 2) // UNITS_PER_WH
        state.energy_recovered_wh = (recovered + UNITS_PER_WH // 2) // UNITS_PER_WH
        odometer_m = state.odometer_m
        if self.start_m is None:
            self.start_m = odometer_m
        age_s = state.gps_age_s
        if age_s is None or age_s >= STALE_AFTER_S:
            self.slope_m = None
            return
        altitude_m = state.altitude_m
        if not (state.is_awake and state.has_gps_lock) or altitude_m is None or odometer_m is None:
            return
        if self.slope_m is not None:
            way_m = odometer_m - self.slope_m
            if 0 <= way_m < _SLOPE_M:
                return
            climb_m = altitude_m - self.slope_altitude_m
            # Less than one percent is flat.
            if 0 < way_m <= abs(climb_m) * 100:
                slope = UP if climb_m > 0 else DOWN
                sums[slope] += way_m
                sums[slope + 1] += abs(climb_m)
                sums[slope + 2] += used - self.slope_used
                sums[slope + 3] += recovered - self.slope_recovered
        self.slope_m = odometer_m
        self.slope_altitude_m = altitude_m
        self.slope_used = used
        self.slope_recovered = recovered
