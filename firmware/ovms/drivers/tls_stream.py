"""TLS inside any byte stream: WiFi's sockets and the SIM800's connections alike.

The `tls` of MicroPython works on a pipe in RAM; the TLSStream carries the bytes between the pipe
and the stream. Made by `tls_setup.py`; in RAM as long as the connection.
"""

import asyncio
import io

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import Buffer, ByteStream, WritableBuffer

_READ_SIZE = const(512)
# MBEDTLS_ERR_X509_CERT_VERIFY_FAILED, where the runtime has no words for it.
_NOT_TRUSTED = const(-0x2700)
# No memory: MBEDTLS_ERR_..._ALLOC_FAILED of SSL, X509, PK, ECP, CIPHER, MD, MPI (its headers).
# ENOMEM is what MicroPython has for it when the connection is made.
_ALLOC_FAILED = (-0x7F00, -0x2880, -0x3F80, -0x4D80, -0x6180, -0x5180, -0x0010)
_ENOMEM = const(12)


class _Pipe(io.IOBase):
    """What `tls` takes for a socket. received: bytes for it, read up to `at`; sent: its own."""

    def __init__(self):
        self.received = memoryview(b"")
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


async def opened(stream: "ByteStream", context: "Any", host: str) -> "TLSStream":
    """A TLSStream inside `stream`, which is closed when there is no memory for that: ENOMEM."""
    try:
        return TLSStream(stream, context, host)
    except BaseException:
        await stream.close()
        raise


class TLSStream:
    """A byte stream inside `stream`. One task reads, one writes; nobody reads before a write.

    context: of the `tls` module; host: the name that the server's certificate must carry.
    """

    def __init__(self, stream: "ByteStream", context: "Any", host: str) -> None:
        self._stream = stream
        self._pipe = _Pipe()
        self._inner = context.wrap_socket(
            self._pipe, server_hostname=host, do_handshake_on_connect=False
        )
        self._buffer = bytearray(_READ_SIZE)
        self._lock = asyncio.Lock()
        self._is_open = False

    async def readinto(self, view: "WritableBuffer") -> int:
        """Wait for at least one byte; 0 = the peer closed. OSError when the connection broke."""
        while True:
            n = self._call(self._inner.readinto, view)
            await self._flush()
            if n is not None:
                return n
            if not await self._fill():
                return 0

    async def write(self, data: "Buffer") -> None:
        """Send all of it. The first one makes the handshake.

        ValueError with a sentence when the certificate is refused: only a human changes that.
        """
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

    async def close(self) -> None:
        try:
            self._inner.close()
        finally:
            await self._stream.close()

    def _call(self, function, view):
        try:
            return function(view)
        except ValueError as error:
            raise ValueError("TLS: %s." % str(error).strip().replace("\n", " "))
        except OSError as error:
            if self._is_open:
                raise
            if error.args[0] == _NOT_TRUSTED:
                raise ValueError("TLS: The server's certificate is not trusted.")
            if error.args[0] in _ALLOC_FAILED:
                raise OSError(_ENOMEM)
            raise OSError("The TLS handshake failed: %s." % error)

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
