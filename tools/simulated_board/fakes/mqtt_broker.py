"""An MQTT 3.1.1 broker for one client at a time, in memory, with every way to be a bad one.

Its codec is its own, written from the OASIS standard. It runs on CPython and MicroPython.
"""

import asyncio


def text(data):
    data = data.encode() if isinstance(data, str) else data
    return bytes([len(data) >> 8, len(data) & 255]) + data


def packet(head, body=b""):
    size = len(body)
    lengths = b""
    while True:
        lengths += bytes([size % 128 + (128 if size >= 128 else 0)])
        size //= 128
        if not size:
            return bytes([head]) + lengths + body


def publish(topic, payload, qos=0, number=1, retain=0, dup=0):
    body = text(topic)
    if qos:
        body += bytes([number >> 8, number & 255])
    return packet(0x30 | dup << 3 | qos << 1 | retain, body + payload)


class Packets:
    """Takes a stream apart: `feed` returns [(head, body), ...]."""

    def __init__(self):
        self.data = b""

    def feed(self, data):
        self.data += bytes(data)
        found = []
        while len(self.data) > 1:
            size = shift = 0
            at = 1
            while True:
                if at >= len(self.data):
                    return found
                byte = self.data[at]
                size += (byte % 128) << shift
                shift += 7
                at += 1
                if byte < 128:
                    break
            if len(self.data) < at + size:
                return found
            found.append((self.data[0], self.data[at : at + size]))
            self.data = self.data[at + size :]
        return found


class Message:
    """A PUBLISH of the client. payload: bytes."""

    def __init__(self, head, body):
        size = body[0] << 8 | body[1]
        self.topic = body[2 : 2 + size].decode()
        self.qos = head >> 1 & 3
        self.is_retained = bool(head & 1)
        self.is_dup = bool(head & 8)
        self.number = 0
        rest = body[2 + size :]
        if self.qos:
            self.number = rest[0] << 8 | rest[1]
            rest = rest[2:]
        self.payload = rest


class Connection:
    """The byte stream of the client, and what the broker makes of it.

    messages: all of the client's. acks: numbers it acknowledged. writes: sizes. error: of streams.
    """

    def __init__(self, broker):
        self.broker = broker
        self.packets = Packets()
        self.messages = []
        self.acks = []
        self.filters = []
        self.pings = 0
        self.writes = []
        self.connect = None
        self.is_closed = self.is_stuck = False
        self.error = None
        self._to_client = b""
        self._said = 0
        self._is_eof = False
        self._ready = asyncio.Event()

    async def readinto(self, view):
        while not (self._to_client or self._is_eof or self.error):
            self._ready.clear()
            await self._ready.wait()
        if self.error:
            raise self.error
        n = min(len(self._to_client), len(view), self.broker.piece)
        view[:n] = self._to_client[:n]
        self._to_client = self._to_client[n:]
        return n

    async def write(self, buffer):
        while self.is_stuck:
            await asyncio.sleep_ms(0)
        if self.error:
            raise self.error
        room = len(buffer)
        if self.broker.hears is not None:
            room = max(0, self.broker.hears - sum(self.writes))
        self.writes.append(min(room, len(buffer)))
        if room < len(buffer):
            self.packets.feed(buffer[:room])
            self.hang_up()
            raise OSError("reset")
        for head, body in self.packets.feed(buffer):
            self._take(head, body)

    async def close(self):
        self.is_closed = True

    def _take(self, head, body):
        broker = self.broker
        kind = head >> 4
        if kind == 1:
            self.connect = body
            self.say(broker.connack)
        elif kind == 3:
            message = Message(head, body)
            self.messages.append(message)
            if message.qos and broker.acknowledges:
                self.say(packet(0x40, bytes([message.number >> 8, message.number & 255])))
            if message.is_retained:
                if message.payload:
                    broker.retained[message.topic] = message.payload
                else:
                    broker.retained.pop(message.topic, None)
        elif kind == 4:
            self.acks.append(body[0] << 8 | body[1])
        elif kind == 8:
            assert head == 0x82
            at = 2
            while at < len(body):
                size = body[at] << 8 | body[at + 1]
                self.filters.append((body[at + 2 : at + 2 + size].decode(), body[at + 2 + size]))
                at += 3 + size
            self.say(packet(0x90, body[:2] + bytes([1] * len(self.filters))))
        elif kind == 12:
            self.pings += 1
            if broker.answers_pings:
                self.say(packet(0xD0))
        else:
            raise AssertionError("packet %02x" % head)

    def say(self, data):
        speaks = self.broker.speaks
        if speaks is not None:
            data = data[: max(0, speaks - self._said)]
        self._said += len(data)
        self._to_client += data
        self._ready.set()
        if self._said == speaks and self.broker.hangs_up:
            self.hang_up()

    def hang_up(self):
        self._is_eof = True
        self._ready.set()

    def take(self):
        """Messages since the last call, {topic: payload as str}."""
        found = {}
        for message in self.messages:
            found[message.topic] = message.payload.decode()
        self.messages = []
        return found


class Broker:
    """Hands out a Connection for each `open_stream`; the knobs are attributes.

    connack: what a CONNECT is answered with (bytes). piece: bytes the client gets at once. hears,
    speaks: after so many bytes of a connection it is cut, None for never; hangs_up: else the
    broker only falls silent behind what it speaks.
    """

    def __init__(self):
        self.connack = packet(0x20, b"\0\0")
        self.acknowledges = self.answers_pings = True
        self.piece = 1000
        self.hears = self.speaks = None
        self.hangs_up = True
        self.refusals = 0
        self.retained = {}
        self.attempts = []
        self.connections = []

    @property
    def last(self):
        return self.connections[-1]

    async def open_stream(self, host, port, is_tls=False):
        self.attempts.append((host, port, is_tls))
        if self.refusals:
            self.refusals -= 1
            raise OSError("refused")
        self.connections.append(Connection(self))
        return self.last
