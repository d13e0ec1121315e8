"""`CARS=...`: which cars a package has, and that nothing in it names one that it has not."""

import ast

import pytest

from host_tests.services.sms_bench import Bench
from ovms import config_storage, parameter_rules, parameters
from ovms.vehicle import types
from tools import build, images, package_cars
from tools.package_cars import CarsError, with_cars
from tools.sources import imported_modules

TYPES = types.TYPES.split()
MODULE_BYTES = 2 * 1024 * 1024


@pytest.fixture(scope="module")
def sources():
    return build.firmware_sources()


def missing(sources):
    """Imports of the package's own modules that are not in it, at any depth."""
    there = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in sources
    }
    every = {
        path.removesuffix(".py").replace("/", ".") for path in build.firmware_sources()
    } - there
    found = set()
    for path, text in sources.items():
        found |= {(path, name) for name in imported_modules(text) & every}
    return found


@pytest.mark.parametrize("name", TYPES)
def test_a_package_of_one_car_is_whole(sources, name):
    cut = with_cars(sources, [name])
    assert not missing(cut)
    namespace = {}
    exec(cut["ovms/vehicle/types.py"], namespace)  # noqa: S102 - our own text
    assert namespace["TYPES"] == name
    assert set(namespace["LEFT_OUT"].split()) >= set(TYPES) - {name}
    assert name not in namespace["LEFT_OUT"].split()
    folders = {
        path.split("/")[2]
        for path in cut
        if path.startswith("ovms/vehicle/") and path.count("/") > 2
    }
    assert len(folders) == 1 and len(cut) < len(sources)
    for text in cut.values():
        ast.parse(text)


def test_all_is_what_it_was(sources):
    assert with_cars(sources, []) == sources
    everything = with_cars(sources, TYPES)
    assert everything == sources


def test_what_only_others_need_goes_too(sources):
    twizy, leaf, obd = (with_cars(sources, [name]) for name in ("RT", "NL", "OBD"))
    for path, has in (
        ("ovms/vehicle/table_car.py", (False, True, True)),
        ("ovms/vehicle/table_machines.py", (False, True, True)),
        ("ovms/vehicle/poller.py", (False, False, True)),
        ("ovms/vehicle/trouble_codes.py", (False, False, True)),
        ("ovms/protocol/isotp.py", (False, False, True)),
        ("ovms/protocol/sdo.py", (True, False, False)),
        ("ovms/vehicle/kept_values.py", (True, True, True)),
    ):
        assert tuple(path in cut for cut in (twizy, leaf, obd)) == has, path


def test_other_names_of_a_car_go_with_it(sources):
    text = with_cars(sources, ["RT"])["ovms/vehicle/types.py"]
    assert {"OBD", "O2", "NL1", "DEMO", "DE"} <= set(
        text.split('LEFT_OUT = "')[1].split('"')[0].split()
    )
    assert '"O2": _obd' in with_cars(sources, ["OBD"])["ovms/car_setup.py"]


def test_a_car_that_there_is_not_is_a_sentence(sources, monkeypatch):
    with pytest.raises(CarsError, match=r"There is no car ZZ for CARS: choose RT, DEMO, .*OBD\.$"):
        with_cars(sources, ["RT", "ZZ"])
    monkeypatch.setenv("CARS", "zz")
    with pytest.raises(build.BuildError, match="no car ZZ"):
        build.firmware_sources()
    monkeypatch.setenv("CARS", "rt, obd")
    assert package_cars.wanted() == ["RT", "OBD"]


def test_a_type_that_was_left_out_is_refused(monkeypatch):
    """Whoever sets it: VEHICLE, MODULE, an app, the console."""
    monkeypatch.setattr(types, "TYPES", "RT OBD")
    monkeypatch.setattr(types, "LEFT_OUT", "NL NL1 DEMO DE")
    bench = Bench()
    bench.send("VEHICLE RT")
    for name in ("NL", "nl1", "NL7", "DEMO"):
        reply = bench.send(f"VEHICLE {name}")
        sentence = f"This package was made without the car {name.upper()}; it has RT OBD."
        assert sentence in reply
        with pytest.raises(ValueError, match=sentence.split(";")[0]):
            parameter_rules.chosen(parameters.VEHICLE_TYPE, name)
    assert "Types:RT OBD" in bench.send("VEHICLE?")
    assert bench.config.get(parameters.VEHICLE_TYPE) == "RT"
    assert parameter_rules.checked(parameters.VEHICLE_TYPE, "NL") == "NL", "it was stored once"
    for name in ("", "OBD", "O2", "RTX"):
        assert parameter_rules.chosen(parameters.VEHICLE_TYPE, name) == name
    monkeypatch.setattr(types, "TYPES", "NL")
    monkeypatch.setattr(types, "LEFT_OUT", "NL1 NLC")
    assert "without the car NLC" in bench.send("VEHICLE NLC"), "it is not the plain Leaf"
    assert "VehicleType:NL2\r\n" in bench.send("VEHICLE NL2")


def test_what_another_package_stored_loads_and_is_told(monkeypatch):
    bench = Bench()
    bench.send("VEHICLE NL1")
    monkeypatch.setattr(types, "TYPES", "RT OBD")
    monkeypatch.setattr(types, "LEFT_OUT", "NL NL1")
    later = Bench(is_new=True)
    later.store.data = bench.store.data
    config_storage.load(later.config)
    assert not later.config.load_error
    told = (
        "Vehicle:\r\n VehicleType:NL1\r\n CarType:NONE\r\n Types:RT OBD"
        "\r\n No car is read: NL1 is none of these."
    )
    assert later.send("VEHICLE?") == told
    assert "VehicleType:NL1\r\n" in later.send("MODULE MYID"), "others can still be set"
    assert later.send("VEHICLE RT").endswith("Types:RT OBD")


@pytest.mark.parametrize("name", ["RT", "OBD"])
def test_a_plain_package_of_one_car_fits_beside_a_small_one(monkeypatch, tmp_path, name):
    """A module keeps the firmware that runs beside the new one."""
    monkeypatch.setenv("CARS", name)
    monkeypatch.setattr(build, "BUILD", tmp_path)
    plain = images.littlefs_bytes(build.build_firmware("LILYGO_TCALL_SIM800", "plain"))
    small = images.littlefs_bytes(build.build_firmware("LILYGO_TCALL_SIM800", "small"))
    assert plain + small < MODULE_BYTES - 96 * 1024
    monkeypatch.delenv("CARS")
    assert small < images.littlefs_bytes(build.build_firmware("LILYGO_TCALL_SIM800", "small"))
