"""A simulated car, so that an app or a server can be tried with nothing but a board.

It parks, drives a square of 10 km, charges and starts over, all within the hour, and does what an
app asks for. No bus, no frames. Once a second the energy flows here; what changes every ten
seconds or with a phase is in `phases.py`, commands are in `commands.py`.

Its position is shown as long as no GPS receiver knows a real one.
"""

from micropython import const

from ovms.vehicle.base import EVENT_CHARGE_SUFFICIENT, Vehicle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import CommandResult, Config, Predict, VehicleState

# Phases of the car's day.
PARKED = const(0)
DRIVING = const(1)
PLUGGED_IN = const(2)

# Joules; all of a 20 kWh battery stays far below 30 bits.
CAPACITY_J = const(72_000_000)
CHARGER_PCT = const(90)

_SLOW_S = const(10)
# One start and stop of the drive, and its part on a faster road.
_LEG_S = const(120)
_FAST_FROM_S = const(240)
_FAST_TO_S = const(480)
_IDLE_W = const(500)


class Demo(Vehicle):
    """step, step_s: place in the car's day and seconds of it; until_s: how long it takes.

    energy_j: in the battery. used_j, gained_j: of this trip or charge. awake_s, cooling_s: seconds
    that a command keeps the car awake, the battery cooled. unit_36: 36ths of a metre driven that
    are no metre yet.
    """

    TYPE = "DEMO"
    VERSION = "1.0"
    CAPABILITIES = "C10-12,C15-26"
    HAS_SMS_TIME = True
    IS_KEPT = False

    def __init__(self, state: "VehicleState", config: "Config") -> None:
        super().__init__(state, config)
        self.phase = PARKED
        self.step = self.step_s = self.until_s = 0
        self.energy_j = CAPACITY_J * 4 // 5
        self.used_j = self.gained_j = self.grid_j = 0
        self.awake_s = self.cooling_s = 0
        self.unit_36 = 0
        # What this car wrote last as the position; something else means a GPS receiver.
        self.latitude_udeg = None
        self._ms = self._slow_s = 0
        from ovms.vehicle.demo import phases

        phases.start(self)

    def poll(self, elapsed_ms: int) -> None:
        self._ms += elapsed_ms
        seconds = self._ms // 1000
        if not seconds:
            return
        self._ms -= seconds * 1000
        self.step_s += seconds
        self.state.told_age_s = 0
        if self.phase == DRIVING:
            self._drive(seconds)
        elif self.state.is_charging or self.state.is_exporting:
            self._charge(seconds)
        self._slow_s += seconds
        if self._slow_s >= _SLOW_S:
            from ovms.vehicle.demo import phases

            phases.slow(self, self._slow_s)
            self._slow_s = 0
        if self.step_s >= self.until_s:
            from ovms.vehicle.demo import phases

            phases.go_on(self)

    def charge_prediction(self) -> "Predict | None":
        from ovms.vehicle.demo import phases

        return phases.predict

    def event_text(self, event: int) -> tuple[str, str] | None:
        # Of a charge in the module's own words.
        return ("A", "") if event <= EVENT_CHARGE_SUFFICIENT else None

    async def command(self, code: int, arguments: str) -> "CommandResult":
        from ovms.vehicle.demo import commands

        return commands.command(self, code, arguments)

    def flow(self, power_w: int, seconds: int) -> None:
        """Let `power_w` out of the battery (into it when negative) for so many seconds."""
        state = self.state
        self.energy_j = max(0, min(CAPACITY_J, self.energy_j - power_w * seconds))
        if power_w > 0:
            self.used_j += power_w * seconds
            state.energy_used_wh = self.used_j // 3600
        else:
            self.gained_j -= power_w * seconds
            state.energy_recovered_wh = self.gained_j // 3600
        state.battery_w = power_w
        state.soc_pct100 = self.energy_j // (CAPACITY_J // 10_000)
        state.battery_mv = 330_000 + 4 * state.soc_pct100 - power_w // 2
        state.battery_ma = power_w * 1000 // (state.battery_mv // 1000)

    def _drive(self, seconds):
        state = self.state
        at_s = self.step_s % _LEG_S
        limit = 900 if _FAST_FROM_S <= self.step_s < _FAST_TO_S else 500
        # 4 km/h more or less in a second.
        speed = max(0, min(limit, 40 * at_s, 40 * (_LEG_S - 5 - at_s)))
        # Tenths of a km/h: half a kW for the cabin, drag with the square, mass with the change.
        power_w = _IDLE_W + speed * speed // 60 + (speed - state.speed_kmh10) * 200 // seconds
        self.flow(power_w, seconds)
        state.speed_kmh10 = speed
        state.inverter_w = power_w - _IDLE_W
        state.inverter_efficiency_pct10 = 930 if speed else 0
        self.unit_36 += speed * seconds
        metres = self.unit_36 // 36
        self.unit_36 -= metres * 36
        state.odometer_m += metres
        state.trip_m += metres
        state.temps_age_s = state.ambient_age_s = state.tyres_age_s = 0

    def _charge(self, seconds):
        state = self.state
        grid_w = state.line_v * state.charge_a10 // 10
        if state.is_exporting:
            state.export_s += seconds
            # What the inverter loses comes out of the battery, too.
            self.flow(grid_w * 100 // CHARGER_PCT, seconds)
        else:
            state.charge_w = grid_w * CHARGER_PCT // 100
            state.charge_input_w = grid_w
            self.flow(-state.charge_w, seconds)
        self.grid_j += grid_w * seconds
        state.temps_age_s = 0
