"""Feature 14, bit by bit: what of all that the module says each of them keeps quiet.

Module-behaviour 1.3 and 2.6.
"""

import asyncio

from host_tests.services.sms_bench import OWNER, STRANGER, Bench, FakeModem
from host_tests.shims.expect import run
from ovms.services.notifier import Notifier
from ovms.vehicle.base import EVENT_CHARGE_STARTED
from ovms.vehicle.demo.car import Demo

GUESSER = "+33699999999"
# Who sends what; the texts among which the answers are.
TEXTS = [(STRANGER, "STAT"), (OWNER, "FEATURES?"), ("22922", "Hello")] + [(GUESSER, "STAT x")] * 5
EVERYTHING = {
    "denial",
    "reply",
    "time",
    "lock-out SMS",
    "alert",
    "alert SMS",
    "info",
    "info SMS",
    "error",
    "text of a service",
}
# First line of a notification: what it is called here.
KINDS = {
    "An alert": "alert",
    "An info": "info",
    "DEMO,7,0": "error",
    "Not charging": "phase",
    "SMS FROM: 22922 - MSG: Hello": "text of a service",
}


class PushList(list):
    def push(self, kind, text):
        self.append((kind, text))


def said(bits):
    """What leaves a module with this feature 14 when much happens."""
    bench = Bench(car_class=Demo)
    bench.config.set(3, "SMSIP")
    bench.config.set_feature(14, bits)
    bench.status.is_server_connected = bench.status.is_registered = True
    bench.clock.utc = 1498311007
    pushes = PushList()
    bench.sms.push = pushes.push
    modem = FakeModem(TEXTS)
    notifier = Notifier(
        bench.config, bench.state, lambda: bench.car, modem, pushes, bench.status, bench.clock
    )

    async def much():
        answering = asyncio.create_task(bench.sms.run(modem))
        await modem.is_drained.wait()
        notifier.notify("A", "An alert")
        notifier.notify("I", "An info")
        notifier.notify("E", "DEMO,7,0")
        notifier.on_event(EVENT_CHARGE_STARTED)
        # Until it has lasted.
        bench.clock.now_s += 10
        notifier.tick()
        while notifier.ip:
            notifier.hand_over()
        telling = asyncio.create_task(notifier.run())
        for _ in range(20):
            await asyncio.sleep_ms(0)
        answering.cancel()
        telling.cancel()

    run(much())
    return heard(modem.sent, pushes)


def heard(sent, pushes):
    """Names of what there is among SMS and pushes; fails for what has none."""
    names = set()
    for number, text in sent:
        if text.startswith("13:30:07\n "):
            names.add("time")
            text = text[len("13:30:07\n ") :]
        if number in (STRANGER, GUESSER) and text == "Permission denied":
            names.add("denial")
            continue
        assert number == OWNER, (number, text)
        if text.startswith("Features:"):
            names.add("reply")
        elif text.startswith("5 wrong passwords from " + GUESSER):
            names.add("lock-out SMS")
        else:
            names.add(KINDS[text.split("\n")[0]] + " SMS")
    for kind, text in pushes:
        names.add(KINDS[text.split("\r")[0]])
        assert kind == {"info": "I", "error": "E"}.get(KINDS[text.split("\r")[0]], "A")
    return names


def test_without_any_bit():
    assert said(0) == EVERYTHING


def test_each_bit():
    for bit, kept_quiet in (
        (0x01, set()),
        (0x02, {"denial"}),
        (0x04, {"denial", "reply", "time", "lock-out SMS", "alert SMS", "info SMS"}),
        (0x08, {"lock-out SMS", "alert", "alert SMS", "error"}),
        (0x10, {"info", "info SMS"}),
        (0x20, {"time"}),
        (0x80, {"text of a service"}),
    ):
        assert said(bit) == EVERYTHING - kept_quiet, bit


def test_the_bit_that_adds_something():
    assert said(0x40) == EVERYTHING | {"phase", "phase SMS"}
    # It is an alert all the same.
    assert said(0x48) == EVERYTHING - {"lock-out SMS", "alert", "alert SMS", "error"}


def test_bits_add_up():
    assert said(0x9E) == set()
