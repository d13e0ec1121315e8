"""Overlays are in RAM while they work and not a moment longer."""

import sys

from host_tests.services.console_bench import Desk
from host_tests.services.sms_bench import OWNER, STRANGER, Bench
from host_tests.shims.expect import run
from ovms.protocol.v2.session import Session
from ovms.services.commander import Commander
from ovms.services.conversation import Conversation
from ovms.services.reporter import Reporter

# What the module works with all the time; everything else of these packages is an overlay.
RESIDENT = (
    "ovms.config",
    "ovms.protocol.at",
    "ovms.protocol.errors",
    "ovms.protocol.v2.cipher",
    "ovms.protocol.v2.messages",
    "ovms.protocol.v2.session",
    "ovms.services.commander",
    "ovms.services.console",
    "ovms.services.conversation",
    "ovms.services.history",
    "ovms.services.notifier",
    "ovms.services.reporter",
    "ovms.services.sms",
)
PACKAGES = ("ovms.config", "ovms.protocol", "ovms.protocol.v2", "ovms.services")


def overlays():
    """Names of overlays that are loaded, and so would stay."""
    return [
        name
        for name in sys.modules
        if name.startswith(("ovms.config", "ovms.protocol.", "ovms.services."))
        and name not in RESIDENT + PACKAGES
    ]


def forget_overlays():
    """Other tests may have imported some by hand."""
    for name in overlays():
        del sys.modules[name]


def made():
    bench = Bench()
    bench.config.set(3, "SMSIP")
    bench.reporter = Reporter(bench.state, bench.config, bench.status, bench.car)
    bench.commander = Commander(bench.car, bench.config, bench.status, bench.sms, None)
    bench.conversation = Conversation(
        bench.config, bench.status, bench.reporter, bench.commander, bytes
    )
    return bench


def left_by(work):
    forget_overlays()
    work()
    return overlays()


def test_nothing_at_the_start():
    assert left_by(made) == []


def test_sms():
    bench = made()

    def work():
        for text in ("STAT", "GPS?", "SERVER my.host pw", "MODULE ID K", "FEATURE 9 1", "HELP"):
            assert bench.send(text)
        for text in ("SUMMARY", "CTP", "LOCK 1", "CHARGEMODE RANGE 13", "VERSION", "TEMPS"):
            assert bench.send(text)
        for text in ("NONSENSE", "PASS", "FEATURE x y", "GPRS a,b"):
            assert bench.send(text)
        bench.status.is_server_connected = True
        assert bench.send("Hello", "22922") is None and bench.pushes
        assert bench.send("STAT wrong", STRANGER)
        assert bench.send("REGISTER S3cret", OWNER)

    assert left_by(work) == []


def test_commands():
    bench = made()

    def work():
        for code, arguments in ((1, ""), (3, ""), (2, "9,1"), (4, "8,ID"), (6, ""), (7, "STAT")):
            assert run(bench.commander.execute(code, arguments))

    assert left_by(work) == []


def test_console():
    desk = Desk()

    def work():
        lines = ("HELP", "DIAG", "S STAT", "M 1", "nonsense")
        for line in lines + ("GET", "SET 8=ID", "BEGIN", "SET 9=x", "APPLY", "WATCH", "INJECT"):
            assert run(desk.console.handle(line))

    assert left_by(work) == []


def test_updates():
    bench = made()

    def work():
        for text in ("", "P", ""):
            bench.config.set(10, text)
            bench.conversation.on_login()
            count = 0
            message = bench.conversation.poll(0)
            while message is not None:
                count += 1
                bench.conversation.on_sent(message[0])
                message = bench.conversation.poll(0)
            assert count >= 6

    assert left_by(work) == []
    # Not kept alive behind the back of the table of modules either.
    assert bench.reporter._reports is None


def test_log_in():
    def work():
        session = Session(bytes)
        assert session.welcome("CAR", "secret")

    assert left_by(work) == []
