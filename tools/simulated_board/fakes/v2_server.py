"""An OVMS server of protocol v2 for one car at a time, in memory.

Its cipher, HMAC and framing are its own, written from protocol guide 2.6.2 and the vectors of
module-behaviour 11, so that an error of the firmware cannot hide in shared code. It runs on
CPython and MicroPython.
"""

import asyncio
import binascii
import hashlib


def rc4(key):
    """Generator of the key stream, its first 1024 bytes dropped."""
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = count = 0
    while True:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        count += 1
        if count > 1024:
            yield box[(box[i] + box[j]) % 256]


def hmac_md5(key, text):
    """Digest of `text` under `key` of at most 64 bytes."""
    inner = bytes([byte ^ 0x36 for byte in key] + [0x36] * (64 - len(key)))
    outer = bytes([byte ^ 0x5C for byte in key] + [0x5C] * (64 - len(key)))
    return hashlib.md5(outer + hashlib.md5(inner + text).digest()).digest()


def crypt(stream, data):
    return bytes([byte ^ next(stream) for byte in data])


class Connection:
    """The byte stream the car gets, and what the server makes of it.

    lines: decoded texts without the magic, in the order they came. writes: sizes of the car's
    writes. piece: bytes the car gets at once.
    """

    def __init__(self, server, piece):
        self._server = server
        self._piece = piece
        self._to_car = b""
        self._from_car = b""
        self._ready = asyncio.Event()
        self._is_eof = False
        self._sent = self._received = None
        self.error = None
        self.is_stuck = False
        self.is_closed = False
        self.welcome = ""
        self.lines = []
        self.writes = []

    # What the car calls.

    async def readinto(self, view):
        while not (self._to_car or self._is_eof or self.error):
            self._ready.clear()
            await self._ready.wait()
        if self.error:
            raise self.error
        data = self._to_car[: min(self._piece, len(view))]
        self._to_car = self._to_car[len(data) :]
        view[: len(data)] = data
        return len(data)

    async def write(self, buffer):
        if self.error:
            raise self.error
        while self.is_stuck:
            await asyncio.sleep_ms(0)
        self.writes.append(len(buffer))
        self._from_car += bytes(buffer)
        while b"\r\n" in self._from_car:
            end = self._from_car.index(b"\r\n")
            line = self._from_car[:end]
            self._from_car = self._from_car[end + 2 :]
            self._take(line)

    async def close(self):
        self.is_closed = True

    # What a test calls.

    def say(self, *texts):
        """Send messages (str: code and payload), all in one segment."""
        for text in texts:
            cipher = crypt(self._sent, b"MP-0 " + text.encode())
            self.say_raw(binascii.b2a_base64(cipher).strip() + b"\r\n")

    def say_raw(self, data):
        self._to_car += data
        self._ready.set()

    def hang_up(self):
        self._is_eof = True
        self._ready.set()

    def fail(self, error):
        """The stream breaks under the car's hands."""
        self.error = error
        self._ready.set()

    def take_lines(self):
        lines = self.lines
        self.lines = []
        return lines

    def _take(self, line):
        if self._received is not None:
            plain = crypt(self._received, binascii.a2b_base64(line))
            assert plain.startswith(b"MP-0 "), plain
            self.lines.append(plain[5:].decode())
            return
        self.welcome = line.decode()
        magic, scheme, token, digest, vehicle_id = self.welcome.split(" ")
        assert (magic, scheme) == ("MP-C", "0")
        server = self._server
        expected = hmac_md5(server.password, token.encode())
        if server.is_mute:
            return
        if binascii.a2b_base64(digest) != expected or vehicle_id != server.vehicle_id:
            self.hang_up()
            return
        proof = binascii.b2a_base64(hmac_md5(server.proof_password, server.token)).strip()
        self.say_raw(b"MP-S 0 " + server.token + b" " + proof + b"\r\n")
        key = hmac_md5(server.password, server.token + token.encode())
        self._sent = rc4(key)
        self._received = rc4(key)
        if server.greeting:
            self.say(server.greeting)


class Server:
    """Hands out a Connection for each `open_stream`; the knobs are attributes.

    refusals: how many times `open_stream` fails first. is_mute: never answers the first line.
    greeting: message sent right behind the welcome, "" for none.
    """

    def __init__(self, vehicle_id="TESTCAR", password="NETPASS", piece=1000):
        self.vehicle_id = vehicle_id
        self.password = self.proof_password = password.encode()
        self.token = b"zyxwvutsrqponmlkjihgfe"
        self.greeting = "Z0"
        self.is_mute = False
        self.refusals = 0
        self.piece = piece
        self.attempts = []
        self.connections = []

    @property
    def last(self):
        return self.connections[-1]

    async def open_stream(self, host, port, is_tls=False):
        self.attempts.append((host, port))
        if self.refusals:
            self.refusals -= 1
            raise OSError("refused")
        self.connections.append(Connection(self, self.piece))
        return self.last
