"""A TLS server in memory, as the byte stream that a client gets; for CPython and MicroPython."""

import asyncio
import io
from binascii import a2b_base64

import tls


class _Pipe(io.IOBase):
    def __init__(self):
        self.received = b""
        self.sent = b""

    def readinto(self, buffer):
        data = self.received[: len(buffer)]
        self.received = self.received[len(data) :]
        buffer[: len(data)] = data
        return len(data) or None

    def write(self, buffer):
        self.sent += bytes(buffer)
        return len(buffer)

    def ioctl(self, request, argument):
        return 0


class TLSPeer:
    """certificate, key: base64 of DER. piece: bytes the client gets at once.

    heard: what the client said, in clear. wire: what it sent. error: what TLS said on this side.
    """

    def __init__(self, certificate, key, piece=1000):
        context = tls.SSLContext(tls.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(a2b_base64(certificate), a2b_base64(key))
        self._pipe = _Pipe()
        self._inner = context.wrap_socket(
            self._pipe, server_side=True, do_handshake_on_connect=False
        )
        self._piece = piece
        self._buffer = bytearray(1024)
        self.heard = self.wire = b""
        self.error = None
        self.is_over = self.is_closed = False

    async def readinto(self, view):
        while not self._pipe.sent:
            if self.is_over:
                return 0
            await asyncio.sleep_ms(0)
        data = self._pipe.sent[: min(self._piece, len(view))]
        self._pipe.sent = self._pipe.sent[len(data) :]
        view[: len(data)] = data
        return len(data)

    async def write(self, data):
        # Somebody else may write meanwhile.
        await asyncio.sleep_ms(0)
        self.wire += bytes(data)
        self._pipe.received += bytes(data)
        while self.error is None:
            try:
                n = self._inner.readinto(self._buffer)
            except (OSError, ValueError) as error:
                self.error = error
                return
            if not n:
                return
            self.heard += self._buffer[:n]

    async def close(self):
        self.is_closed = True

    def say(self, data):
        """Send `data` in clear; the handshake must be over."""
        assert self._inner.write(data) == len(data)
