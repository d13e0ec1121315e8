"""The scenarios of the simulated Twizy, and what the firmware makes of each.

Runs on CPython only (cantools).
"""

import itertools

import pytest

from host_tests.desk.test_twizy_sim import DATABASE, Module
from ovms.vehicle.base import (
    EVENT_BATTERY,
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_RESUMED,
    EVENT_CHARGE_TOPPING_OFF,
)
from tools.desk.twizy_scenarios import HILLS, SCENARIOS, TOWN, Fault, Scenario, Step
from tools.desk.twizy_sim import TwizySimulator

BATTERY_IDS = (0x554, 0x556, 0x557, 0x55E)
CHARGE_EVENTS = (
    EVENT_CHARGE_TOPPING_OFF,
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_RESUMED,
)


class Pack:
    """What the frames say of cells and modules, read with cantools, while the module listens."""

    def __init__(self, name):
        self.simulator = TwizySimulator(name)
        self.module = Module(self.simulator)
        self.signals = {}
        step = self.simulator.step

        def noted_step(elapsed_ms):
            frames = step(elapsed_ms)
            latest = {}
            for arbitration_id, data in frames:
                latest[arbitration_id] = data
                # 55F ends a set: only frames of one moment may be compared under load.
                if arbitration_id == 0x55F and data[5] != 0xFF:
                    for part in BATTERY_IDS:
                        self.signals.update(DATABASE.decode_message(part, latest[part]))
            return frames

        self.simulator.step = noted_step

    def cells_mv(self):
        """Deviations of the 14 cell groups from their mean."""
        volts = [self.signals[f"cell_volt_{n + 1}"] * 1000 for n in range(14)]
        return [value - sum(volts) / 14 for value in volts]

    def modules_c(self):
        """Deviations of the 7 modules from their mean."""
        temps = [self.signals[f"cmod_temp_{n + 1}"] for n in range(7)]
        return [value - sum(temps) / 7 for value in temps]


def test_every_scenario_says_what_it_is():
    for name, scenario in SCENARIOS.items():
        assert scenario.description.endswith("."), name
        assert "\n" not in scenario.description and len(scenario.description) < 90, name
    assert len({scenario.description for scenario in SCENARIOS.values()}) == len(SCENARIOS)
    assert {"healthy", "drifting_cell", "hot_module", "interrupted_charge", "hill"} <= set(
        SCENARIOS
    )


def test_every_scenario_begins_on_the_bus():
    """Within a minute there is something to see, the parked car excepted."""
    for name in SCENARIOS:
        frames = TwizySimulator(name).step(45_000)
        assert bool(frames) == (name != "park"), name


def test_healthy_pack():
    """Below half of the guide's 30 mV and 3 degrees, in drive and charge."""
    pack = Pack("healthy")
    heard = []
    pack.module.car.on_event = heard.append
    pack.module.skip(12)
    actions = set()
    for state in pack.module.run(500):
        assert max(abs(mv) for mv in pack.cells_mv()) < 15
        assert max(abs(degrees) for degrees in pack.modules_c()) < 1.5
        actions.add((state.is_on, state.is_charging))
    assert actions == {(False, False), (True, False), (False, True)}
    assert EVENT_BATTERY not in heard


def test_drifting_cell():
    pack = Pack("drifting_cell")
    heard = []
    pack.module.car.on_event = heard.append
    pack.module.skip(20)
    assert abs(pack.cells_mv()[4]) < 15
    seen = []
    for _ in pack.module.run(240):
        seen.append(pack.cells_mv())
    assert seen[-1][4] < -30, "the guide's alert limit"
    assert all(abs(mv) < 15 for cell, mv in enumerate(seen[-1]) if cell != 4)
    # It creeps: no step is more than what the resolution of 5 mV makes of it.
    steps = [after[4] - before[4] for before, after in itertools.pairwise(seen)]
    assert max(abs(step) for step in steps) < 12
    assert EVENT_BATTERY in heard
    assert "!C5:-" in pack.module.car.event_text(EVENT_BATTERY)[1]


def test_hot_module():
    pack = Pack("hot_module")
    heard = []
    pack.module.car.on_event = heard.append
    pack.module.skip(20)
    assert abs(pack.modules_c()[1]) < 1.5
    pack.module.skip(280)
    deviations = pack.modules_c()
    assert deviations[1] >= 3, "the guide's alert limit"
    assert all(abs(degrees) < 3 for n, degrees in enumerate(deviations) if n != 1)
    assert EVENT_BATTERY in heard
    assert "!M2:+" in pack.module.car.event_text(EVENT_BATTERY)[1]


def test_a_fault_stops_at_its_limit():
    simulator = TwizySimulator(
        Scenario(
            60, (Step("key", 200),), faults=(Fault("cell", 14, 20, 1), Fault("module", 7, 4, 2))
        )
    )
    simulator.step(30_000)
    assert simulator.model.cell_offset_mv[13] == pytest.approx(10, abs=0.1)
    assert simulator.model.module_offset_c[6] == pytest.approx(1, abs=0.05)
    simulator.step(150_000)
    assert simulator.model.cell_offset_mv[13] == 20
    assert simulator.model.module_offset_c[6] == 4
    for wrong in (("cell", 15, 1, 1), ("cell", 0, 1, 1), ("module", 8, 1, 1), ("tyre", 1, 1, 1)):
        with pytest.raises(ValueError, match="The pack has no"):
            Fault(*wrong)


def test_interrupted_charge():
    """Interrupted, resumed, done: nothing twice. A short version; the scenario's takes an hour."""
    steps = SCENARIOS["interrupted_charge"].steps
    assert [step.action for step in steps].count("charge") == 2
    simulator = TwizySimulator("interrupted_charge", soc_pct=99.6)
    module = Module(simulator)
    heard = []
    module.car.on_event = lambda event: heard.append((event, simulator.charge_state))
    texts = []
    for _ in module.run(1000):
        texts.append(module.car.stat_text().split("\r")[0])
        if simulator.is_finished:
            break
    assert module.state.soc_pct100 == 10000
    assert [pair for pair in heard if pair[0] in CHARGE_EVENTS] == [
        (EVENT_CHARGE_TOPPING_OFF, "topoff"),
        (EVENT_CHARGE_INTERRUPTED, "stopped"),
        (EVENT_CHARGE_RESUMED, "topoff"),
        (EVENT_CHARGE_DONE, "done"),
    ]
    assert [text for text, _ in itertools.groupby(texts)] == [
        "Not charging",
        "Charging, Topping off",
        "Charging Stopped",
        "Charging, Topping off",
        "Charging Done",
    ]


def test_hill():
    simulator = TwizySimulator("hill")
    module = Module(simulator)
    module.skip(10)
    rises = []
    powers_w = {"up": [], "down": [], "level": []}
    start_m = simulator.altitude_m
    for state in module.run(500):
        before_m = start_m
        start_m = simulator.altitude_m
        rises.append(start_m - before_m)
        if state.speed_kmh10 > 400:
            way = "up" if rises[-1] > 0.3 else "down" if rises[-1] < -0.3 else "level"
            powers_w[way].append(state.battery_w)
    highest = 48 + max(height for _, height in HILLS)
    assert simulator.altitude_m != 48 and max(abs(rise) for rise in rises) < 1.2
    assert highest - 1 < 48 + max(itertools.accumulate(rises)) <= highest + 1
    means = {way: sum(values) / len(values) for way, values in powers_w.items()}
    # 560 kg up 6 % at 50 km/h are 4.6 kW at the wheels.
    assert means["up"] > means["level"] + 3000
    assert means["down"] < 0 < means["level"]


def test_a_road_is_repeated_and_checked():
    scenario = SCENARIOS["hill"]
    length_m = HILLS[-1][0]
    assert scenario.height_m(700) == scenario.height_m(700 + 3 * length_m) == 24
    assert scenario.height_m(0) == scenario.height_m(length_m) == 0
    assert Scenario(50, (Step("drive", 60, TOWN),)).height_m(500) == 0
    for wrong in (((0, 0),), ((0, 0), (100, 5)), ((0, 0), (9, 5), (9, 0)), ((5, 0), (9, 0))):
        with pytest.raises(ValueError, match="A road's heights"):
            Scenario(50, (Step("key", 5),), heights=wrong)


def test_altitude_can_start_elsewhere():
    simulator = TwizySimulator("hill", start_m=512.0)
    assert simulator.altitude_m == 512
    simulator.step(60_000)
    assert 512 < simulator.altitude_m < 560
