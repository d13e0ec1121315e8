"""The AT port against the dialogues of hardware facts 4.9 as transcripts, in every cutting."""

import asyncio

from host_tests.fakes import at_dialogues, at_feed
from host_tests.fakes.turn_clock import TurnClock
from host_tests.fixtures.at.digested import EVENTS
from host_tests.shims.expect import run
from ovms.links.modem.at_port import ATError, ATPort
from ovms.links.modem.sim800.profile import SIM800
from ovms.status import Status
from tools.simulated_board.fakes.at_peer import RX, TX, Transcript

# D1 and D17 begin with an `AT` without an answer, D16 ends in silence, D19 is no AT dialogue, and
# in D2, D8 and D12 the host only listens.
_NAMES = ("D3", "D4", "D5", "D6", "D7", "D9", "D10", "D11", "D13", "D14", "D15", "D18", "D20")
_URC = b'\r\n+CMTI: "SM",30\r\n'


class Player:
    """Sends what the host sends in a run of a dialogue and collects what comes back."""

    def __init__(self, steps, pieces):
        self.urcs = []
        self.data = b""
        self.results = []
        self.clock = TurnClock()
        self.status = Status("X")
        self.transcript = Transcript(
            [(TX if side == "H" else RX, data) for side, data in steps], pieces
        )
        self.port = ATPort(SIM800, self.transcript.wire, self.status, self.on_urc, self.clock)
        self.port.on_data = self.on_data

    def on_urc(self, line, text):
        self.urcs.append(line)

    def on_data(self, data):
        self.data += bytes(data)

    async def play(self, steps):
        tasks = (
            asyncio.create_task(self.clock.run()),
            asyncio.create_task(self.port.read_forever()),
        )
        self.transcript.start()
        sent = [data for side, data in steps if side == "H"]
        while sent:
            await self._send(sent)
        assert await self.clock.until(lambda: self.transcript.is_done, 1000)
        await self.clock.sleep_ms(5000)
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(0)

    async def _send(self, sent):
        # A `+CPIN` URC that arrives while its answer is awaited cannot be told from it.
        await self.clock.until(lambda: self.transcript.wire.is_empty)
        await self.clock.sleep_ms(20)
        line = sent.pop(0)[:-1]
        payload = None
        if at_feed.is_prompting(line.decode()):
            # A refused command has no payload in the dialogue, but the driver would have one.
            is_given = sent and not sent[0].startswith(b"AT")
            payload = sent.pop(0) if is_given else b"hello"
        try:
            answer = await self.port.execute(line, at_feed.finals(line), payload=payload)
            self.results.append(answer)
        except ATError as error:
            self.results.append(error.args[0])


def play(steps, pieces=4096):
    player = Player(steps, pieces)
    run(player.play(steps), 20000)
    assert player.transcript.fault is None, player.transcript.fault
    return player


def runs():
    dialogues = at_dialogues.load()
    for name in _NAMES:
        for steps, expected in zip(dialogues[name], EVENTS[name]):
            yield name, steps, expected


def expected_urcs(expected):
    # Some final results are news for everybody.
    return [
        event[1]
        for event in expected
        if event[0] == "urc"
        or (event[0] == "result" and event[1].startswith((b"CLOSED", b"STATE:")))
    ]


def expected_results(expected):
    results = []
    lines = []
    for event in expected:
        if event[0] == "info":
            lines += event[1:]
        elif event[0] == "result":
            if b"ERROR" in event[1] or event[1] in (b"CLOSED", b"+PDP: DEACT"):
                results.append(event[1])
            else:
                results.append(lines + ([] if event[1] == b"OK" else [event[1]]))
            lines = []
    return results


def test_dialogues_in_one_piece_and_byte_by_byte():
    for name, steps, expected in runs():
        for piece in (4096, 1, 5):
            player = play(steps, piece)
            assert player.results == expected_results(expected), (name, piece, player.results)
            assert player.urcs == expected_urcs(expected), (name, piece, player.urcs)


def test_a_urc_before_and_after_every_answer():
    for name, steps, expected in runs():
        for index, (side, data) in enumerate(steps):
            if side == "H":
                continue
            for changed in (_URC + data, data + _URC):
                with_urc = steps[:index] + [(side, changed)] + steps[index + 1 :]
                player = play(with_urc)
                assert player.results == expected_results(expected), (name, index, player.results)
                assert len(player.urcs) == len(expected_urcs(expected)) + 1


def test_data_is_handed_on():
    steps = at_dialogues.load()["D6"][0]
    assert play(steps, 1).data == b"WORLD 42\n"


def test_a_late_answer_does_not_meet_the_next_command():
    async def scenario():
        player = Player([], 4096)
        tasks = (
            asyncio.create_task(player.clock.run()),
            asyncio.create_task(player.port.read_forever()),
        )
        wire = player.transcript.wire
        sent = []

        async def write(data):
            sent.append(bytes(data))
            if data == b"AT\r":
                # The answer that was awaited comes just before the one of the probe.
                wire.deliver(b"\r\n+CSQ: 9,0\r\n\r\nOK\r\n\r\nOK\r\n")
            elif data == b"AT+CREG?\r":
                wire.deliver(b"\r\n+CREG: 1,1\r\n\r\nOK\r\n")

        wire.write = write
        try:
            await player.port.execute(b"AT+CSQ")
            raise AssertionError("no timeout")
        except ATError as error:
            assert error.args[0] == b"timeout"
        assert await player.port.execute(b"AT+CREG?") == [b"+CREG: 1,1"]
        assert sent == [b"AT+CSQ\r", b"\x1b", b"AT\r", b"AT+CREG?\r"]
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(0)

    run(scenario())


def test_an_exhausted_heap_does_not_stop_the_reader():
    async def scenario():
        steps = [("H", b"AT+CSQ\r"), ("M", b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n")]
        player = Player(steps, 4096)
        keep = player.on_urc

        def exhausted(line, text):
            player.port.on_urc = keep
            raise MemoryError

        player.port.on_urc = exhausted
        tasks = (
            asyncio.create_task(player.clock.run()),
            asyncio.create_task(player.port.read_forever()),
        )
        player.transcript.wire.deliver(_URC)
        await player.clock.sleep_ms(50)
        assert await player.port.execute(b"AT+CSQ") == [b"+CSQ: 17,0"]
        assert player.status.counts == {"at_memory": 1}
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(0)

    run(scenario())


def test_a_read_without_room_is_made_again():
    async def scenario():
        steps = [("H", b"AT+CSQ\r"), ("M", b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n")]
        player = Player(steps, 4096)
        wire = player.transcript.wire
        lacks = [0]

        async def readinto(view):
            if lacks[0] < 3:
                lacks[0] += 1
                raise MemoryError
            return await wire.readinto(view)

        class Uart:
            write = wire.write

        Uart.readinto = lambda self, view: readinto(view)
        player.port.uart = Uart()
        tasks = (
            asyncio.create_task(player.clock.run()),
            asyncio.create_task(player.port.read_forever()),
        )
        assert await player.port.execute(b"AT+CSQ") == [b"+CSQ: 17,0"]
        assert lacks[0] == 3 and player.status.counts == {}
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(0)

    run(scenario())


def test_two_callers_take_turns():
    async def scenario():
        steps = []
        for _ in range(2):
            steps += [(TX, b"AT+CSQ\r"), (RX, b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n")]
        player = Player([("H" if side == TX else "M", data) for side, data in steps], 1)
        tasks = (
            asyncio.create_task(player.clock.run()),
            asyncio.create_task(player.port.read_forever()),
        )
        answers = await asyncio.gather(
            player.port.execute(b"AT+CSQ"), player.port.execute(b"AT+CSQ")
        )
        assert answers == [[b"+CSQ: 17,0"]] * 2
        assert player.transcript.fault is None
        for task in tasks:
            task.cancel()
        await asyncio.sleep_ms(0)

    run(scenario())
