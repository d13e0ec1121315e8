"""What goes wrong with the SEVCON, by every command: fault x command. Runs on CPython only.

Whatever happens, the command ends with a sentence, nobody stays busy, the car can be driven again,
and the values from before can be had back. The controller is the `canopen` node.

| Fault | When |
|---|---|
| falls silent (timeout), for good or for a moment | at every request (of long commands at some) |
| loses its supply with the key | the same |
| refuses with each of its reasons | the first and a middle write |
| refuses the password, or gives no level | at login |
| answers late, or another client's answers come in between | always |
| the command is cancelled | at every request |
"""

import asyncio
import functools

import pytest

from host_tests.desk.test_sevcon_node import MACROS, _tuned
from host_tests.vehicle.contract import feed
from host_tests.vehicle.sevcon_bench import KEY_OFF, KEY_ON, NEUTRAL, Bench, Store
from tools.desk import sevcon_node
from tools.desk.sevcon_node import SevconNode

COMMANDS = (*MACROS, "RESET", "READ 2920 5", "WRITE 2920 1 800", "PRE", "OP", "RESTORE")
# One of each kind: with and without a stop, long, low level, undoing.
KINDS = ("SPEED 100 110", "RECUP 25 40", "RESET", "READ 2920 5", "WRITE 2920 1 800", "RESTORE")
# Reasons of object 5310: Twizy facts 7.1.
REASONS = (*range(1, 19), 19, 20, 21, 23, 24, 25, 32, 33)
# Requests at which a long command is disturbed.
_PLACES = 5
_STATES = (0x2800, 0x5000, 0x5610)


class Case:
    """One command on a controller that is not stock; RESTORE has something to undo."""

    def __init__(self, command):
        self.command = command
        self.word = command.split()[0]
        self.node = _tuned()
        self.store = Store()
        self.bench = Bench(self.node, store=self.store)
        if self.word == "RESTORE":
            self.bench.cfg("POWER 70")
        else:
            self.bench.cfg("OP")
        self.before = self.node.configuration()
        self.node.requests.clear()
        self.node.writes.clear()

    def settings_written(self):
        return [write for write in self.node.writes if write[0] not in _STATES]

    def check_aftermath(self, reply):
        """Said, not busy, and after a new start all is as it was, and the car can be driven."""
        assert reply.startswith(f"CFG {self.word}: "), reply
        assert "ERROR" in reply and len(reply) <= 160 and "\n" not in reply, reply
        assert not self.bench.car.sevcon.is_busy
        self.node.is_silent = False
        self.node.busy_requests = 0
        self.node.refusals.clear()
        bench = Bench(self.node, store=self.store)
        bench.seconds(6)
        assert self.node.state == sevcon_node.OPERATIONAL
        assert not bench.car.state.is_controller_configuring
        if bench.events:
            kind, notice = bench.events[0]
            assert kind == "A" and "was interrupted" in notice, notice
            assert bench.cfg("RESTORE").startswith("CFG RESTORE: OK"), reply
            assert not Bench(self.node, store=self.store).events
        elif self.settings_written():
            # It came to its end before the fault.
            assert self.node.configuration() == done(self.command)
            return
        if self.word != "RESTORE":
            assert self.node.configuration() == self.before


@functools.cache
def done(command):
    """Configuration after a command that nothing disturbed."""
    case = Case(command)
    case.bench.cfg(command)
    return case.node.configuration()


def places(command):
    """Numbers of the requests at which a command is disturbed."""
    case = Case(command)
    case.bench.cfg(command)
    count = len(case.node.requests)
    step = max(count // _PLACES, 1)
    return sorted({*range(0, count, step), count - 1})


def at_request(case, number, disturb):
    """Call `disturb` before request `number` reaches the controller."""
    take = case.node.feed
    seen = []

    def watched(arbitration_id, data):
        if arbitration_id == sevcon_node.SDO_REQUEST:
            seen.append(data)
            if len(seen) == number + 1:
                disturb()
        return take(arbitration_id, data)

    case.node.feed = watched


# READ and the macros read back their values behind the OK; what is not answered is left out.
def is_done(case, reply):
    return reply.startswith(f"CFG {case.word}: OK")


@pytest.mark.parametrize("command", COMMANDS)
def test_falls_silent(command):
    for number in places(command):
        case = Case(command)
        at_request(case, number, lambda: setattr(case.node, "is_silent", True))  # noqa: B023
        reply = case.bench.cfg(command)
        assert case.bench.now_ms < 45_000
        if not is_done(case, reply):
            assert "ERROR 00" in reply, reply
            case.check_aftermath(reply)


@pytest.mark.parametrize("command", KINDS)
def test_misses_two_requests(command):
    """Three tries: a request, and the abort behind it, may be lost twice at any place."""
    for number in places(command):
        case = Case(command)
        at_request(case, number, lambda: setattr(case.node, "busy_requests", 4))  # noqa: B023
        reply = case.bench.cfg(command)
        assert "ERROR" not in reply, (number, reply)
        assert not case.bench.car.sevcon.is_busy
        if case.word != "PRE":
            assert case.node.state == sevcon_node.OPERATIONAL


@pytest.mark.parametrize("command", KINDS)
def test_key_is_turned_off(command):
    for number in places(command):
        case = Case(command)

        def turn_off():
            case.node.is_silent = True  # noqa: B023
            feed(case.bench.car, KEY_OFF)  # noqa: B023

        at_request(case, number, turn_off)
        reply = case.bench.cfg(command)
        if not is_done(case, reply):
            assert "ERROR 000B" in reply and "SEVCON OFFLINE" in reply, reply
            case.node.power_cycle()
            case.check_aftermath(reply)


@pytest.mark.parametrize(
    ("command", "reason"),
    [("RECUP 25 40", reason) for reason in REASONS]
    + [(command, 13) for command in (*MACROS, "RESET", "WRITE 2920 1 800", "RESTORE")],
)
def test_refuses_a_write(command, reason):
    good = Case(command)
    good.bench.cfg(command)
    written = good.settings_written()
    for index, subindex, _ in {written[0], written[len(written) // 2]}:
        case = Case(command)
        case.node.refusals[index, subindex] = reason
        reply = case.bench.cfg(command)
        code = f"SDO ABORT 0x{index:04X}.{subindex:02X}: 0x{0x08000000 | reason:08X}"
        assert "ERROR 0008" in reply and code in reply, reply
        assert case.node.state == sevcon_node.OPERATIONAL, "at once"
        written_first = [write[:2] for write in case.settings_written()]
        assert (index, subindex) not in written_first
        if case.word not in ("WRITE", "RESTORE"):
            case.check_aftermath(reply)


@pytest.mark.parametrize("command", COMMANDS)
def test_login_fails(command):
    for refusals, password, text in (
        ({(0x5000, 2): 9}, None, "LOGIN FAILED ERROR 0018 SDO ABORT 0x5000.02: 0x08000009"),
        ({}, 0x1234, "LOGIN FAILED ERROR 0010 SDO 0x5000.01: 0x0000"),
    ):
        case = Case(command)
        case.node.power_cycle()
        case.node.refusals.update(refusals)
        if password:
            # It takes the password for a wrong one.
            case.node.on_write = lambda *write: None
            case.node._after_write = lambda *write: None
        assert case.bench.cfg(command) == f"CFG {case.word}: {text}"
        assert not case.settings_written()
        assert not case.bench.car.state.is_controller_logged_in or case.bench.car.sevcon.type == 0
        assert not case.bench.car.sevcon.is_busy


@pytest.mark.parametrize("command", KINDS)
def test_slow_and_with_foreign_answers(command):
    """Late, and each answer behind three of other requests: none of these may be taken."""
    case = Case(command)
    take = case.node.feed
    good = Case(command)
    wanted = good.bench.cfg(command)

    def crowded(arbitration_id, data):
        answers = []
        for answer in take(arbitration_id, data):
            if answer[0] == sevcon_node.SDO_RESPONSE:
                other = bytes([0x43, 0x18, 0x10, 0x01, 1, 2, 3, 4])
                answers += [(0x581, other), (0x581, b"\x60" + bytes(7))]
            answers.append(answer)
        return answers

    case.node.feed = crowded
    case.node.delay_ms = 60
    assert case.bench.cfg(command) == wanted
    assert case.node.configuration() == good.node.configuration()


@pytest.mark.parametrize("command", ["SPEED 100 110", "RECUP 25 40", "RESTORE"])
def test_the_command_is_cancelled(command):
    """A command of an app has a minute; whoever cancels it finds the car ready to drive."""
    for number in places(command)[:-1]:
        case = Case(command)

        def cancel():
            raise asyncio.CancelledError

        at_request(case, number, cancel)
        try:
            reply = case.bench.cfg(command)
        except asyncio.CancelledError:
            case.node.feed = type(case.node).feed.__get__(case.node)
            case.check_aftermath(f"CFG {case.word}: ERROR")
        else:
            assert is_done(case, reply)


def test_after_each_fault_the_same_command_works():
    """Twizy guide 1.2.0, "Errors": issue the last command again."""
    for command in MACROS:
        case = Case(command)
        at_request(case, 3, lambda: setattr(case.node, "busy_requests", 6))  # noqa: B023
        first = case.bench.cfg(command)
        case.node.busy_requests = 0
        feed(case.bench.car, NEUTRAL, KEY_ON)
        second = case.bench.cfg(command)
        assert "ERROR" in first and is_done(case, second), (first, second)
        assert case.node.state == sevcon_node.OPERATIONAL
        bench = Bench(case.node, store=case.store)
        bench.seconds(2)
        assert not bench.events, "nothing is left undone"


def test_a_node_of_another_kind_is_not_touched():
    node = SevconNode(type=7)
    bench = Bench(node)
    for command in COMMANDS:
        reply = bench.cfg(command)
        assert ("ERROR 0040" in reply) != command.startswith("READ"), reply
    assert not node.writes
