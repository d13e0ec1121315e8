"""LOG at the DIAG console: as by SMS; LOG DUMP leaves piece by piece."""

from host_tests.services.console_bench import Desk, framed
from ovms.services.console.watch import handle_watch

LINES = ["(1790000000.%03d000) can0 155#0797D0AF54" % n for n in range(40)]


def desk_of(lines):
    desk = Desk()
    closed = []

    async def can_log(words):
        assert words is None
        if lines is None:
            raise ValueError("A log runs already. End it by LOG STOP.")
        return told(lines, closed)

    desk.can_log = can_log
    desk.closed = closed
    return desk


def told(lines, closed):
    try:
        for line in lines:
            yield line
    finally:
        closed.append(True)


def test_as_by_sms():
    desk = desk_of([])
    assert desk.handle("LOG?") == framed("CAN log: none")
    assert desk.handle("log") == framed(
        "Invalid command", " Use: LOG <START [500K] [id ...] [60S] or STOP>"
    )
    assert desk.handle("log start 155 60s") == framed("CAN log: start 155 60s")


def test_dump_in_pieces():
    desk = desk_of(LINES)
    assert desk.handle("LOG DUMP") == "\r\n"
    pieces = []
    while desk.console.watch:
        pieces.append(desk.console.watch.output())
    assert max([len(piece) for piece in pieces]) < 256 + 50
    assert "\r\n" + "".join(pieces) == framed(*LINES)
    assert desk.closed


def test_dump_while_a_log_runs():
    desk = desk_of(None)
    assert desk.handle("LOG DUMP") == framed("A log runs already. End it by LOG STOP.")
    assert desk.console.watch is None


def test_a_dump_ends_for_another_line():
    desk = desk_of(LINES)
    desk.handle("LOG DUMP")
    desk.console.watch.output()
    assert handle_watch(desk.console, "") == "Watching has ended."
    assert desk.closed and desk.console.watch is None
    desk.handle("LOG DUMP")
    desk.console.watch.output()
    desk.handle("LOG DUMP")
    assert len(desk.closed) == 2
