"""How long the console listens and what it leaves behind: `talk` with a port and a fast clock."""

import asyncio
import sys

from host_tests.services.console_bench import Desk, framed
from host_tests.shims.expect import run
from ovms.services.console import session

HINT = "# Unknown input: send HELP for a list.\r\n"
WATCHING = framed("Watching. WATCH alone ends it.")


class Port:
    """typed: [(milliseconds, bytes)], in order; no bytes are the end of the input."""

    def __init__(self, *typed):
        self.typed = list(typed)
        self.now_ms = 0
        self.output = ""

    def is_ready(self):
        return bool(self.typed) and self.typed[0][0] <= self.now_ms

    def readinto(self, view):
        at_ms, data = self.typed.pop(0)
        n = min(len(view), len(data))
        view[:n] = data[:n]
        if data[n:]:
            self.typed.insert(0, (at_ms, data[n:]))
        return n

    def write(self, text):
        self.output += text

    async def sleep_ms(self, ms):
        self.now_ms += ms
        if self.now_ms % 10000 == 0:
            await self.real_sleep_ms(0)


def talk(desk, *typed):
    """What `talk` returned, and its Port afterwards."""
    port = Port(*typed)
    port.real_sleep_ms = asyncio.sleep_ms
    asyncio.sleep_ms = port.sleep_ms
    try:
        return run(session.talk(desk, port), 60000), port
    finally:
        asyncio.sleep_ms = port.real_sleep_ms


def test_it_leaves_a_minute_after_the_last_key():
    goes_on, port = talk(Desk(), (0, b"FO"), (59000, b"O"), (118000, b"\r"))
    assert goes_on and port.output == HINT
    assert 177000 <= port.now_ms <= 179000


def test_the_end_of_the_input():
    for data in (b"FOO\nFOO", b"FOO\nFOO\n"):
        goes_on, port = talk(Desk(), (0, data), (0, b""))
        assert not goes_on and port.output == HINT * 2


def test_a_pasted_page_loses_no_line():
    desk = Desk()
    goes_on, port = talk(desk, (0, b"?\r" * 40), (0, b"FOO\r"), (0, b""))
    assert port.output.count("# COMMANDS") == 40 and port.output.endswith(HINT)
    assert "console_lines_lost" not in desk.status.counts


def test_a_flood_without_a_line_end_leaves_time_for_others():
    _, port = talk(Desk(), (0, b"x" * 10000), (0, b"\rFOO\r"), (0, b""))
    # A look every 20 ms takes 512 bytes at most.
    assert port.now_ms >= 380
    assert port.output == "# The line is too long.\r\n" + HINT


def test_forgotten_changes_are_dropped_with_a_word():
    desk = Desk()
    _, port = talk(desk, (0, b"BEGIN\rSET 8=ID\r"))
    assert port.output.endswith(
        "# The changes since BEGIN were dropped: nobody typed for a minute.\r\n"
    )
    assert desk.config.get(8) == ""


class Bus:
    def __init__(self):
        self.recv = self.nothing

    def nothing(self, frame):
        return False


def test_watching_lasts_an_hour():
    if sys.implementation.name != "cpython":
        # 180,000 turns are half a minute of a VM.
        return
    desk = Desk()
    desk.bus = Bus()
    before = desk.bus.recv
    _, port = talk(desk, (0, b"WATCH CAN\r"))
    assert 3600000 <= port.now_ms <= 3601000
    assert port.output == WATCHING + "# Watching has ended: nobody typed for an hour.\r\n"
    assert desk.bus.recv == before


def test_the_end_of_the_input_ends_watching():
    desk = Desk()
    desk.bus = Bus()
    before = desk.bus.recv
    _, port = talk(desk, (0, b"WATCH CAN\r"), (100, b""))
    assert port.output == WATCHING
    assert desk.bus.recv == before


def test_an_error_ends_watching():
    desk = Desk()
    desk.bus = Bus()
    before = desk.bus.recv

    def fail(code, arguments):
        raise OSError(5)

    desk.commander.execute = fail
    try:
        talk(desk, (0, b"WATCH CAN\rM 1\r"))
    except OSError:
        assert desk.bus.recv == before
        return
    raise AssertionError("the error was swallowed")
