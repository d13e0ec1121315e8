"""1,000 faults of a broker: the link comes back from each, nothing is done, the loop stands never.

Every byte of the handshake is where a connection ends, in both directions; half packets, strays,
duplicates, garbage and what is retained on command topics come in the middle of a life. Time is
the test's, so that back-offs and limits pass at once.
"""

import asyncio

from host_tests.fuzz.rng import Rng
from host_tests.services.mqtt.module import SETTINGS, Watch, demo, play
from tools.simulated_board.fakes.mqtt_broker import packet, publish

FAULTS = 1000
BUDGET_MS = 50
# Whoever shares the computer may stop us for longer; not at the same fault each time.
ATTEMPTS = 5
CONNACK = packet(0x20, b"\0\0")
# CONNECT and SUBSCRIBE, and into what is told first; CONNACK and SUBACK.
HEARD = 320
SPOKEN = 12
COMMAND = "ovms/me/CAR7/client/app/command/1"


async def hang_up(module, last):
    last.hang_up()


async def fail(module, last):
    last.error = OSError("reset")
    last.say(b"")


def cut_hearing(count):
    """The next connection is cut when the broker has heard so many bytes."""

    async def fault(module, last):
        module.broker.hears = count
        last.hang_up()

    return fault


def cut_speaking(count, hangs_up):
    """The broker of the next connection says so many bytes, then ends it or nothing more."""

    async def fault(module, last):
        module.broker.speaks = count
        module.broker.hangs_up = hangs_up
        last.hang_up()

    return fault


def greeting(data):
    async def fault(module, last):
        module.broker.connack = data
        last.hang_up()

    return fault


def said(data, is_end=False):
    """The broker says this in the middle of everything, and perhaps hangs up behind it."""

    async def fault(module, last):
        last.say(data)
        if is_end:
            last.hang_up()

    return fault


def refusals(count):
    async def fault(module, last):
        module.broker.refusals = count
        last.hang_up()

    return fault


async def stick(module, last):
    """What is written does not leave."""
    last.is_stuck = True
    module.talk.notify("A", "Alert")
    await module.time.advance(120, 5000)
    last.is_stuck = False


async def fall_silent(module, last):
    module.broker.answers_pings = False
    for _ in range(100):
        if last.is_closed:
            break
        await module.time.advance(20, 10_000)
    assert last.is_closed


def all_faults():
    """1,000 of (name, coroutine function)."""
    rng = Rng(20_260)
    found = [("heard %d" % n, cut_hearing(n)) for n in range(HEARD)]
    for n in range(SPOKEN + 1):
        found.append(("spoke %d" % n, cut_speaking(n, True)))
        found.append(("fell silent after %d" % n, cut_speaking(n, False)))
    for code in range(1, 12):
        found.append(("CONNACK %d" % code, greeting(packet(0x20, bytes([0, code])))))
    for data in (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 9, b"\x20", CONNACK + CONNACK):
        found.append(("greeting", greeting(data)))
    for whole in (
        publish(COMMAND, b"lock 1234"),
        publish(COMMAND, b"lock 1234", qos=1, number=7),
        packet(0x40, b"\0\1"),
        packet(0x90, b"\0\1\1"),
        b"\x30\x80\x80\x80\x01" + b"\0\3abc",
    ):
        for n in range(1, len(whole)):
            found.append(("half a packet, %d" % n, said(whole[:n], True)))
    for n in range(60):
        number = bytes([rng.below(256), rng.below(256)])
        for head in (0x40, 0x90, 0xB0):
            body = number + (b"\1" if head == 0x90 else b"")
            found.append(("stray %02x" % head, said(packet(head, body) * (1 + n % 3))))
    for n in range(60):
        payload = bytes([rng.below(256) for _ in range(rng.below(300))])
        old = publish(COMMAND, b"lock 1234" if n % 2 else payload, retain=1)
        found.append(("retained", said(old)))
        again = publish(COMMAND, b"lock 1234", qos=1, number=n + 1, retain=n % 2, dup=1 - n % 2)
        found.append(("again", said(old + again * 2 if n % 2 else old)))
    for head in range(0, 256, 16):
        found.append(("head %02x" % head, said(packet(head | 2, b"\0\1x"))))
    for n in range(5):
        found.append(("refused %d" % n, refusals(n + 1)))
        found += [("stuck", stick), ("silent", fall_silent), ("end", hang_up), ("reset", fail)]
    found.append(("long", said(publish(COMMAND, b"x" * 5000))))
    found.append(("longer", said(publish("x" * 3000, b"x"))))
    while len(found) < FAULTS:
        data = bytes([rng.below(256) for _ in range(1 + rng.below(200))])
        found.append(("garbage", said(data, rng.below(2) == 0)))
    return found


async def survive(module, name, fault):
    """Let it happen, then let the broker be a good one: the link is up again."""
    broker = module.broker
    await fault(module, broker.last)
    await module.time.advance(10, 2000)
    broker.connack = CONNACK
    broker.hears = broker.speaks = None
    broker.hangs_up = broker.answers_pings = True
    # Five refusals are as many back-offs, of 240 s at most.
    for _ in range(160):
        if module.link_status.is_server_connected:
            break
        await module.time.advance(10, 5000)
    assert module.link_status.is_server_connected, name
    assert not module.state.is_locked, name
    assert not module.errors, (name, module.errors)
    assert len(module.talk._waiting) <= 8, name
    # Whatever is over is closed.
    assert [c for c in broker.connections[:-1] if not c.is_closed] == [], name
    del broker.connections[:-1]
    broker.last.messages = []


def test_a_thousand_faults():
    async def scenario(module):
        # The numbers above are those of the handshake: four topics are subscribed to.
        last = module.broker.last
        subscribed = sum([len(topic) + 3 for topic, _ in last.filters])
        assert last.writes[0] + subscribed < HEARD < sum(last.writes)
        assert last._said == SPOKEN and len(last.filters) == 4
        watch = Watch()
        task = asyncio.create_task(watch.run())
        left = all_faults()
        assert len(left) == FAULTS
        worst_us = 0
        for _ in range(ATTEMPTS):
            slow = []
            for name, fault in left:
                watch.longest_us = 0
                await survive(module, name, fault)
                if watch.longest_us >= BUDGET_MS * 1000:
                    slow.append((name, fault))
                else:
                    worst_us = max(worst_us, watch.longest_us)
            left = slow
        task.cancel()
        await asyncio.sleep_ms(0)
        assert not left, [name for name, _ in left]
        # It still does what it is for.
        assert await module.ask("lock 1234") == "Vehicle locked"
        print("longest pause of the event loop: %d us" % worst_us)
        print(module.link_status.counts)

    play(demo(SETTINGS), scenario)
