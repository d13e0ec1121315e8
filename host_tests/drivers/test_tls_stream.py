"""TLS inside a byte stream, against a TLS server in memory that the same runtime provides."""

import asyncio
import os
import time
from binascii import a2b_base64, hexlify

from host_tests.fakes.tls_peer import TLSPeer
from host_tests.fixtures import certificates as known
from host_tests.shims import expect
from ovms.drivers import tls_setup
from ovms.drivers.tls_stream import TLSStream, opened

NAME = "ovms.example"
UTC_S = 1781222400


def pem(*certificates):
    text = ""
    for body in certificates:
        lines = [body[at : at + 64] for at in range(0, len(body), 64)]
        text += "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % "\n".join(lines)
    return text.encode()


class Folder:
    """A current directory of its own with the given files."""

    def __init__(self, **files):
        self._files = {name.replace("_", "."): data for name, data in files.items()}

    def __enter__(self):
        self._before = os.getcwd()
        self._name = "/tmp/ovms-tls-" + hexlify(os.urandom(6)).decode()
        os.mkdir(self._name)
        os.chdir(self._name)
        for name, data in self._files.items():
            with open(name, "wb") as file:
                file.write(data)

    def __exit__(self, *_):
        for name in self._files:
            os.remove(name)
        os.chdir(self._before)
        os.rmdir(self._name)


def peer(certificate=known.CERTIFICATE, key=known.KEY, piece=1000):
    return TLSPeer(certificate, key, piece)


async def connect(server, host=NAME, is_checked=True, utc_s=UTC_S):
    async def open_plain(*address):
        assert address == (host, 6870)
        return server

    return await tls_setup.open_stream(open_plain, host, 6870, utc_s, is_checked)


async def talk(server, *how):
    stream = await connect(server, *how)
    await stream.write(b"MP-C 0 token")
    assert server.heard == b"MP-C 0 token" and b"token" not in server.wire
    server.say(b"MP-S 0 answer")
    view = memoryview(bytearray(5))
    got = b""
    while len(got) < 13:
        n = await stream.readinto(view)
        got += bytes(view[:n])
    assert got == b"MP-S 0 answer"
    # More than one record, and more than the reader takes at once.
    await stream.write(b"x" * 40000)
    assert server.heard[12:] == b"x" * 40000
    return stream, view


async def refusal(server, host=NAME):
    """The sentence of a refused connection."""
    try:
        stream = await connect(server, host)
        await stream.write(b"secret")
    except (OSError, ValueError) as error:
        assert not server.heard
        return type(error), error.args[0]
    raise AssertionError("connected")


def test_both_ways_in_any_pieces():
    for piece in (1000, 16, 1):
        with Folder(ca_pem=pem(known.AUTHORITY)):
            server = peer(piece=piece)
            expect.run(talk(server), 30000)


def test_the_end_of_the_stream_is_the_end():
    async def scenario():
        server = peer()
        stream, view = await talk(server)
        server.is_over = True
        assert await stream.readinto(view) == 0
        await stream.close()
        assert server.is_closed

    with Folder(ca_pem=pem(known.AUTHORITY)):
        expect.run(scenario())


def test_reading_and_writing_at_the_same_time():
    async def scenario():
        server = peer(piece=7)
        stream, view = await talk(server)
        before = len(server.heard)

        async def say():
            for n in range(20):
                await stream.write(b"%02d" % n)
                server.say(b"ab")
                await asyncio.sleep_ms(0)

        task = asyncio.create_task(say())
        got = b""
        while len(got) < 40:
            n = await stream.readinto(view)
            got += bytes(view[:n])
        await task
        assert got == b"ab" * 20
        assert server.heard[before:] == b"".join([b"%02d" % n for n in range(20)])

    with Folder(ca_pem=pem(known.AUTHORITY)):
        expect.run(scenario())


def test_one_of_many_authorities_and_a_bare_certificate():
    with Folder(ca_pem=b"words\n" + pem(known.OTHER_AUTHORITY, known.AUTHORITY)):
        expect.run(talk(peer()))
    with Folder(ca_der=a2b_base64(known.AUTHORITY)):
        expect.run(talk(peer()))


def test_certificates_that_prove_nothing():
    with Folder(ca_pem=pem(known.AUTHORITY)):
        other_name = expect.run(refusal(peer(), "another.example"))
        expired = expect.run(refusal(peer(known.EXPIRED, known.EXPIRED_KEY)))
        assert "expired" in expired[1]
    with Folder(ca_pem=pem(known.OTHER_AUTHORITY)):
        other_authority = expect.run(refusal(peer()))
    for error, sentence in (other_name, expired, other_authority):
        assert error is ValueError, "what only a human can change is tried slowly"
        assert sentence.startswith("TLS: ") and sentence.endswith(".") and "\n" not in sentence


def test_without_a_check_any_certificate_will_do():
    """And what is said is as unreadable for others. Neither file nor date is needed."""
    for files in ({}, {"ca_pem": pem(known.OTHER_AUTHORITY)}, {"ca_pem": b"rubbish"}):
        with Folder(**files):
            for server in (peer(), peer(known.EXPIRED, known.EXPIRED_KEY)):
                expect.run(talk(server, "another.example", False, None))


def test_whom_to_trust():
    for files, is_there in (({}, False), ({"ca_pem": b""}, True), ({"ca_der": b""}, True)):
        with Folder(**files):
            assert tls_setup.has_authority() is is_there
    assert tls_setup.knows_date(UTC_S)


class Handshake:
    """What `tls` makes of a stream, when it cannot go on."""

    def __init__(self, error):
        self.error = error

    def wrap_socket(self, pipe, server_hostname, do_handshake_on_connect):
        return self

    def write(self, data):
        raise self.error


def test_a_handshake_without_memory_is_told_as_that():
    """Mbed TLS has a number for it in each of its parts."""

    async def scenario(error):
        await TLSStream(None, Handshake(error), NAME).write(b"x")

    for number in (-0x7F00, -0x2880, -0x4D80, -16):
        error = expect.raises(OSError, expect.run, scenario(OSError(number, "ALLOC_FAILED")))
        assert error.args == (12,)
    error = expect.raises(OSError, expect.run, scenario(OSError(-0x7780, "FATAL_ALERT")))
    assert "handshake failed" in error.args[0]


def test_a_connection_that_gets_no_tls_is_closed():
    class Full:
        def wrap_socket(self, *_, **__):
            raise OSError(12)

    async def scenario(server):
        await opened(server, Full(), NAME)

    server = peer()
    assert expect.raises(OSError, expect.run, scenario(server)).args == (12,)
    assert server.is_closed


def test_without_an_authority_nothing_is_opened():
    async def scenario():
        async def open_plain(host, port):
            raise AssertionError("opened")

        try:
            await tls_setup.open_stream(open_plain, NAME, 6870, UTC_S)
        except OSError as error:
            return error.args[0]

    with Folder():
        assert "needs the file ca.pem" in expect.run(scenario())
    for rubbish in (
        b"",
        b"no certificate",
        b"-----BEGIN CERTIFICATE-----\nMIIB\n",
        pem("AAAA"),
        pem("!!!!"),
        pem(known.AUTHORITY[:-40]),
        # No text, and what would not fit into a heap.
        b"\xff\xfe\n" * 100,
        b"\xa5" * 70000,
        b"-----BEGIN CERTIFICATE-----\n" + b"TUlJ\n" * 10000,
    ):
        with Folder(ca_pem=rubbish):
            assert "is not a certificate" in expect.run(scenario()), rubbish
    for rubbish in (b"rubbish", b"", b"\xa5" * 70000):
        with Folder(ca_der=rubbish):
            assert "is not a certificate" in expect.run(scenario())


def test_a_server_that_speaks_no_tls():
    class Plain:
        said = [b"HTTP/1.0 400 Bad Request\r\n"]
        heard = b""

        async def write(self, data):
            pass

        async def readinto(self, view):
            data = self.said.pop() if self.said else b""
            view[: len(data)] = data
            return len(data)

    with Folder(ca_pem=pem(known.AUTHORITY)):
        error, sentence = expect.run(refusal(Plain()))
        assert error is OSError and "handshake failed" in sentence
        error, sentence = expect.run(refusal(Plain()))
        assert error is OSError and "ended the connection" in sentence


def test_the_clock_of_the_board():
    assert tls_setup.datetime_of(UTC_S) == (2026, 6, 12, 4, 0, 0, 0, 0)
    assert tls_setup.datetime_of(UTC_S + 86399) == (2026, 6, 12, 4, 23, 59, 59, 0)


class RTC:
    """A board's clock."""

    def __init__(self):
        self.set = []

    def datetime(self, moment):
        self.set.append(moment)


def test_the_clock_of_the_board_follows_the_time():
    """Also after a wrong one: certificates are checked by it."""
    rtc = RTC()
    now_s = int(time.time()) + (946684800 if time.gmtime(0)[0] == 2000 else 0)
    tls_setup.set_clock(now_s, rtc)
    assert rtc.set == []
    for utc_s in (now_s + 8 * 86400, now_s - 60):
        tls_setup.set_clock(utc_s, rtc)
        assert rtc.set.pop() == tls_setup.datetime_of(utc_s) and not rtc.set
    # A computer's clock is its own business.
    tls_setup.set_clock(UTC_S)
