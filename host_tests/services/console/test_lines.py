"""The DIAG console: line editing, framing, every input."""

from host_tests.services.console_bench import Desk, framed
from host_tests.services.sms_bench import PASSWORD
from ovms.status import REQUEST_REBOOT, REQUEST_RECONNECT

HINT = "# Unknown input: send HELP for a list.\r\n"


def test_sms_command():
    assert Desk().handle("S VERSION") == (
        "\r\n# OVMS Firmware version: 4.0.0/NONE/TESTBOARD/mpy\r\n#  CarType:NONE"
        "\r\n#  VIN:-----------------\r\n#.\r\n"
    )


def test_a_module_without_sim_can_be_set_up():
    desk = Desk(is_new=True)
    assert desk.handle("s server my.host pw") == (
        "\r\n# Server:\r\n#  IP:my.host\r\n#  Password:****\r\n#  Paranoid:"
        "\r\n#  Link:none, TLS is tried first\r\n#.\r\n"
    )
    assert desk.bench.status.take_requests() == REQUEST_RECONNECT
    desk.handle("S PASS mine")
    assert desk.bench.config.get(1) == "mine"


def test_every_sms_command_ends_with_the_marker():
    desk = Desk()
    assert desk.handle("S FOO") == "\r\n# Unknown command. Send HELP for a list.\r\n#.\r\n"
    assert desk.handle("S RESET") == "\r\n#.\r\n"
    assert desk.bench.status.take_requests() == REQUEST_REBOOT
    assert desk.handle("S STAT") == "\r\n# Not charging\r\n#  SOC: unknown\r\n#.\r\n"


def test_message_command():
    desk = Desk()
    assert desk.handle("M 2,9,20") == "\r\n# MP-0 c2,0\r\n# \r\n#.\r\n"
    assert desk.handle("m 1") == ("\r\n# MP-0 c1,0,0,16,0\r\n# MP-0 c1,0,1,16,0\r\n# \r\n#.\r\n")
    assert desk.commander.executed == [(2, "9,20"), (1, "")]


def test_unknown_input_gets_one_hint():
    desk = Desk()
    for line in (
        "FOO",
        "M 0",
        "M x",
        "M",
        "S",
        "M -1",
        "DIAG now",
        "HELPME",
        "\u00e9",
        "M 1_0",
    ) + ("? x", "HELP me", "SETTINGS", "GET?", "RESET now"):
        assert desk.handle(line) == HINT, line
    assert desk.commander.executed == []


def test_blank_lines_and_comments():
    for line in ("", "   ", "# S RESET", "#."):
        assert Desk().handle(line) == "", line


def test_help():
    desk = Desk()
    short = (
        "# COMMANDS: HELP ? DIAG RESET or M/S ...\r\n# 'M' COMMANDS: C1-7,C40-41,C49\r\n"
        "# SET-UP: GET [n], SET n=value, BEGIN, APPLY, CANCEL, FACTORY RESET\r\n"
        "# WATCH: WATCH [MODEM] [GPS] [HEALTH] [CAN [id ...]]\r\n"
        "# LOG: LOG START [500K] [id ...] [60S], LOG STOP, LOG?, LOG DUMP\r\n"
        "# BENCH: SIGNAL BUS DIAG TEST\r\n"
    )
    assert desk.handle("?") == short
    text = desk.handle("help")
    assert text.startswith(short + "# 'S' COMMANDS:\r\n# Commands: REGISTER? REGISTER ")
    assert text.endswith(" HELP\r\n")


class Modem:
    """Answers a user's AT line."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    async def command(self, text):
        self.asked.append(text)
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


def test_signal_is_asked_anew():
    desk = Desk()
    for answer, text in (
        ("+CSQ: 17,0\nOK", "Signal: 17 of 31, -79 dBm"),
        ("+CSQ: 0,0\nOK", "Signal: 0 of 31, -113 dBm"),
        ("+CSQ: 99,99\nOK", "Signal: none (99)"),
        ("ERROR", "Signal: none (99)"),
        (OSError("The modem is not ready."), "The modem is not ready."),
    ):
        desk.modem = Modem(answer)
        assert desk.handle("signal") == framed(text)
        assert desk.modem.asked == ["AT+CSQ"]
    desk.modem = Modem("+CSQ: 31,0\nOK")
    desk.status.operator = "o2-de"
    assert desk.handle("SIGNAL") == framed("Signal: 31 of 31, -51 dBm, o2-de")
    assert desk.handle("SIGNAL 5") == HINT


class Bus:
    def state(self):
        return 2

    def counts(self):
        return {"can_sent": 3, "can_frames": 1200}


def test_bus():
    desk = Desk()
    desk.bus = Bus()
    assert desk.handle("BUS") == framed("CAN: error warning", "can_frames: 1200", "can_sent: 3")
    desk.status.can_error = "no CAN controller"
    assert "# CAN: error warning: no CAN controller\r\n" in desk.handle("bus")


def test_reset():
    desk = Desk()
    assert desk.handle("reset") == "# Leaving Diagnostics Mode\r\n"
    assert desk.bench.status.take_requests() == REQUEST_REBOOT


def test_diag():
    desk = Desk()
    assert desk.handle("DIAG") == (
        "# DIAG\r\n# Firmware: 4.0.0/NONE/TESTBOARD/mpy\r\n#  CRASH:    \r\n"
        "#  ERRORS:   none\r\n#  NET:      0x01 "
        "\r\n#  Signal:   99\r\n#  SIM:      unknown\r\n#  IMEI:     "
        "\r\n#  TIME:     not known: neither network nor GPS has told it\r\n#  CAN:      OK"
        "\r\n#  GPS:      no fix"
        "\r\n#  VIN:      ----------------- (NONE)"
        "\r\n#  SOC:      unknown (0 ideal, 0 est km)\r\n#  CHARGE:   4 / 0\r\n"
    )
    bench = desk.bench
    bench.state.supply_mv = 12640
    bench.state.soc_pct100 = 8050
    bench.state.vin = "VF1ACVYB012345678"
    bench.config.load_error = "config was damaged: the settings before it are used."
    text = desk.handle("DIAG")
    assert "\r\n#  12V Line: 12.6 V\r\n" in text
    assert "\r\n#  VIN:      VF1ACVYB012345678 (NONE)\r\n#  SOC:      80% (0 ideal" in text
    assert text.endswith(
        "\r\n#  SETTINGS: config was damaged: the settings before it are used.\r\n"
    )


def test_secrets_stay_hidden():
    desk = Desk()
    desk.bench.config.apply({7: "apnsecret", 9: "netsecret"})
    for line in ("DIAG", "HELP", "GET", "GET 9", "S PASS?", "S PARAMS?", "S SERVER?", "S SUMMARY"):
        text = desk.handle(line)
        for secret in (PASSWORD, "apnsecret", "netsecret"):
            assert secret not in text, line


def test_lines_end_in_cr_or_lf_or_both():
    for data in (b"FOO\r", b"FOO\n", b"FOO\r\n", b"\r\n\r\nFOO\r\n", b"# x\rFOO\r"):
        assert Desk().type(data, 1) == [HINT]


def test_line_editing():
    desk = Desk()
    assert desk.type(b"S VEHICLX\x08E?\r", 1)[0].startswith("\r\n# Vehicle:")
    assert desk.type(b"S VEHICLX\x7fE?\r", 1)[0].startswith("\r\n# Vehicle:")
    assert desk.type(b"\x08\x08\x08?\r", 1)[0].startswith("# COMMANDS")
    assert desk.type(b"RESET\x03\rFOO\r", 2) == ["\r\n", HINT]
    assert desk.type(b"RESET\x01FOO\r", 2) == ["\r\n", HINT]
    assert desk.bench.status.take_requests() == 0


def test_one_byte_at_a_time():
    desk = Desk()
    for byte in b"S VEHICLE?":
        desk.console.receive(bytes([byte]), 1)
    assert desk.type(b"\r", 1)[0].startswith("\r\n# Vehicle:")


def test_only_the_first_n_bytes_count():
    desk = Desk()
    desk.console.receive(b"FOO\rRESET\r", 4)
    assert desk.type(b"", 1) == [HINT]
    assert desk.type(b"?\r", 1)[0].startswith("# COMMANDS")


def test_too_long_a_line():
    desk = Desk()
    assert desk.type(b"S " + b"x" * 500 + b"\r", 1) == ["# The line is too long.\r\n"]
    assert desk.type(b"S VEHICLE?\r", 1)[0].startswith("\r\n# Vehicle:")
    assert desk.type(b"#" + b" " * 399 + b"\rFOO\r", 1) == [HINT]


def test_foreign_bytes():
    assert Desk().type(b"\xff\x00\xc3\xa4\x1b[A\r", 1) == [HINT]


def test_lines_nobody_fetches_are_bounded():
    desk = Desk()
    desk.console.receive(b"FOO\r" * 20, 80)
    assert desk.bench.status.counts["console_lines_lost"] == 12
    assert desk.type(b"", 8) == [HINT] * 8


def test_factory_reset():
    desk = Desk()
    desk.config.apply({4: "host", 8: "ID"})
    assert "FACTORY RESET makes" in desk.handle("FACTORY")
    assert desk.config.get(8) == "ID"
    assert desk.handle("factory reset") == (
        "\r\n# All settings are those of the factory. The module starts anew.\r\n#.\r\n"
    )
    assert [desk.config.get(n) for n in (0, 1, 2, 4, 8)] == ["NOPHONE", "OVMS", "K", "", ""]
    assert desk.status.take_requests() & REQUEST_REBOOT
