"""Every vector of the car facts 3.7, from the bus through the controller and driver to the state.

Those of frames that no state value is made of (55B, 55B's SOC; RPM; coolant) are not among them.
"""

from host_tests.drivers.mcp2515_bench import MCP2515Bench
from host_tests.vehicle.contract import build, pass_seconds
from host_tests.vehicle.table_cars import TABLE_CARS
from ovms.protocol.v2 import reports
from ovms.vehicle.imiev.car import Imiev
from ovms.vehicle.kiasoul.car import Kiasoul
from ovms.vehicle.leaf.car import Leaf
from ovms.vehicle.leaf_2010.car import Leaf2010
from ovms.vehicle.leaf_2018.car import Leaf2018
from ovms.vehicle.leaf_body.car import LeafBody
from ovms.vehicle.obd.car import Obd
from ovms.vehicle.thinkcity.car import Thinkcity
from ovms.vehicle.voltampera.car import Voltampera


class OnTheBus:
    """A car behind the driver and the register model."""

    def __init__(self, car_class):
        self.car = build(car_class)
        self.state = self.car.state
        self.bench = MCP2515Bench().open(
            car_class.RX_IDS, car_class.TX_FRAMES, True, car_class.FOREIGN_IDS
        )

    def hears(self, *frames):
        """Frames on the bus, then a second passes."""
        for text in frames:
            words = text.split()
            data = bytes([int(word, 16) for word in words[1:]])
            self.bench.frame(int(words[0], 16), data)
            for arbitration_id, payload in self.bench.received():
                whole = bytearray(8)
                whole[: len(payload)] = payload
                self.car.on_frame(arbitration_id, whole, len(payload))
        pass_seconds(self.car, 1)
        return self.state


def test_imiev():
    bus = OnTheBus(Imiev)
    # Real frames from a forum.
    state = bus.hears("374 B8 BC 00 00 43 3F 4E 00", "412 FE 00 01 7D F4 00 21 12")
    assert (state.soc_pct100, state.odometer_m) == (8900, 97_780_000)
    state = bus.hears("373 00 00 7C 18 0D 7A 00 00")
    assert (state.battery_ma, state.battery_mv, state.battery_w) == (10_000, 345_000, 3450)
    state = bus.hears("346 00 00 00 00 20 00 00 5A")
    assert state.is_handbrake_on and state.estimated_range_km == 90
    assert bus.hears("346 00 00 00 00 00 00 00 FF").estimated_range_km == 90
    assert not state.is_handbrake_on
    state = bus.hears("389 00 E6 00 00 00 00 7D 00")
    assert (state.line_v, state.charge_a10) == (230, 125)
    assert bus.hears("298 00 00 00 43 00 00 2E E0").motor_temp_c == 27
    assert bus.hears("374 B8 0A 00 00 43 3F 4E 00").soc_pct100 == 8900, "not ready"


def test_imiev_battery_temperature_is_a_mean_of_24():
    bus = OnTheBus(Imiev)
    frames = ["6E1 %02X 00 %02X %02X 01 90 01 91" % (n, 0x46, 0x47) for n in range(1, 13)]
    assert bus.hears(*frames[:11]).battery_temp_c is None
    state = bus.hears(frames[11])
    # 12 of 20 C and 12 of 21 C.
    assert state.battery_temp_c == 21 and state.temps_age_s == 1
    assert bus.hears(*["6E1 01 00 50 50 01 90 01 91"] * 12).battery_temp_c == 30


def test_imiev_vin_needs_every_part_twice():
    bus = OnTheBus(Imiev)
    parts = (
        "29A 00 4A 4D 46 4C 44 48 41",
        "29A 01 33 57 43 55 30 30 31",
        "29A 02 32 33 34 00 00 00 00",
    )
    assert bus.hears(*parts).vin == ""
    assert bus.hears(*parts).vin == "JMFLDHA3WCU001234"
    assert bus.hears(parts[0], "29A 01 FF FF FF FF FF FF FF").vin == "JMFLDHA3WCU001234"


def test_leaf():
    bus = OnTheBus(Leaf)
    state = bus.hears("1DB F6 00 BF 40 55 00 00 00")
    assert (state.battery_ma, state.battery_mv, state.soc_pct100) == (40_000, 382_500, 8500)
    state = bus.hears("1DB 04 E0 C3 00 4B 00 00 00")
    assert (state.battery_ma, state.battery_mv, state.soc_pct100) == (-19_500, 390_000, 7500)
    assert bus.hears("284 00 00 00 00 13 24 00 00").speed_kmh10 == 500
    assert state.is_on and state.is_awake
    assert bus.hears("5C0 40 00 78 00 00 00 00 00").battery_temp_c == 20
    assert bus.hears("5C0 80 00 90 00 00 00 00 00").battery_temp_c == 20, "another page"
    assert bus.hears("1DB F6 00 FF C0 7F 00 00 00").battery_mv == 390_000, "fillers"
    assert state.soc_pct100 == 7500
    # And so they are told: S begins with SOC in percent, D has the battery's temperature.
    assert reports.state_message(state, False).split(b",")[0] == b"75.0"
    assert b",20," in reports.environment_message(state, False)


def test_leaf_charges():
    bus = OnTheBus(Leaf)
    for _ in range(3):
        state = bus.hears("390 00 22 00 30 00 08 42 00")
    assert state.is_charging and state.charge_state == 1 and state.has_pilot
    assert (state.line_v, state.charge_input_w) == (200, 3400)


def test_leaf_2010_and_2018():
    state = OnTheBus(Leaf2010).hears("5BC 46 40 00 00 C0 01 20 00")
    assert (state.soc_pct100, state.soh_pct) == (10_000, 96)
    bus = OnTheBus(Leaf2010)
    assert bus.hears("5BC 46 40 00 00 C0 11 20 00").soc_pct100 is None, "the maximum"
    for _ in range(4):
        state = bus.hears("5BF 00 00 50 00 60 00 00 00")
    assert state.charge_limit_a == 16 and state.is_charging
    assert OnTheBus(Leaf2018).hears("59E 00 00 0F 00 00 00 00 AC").soc_pct100 == 8600


def test_leaf_body():
    bus = OnTheBus(LeafBody)
    assert bus.hears("5C5 04 01 2B 3C 00 00 00 00").odometer_m is None, "of unknown unit"
    state = bus.hears("355 00 00 00 00 00 00 00", "5C5 04 01 2B 3C 00 00 00 00")
    assert state.odometer_m == 76_604_000 and state.is_handbrake_on
    state = bus.hears("355 00 00 00 00 00 00 20")
    assert bus.hears("5C5 04 01 2B 3C 00 00 00 00").odometer_m == 123_282_188
    bus.hears("60D 08 06 10 00 00 00 00 00")
    assert state.open_doors == [True, False, False, False, False, False]
    assert state.is_on and state.is_locked
    bus.hears("385 00 00 90 91 8E 8F 00 00")
    assert state.tyre_kpa == [248, 250, 246, 245] and state.tyres_age_s == 1


def test_volt():
    bus = OnTheBus(Voltampera)
    state = bus.hears("120 00 36 EE 80 00 00 00 00", "0C9 84 0C 80 00 00 00 00 00")
    assert state.odometer_m == 56_250_000 and state.is_on
    # 55 mph.
    assert bus.hears("3E9 15 7C 00 00 00 00 00 00").speed_kmh10 == 885
    assert bus.hears("4C1 00 00 78 00 76 00 00 00").ambient_temp_c == 19
    assert bus.hears("120 FF FF FF FF 00 00 00 00").odometer_m == 56_250_000
    bus.hears("32A F6 5A 23 10 13 5A 23 10")
    assert (state.latitude_udeg, state.longitude_udeg) == (-44_962_484, 90_187_311)
    vin = ("514 47 31 52 44 36 45 34 35", "4E1 42 55 30 30 31 32 33 34")
    assert bus.hears(*vin).vin == ""
    assert bus.hears(*vin).vin == "1G1RD6E45BU001234"


def test_think_city():
    bus = OnTheBus(Thinkcity)
    state = bus.hears("263 46 E6 28 00 00 64 00 00")
    assert (state.charge_a10, state.line_v, state.ambient_temp_c) == (140, 230, 20)
    bus.hears("303 00 00 00 00 04 00 00 00", "263 46 E6 28 00 00 64 00 00")
    assert state.speed_kmh10 == 500 and state.is_on
    bus.hears("301 FF 9C 0E 9C 01 2C 0A 8C")
    assert (state.battery_ma, state.battery_mv) == (-10_000, 374_000)
    assert (state.soc_pct100, state.battery_temp_c) == (7000, 270)
    bus.hears("75B 00 00 00 67 0D AC 00 00", "311 00 4B 00 00 00 00 00 00")
    assert (state.motor_temp_c, state.charge_limit_a) == (35, 15)
    assert bus.hears("75B 00 00 00 65 09 C4 00 00").charger_temp_c == 25
    assert state.motor_temp_c == 35


def test_kia_soul():
    bus = OnTheBus(Kiasoul)
    state = bus.hears("542 9E 00 00 00 00 00 00 00", "4F0 00 00 00 00 00 D2 04 00")
    assert (state.soc_pct100, state.odometer_m) == (7900, 123_400)
    bus.hears("4F2 00 64 01 00 00 00 00 02")
    bus.hears("4F2 00 64 02 00 00 00 00 03")
    assert state.is_on and state.speed_kmh10 == 500
    assert bus.hears("581 00 00 00 00 00 00 80 06").charge_input_w == 6500
    # An event, which the next frame takes back.
    bus.hears("120 00 00 00 10 00 00 00 00", "120 00 00 00 00 00 00 00 00")
    assert state.is_locked
    bus.hears("120 00 00 00 00 00 00 00 00", "120 00 00 00 20 00 00 00 00")
    assert not state.is_locked


def test_nothing_is_ever_sent():
    """No table without polls has frames to send (of one with polls: test_obd_gate.py), and the
    driver lets none of all ids out even when it may.
    """
    for car_class, _ in TABLE_CARS:
        assert bool(car_class.TX_FRAMES) == (car_class is Obd)
    bench = MCP2515Bench().open(Leaf.RX_IDS, Leaf.TX_FRAMES, False)
    for arbitration_id in range(0x800):
        for dlc in range(9):
            assert not bench.bus.send(arbitration_id, bytes(dlc))
    assert not bench.sent


def test_the_driver_hands_on_what_is_read_and_no_more():
    for car_class, _ in TABLE_CARS:
        bus = OnTheBus(car_class)
        wanted = set(car_class.RX_IDS)
        around = {n + d for n in wanted for d in (-1, 0, 1)} | set(car_class.FOREIGN_IDS)
        for arbitration_id in sorted(around):
            bus.bench.frame(arbitration_id, bytes(8))
            got = [frame[0] for frame in bus.bench.received()]
            assert got == ([arbitration_id] if arbitration_id in wanted else []), car_class.TYPE
        assert len(around) > len(wanted)
