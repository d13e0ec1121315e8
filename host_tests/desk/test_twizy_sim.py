"""The simulated Twizy: its DBC against known frames, its bus, and the firmware's decoder on it.

Runs on CPython only (cantools, python-can). Encoder and decoder share no code: what both agree on
was not the same mistake twice.
"""

import ast
import io
import itertools
from pathlib import Path

import can
import cantools
import pytest

from host_tests.fixtures.twizy_frames import KNOWN_FRAMES
from ovms.vehicle.state import CHARGE_DONE, CHARGE_STOPPED, CHARGING, TOPPING_OFF, VehicleState
from ovms.vehicle.twizy.car import Twizy
from tools.desk import twizy_sim
from tools.desk.twizy_frames import DBC, VIN_DIGITS
from tools.desk.twizy_scenarios import SCENARIOS, TOWN, Scenario, Step
from tools.desk.twizy_sim import TwizySimulator

DATABASE = cantools.database.load_file(DBC, strict=True)


class Module:
    """The firmware's car on the simulator's bus, polled once a second."""

    class Settings:
        is_miles = is_paranoid = False
        revision = 0

        def feature(self, n):
            return 0

    def __init__(self, simulator):
        self.simulator = simulator
        self.state = VehicleState()
        self.car = Twizy(self.state, self.Settings())
        self.heard = []

    def run(self, seconds):
        """Let seconds pass; yields after each."""
        buffer = bytearray(8)
        for _ in range(seconds):
            for arbitration_id, data in self.simulator.step(1000):
                buffer[: len(data)] = data
                self.car.on_frame(arbitration_id, buffer, len(data))
            self.state.tick(1)
            self.car.poll(1000)
            yield self.state

    def skip(self, seconds):
        for _ in self.run(seconds):
            pass


def phases_597(frames):
    """High nibbles of 597 byte 1, repetitions left out, as text."""
    nibbles = [data[1] >> 4 for arbitration_id, data in frames if arbitration_id == 0x597]
    return "".join(f"{nibble:X}" for nibble, _ in itertools.groupby(nibbles))


@pytest.mark.parametrize("row, frame_id, data, expected", KNOWN_FRAMES)
def test_dbc_decodes_known_frames(row, frame_id, data, expected):
    decoded = DATABASE.decode_message(frame_id, bytes.fromhex(data), decode_choices=False)
    for name, value in expected.items():
        assert decoded[name] == pytest.approx(value, abs=0.005), name


def test_dbc_has_every_frame_and_signal():
    assert len(DATABASE.messages) == 29
    assert sum(len(message.signals) for message in DATABASE.messages) == 116


def test_the_simulator_knows_nothing_of_the_firmware():
    for path in Path(twizy_sim.__file__).parent.glob("twizy_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "ovms"], path


def test_frames_come_at_their_periods():
    simulator = TwizySimulator("drive")
    simulator.step(10_000)
    counts = {}
    for arbitration_id, data in simulator.step(6000):
        counts[arbitration_id] = counts.get(arbitration_id, 0) + 1
        assert len(data) == DATABASE.get_message_by_frame_id(arbitration_id).length
    for message in DATABASE.messages:
        if message.frame_id in (0x081, 0x581, 0x601, 0x700):
            assert message.frame_id not in counts
        else:
            assert counts[message.frame_id] == 6000 // message.cycle_time, message.name


def test_same_calls_same_frames_whatever_the_step():
    whole = TwizySimulator("key_cycle").timed_step(20_000)
    parts = TwizySimulator("key_cycle")
    pieces = []
    for elapsed_ms in itertools.cycle((7, 250, 33, 1000)):
        if parts.time_s >= 19:
            break
        pieces += parts.timed_step(elapsed_ms)
    assert pieces == whole[: len(pieces)] and len(pieces) > 4000


def test_bus_phases():
    simulator = TwizySimulator("key_cycle")
    assert phases_597(simulator.step(30_000)) == "F98E"
    assert simulator.is_asleep
    assert simulator.step(5000) == []
    charge = TwizySimulator("charge", soc_pct=99.93)
    frames = charge.step(600_000)
    assert charge.is_finished and charge.charge_state == "done"
    assert phases_597(frames) == "EAE"


def test_fillers_until_the_bms_is_ready():
    frames = TwizySimulator(Scenario(70, (Step("key", 5),))).step(4000)
    first = {}
    for arbitration_id, data in frames:
        first.setdefault(arbitration_id, data)
    assert first[0x155] == bytes.fromhex("FF97D0940008006F")
    assert first[0x424] == bytes.fromhex("00 00 FF FF 7F 7F 00 7F".replace(" ", ""))
    for arbitration_id in (0x554, 0x556, 0x557, 0x55E, 0x55F):
        assert first[arbitration_id] == b"\xff" * 8
    valid = [data for arbitration_id, data in frames if arbitration_id == 0x155]
    assert valid[-1][3] == 0x54
    # 70 %, less what two idle seconds took, down to the next step of 0.02 %.
    assert int.from_bytes(valid[-1][4:6], "big") == 28000 - 8


def test_firmware_follows_a_drive():
    simulator = TwizySimulator("drive")
    module = Module(simulator)
    module.skip(12)
    start_m = simulator.distance_m
    used_ws = recovered_ws = 0.0
    used_wh = module.state.energy_used_wh
    recovered_wh = module.state.energy_recovered_wh
    for _ in range(300):
        for _ in range(10):
            for arbitration_id, data in simulator.step(100):
                module.car.on_frame(arbitration_id, data + bytes(8 - len(data)), len(data))
            used_ws += max(simulator.power_w, 0) / 10
            recovered_ws -= min(simulator.power_w, 0) / 10
        state = module.state
        state.tick(1)
        module.car.poll(1000)
        assert state.is_on and state.is_awake and not state.is_charging
        assert state.soc_pct100 / 100 == pytest.approx(simulator.soc_pct, abs=0.03)
        assert state.speed_kmh10 / 10 == pytest.approx(simulator.speed_kmh, abs=0.8)
        assert state.odometer_m / 1000 == pytest.approx(simulator.odometer_km, abs=0.015)
        assert state.estimated_range_km == pytest.approx(simulator.range_km, abs=1.01)
        assert state.battery_ma / 1000 == pytest.approx(simulator.model.current_a, abs=0.13)
    assert simulator.distance_m - start_m > 3000
    assert state.trip_m == pytest.approx(simulator.distance_m, abs=20)
    model = simulator.model
    assert state.motor_temp_c == pytest.approx(model.motor_c, abs=0.51)
    assert state.pem_temp_c == pytest.approx(model.inverter_c, abs=0.51)
    assert state.charger_temp_c == pytest.approx(model.charger_c, abs=0.51)
    assert state.battery_temp_c == pytest.approx(model.battery_c, abs=1)
    assert state.soh_pct == 98
    assert state.vin == VIN_DIGITS
    # The pack voltage comes once a second only, so power is an estimate.
    assert state.energy_used_wh - used_wh == pytest.approx(used_ws / 3600, rel=0.02)
    assert state.energy_recovered_wh - recovered_wh == pytest.approx(recovered_ws / 3600, rel=0.1)
    assert module.car.short_frames == 0


def test_firmware_follows_a_charge_to_the_end():
    simulator = TwizySimulator("charge", soc_pct=99.5)
    module = Module(simulator)
    stored_ws = 0.0
    states = []
    for state in module.run(1100):
        stored_ws -= min(simulator.power_w, 0)
        states.append(state.charge_state)
        if simulator.is_charging and simulator.time_s > 10:
            assert state.is_charging and state.has_pilot and state.is_charge_port_open
            assert state.line_v == 230
            assert state.charge_a10 / 10 == pytest.approx(-simulator.model.current_a, abs=0.2)
            assert state.charge_w == pytest.approx(-simulator.power_w, abs=20)
            assert state.soc_pct100 / 100 == pytest.approx(simulator.soc_pct, abs=0.03)
    assert simulator.is_finished and simulator.charge_state == "done"
    # The car is topping off as soon as its level falls or it passes 94 %, here at once.
    order = [state for state, _ in itertools.groupby(states)]
    assert order == [CHARGE_DONE, TOPPING_OFF, CHARGE_DONE]
    assert state.soc_pct100 == 10000
    assert not state.is_charging and state.is_charge_port_open
    assert (state.charge_a10, state.charge_w, state.line_v) == (0, 0, 0)
    assert state.charge_wh == pytest.approx(stored_ws / 3600, abs=1)
    assert state.capacity_wh == 6100


def test_firmware_follows_an_interrupted_charge():
    simulator = TwizySimulator("charge", soc_pct=93.9)
    module = Module(simulator)
    names = {
        CHARGING: "charging",
        TOPPING_OFF: "topoff",
        CHARGE_DONE: "done",
        CHARGE_STOPPED: "stopped",
    }
    seen = []
    for state in module.run(60):
        seen.append((names[state.charge_state], simulator.charge_state))
    simulator.interrupt_charge()
    for state in module.run(30):
        seen.append((names[state.charge_state], simulator.charge_state))
    # Within three seconds of the truth: the plug-in phases, and the firmware's poll.
    for index in range(3, len(seen)):
        assert seen[index][0] in [truth for _, truth in seen[index - 3 : index + 1]], index
    assert [name for name, _ in itertools.groupby(name for name, _ in seen)] == [
        "done",
        "charging",
        "topoff",
        "stopped",
    ]
    assert simulator.is_asleep and state.line_v == 0


def test_a_timed_charge_can_be_interrupted_too():
    simulator = TwizySimulator(Scenario(50, (Step("charge", 600), Step("park", 10))))
    simulator.step(20_000)
    assert simulator.is_charging
    simulator.interrupt_charge()
    simulator.step(5000)
    assert simulator.charge_state == "stopped" and simulator.is_asleep


def test_firmware_follows_the_key():
    simulator = TwizySimulator("key_cycle")
    module = Module(simulator)
    awake = "".join(str(int(state.is_awake)) for state in module.run(66))
    # Each switch-on takes 2.5 s, each switch-off 4 s, during which the car does not count as on.
    assert [(bit, len(list(run))) for bit, run in itertools.groupby(awake)] == [
        ("0", 7),
        ("1", 8),
        ("0", 37),
        ("1", 8),
        ("0", 6),
    ]
    assert not module.state.is_on


def test_the_first_odometer_frame_after_a_wake_up_is_old():
    simulator = TwizySimulator("key_cycle")
    readings = [
        int.from_bytes(data[2:6], "big") / 1600
        for arbitration_id, data in simulator.step(9000)
        if arbitration_id == 0x5D7
    ]
    assert readings[1] - readings[0] == pytest.approx(0.2, abs=0.001)
    module = Module(TwizySimulator("key_cycle"))
    module.skip(12)
    assert module.state.trip_m == 0


def test_faults_reach_the_bus():
    simulator = TwizySimulator("drive")
    simulator.model.cell_offset_mv[4] = -150
    simulator.model.module_offset_c[1] = 9
    module = Module(simulator)
    module.skip(12)
    cells = list(module.car.decoder.cell_volts)[:14]
    modules = list(module.car.decoder.module_temps)
    assert cells.index(min(cells)) == 4
    assert 28 <= sorted(cells)[1] - cells[4] <= 32
    assert modules.index(max(modules)) == 1
    assert modules[1] - modules[0] == 9


def test_progress_and_repetition():
    scenario = Scenario(60, (Step("drive", None, TOWN), Step("park", 10)))
    simulator = TwizySimulator(scenario)
    simulator.step(120_000)
    halfway = simulator.progress
    assert halfway == pytest.approx(simulator.distance_m / simulator.planned_m)
    assert 0.3 < halfway < 0.9
    simulator.step(150_000)
    assert simulator.progress == pytest.approx(1, abs=0.001)
    assert simulator.is_finished and simulator.is_asleep
    repeated = TwizySimulator(scenario, is_repeating=True)
    repeated.step(300_000)
    assert not repeated.is_finished and 0 < repeated.progress < 1
    assert repeated.distance_m > repeated.planned_m


def test_a_parked_day_is_silent_and_quick():
    simulator = TwizySimulator(Scenario(70, (Step("park", 86_400), Step("key", 5))))
    assert sum(len(simulator.step(60_000)) for _ in range(24 * 60)) == 0
    assert simulator.time_s == 86_400
    assert simulator.step(2000)


def test_candump_lines_are_read_by_python_can(tmp_path):
    text = io.StringIO()
    count = twizy_sim.write_candump(TwizySimulator("key_cycle"), 12, text)
    path = tmp_path / "twizy.log"
    path.write_text(text.getvalue(), encoding="ascii")
    messages = list(can.CanutilsLogReader(path))
    expected = TwizySimulator("key_cycle").timed_step(12_000)
    assert len(messages) == count == len(expected)
    for message, (time_us, arbitration_id, data) in zip(messages, expected, strict=True):
        assert message.arbitration_id == arbitration_id and bytes(message.data) == data
        assert message.timestamp == pytest.approx(1_700_000_000 + time_us / 1e6, abs=1e-5)
    stamps = [message.timestamp for message in messages]
    assert stamps == sorted(stamps)


def test_unknown_scenario_is_one_sentence():
    with pytest.raises(ValueError, match=r"^There is no scenario moon: choose charge, .*trip\.$"):
        TwizySimulator("moon")
    for wrong in (("fly", 5), ("park",), ("key",), ("drive", 60)):
        with pytest.raises(ValueError, match=r"\.$"):
            Step(*wrong)
    assert set(SCENARIOS) >= {"drive", "charge", "park", "key_cycle", "trip"}
