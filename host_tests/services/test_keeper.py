"""What the car told last survives a restart, and is told as old: with the Twizy, on both runtimes.

Frames as in `vehicle/test_twizy_stat.py` and Twizy facts 9; a bus without frames is asleep.
"""

from host_tests.drivers.test_store import FakeFlash, PowerCutError
from host_tests.fixtures.twizy_battery import SET_C, frames
from host_tests.services.keeper_bench import UTC_S, Module
from ovms.drivers.store import Store
from ovms.protocol.v2 import reports
from ovms.protocol.v2.messages import location_message
from ovms.services import kept
from ovms.vehicle.base import (
    EVENT_CHARGE_DONE,
    EVENT_CHARGE_INTERRUPTED,
    EVENT_CHARGE_RESUMED,
    EVENT_CHARGE_STARTED,
    Vehicle,
)
from ovms.vehicle.demo.car import Demo
from ovms.vehicle.state import CHARGE_DONE, CHARGE_STOPPED, CHARGING, TOPPING_OFF

KEY_ON = "597 00 95 21 41 29 00 01 35"
KEY_OFF = "597 00 E0 00 D1 29 00 01 35"
CHARGER_ON = "597 20 B5 21 41 29 00 01 35"
# 60 %, 51 km, 47026.5 km, VIN; 30 A into the battery at 57.4 V.
DRIVE = (
    KEY_ON,
    "59B 80 0C 65 5E 44 72 00 90",
    "599 00 00 04 B8 FF 33 13 88",
    "155 07 97 D0 54 5D C0 00 73",
    "424 11 40 FF FF 4B 5D 00 00",
    "5D7 00 00 04 7C 1C E0 00",
    "69F F0 82 87 37",
)
CHARGE = (CHARGER_ON, "155 07 98 48 54 5D C0 00 73")


def driven(utc=None, seconds=30):
    """A module whose car was driven to 60 %, with alerts of the battery and a fix, and parked."""
    module = Module(utc=utc)
    state = module.state
    state.latitude_udeg, state.longitude_udeg = 52_045_000, -7_123_000
    state.altitude_m, state.course_deg = 187, 270
    state.gps_age_s = 0
    state.has_gps_lock = True
    state.supply_mv = 12600
    module.hear(*frames(SET_C))
    module.run(seconds, *DRIVE)
    # The sets of a drive are complete within a second.
    module.run(1, KEY_OFF)
    return module


def sent(module):
    """S, L and the start of F as they would leave now."""
    state = module.state
    return (
        reports.state_message(state, False),
        location_message(state, False).split(b",")[:4],
        state.vin,
    )


def kept_text(module):
    return bytes(module.fs.files["kept"]).decode()


def test_a_restart_beside_a_sleeping_car_knows_what_was_known():
    module = driven()
    module.run(40)
    before = sent(module), module.car.stat_text(), module.state.odometer_m
    again = module.again()
    again.run(60)
    assert (sent(again), again.car.stat_text(), again.state.odometer_m) == before
    assert before[0][0].startswith(b"60.0,K,0,0.0,done,standard,51,51,")
    assert "SOC: 60.00%" in before[1] and "ODO: 47026 km" in before[1]
    assert again.state.soh_pct == 93 and again.state.vin == "7378280"
    assert again.events == []
    # And so it is for days.
    third = again.again()
    third.run(60)
    assert (sent(third), third.car.stat_text()) == before[:2]


def test_what_is_old_is_told_as_old():
    module = driven()
    module.run(40)
    state = module.again().state
    fields = reports.environment_message(state, False).split(b",")
    # Parked, nothing on; the flags of both kinds of temperatures, and the lock of the position.
    assert fields[0] == b"32" and int(fields[9]) >= 1
    assert fields[12] == b"0" and not state.is_awake
    assert location_message(state, False).split(b",")[4:6] == [b"0", b"0"]
    assert state.told_age_s >= 120 and state.gps_age_s >= 120 and state.temps_age_s >= 120


def test_ages_go_on_while_the_module_is_off():
    module = driven(UTC_S)
    module.run(99)
    module.keeper.save()
    again = module.again()
    again.run(30)
    # Nobody knows the time yet: it is at least as long as it was.
    assert again.state.parked_s == 100 + 30
    again.clock.utc = module.clock.utc + 86_400
    again.run(30)
    assert 86_400 + 130 <= again.state.parked_s <= 86_400 + 131
    assert again.state.told_age_s >= 86_400
    # A better source corrects it, and what was seen in this run has an age of its own.
    again.state.gps_age_s = 0
    again.clock.utc += 3600
    again.run(30)
    assert again.state.parked_s - 86_400 - 3600 in (160, 161)
    assert again.state.gps_age_s == 30


def test_ages_without_a_clock_are_the_least_that_is_sure():
    module = driven()
    module.run(499)
    module.keeper.save()
    again = module.again()
    assert again.state.parked_s == 500
    again.run(10)
    again.clock.utc = UTC_S
    again.run(30)
    assert again.state.parked_s == 540
    third = again.again(UTC_S + 1000)
    assert 1500 <= third.state.parked_s <= 1540


def test_a_trip_goes_on_after_a_restart():
    # Cut before the key was turned off: what the last minutes saved is there.
    module = Module()
    module.run(400, *DRIVE)
    trip = module.car.trip_start_m, module.state.energy_used_wh
    again = module.again()
    again.run(1)
    again.run(5, *DRIVE)
    assert again.state.is_awake and again.state.parked_s == 0
    assert again.car.trip_start_m == trip[0]
    # When it ended meanwhile, the silence of the bus tells.
    third = module.again()
    third.run(60)
    assert not third.state.is_awake and third.state.parked_s >= 60


def test_a_charge_goes_on_after_a_restart():
    module = driven()
    module.hear(*frames(SET_C))
    module.run(700, *CHARGE)
    assert EVENT_CHARGE_STARTED in module.events
    sums = module.state.charge_wh, module.state.charge_s
    assert sums[0] > 0 and sums[1] > 600
    module.keeper.save()
    again = module.again()
    # The bus may need some seconds to be heard: no "done", no "stopped" meanwhile.
    for _ in range(5):
        again.run(1)
        assert again.state.charge_state == CHARGING
    again.run(5, *CHARGE)
    assert again.events == []
    assert again.state.charge_state == CHARGING and again.state.is_charging
    assert again.state.charge_wh >= sums[0] and again.state.charge_s >= sums[1]
    assert again.state.ideal_range_km > 0


def test_a_charge_that_ended_during_the_restart_has_ended():
    module = driven()
    module.run(400, *CHARGE)
    again = module.again()
    again.run(60)
    assert again.state.charge_state == CHARGE_STOPPED
    assert again.events == [EVENT_CHARGE_INTERRUPTED]
    # It was told once.
    third = again.again()
    third.run(60)
    assert third.state.charge_state == CHARGE_STOPPED and third.events == []
    third.run(5, *CHARGE)
    assert third.events == [EVENT_CHARGE_RESUMED]


def test_the_end_of_a_charge_is_saved_at_once():
    module = driven()
    module.run(20, CHARGER_ON, "155 07 98 48 54 9C 40 00 73")
    assert module.state.charge_state == TOPPING_OFF
    module.run(2, KEY_OFF, "155 00 97 D0 54 9C 40 00 73")
    assert module.events[-1] == EVENT_CHARGE_DONE
    module.run(20)
    again = module.again()
    assert again.state.charge_state == CHARGE_DONE and again.state.is_charge_port_open
    assert again.state.soc_pct100 == 10000


def test_the_battery_monitor_and_the_window_are_kept():
    module = Module()
    module.run(3, *DRIVE)
    module.hear(*frames(SET_C))
    module.hear(*frames(SET_C))
    module.run(1)
    battery = module.car.battery
    assert battery.is_known and battery.cells.alerts
    module.keeper.save()
    again = module.again()
    kept = again.car.battery
    assert kept.is_known and kept.notified == battery.notified
    assert list(kept.cells.values) == list(battery.cells.values)
    assert list(kept.modules.values) == list(battery.modules.values)
    assert (kept.cells.alerts, kept.cells.watches) == (battery.cells.alerts, battery.cells.watches)
    assert again.car.decoder.soc_min_pct100 == module.car.decoder.soc_min_pct100 == 6000


def test_the_12_v_reference_and_the_rule_of_a_charge_are_kept():
    module = Module()
    module.watched.supply_reference10 = 127
    module.watched.is_supply_alerted = True
    module.watched.acc_rule = 1531
    module.run(30)
    again = module.again()
    assert again.state.supply_reference_mv == 12700
    assert again.watched.supply_reference10 == 127 and again.watched.is_supply_alerted
    assert again.watched.acc_rule == 1531


def test_when_it_is_saved():
    module = Module()
    module.run(300)
    assert module.saves == 0, "nothing happened"
    module.run(30, *DRIVE)
    assert module.saves == 1
    module.run(900, *DRIVE)
    assert module.saves == 4, "every five minutes of a trip"
    module.run(1, KEY_OFF)
    assert module.saves == 5, "at key-off, at once"
    module.run(600)
    assert module.saves == 5
    module.run(24 * 3600)
    assert module.saves == 5 + 24
    module.clock.utc = UTC_S
    module.run(60)
    assert module.saves == 5 + 24 + 1


def test_beside_an_sms_it_is_saved_a_minute_later_at_most():
    """Both take much of the heap."""
    module = Module()
    module.run(300)
    module.status.is_answering = True
    module.run(50, *DRIVE)
    assert module.saves == 0
    module.status.is_answering = False
    module.run(1, *DRIVE)
    assert module.saves == 1
    module.run(30, *DRIVE)
    module.status.is_answering = True
    module.run(59, KEY_OFF)
    assert module.saves == 1
    module.run(3)
    assert module.saves == 2


def test_a_cooldown_is_saved_when_it_begins_and_when_it_ends():
    # Of a car that charges already, nothing else changes.
    module = Module()
    module.state.is_charging = True
    module.run(200)
    before = module.saves
    for is_cooling in (True, False):
        module.state.is_cooling = is_cooling
        module.state.is_charging = True
        module.run(2)
        before += 1
        assert module.saves == before
        module.run(30)
        assert module.saves == before


def test_a_key_that_flickers_wears_no_flash_out():
    module = Module()
    for _ in range(300):
        module.run(1, *DRIVE)
        module.run(1, KEY_OFF)
    assert module.saves <= 31


def test_a_cut_at_any_byte_leaves_what_was_or_what_is():
    flash = driven().fs
    old = Store("kept", flash).load()
    assert old
    outcomes = set()
    for budget in range(3000):
        fs = FakeFlash()
        for name in flash.files:
            fs.files[name] = bytearray(flash.files[name])
        module = Module(fs)
        module.state.soc_pct100 = 5900
        fs.power_up(budget)
        try:
            module.keeper.save()
            is_saved = True
        except PowerCutError:
            is_saved = False
        fs.power_up()
        again = Module(fs)
        soc_pct100 = again.state.soc_pct100
        assert soc_pct100 in ((5900,) if is_saved else (6000, 5900)), budget
        assert again.status.counts == {}
        outcomes.add((is_saved, soc_pct100))
        if is_saved:
            break
    assert outcomes == {(False, 6000), (False, 5900), (True, 5900)}


def in_steps(module):
    """What a save that has become due waits for its turn with, first the oldest."""
    steps = []
    module.car.in_turn = lambda function: steps.append(function)
    module.keeper.due_s = 0
    module.keeper.tick()
    return steps


def test_a_save_takes_its_time_and_is_of_one_moment():
    module = driven()
    steps = in_steps(module)
    count = 0
    while steps:
        # What the car tells meanwhile is for the next one.
        module.state.soc_pct100 = 5000 - count
        module.state.soh_pct = 50 + count
        steps.pop(0)()
        count += 1
    assert count > 5
    again = module.again()
    moment = 5000 - again.state.soc_pct100
    assert 0 < moment < count // 2 and again.state.soh_pct == 50 + moment
    assert again.state.odometer_m == module.state.odometer_m and again.status.counts == {}


def test_a_save_that_is_under_way_gives_way_to_one_that_must_not_wait():
    for taken in range(8):
        module = driven()
        steps = in_steps(module)
        for _ in range(taken):
            steps.pop(0)()
        module.state.soc_pct100 = 4000
        assert module.keeper.save()
        saved = kept_text(module)
        assert "soc=4000\n" in saved
        while steps:
            steps.pop(0)()
        assert kept_text(module) == saved and module.again().status.counts == {}


def test_a_save_that_finds_no_memory_is_tried_again():
    module = driven()

    def full(car):
        raise MemoryError

    keep, module.car.keep = module.car.keep, full
    steps = in_steps(module)
    while steps:
        steps.pop(0)()
    assert module.status.counts == {"memory_retries": 1}
    module.car.keep = keep
    module.state.soc_pct100 = 4000
    module.run(21)
    while steps:
        steps.pop(0)()
    assert "soc=4000\n" in kept_text(module)


def test_what_another_car_was_about_to_save_is_not_saved():
    module = driven()
    before = kept_text(module)
    steps = in_steps(module)
    steps.pop(0)()
    kept.forget(module.keeper)
    while steps:
        steps.pop(0)()
    assert kept_text(module) == before


def test_a_damaged_file_changes_nothing():
    size = len(driven().fs.files["kept"])
    for position in range(0, size, 7):
        module = driven()
        fs = module.fs
        fs.files.pop("kept.old", None)
        fs.files["kept"][position] ^= 0x20
        again = module.again()
        assert again.state.soc_pct100 is None and again.state.latitude_udeg is None
        assert again.status.counts == {"kept_damaged": 1}
        again.run(10, *DRIVE)
        assert again.state.soc_pct100 == 6000


def test_a_file_of_another_make_changes_nothing():
    for data in (b"", b"2,RT,-\nsoc=6000\n", b"1,RT\nsoc=6000\n", b"\xff\xfe\n", b"x" * 2000):
        fs = FakeFlash()
        Store("kept", fs).save(data)
        module = Module(fs)
        assert module.state.soc_pct100 is None, data
        assert module.status.counts == {"kept_damaged": 1}, data


def test_what_cannot_be_read_is_left_out():
    """Lines of another version: other keys, another order, other kinds of values."""
    for line in ("soc=abc", "soc=", 'soc="60', "soc=6000,1", "soc=-", "soc", "soc=123456789012"):
        fs = FakeFlash()
        text = "1,RT,x\nnew=1\nodometer=5000\n%s\ncells=1,2,x\nvin=17\n\nsoh=97\n" % line
        Store("kept", fs).save(text.encode())
        module = Module(fs)
        state = module.state
        assert state.soc_pct100 is None and state.vin == "", line
        assert state.odometer_m == 5000 and module.status.counts == {}, line


def test_flash_that_takes_nothing_is_counted():
    module = driven()
    module.fs.failure = OSError
    module.fs.power_up(0)
    assert not module.keeper.save()
    assert module.status.counts == {"kept_unsaved": 1}
    module.fs.power_up()
    assert module.keeper.save()


def test_another_type_of_car_gets_what_is_the_modules():
    module = driven()
    module.watched.supply_reference10 = 127
    module.keeper.save()
    for car_class in (Vehicle, Demo):
        again = module.again(None, car_class)
        assert again.watched.supply_reference10 == 127
        assert again.state.soc_pct100 != 6000 and again.state.odometer_m != 47026500
        # The place of a module is its own, unless the car makes one up.
        is_known = again.state.latitude_udeg == 52_045_000
        assert is_known == (car_class is Vehicle)


def test_what_a_car_makes_up_is_not_kept():
    module = Module(car_class=Demo)
    module.run(400)
    module.keeper.save()
    assert "soc" not in kept_text(module) and "latitude" not in kept_text(module)
