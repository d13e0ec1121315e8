"""What the module itself notices about the car, and when it tells it again."""

from host_tests.services.notifier_bench import Module
from ovms.vehicle import base
from ovms.vehicle.base import Vehicle

LOW_SOC = "ALERT!!! CRITICAL SOC LEVEL APPROACHED (4% SOC)"


def test_alarm_first_and_once():
    module = Module()
    module.status.is_registered = module.status.is_server_connected = False
    module.notifier.notify("A", "other")
    module.state.is_alarm_on = True
    module.run(20)
    module.status.is_registered = module.status.is_server_connected = True
    module.run(5)
    alarm = "Vehicle alarm is sounding!"
    assert module.take() == (["A" + alarm, "Aother"], [alarm, "other"])
    module.state.is_alarm_on = False
    module.run(3)
    module.state.is_alarm_on = True
    module.run(3)
    assert module.take() == (["A" + alarm], [alarm])


def test_trunk_in_valet_mode():
    module = Module("IP")
    module.state.open_doors[5] = True
    module.run(3)
    # Opened before valet mode began.
    module.state.is_valet = True
    module.run(3)
    assert module.take() == ([], [])
    module.state.open_doors[5] = False
    module.run(2)
    module.state.open_doors[5] = True
    module.run(3)
    assert module.take()[0] == ["ATrunk has been opened (valet mode)."]


def test_left_on_after_15_minutes_and_each_hour():
    module = Module("IP")
    module.state.is_awake = True
    times = []
    for minute in range(1, 160):
        module.run(60, 20)
        if module.take()[0] == ["AVehicle is stopped turned on"]:
            times.append(minute)
    assert times == [15, 75, 135]
    module.state.speed_kmh10 = 10
    module.run(60)
    module.state.speed_kmh10 = 0
    module.run(14 * 60)
    assert module.take() == ([], [])
    module.run(60)
    assert len(module.take()[0]) == 1


def test_minimum_soc_once_and_rearmed():
    module = Module("IP")
    module.config.set_feature(9, "50")
    module.run(120)
    assert module.take() == ([], [])
    module.state.soc_pct100 = 4999
    module.run(300)
    assert module.take()[0] == ["ACharging\r SOC: 49%"]
    # Two percent up is not enough to tell it again.
    module.state.soc_pct100 = 5200
    module.run(120)
    module.state.soc_pct100 = 4900
    module.run(120)
    assert module.take() == ([], [])
    module.state.soc_pct100 = 5201
    module.run(120)
    module.state.is_charging = True
    module.state.soc_pct100 = 4900
    module.run(120)
    assert module.take() == ([], [])
    module.state.is_charging = False
    module.run(120)
    assert len(module.take()[0]) == 1


def test_minimum_soc_that_the_car_announces_itself():
    module = Module("IP")
    module.config.set_feature(9, "50")
    module.state.soc_pct100 = 4800
    module.car.on_event(base.EVENT_MINIMUM_SOC)
    module.run(300)
    module.car.on_event(base.EVENT_MINIMUM_SOC)
    module.run(3)
    assert len(module.take()[0]) == 1


def test_low_soc_goes_everywhere_every_12_hours():
    module = Module("")
    module.state.soc_pct100 = 499
    module.run(9 * 60 + 30)
    assert module.take() == ([], [])
    module.run(40)
    assert module.take() == (["A" + LOW_SOC], [LOW_SOC])
    module.run(719 * 60, 30)
    assert module.take() == ([], [])
    module.run(70)
    assert module.take() == (["A" + LOW_SOC], [LOW_SOC])


def test_low_soc_an_hour_after_it_fell():
    module = Module("")
    module.run(120)
    module.state.soc_pct100 = 499
    module.state.is_awake = True
    module.run(3 * 3600, 30)
    assert LOW_SOC not in module.take()[1]
    module.state.is_awake = False
    module.run(59 * 60)
    assert module.take() == ([], [])
    module.run(120)
    assert module.take() == (["A" + LOW_SOC], [LOW_SOC])


def test_low_soc_respects_the_suppression():
    module = Module("SMSIP")
    module.config.set_feature(14, str(0x08))
    module.state.soc_pct100 = 499
    module.run(11 * 60)
    assert module.take() == ([], [])
    module = Module("SMSIP")
    module.state.soc_pct100 = None
    module.run(11 * 60)
    assert module.take() == ([], [])


def test_supply_alert_and_its_end():
    module = Module()
    state = module.state
    state.supply_mv = 12600
    module.run(15 * 60)
    assert state.supply_reference_mv is None
    module.run(60)
    assert state.supply_reference_mv == 12600
    state.supply_mv = 10800
    module.run(5 * 60)
    low = "ALERT!!! 12V BATTERY CRITICAL (11.3V, ref=12.6V)"
    assert module.take() == (["A" + low], [low])
    state.supply_mv = 12000
    module.run(5 * 60)
    recovered = "12V BATTERY OK (11.8V, ref=12.6V)"
    assert module.take() == (["A" + recovered], [recovered])
    assert state.supply_reference_mv == 12600


def test_supply_of_no_car():
    module = Module(car_class=Vehicle)
    module.state.supply_mv = 12600
    module.run(16 * 60)
    module.state.supply_mv = 9000
    module.run(5 * 60)
    assert module.take() == ([], [])
    assert module.state.supply_reference_mv == 12600
