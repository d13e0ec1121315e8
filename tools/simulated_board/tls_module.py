"""MicroPython's `tls` for CPython: the calls that firmware and tests make, on CPython's own ssl.

The wrapped object asks its stream by `readinto` and `write` and returns None where it would have
to wait, as the original does for a stream that does not block. A refused certificate is a
ValueError, its text without OpenSSL's own decoration.
"""

import base64
import ssl
import tempfile

PROTOCOL_TLS_CLIENT = ssl.PROTOCOL_TLS_CLIENT
PROTOCOL_TLS_SERVER = ssl.PROTOCOL_TLS_SERVER
CERT_NONE = ssl.CERT_NONE
CERT_REQUIRED = ssl.CERT_REQUIRED
_CHUNK = 4096


class SSLContext:
    def __init__(self, protocol):
        self._context = ssl.SSLContext(protocol)

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        # Without a check there is no name to look for, either.
        self._context.check_hostname = mode != CERT_NONE
        self._context.verify_mode = mode

    def load_verify_locations(self, cadata):
        try:
            self._context.load_verify_locations(cadata=bytes(cadata))
        except ssl.SSLError as error:
            raise ValueError("invalid cert") from error

    def load_cert_chain(self, certificate, key):
        """Both as bytes of DER."""
        with tempfile.NamedTemporaryFile("w") as file:
            for name, data in (("CERTIFICATE", certificate), ("EC PRIVATE KEY", key)):
                body = base64.encodebytes(data).decode()
                file.write(f"-----BEGIN {name}-----\n{body}-----END {name}-----\n")
            file.flush()
            self._context.load_cert_chain(file.name)

    def wrap_socket(
        self, sock, *, server_side=False, do_handshake_on_connect=True, server_hostname=None
    ):
        if do_handshake_on_connect:
            raise NotImplementedError("the firmware never lets a handshake block")
        return _Socket(self._context, sock, server_side, server_hostname)


class _Socket:
    def __init__(self, context, stream, server_side, server_hostname):
        self._stream = stream
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side, server_hostname
        )

    def readinto(self, view):
        return self._work(lambda: self._object.read(len(view), view))

    def write(self, data):
        return self._work(lambda: self._object.write(data))

    def close(self):
        """Like mbedTLS in MicroPython: without a word to the peer."""

    def _work(self, step):
        self._take()
        try:
            return step()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            return 0
        except ssl.SSLCertVerificationError as error:
            raise ValueError(error.verify_message) from None
        finally:
            if self._outgoing.pending:
                self._stream.write(self._outgoing.read())

    def _take(self):
        chunk = bytearray(_CHUNK)
        while n := self._stream.readinto(chunk):
            self._incoming.write(chunk[:n])
