"""Ten thousand SMS of anybody, of any bytes a network can deliver: nothing escapes or is kept."""

import random

from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench
from host_tests.shims.expect import heap_bytes, run
from ovms.parameters import UNDO
from ovms.protocol import sms_text
from ovms.services.sms.commands import names
from ovms.services.sms.parts import outgoing
from ovms.vehicle.demo.car import Demo

ROUNDS = 5
SMS_A_ROUND = 2000
ARGUMENTS = ("?", "-", "1234", "OVMS", "9", "50S", "RAN", "13", "K", "1.2.3.4", PASSWORD)
CALLERS = (STRANGER, STRANGER, OWNER, "22922", "Vodafone", "", "NOPHONE")


def raw_text(seed, commands):
    """Bytes of a text as a modem prints them, and their coding scheme."""
    if seed.random() < 0.7:
        words = [seed.choice(commands)]
        for _ in range(seed.randrange(5)):
            words.append(seed.choice(ARGUMENTS))
        return " ".join(words).encode(), None
    if seed.random() < 0.5:
        data = bytes([seed.randrange(256) for _ in range(seed.randrange(160))])
        return data, seed.choice((None, 0, 4, 8))
    # UCS2, halves of surrogate pairs among it.
    words = ["%04X" % seed.randrange(0x10000) for _ in range(seed.randrange(70))]
    return "".join(words).encode(), 8


class Seed:
    """The part of `random.Random` that both runtimes share, repeatable."""

    def __init__(self, number):
        random.seed(number)
        self.random = random.random
        self.randrange = random.randrange
        self.choice = random.choice


def test_ten_thousand():
    bench = Bench(car_class=Demo)
    bench.status.is_server_connected = True
    commands = names(bench.sms)[0]
    seed = Seed(2026)
    strange = {}

    async def talk(count):
        for _ in range(count):
            raw, coding = raw_text(seed, commands)
            text = sms_text.decode_text(raw, coding)
            caller = seed.choice(CALLERS)
            if caller == STRANGER and seed.random() < 0.5:
                caller = "+491609%06d" % seed.randrange(1000)
            is_owner = bench.config.get(0) == caller
            _, reply = await bench.sms.execute(caller, text)
            if not is_owner and PASSWORD not in text and "OVMS" not in text:
                assert reply in (None, "Permission denied"), (caller, text, reply)
                strange[caller] = strange.get(caller, 0) + (reply is not None)
            for number, part in await outgoing(bench.sms, caller, reply):
                assert len(sms_text.outgoing(number, part, True)) == 1
            for _, push in bench.pushes:
                assert PASSWORD not in push and "\n" not in push and "\r" not in push
            bench.pushes.clear()
            bench.sms.alert = ""
            if bench.config.get(0) != OWNER or bench.config.get(1) != PASSWORD:
                # Somebody had the password.
                bench.config.apply({0: OWNER, 1: PASSWORD})

    used = []
    for _ in range(ROUNDS):
        run(talk(SMS_A_ROUND), 100_000)
        assert strange and max(strange.values()) == 1
        # The next round finds them forgotten.
        strange.clear()
        bench.clock.now_s += 7200
        # Bounded all of it, and dropped with the next SMS or change only.
        bench.sms.records.clear()
        bench.status.sms_sent.clear()
        bench.config.values[UNDO] = ""
        used.append(heap_bytes())
    # The first rounds load what there is, whose names stay, and meet every setting.
    assert max(used[3:]) - used[2] < 256, used
