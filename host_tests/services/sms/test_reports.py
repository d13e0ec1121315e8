"""STAT, GPS, DIAG, TEMPS and SUMMARY, made of the state."""

from host_tests.services.sms_bench import Bench
from ovms.services.sms.car_reports import degrees
from ovms.services.sms.module_reports import tenths
from ovms.services.sms.parts import parts
from ovms.status import NET_READY, NET_RETRY
from ovms.vehicle import state as car_state
from ovms.vehicle.twizy.car import Twizy


def charging():
    """The state behind the STAT example of module-behaviour 2.5.2."""
    bench = Bench()
    state = bench.state
    state.is_charge_port_open = True
    state.charge_state = car_state.CHARGING
    state.line_v = 230
    state.charge_a10 = 130
    state.full_min = 239
    state.soc_limit_pct = 90
    state.soc_limit_min = 116
    state.range_limit_km = 257
    state.range_limit_min = 68
    state.soc_pct100 = 8599
    state.ideal_range_km = 241
    state.estimated_range_km = 193
    state.odometer_m = 6236440
    state.cac_ah100 = 15512
    state.soh_pct = 97
    return bench


def test_stat_example():
    assert charging().send("STAT") == (
        "Standard - Charging\n 230V/13A\n Full: 239 mins\n 90%: 116 mins\n 257 km: 68 mins"
        "\n SOC: 85%\n Ideal Range: 241 km\n Est. Range: 193 km\n ODO: 6,236.4 km"
        "\n CAC: 155.12\n SOH: 97%"
    )


def test_stat_while_the_battery_is_cooled():
    bench = charging()
    state = bench.state
    state.is_cooling = True
    state.battery_temp_c = 38
    state.cooling_limit_c = 31
    state.cooling_cycles = 2
    state.cooling_min = 54
    assert bench.send("STAT").startswith(
        "Cooldown: 38C/31C (2cycles, 54mins remain)\n Standard - Charging\n 230V/13A"
    )
    state.is_charge_port_open = False
    assert bench.send("STAT").startswith(
        "Cooldown: 38C/31C (2cycles, 54mins remain)\n Not charging\n SOC: 85%"
    )


def test_stat_in_miles():
    bench = charging()
    bench.config.set(2, "M")
    assert bench.send("STAT") == (
        "Standard - Charging\n 230V/13A\n Full: 239 mins\n 90%: 116 mins\n 160 mi: 68 mins"
        "\n SOC: 85%\n Ideal Range: 150 mi\n Est. Range: 120 mi\n ODO: 3,875.1 mi"
        "\n CAC: 155.12\n SOH: 97%"
    )


def test_stat_states_and_modes():
    bench = charging()
    bench.state.full_min = None
    bench.state.soc_limit_pct = 0
    bench.state.range_limit_min = None
    for mode, name in ((0, "Standard - "), (1, "Storage - "), (3, "Range - "), (2, "")):
        bench.state.charge_mode = mode
        assert bench.send("STAT").startswith(name + "Charging\n 230V/13A\n SOC: 85%")
    bench.state.charge_mode = 4
    for charge, name in ((2, "Topping off"), (13, "Preparing"), (15, "Charging, Heating")):
        bench.state.charge_state = charge
        assert bench.send("STAT").startswith("Performance - " + name + "\n 230V/13A\n SOC")
    for charge, name in ((4, "Charge Done"), (21, "Charge Stopped"), (14, "Charge Stopped")):
        bench.state.charge_state = charge
        assert bench.send("STAT").startswith("Performance - " + name + "\n SOC: 85%")


def test_stat_of_a_parked_car():
    bench = charging()
    bench.state.is_charge_port_open = False
    assert bench.send("STAT").startswith("Not charging\n SOC: 85%\n Ideal")


def test_odometer_has_commas():
    bench = Bench()
    for metres, text in (
        (100, "0.1"),
        (999900, "999.9"),
        (1000000, "1,000.0"),
        (123456789, "123,456.7"),
        (1005000900, "1,005,000.9"),
    ):
        bench.state.odometer_m = metres
        assert bench.send("STAT").endswith("\n ODO: %s km" % text)


def test_distances_in_miles_as_the_reference_rounds_them():
    bench = Bench()
    bench.config.set(2, "M")
    for km, miles in ((1, 1), (10, 6), (50, 31), (80, 50), (150, 93), (731, 454)):
        bench.state.ideal_range_km = km
        assert bench.send("STAT").endswith("Ideal Range: %d mi" % miles), km


def test_gps_example():
    bench = Bench()
    state = bench.state
    state.latitude_udeg = 52042460
    state.longitude_udeg = -3944089
    state.has_gps_lock = True
    state.satellites = 9
    text = (
        "Car location:\nhttps://maps.google.com/maps?q=52.042460+-3.944089"
        "\nhttp://osm.org?mlat=52.042460&mlon=-3.944089\nFix:%d\nSat:9"
    )
    assert bench.send("GPS") == text % 1
    state.has_gps_lock = False
    assert bench.send("GPS") == text % 0


def test_degrees():
    for udeg, text in (
        (0, "0.000000"),
        (-1, "-0.000001"),
        (114192872, "114.192872"),
        (-180000000, "-180.000000"),
    ):
        assert degrees(udeg) == text


def test_tenths():
    for value, text in ((0, "0.0"), (-5, "-0.5"), (126, "12.6"), (-15, "-1.5")):
        assert tenths(value) == text


def test_diag():
    bench = Bench()
    assert bench.send("DIAG") == "DIAG:\n RED Led:0\n GRN Led:10\n NET State:0x01"
    bench.status.net_state = NET_RETRY
    assert bench.send("DIAG") == "DIAG:\n RED Led:7\n GRN Led:5\n NET State:0x41"
    bench.status.net_state = NET_READY
    bench.state.supply_mv = 12640
    assert bench.send("DIAG").endswith(
        "\n RED Led:1\n GRN Led:2\n NET State:0x20\n 12V Line:12.6 ref=- cur=-"
    )
    bench.status.is_registered = bench.status.is_server_connected = True
    bench.state.supply_reference_mv = 12690
    bench.state.supply_ma = -540
    assert bench.send("DIAG").endswith(
        "\n RED Led:0\n GRN Led:1\n NET State:0x20\n 12V Line:12.6 ref=12.7 cur=-0.5"
    )


def test_temperatures():
    bench = Bench()
    assert bench.send("TEMPS") == (
        "Temperatures:\r\n  Ambient: -\r\n  PEM: -\r\n  Motor: -\r\n  Battery: -\r\n  Charger: -"
    )
    state = bench.state
    state.ambient_temp_c, state.pem_temp_c, state.motor_temp_c = -3, 0, 40
    state.battery_temp_c, state.charger_temp_c = 25, 44
    state.temps_age_s = state.ambient_age_s = 119
    text = (
        "Temperatures:\r\n  Ambient: -3C\r\n  PEM: 0C\r\n  Motor: 40C\r\n  Battery: 25C"
        "\r\n  Charger: 44C"
    )
    assert bench.send("TEMPS") == text
    bench.status.uptime_s = 1000
    state.temps_age_s = 120
    assert bench.send("TEMPS") == text + "\r\n  (stale: 2 min. ago)"
    state.temps_age_s, state.ambient_age_s = None, 500
    assert bench.send("TEMPS") == text + "\r\n  (stale: 8 min. ago)"
    # Of what is from before a restart nobody knows the age before somebody tells the time.
    state.temps_age_s = 1500
    assert bench.send("TEMPS") == text + "\r\n  (stale: before the restart)"


def test_summary():
    bench = Bench()
    status = bench.status
    status.uptime_s = 2 * 86400 + 3661
    status.reset_cause = "watchdog"
    status.operator = "o2-de"
    status.csq = 18
    status.can_error = "No CAN controller answers."
    status.count("zebra")
    status.counts["never"] = 0
    status.count("at_timeout")
    status.count("at_timeout")
    head, rest = bench.send("SUMMARY").split("\nMemory: ")
    assert head == (
        "Version: 4.0.0/NONE/TESTBOARD/mpy\nUp: 2d 01:01:01\nReset: watchdog"
        "\nLink: none, server not connected\nNet: 0x01 o2-de SQ:18\nSIM: unknown"
        "\nCAN: No CAN controller answers.\nGPS: no fix"
        "\n12V: it is not measured. Is the divider (100 kOhm and 15 kOhm) there, and on 12 V?"
        "\nTime: not known: neither network nor GPS has told it"
    )
    memory, counts = rest.split("\n", 1)
    used, word, area, unit = memory.split(" ", 3)
    assert (word, unit) == ("of", "KB used") and 0 <= int(used) <= int(area)
    assert counts == "at_timeout: 2\nzebra: 1"


def test_summary_of_a_module_that_is_well():
    bench = Bench(car_class=Twizy)
    bench.status.link_name = "GPRS"
    bench.status.is_server_connected = True
    bench.status.server_error = "of yesterday"
    bench.status.is_registered = bench.status.is_roaming = True
    bench.state.has_gps_lock = True
    bench.state.satellites = 9
    for text in ("SUMMARY", "summary?", " Summary  \r\n"):
        reply = bench.send(text)
        assert reply.startswith("Version: 4.0.0/RT3.0/TESTBOARD/mpy\nUp: 0d 00:00:00"), text
        assert "\nReset: unknown\nLink: GPRS, server connected\nNet: " in reply
        assert "  (roaming) SQ:99\nSIM: OK\nCAN: OK\nGPS: fix, 9 sats\n" in reply
        assert reply.split("\n")[-1].startswith("Memory: ")
    assert "\nCAN: not used\n" in Bench().send("SUMMARY")


def test_summary_tells_what_is_wrong():
    bench = Bench()
    bench.status.server_error = "The certificate was not accepted."
    bench.config.load_error = "Some stored settings were unusable and are at their defaults."
    reply = bench.send("SUMMARY")
    assert "server not connected\nThe certificate was not accepted.\nNet:" in reply
    assert reply.endswith("\nSome stored settings were unusable and are at their defaults.")


def test_summary_fits_into_four_sms():
    bench = Bench()
    for n in range(60):
        bench.status.count("some_counter_%02d" % n)
    reply = bench.send("SUMMARY")
    assert "\nsome_counter_00: 1\nsome_counter_01: 1\n" in reply
    shown = reply.count("some_counter")
    assert reply.endswith("\nand %d more" % (60 - shown)) and 10 < shown < 40
    assert len(parts(reply)) == 4
