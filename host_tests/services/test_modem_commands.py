"""Commands 40, 41 and 49, and the texts of replies (module-behaviour 4.9)."""

import asyncio

from host_tests.services.commander_bench import Module, settle
from host_tests.shims import expect
from ovms.services.protocol_commands import one_field
from ovms.vehicle.types import TYPES


def test_commas_of_a_reply():
    for text, shown in (
        ("Balance: 4,20, or less", "Balance: 4.20; or less"),
        (",1,2,", ";1.2;"),
        ("1,000,000", "1.000.000"),
        ("a,1", "a;1"),
        ("\u20ac5,00", "\u20ac5.00"),
        ("", ""),
    ):
        assert one_field(text) == shown


def test_a_vehicle_type_that_nobody_knows_is_refused():
    module = Module()
    assert expect.run(module.talk("4,14,XX")) == [
        "c4,1,This firmware knows no car of that type; it has %s." % TYPES
    ]
    assert module.config.get(14) == "" and not module.status.take_requests()


def test_a_slow_network_answers_by_push():
    for has_answer in (True, False):
        module = Module()
        module.modem.calls = [] if has_answer else ["fail"]

        async def scenario(module):
            task = asyncio.create_task(module.commander.run())
            for command in (b"41,*9#", b"41,*100#", b"99"):
                module.commander.accept(command)
            await settle()
            assert module.drain() == []
            assert module.clock.limits_ms[-1] == 8000
            module.clock.is_over.set()
            sent = []
            for _ in range(9):
                await settle()
                sent += module.drain()
            assert sent[0].startswith("c41,0,") and sent[0].count(",") == 2
            assert sent[1:] == ["c41,1,The network has not answered *9# yet.", "c99,3"]
            assert module.sms.pushes == []
            module.modem.go.set()
            module.clock.is_over.clear()
            await settle()
            module.commander.accept(b"41,*100#")
            await settle()
            assert module.drain() == ["c41,0,Balance: 4.20"]
            task.cancel()
            return module.sms.pushes[0]

        text = "1.50 EUR; until June" if has_answer else "The network did not answer; after all."
        assert expect.run(scenario(module)) == ("I", "USSD *9#: " + text)


def test_modem_commands():
    module = Module()
    assert expect.run(module.talk("40,+49170,Hello, you")) == ["c40,0"]
    assert module.modem.calls == [("+49170", "Hello, you")]
    assert expect.run(module.talk("40,+0,x")) == ["c40,1,The SMS could not be sent"]
    assert expect.run(module.talk("40,+49170")) == ["c40,1,Invalid syntax"]
    assert expect.run(module.talk("41,*100#")) == ["c41,0,Balance: 4.20"]
    assert expect.run(module.talk("41,*0#")) == ["c41,1,The network did not answer."]
    assert expect.run(module.talk("49,AT+CSQ")) == ["c49,0,+CSQ: 18.0\rOK"]
    for command in ("40,1,x", "41,1", "49,AT"):
        assert expect.run(Module(has_modem=False).talk(command)) == ["c%s,2" % command[:2]]


def test_the_modem_tells_no_password():
    module = Module()
    module.config.apply({7: "apnsecret"})
    assert expect.run(module.talk("49,AT+CSTT?")) == ['c49,0,+CSTT: "internet";"user";"****"\rOK']
