"""A modem that says the same over and over, 150 times a second: the owner's SMS gets through."""

import asyncio
import gc

from host_tests.links.modem.modem_bench import Bench, on_each
from host_tests.links.modem.sms_stores import Store, stored

_PER_TURN = 2
# What may be allocated for a line of a storm, its own bytes twice among it. Looking closely at one
# takes kilobytes.
_BYTES_MAX = 1000

_STORMS = (
    ("RING",),
    ("RING", '+CLIP: "+49151",145,"",0,"",0'),
    ("+CREG: 1",),
    ("+CREG: 1", "+CREG: 5"),
    ('+CMTI: "SM",3',),
    tuple(['+CMTI: "SM",%d' % n for n in range(1, 31)]),
    ('+CMTI: "ME",3', '+CMTI: "SM",4'),
    ("+CSQN: 12,0", "+CSQN: 13,0"),
    ('*PSUTTZ: 2026,8,24,8,53,20,"+8",1', "DST: 1", "+CTZV: +8,1"),
    ("+FOO: 1,2,3",),
    ("garbage", "more garbage"),
    ("SMS Ready",),
    ("SMS FULL",),
    ('+CUSD: 0,"text",15',),
    ("UNDER-VOLTAGE WARNNING", "OVER-VOLTAGE WARNNING"),
    ("CLOSED", "CONNECT FAIL"),
    ("+PDP: DEACT",),
    ("NO CARRIER",),
    ("+CIPRXGET: 1",),
)


async def _storm(bench, lines):
    """For ever, some lines in every turn of the clock."""
    n = 0
    seen_ms = bench.clock.now_ms
    while True:
        if bench.clock.now_ms != seen_ms:
            seen_ms = bench.clock.now_ms
            for _ in range(_PER_TURN):
                # In the middle of an answer a line would be part of it.
                bench.fake.urc(lines[n % len(lines)])
                n += 1
        await asyncio.sleep_ms(0)


def test_an_sms_is_answered_in_a_storm():
    async def scenario(bench, *lines):
        await bench.up()
        storm = asyncio.create_task(_storm(bench, lines))
        await bench.idle(5000)
        Store(bench, {5: stored(b"STAT")})
        bench.fake.urc('+CMTI: "SM",5')
        start_ms = bench.clock.now_ms
        message = await bench.wait(bench.modem.next_sms(), 10000)
        assert message == ("+4915112345678", "STAT")
        assert await bench.wait(bench.modem.send_sms("+4915112345678", "SOC: 79%"), 20000)
        assert bench.clock.now_ms - start_ms < 10000
        assert len(bench.fake.sent) < 400
        storm.cancel()
        await bench.idle(100)

    on_each(_STORMS, scenario)


def test_lines_of_a_storm_cost_little():
    bench = Bench(4096)
    digester = bench.modem.port.digester
    for storm in _STORMS:
        data = "".join(["\r\n%s\r\n" % line for line in storm]).encode()
        kinds = {line.split(":")[0] for line in storm}
        if len(kinds) < len(storm) or len(storm) > 2:
            # What changes has to be looked at.
            continue

        def feed(data=data):
            room = digester.room()
            room[: len(data)] = data
            digester.received(len(data))
            bench.modem.port._digest()

        bench.modem.port.begin(b"AT+CSQ?")
        feed()
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        for _ in range(10):
            feed()
        used = gc.mem_alloc() - before
        gc.enable()
        assert used // (10 * len(storm)) < _BYTES_MAX, (storm, used)


def test_what_is_said_again_after_a_command_counts():
    async def scenario(bench):
        await bench.up()
        for _ in range(3):
            bench.fake.urc("RING", "RING", "RING")
            await bench.idle(3000)
        assert bench.status.counts["call_rejected"] == 3
        # One that differs is heard, and so is the one that comes back to what was said before.
        for state in (2, 1, 2, 5, 1):
            bench.fake.urc("+CREG: %d" % state)
            await bench.idle(100)
            assert bench.status.is_registered == (state != 2)

    on_each(((),), scenario)


def test_the_same_text_twice_is_two_messages():
    async def scenario(bench):
        await bench.up()
        header = '+CMT: "+4915112345678","","26/08/24,10:20:30+08",145,4,0,0,"+49",145,4'
        bench.fake.urc(header + "\r\nSTAT", header + "\r\nSTAT")
        for _ in range(2):
            assert (await bench.wait(bench.modem.next_sms(), 2000))[1] == "STAT"

    on_each(((),), scenario)
