"""A Twizy with a SEVCON opposite, in virtual time, for CPython and MicroPython alike.

The controller is anything with `feed(arbitration_id, data) -> [(id, data)]` and
`step(elapsed_ms) -> [(id, data)]`: a scripted dialogue here, the `canopen` node in the desk's
tests.
"""

from binascii import hexlify, unhexlify

from host_tests.shims.expect import run
from host_tests.vehicle.contract import Settings, feed
from ovms.parameters import FROM_OWNER
from ovms.vehicle.state import VehicleState
from ovms.vehicle.twizy.car import Twizy
from ovms.vehicle.twizy.sevcon import cfg

TX = "TX"
RX = "RX"

KEY_ON = "597 00 95 21 41 29 00 01 35"
KEY_OFF = "597 00 85 21 41 29 00 01 35"
NEUTRAL = "59B 00 04 65 00 64 72 00 90"
STANDING = "599 00 00 04 B8 FF 49 00 00"
GO = "59B 80 0C 65 5E 44 72 00 90"
BUTTON = "081 00 10 01 8E 48 00 00 00"

# Login of a Twizy 80 and the way into and out of the pre-operational state: Twizy facts 9.6.
LOGIN = (
    (TX, "40 18 10 02 00 00 00 00"),
    (RX, "43 18 10 02 2D 30 12 07"),
    (TX, "40 00 50 01 00 00 00 00"),
    (RX, "4F 00 50 01 00 00 00 00"),
    (TX, "22 00 50 03 00 00 00 00"),
    (RX, "60 00 50 03 00 00 00 00"),
    (TX, "22 00 50 02 DF 4B 00 00"),
    (RX, "60 00 50 02 00 00 00 00"),
    (TX, "40 00 50 01 00 00 00 00"),
    (RX, "4F 00 50 01 04 00 00 00"),
)
ENTER = (
    (TX, "40 10 51 00 00 00 00 00"),
    (RX, "4F 10 51 00 05 00 00 00"),
    (TX, "22 00 28 00 01 00 00 00"),
    (RX, "60 00 28 00 00 00 00 00"),
    (TX, "40 10 51 00 00 00 00 00"),
    (RX, "4F 10 51 00 7F 00 00 00"),
)
LEAVE = (
    (TX, "22 00 28 00 00 00 00 00"),
    (RX, "60 00 28 00 00 00 00 00"),
    (TX, "40 10 51 00 00 00 00 00"),
    (RX, "4F 10 51 00 05 00 00 00"),
)


class Script:
    """A dialogue to follow byte for byte; several RX in a row are sent one after the other."""

    def __init__(self, *parts):
        self.lines = []
        for part in parts:
            self.lines.extend(part)

    def feed(self, arbitration_id, data):
        text = hexlify(data, " ").decode().upper()
        assert arbitration_id == 0x601, hex(arbitration_id)
        assert self.lines, "not in the script: " + text
        direction, expected = self.lines.pop(0)
        assert (direction, expected) == (TX, text), "%s sent for %s" % (text, expected)
        answers = []
        while self.lines and self.lines[0][0] == RX:
            answers.append((0x581, unhexlify(self.lines.pop(0)[1].replace(" ", ""))))
        return answers

    def step(self, elapsed_ms):
        return []


class Objects:
    """A controller that knows values and nothing else: {key: value}, key = index << 8 | sub.

    writes: (key, value) of the settings in their order. fails_at: number of the write with which
    the supply is cut; None again brings it back.
    """

    def __init__(self, values):
        self.values = {0x101802: 0x0712302D, 0x101804: 77, 0x500001: 4, 0x511000: 5, 0x532000: 0}
        self.values.update(values)
        self.writes = []
        self.fails_at = None
        self._is_dead = False

    def feed(self, arbitration_id, data):
        key = data[2] << 16 | data[1] << 8 | data[3]
        if arbitration_id != 0x601:
            return []
        if data[0] == 0x22 and key != 0x280000:
            self._is_dead = len(self.writes) == self.fails_at
        if self._is_dead and self.fails_at is not None:
            return []
        if data[0] == 0x40:
            if key not in self.values:
                return [(0x581, bytes((0x80, data[1], data[2], data[3], 0, 0, 2, 6)))]
            value = self.values[key]
            head = bytes((0x43, data[1], data[2], data[3]))
            return [(0x581, head + value.to_bytes(4, "little"))]
        if data[0] != 0x22:
            return []
        value = int.from_bytes(data[4:8], "little")
        if key == 0x280000:
            self.values[0x511000] = 0x7F if value else 5
        else:
            self.writes.append((key, value))
            self.values[key] = value
        return [(0x581, bytes((0x60, data[1], data[2], data[3], 0, 0, 0, 0)))]

    def step(self, elapsed_ms):
        return []


class Store:
    """Flash record of a bench, the journal; `saves` counts, `is_full` refuses.

    backup: the record beside it.
    """

    load_error = ""

    def __init__(self, is_backup=False):
        self.data = None
        self.saves = 0
        self.is_full = False
        self.backup = None if is_backup else Store(True)

    def load(self):
        return self.data

    def save(self, data):
        if self.is_full:
            raise OSError(28)
        self.saves += 1
        self.data = bytes(data)


class Bench:
    """One car and one controller. store: kept over a restart of the module.

    What the car said last of key, gear and speed it says again every second, as long as it
    `is_heard`; not so in the middle of a command.
    """

    def __init__(self, peer, features=None, store=None, is_awake=True):
        self.peer = peer
        self.store = store or Store()
        self.sent = []
        self.events = []
        self.now_ms = 0
        self.is_refusing = False
        self.is_heard = True
        self._last = {}
        self._answers = []
        self._tasks = []
        self.car = Twizy(VehicleState(), Settings(features or {15: 1}))
        self._on_frame = self.car.on_frame
        self.car.on_frame = self._note
        self.car.ticks_ms = self._ticks_ms
        self.car.send = self._send
        self.car.sleep_ms = self._sleep_ms
        self.car.spawn = self._spawn
        self.car.open_store = self._open_store
        self.car.on_event = self._on_event
        self.records = []
        self.car.on_record = self._on_record
        if is_awake:
            feed(self.car, NEUTRAL, STANDING, KEY_ON)

    def cfg(self, text, origin=FROM_OWNER, is_query=False):
        """Reply to an SMS `CFG text`, or `CFG? text`."""
        return run(cfg.execute(self.car, text.split(), origin, is_query), 20000)

    def press(self, *pauses_ms):
        """A gear button is pressed, after each of the pauses."""
        for pause_ms in pauses_ms:
            self.now_ms += pause_ms
            feed(self.car, BUTTON)

    def _note(self, arbitration_id, data, dlc):
        if arbitration_id in (0x597, 0x599, 0x59B):
            self._last[arbitration_id] = bytes(data)
        self._on_frame(arbitration_id, data, dlc)

    def _ticks_ms(self):
        return self.now_ms & 0x3FFFFFFF

    def seconds(self, count):
        """Let time pass as the module does, spawned tasks included."""
        for _ in range(count):
            decoder = self.car.decoder
            if self.is_heard and decoder.has_key() and not decoder.is_offline():
                # Without it the bus would count as asleep.
                for arbitration_id in sorted(self._last):
                    self._on_frame(arbitration_id, self._last[arbitration_id], 8)
            self.car.state.tick(1)
            self.car.poll(1000)
            tasks, self._tasks = self._tasks, []
            for task in tasks:
                run(task(), 20000)
            self._pass(1000)

    def _send(self, arbitration_id, data):
        if self.is_refusing:
            return False
        self.sent.append((arbitration_id, bytes(data)))
        self._answers.extend(self.peer.feed(arbitration_id, bytes(data)))
        return True

    async def _sleep_ms(self, ms):
        self._pass(ms)

    def _pass(self, ms):
        self.now_ms += ms
        frames = self._answers + self.peer.step(ms)
        self._answers = []
        for arbitration_id, data in frames:
            self.hear(arbitration_id, data)

    def hear(self, arbitration_id, data):
        """One frame from the bus."""
        buffer = bytearray(8)
        buffer[: len(data)] = data
        self.car.on_frame(arbitration_id, buffer, len(data))

    def _spawn(self, function):
        self._tasks.append(function)
        return function

    def _open_store(self, name):
        store = self.store
        if name == "sevcon.old":
            return store
        store.backup.is_full = store.is_full
        return store.backup

    def msg(self, code, arguments=""):
        """What a protocol command of the car returns."""
        return run(self.car.command(code, arguments), 20000)

    def _on_record(self, type_, number, lifetime_s, data):
        self.records.append("%s,%d,%d,%s" % (type_, number, lifetime_s, data))

    def _on_event(self, event):
        self.events.append(self.car.event_text(event))


def cfg_on(stock, text, values=None):
    """(reply behind `CFG x: `, writes) of a command on a `stock` controller with other values."""
    peer = Objects(stock)
    if values:
        peer.values.update(values)
    reply = Bench(peer).cfg(text)
    start = "CFG %s: " % text.split()[0].upper()
    assert reply.startswith(start), reply
    assert peer.values[0x511000] == 5, "operational again"
    return reply[len(start) :], peer.writes
