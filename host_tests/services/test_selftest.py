"""The self test: a line for each peripheral, good or bad."""

from host_tests.services.console_bench import Desk
from host_tests.services.sms_bench import Bench
from host_tests.shims.expect import run
from ovms import status as net
from ovms.services import selftest
from ovms.vehicle.twizy.car import Twizy

NAMES = ["Modem", "SIM", "CAN", "GPS", "12V", "Flash", "WiFi"]


def found(bench):
    """{name: text} of what the SMS says."""
    reply = bench.send("SELFTEST").split("\n")
    assert reply[0] == "Self test:"
    pairs = [line.split(": ", 1) for line in reply[1:]]
    assert [name for name, _ in pairs] == NAMES
    return dict(pairs)


def good():
    bench = Bench(car_class=Twizy)
    status = bench.status
    status.uptime_s = 4000
    status.imei = "8612"
    status.iccid = "8949"
    status.net_state = net.NET_READY
    status.is_registered = True
    status.csq = 17
    status.gps_heard = net.GPS_SENTENCES
    status.bus_counts = lambda: {"can_frames": 5}
    bench.state.has_gps_lock = True
    bench.state.satellites = 8
    bench.state.supply_mv = 12640
    return bench


def test_all_is_well():
    assert found(good()) == {
        "Modem": "OK, signal 17 of 31",
        "SIM": "OK",
        "CAN": "OK",
        "GPS": "fix, 8 sats",
        "12V": "12.6 V",
        "Flash": "OK",
        "WiFi": "not set",
    }


def test_what_is_wrong_is_told_with_what_to_do():
    bench = good()
    status = bench.status
    status.modem_error = "There is no SIM."
    status.can_error = "no CAN controller answers on SPI: check its supply and its wires"
    status.gps_heard = net.GPS_SILENT
    bench.state.supply_mv = 25100
    status.count("settings_not_stored")
    lines = found(bench)
    assert lines["Modem"] == "There is no SIM. Put one in while the module has no power."
    assert lines["SIM"] == "see modem" and lines["CAN"].startswith("no CAN controller answers")
    assert lines["GPS"].startswith("no receiver is heard. Check its supply")
    assert lines["12V"].startswith("25 V cannot be.") and "Is it full?" in lines["Flash"]
    status.modem_error = ""
    status.is_registered = False
    status.net_state = net.NET_SEARCHING
    status.csq = 99
    assert found(bench)["Modem"].startswith("no network is heard. Check the antenna")
    status.gps_heard = net.GPS_UNREADABLE
    assert "at any rate from 4800" in found(bench)["GPS"]


def test_before_anything_is_known():
    bench = Bench()
    lines = found(bench)
    assert lines["Modem"] == "starting, no signal yet" and lines["SIM"] == "unknown"
    assert lines["CAN"] == "not used by this car" and lines["12V"] == "not measured yet"


def test_at_the_console():
    desk = Desk()
    text = desk.handle("diag test")
    assert text.startswith("\r\n# Modem: ") and text.endswith("# WiFi: not set\r\n#.\r\n")
    assert text.count("\r\n") == len(NAMES) + 2


def test_in_the_log_without_cutting_a_sentence():
    bench = good()
    told = []

    class Log:
        def info(self, text, *values):
            told.append(text % values)

    class App:
        status = bench.status
        state = bench.state
        log = Log()

        def current_car(self):
            return bench.car

    bench.status.bus_counts = lambda: {"can_message_errors": 7}
    run(selftest.to_log(App()))
    assert max([len(line) for line in told]) <= 80
    text = " ".join([line[5:] for line in told])
    for line in run(selftest.lines(bench.status, bench.state, bench.car)):
        assert line in text
