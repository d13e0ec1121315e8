"""The contract suite on every car of the firmware, and on the example of its README."""

from host_tests.shims.expect import run
from host_tests.vehicle import contract
from host_tests.vehicle.example_car import ExampleCar
from host_tests.vehicle.table_cars import TABLE_CARS
from ovms.vehicle.base import Vehicle
from ovms.vehicle.demo.car import Demo
from ovms.vehicle.roadster.car import Roadster
from ovms.vehicle.twizy.car import Twizy

SEED = 20260612

# Car class, frames that wake it up and move it.
CARS = (
    (Vehicle, ()),
    (Demo, ()),
    (
        Roadster,
        (
            "100 80 60 BA 00 79 00 A7 00",
            "100 96 88 20 02 A1 0C 00 00",
            "100 89 1D FF FF 7F FF",
            "100 86 03 87 01 59 F8 FF FF",
            "100 A3 22 25 00 00 00 14",
            "402 FA 03 C4 5E 97 00 C6 01",
            "100 A4 53 46 5A 52 45 38 42",
            "100 A5 31 35 42 33 39 39 39",
            "100 A6 39 39 39 00 00 00 00",
        ),
    ),
    (
        Twizy,
        (
            "597 00 95 21 41 29 00 01 35",
            "59B 80 0C 65 5E 44 72 00 90",
            "55F 00 FE 73 00 00 23 E2 3E",
            "155 05 96 E7 54 6D 58 00 6F",
            "599 00 00 04 B8 FF 49 13 88",
            "554 46 45 45 44 45 45 46 00",
            "5D7 00 00 04 7C 1C E0 00",
            "69F F0 82 87 37",
        ),
    ),
    (ExampleCar, ("100 01 13 88", "200 A0 3C", "300 01 02 03")),
) + TABLE_CARS

# A Roadster's module does what the touch screen can, in its name, and hears it tell of the lock.
PLAYED = {Roadster: (0x102,)}


def test_declares_itself():
    for car_class, _ in CARS:
        contract.declares_itself(car_class)


def test_sends_only_its_own():
    for car_class, _ in CARS:
        contract.sends_only_its_own(car_class, PLAYED.get(car_class, ()))


def test_survives_every_dlc():
    print("seed", SEED)
    for car_class, _ in CARS:
        contract.survives_every_dlc(car_class, SEED)


def test_refuses_empty_frames():
    print("seed", SEED)
    for car_class, _ in CARS:
        contract.refuses_empty_frames(car_class, SEED)


def test_ignores_foreign_ids():
    print("seed", SEED)
    for car_class, _ in CARS:
        contract.ignores_foreign_ids(car_class, SEED)


def test_never_allocates():
    print("seed", SEED)
    for car_class, _ in CARS:
        contract.never_allocates(car_class, SEED)


def test_goes_stale():
    for car_class, wake in CARS:
        contract.goes_stale(car_class, wake)


def test_keeps_what_it_knows():
    for car_class, wake in CARS:
        contract.keeps_what_it_knows(car_class, wake)


def test_names_its_commands():
    for car_class, _ in CARS:
        contract.names_its_commands(car_class)


def test_asks_without_a_change():
    for car_class, wake in CARS:
        contract.asks_without_a_change(car_class, wake)


def test_the_example_reads_its_frames():
    car = contract.build(ExampleCar)
    contract.feed(car, *dict(CARS)[ExampleCar])
    contract.pass_seconds(car, 1)
    state = car.state
    assert state.is_on and state.speed_kmh10 == 500
    assert (state.soc_pct100, state.battery_temp_c) == (8000, 20)
    assert state.odometer_m == 6_605_100
    assert run(car.command(200, "")) == (0, "1")
    assert run(car.sms_commands()[0][2](car, [], False)) == "Key: on"
    contract.pass_seconds(car, 10)
    assert run(car.sms_commands()[0][2](car, [], True)) == "Key: off"
    assert state.revision == 1, "the sleep is reported at once, and once"
