"""TLS over any byte stream: WiFi's sockets and the SIM800's connections alike.

The `tls` of MicroPython works on a pipe in RAM, and TLSStream carries the bytes between pipe and
stream. The server must show a certificate for the name we asked for, signed by what is in the file
`ca.pem` (one or more certificates) or `ca.der` (one) of the current directory; without such a file
there is no connection. Imported for the connections that ask for it.

On an ESP32 a connection takes some 20 KB beside the Python heap and a handshake blocks for
seconds (hardware facts 1.11). Unverified on a board; tried on the 32 and 64 bit VM.
"""

import asyncio
import io
import time
from binascii import a2b_base64

import tls
from micropython import const

_PEM_FILE = "ca.pem"
_DER_FILE = "ca.der"
_BEGIN = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----"

# A certificate's dates can be checked with any time after the firmware was written.
_EARLIEST_YEAR = const(2024)
# Unix seconds of 2000-01-01, where the clock of an ESP32 starts.
_EPOCH_2000_S = const(946684800)
_READ_SIZE = const(512)


async def open_stream(open_plain, host, port, utc_s):
    """A TLSStream to host:port. OSError with a sentence when it cannot be had.

    open_plain(host, port): coroutine, a byte stream. utc_s: Unix seconds or None when not known;
    an ESP32's clock is set by it. The handshake happens with the first `write`.
    """
    context = _context(utc_s)
    stream = await open_plain(host, port)
    pipe = _Pipe()
    inner = context.wrap_socket(pipe, server_hostname=host, do_handshake_on_connect=False)
    return TLSStream(stream, inner, pipe)


def datetime_of(utc_s):
    """Unix seconds as the tuple that `machine.RTC.datetime` takes."""
    if time.gmtime(0)[0] == 2000:
        utc_s -= _EPOCH_2000_S
    now = time.gmtime(utc_s)
    return now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0


def _context(utc_s):
    if time.gmtime()[0] < _EARLIEST_YEAR:
        if utc_s is None:
            raise OSError("TLS needs the date, and nobody has told it yet.")
        from machine import RTC

        RTC().datetime(datetime_of(utc_s))
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    try:
        if not _load(context):
            raise OSError("TLS needs the file ca.pem with the certificate of the server's CA.")
    except ValueError:
        raise OSError("The file ca.pem or ca.der is not a certificate.")
    return context


def _load(context):
    """Trust what the files have; returns how many certificates that are."""
    count = 0
    try:
        with open(_PEM_FILE) as file:
            text = None
            # Line by line: a bundle of certificates may be larger than the heap.
            for line in file:
                line = line.strip()
                if line == _BEGIN:
                    text = ""
                elif line == _END and text is not None:
                    context.load_verify_locations(a2b_base64(text))
                    text = None
                    count += 1
                elif text is not None:
                    text += line
        if not count:
            raise ValueError
        return count
    except OSError:
        # There is no such file.
        pass
    try:
        with open(_DER_FILE, "rb") as file:
            context.load_verify_locations(file.read())
    except OSError:
        return 0
    return 1


class _Pipe(io.IOBase):
    """What `tls` takes for a socket. received: bytes for it, read up to `at`; sent: its own."""

    def __init__(self):
        self.received = b""
        self.at = 0
        self.sent = bytearray()

    def readinto(self, buffer):
        n = min(len(buffer), len(self.received) - self.at)
        if not n:
            return None
        buffer[:n] = self.received[self.at : self.at + n]
        self.at += n
        return n

    def write(self, buffer):
        self.sent += buffer
        return len(buffer)

    def ioctl(self, request, argument):
        return 0


class TLSStream:
    """A byte stream inside a byte stream. One task reads, one writes; nobody reads before a write."""

    def __init__(self, stream, inner, pipe):
        self._stream = stream
        self._inner = inner
        self._pipe = pipe
        self._buffer = bytearray(_READ_SIZE)
        self._lock = asyncio.Lock()
        self._is_open = False

    async def readinto(self, view):
        """Wait for at least one byte; 0 = the peer closed. OSError when the connection broke."""
        while True:
            n = self._call(self._inner.readinto, view)
            await self._flush()
            if n is not None:
                return n
            if not await self._fill():
                return 0

    async def write(self, data):
        """Send all of it. OSError with a sentence when the server's certificate is refused."""
        view = memoryview(data)
        at = 0
        while at < len(view):
            n = self._call(self._inner.write, view[at:])
            await self._flush()
            if n is not None:
                self._is_open = True
                at += n
            elif self._is_open:
                raise OSError("TLS is stuck.")
            elif not await self._fill():
                raise OSError("The server ended the connection during the TLS handshake.")

    async def close(self):
        try:
            self._inner.close()
        finally:
            await self._stream.close()

    def _call(self, function, view):
        try:
            return function(view)
        except ValueError as error:
            # Some versions word it like this, others give a number of mbedTLS.
            raise OSError("TLS: " + str(error).strip().replace("\n", " "))
        except OSError as error:
            raise error if self._is_open else OSError("The TLS handshake failed: %s." % error)

    async def _flush(self):
        """Bytes leave in the order they were made, whoever's turn it is."""
        async with self._lock:
            pipe = self._pipe
            while pipe.sent:
                data = pipe.sent
                pipe.sent = bytearray()
                await self._stream.write(data)

    async def _fill(self):
        """Wait for bytes from the stream; how many, 0 at its end."""
        n = await self._stream.readinto(self._buffer)
        # `tls` asks for more only when it has read all there was.
        self._pipe.received = memoryview(self._buffer)[:n]
        self._pipe.at = 0
        return n
