"""Records of drives and charges, field by field: module-behaviour 4.8."""

from ovms.parameters import FEATURE_LOGS, LOGS_ALL
from ovms.services import use_log
from ovms.vehicle.state import CHARGE_DONE, CHARGE_STOPPED, CHARGING, VehicleState

UTC_S = 1790000000


class Module:
    """What the composition root is for the log: settings, clock and history, in one object."""

    def __init__(self, logs, utc_s=UTC_S):
        self.features = {FEATURE_LOGS: logs}
        self.now_s = 50
        self.base_s = utc_s
        self.records = []
        self.state = VehicleState()
        self.config = self.clock = self.history = self
        self.use = None
        self.is_paranoid = False
        if 0 < logs <= LOGS_ALL:
            # A car that stands.
            self.state = VehicleState()
            use_log.tick(self)

    def feature(self, n):
        return self.features.get(n, 0)

    def uptime_s(self):
        return self.now_s

    def utc_s(self):
        return None if self.base_s is None else self.base_s + self.now_s

    def add(self, type, number, lifetime_s, data):
        assert (number, lifetime_s) == (0, 31536000)
        self.records.append((type, data))

    def live(self, seconds):
        for _ in range(seconds):
            self.now_s += 1
            if 0 < self.feature(FEATURE_LOGS) <= LOGS_ALL:
                use_log.tick(self)


def drive(module):
    state = module.state
    state.soc_pct100 = 8123
    state.ideal_range_km = 65
    state.odometer_m = 44371000
    state.latitude_udeg, state.longitude_udeg = 51257704, -7160899
    state.is_awake = state.is_on = True
    module.live(60)
    # Parked for a moment with the key on.
    state.is_on = False
    module.live(30)
    state.is_on = True
    state.odometer_m += 1234567
    state.latitude_udeg = -250000
    state.soc_pct100 = 4210
    state.ideal_range_km = 33
    module.live(910)
    state.is_on = state.is_awake = False
    module.live(5)


def test_a_drive():
    module = Module(2)
    drive(module)
    assert module.records == [
        (
            "*-Log-Drive",
            "%d,1000,0,51.257704,-7.160899,-0.250000,-7.160899,767.1,81,40,42,21" % (UTC_S + 51),
        )
    ]


def test_a_drive_in_paranoid_mode_tells_no_place():
    module = Module(2)
    module.is_paranoid = True
    drive(module)
    assert module.records[0][1] == "%d,1000,0,0,0,0,0,767.1,81,40,42,21" % (UTC_S + 51)


def test_a_charge():
    for end, substate, result in (
        (CHARGE_DONE, 0, 0),
        (CHARGE_STOPPED, 3, 1),
        (CHARGE_STOPPED, 14, 2),
    ):
        module = Module(4)
        state = module.state
        state.soc_pct100 = 2999
        state.cac_ah100 = 10411
        module.live(5)
        state.is_charging = True
        state.charge_state = CHARGING
        state.line_v = 230
        for a10 in (20, 103, 97):
            state.charge_a10 = a10
            module.live(100)
        state.is_charging = False
        state.charge_state = end
        state.charge_substate = substate
        state.charge_a10 = state.line_v = 0
        state.soc_pct100 = 10000
        module.live(5)
        assert module.records == [
            (
                "*-Log-Charge",
                "%d,300,0,0,0,230,10,%d,29,0,100,0,104.11" % (UTC_S + 56, result),
            )
        ]


def test_only_what_is_wanted():
    """Nothing without its bit, and nothing where the Twizy keeps its capacity."""
    for logs, names in ((0, []), (1, []), (4, []), (6, ["*-Log-Drive"]), (96, []), (102, [])):
        module = Module(logs)
        drive(module)
        assert [name for name, _ in module.records] == names, logs


def test_a_drive_before_the_time_is_known():
    module = Module(3, None)
    drive(module)
    assert module.records[0][1].startswith("0,1000,")
    module = Module(3, None)
    module.state.is_on = True
    module.live(10)
    module.base_s = UTC_S
    module.live(10)
    module.state.is_on = False
    module.live(1)
    assert module.records[0][1].startswith("%d,20,0,0,0,0,0,0.0,0,0,0,0" % (UTC_S + 51))


def test_a_drive_under_way_when_it_becomes_wanted_is_no_record():
    """Nobody knows where it began."""
    module = Module(0)
    module.state.is_on = True
    module.live(10)
    module.features[FEATURE_LOGS] = 2
    module.state.is_on = False
    module.live(3)
    assert not module.records
