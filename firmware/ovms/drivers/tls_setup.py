"""Opens a byte stream inside TLS: whom to trust, and what time it is.

The server must show a certificate for the name we asked for, signed by what is in the file
`ca.pem` (one or more certificates) or `ca.der` (one) of the current directory; without such a file
there is no connection. Where nobody has asked for that, any certificate will do: who only listens
learns nothing, but who sits in between could be the server.

On an ESP32 a connection takes some 20 KB beside the Python heap and a handshake blocks for
seconds (hardware facts 1.11). Unverified on a board; tried on the 32 and 64 bit VM.
"""

import os
import time
from binascii import a2b_base64

import tls
from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import ByteStream, OpenTCP

_PEM_FILE = "ca.pem"
_DER_FILE = "ca.der"
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_END = b"-----END CERTIFICATE-----"
# No line of a PEM file is longer, and no certificate; what is may fill the heap.
_LINE_BYTES = const(100)
_CERTIFICATE_BYTES = const(8192)

# A certificate's dates can be checked with any time after the firmware was written.
_EARLIEST_YEAR = const(2024)
# What the board's clock may be wrong by.
_CLOCK_ERROR_S = const(2)
# Unix seconds of 2000-01-01, where the clock of an ESP32 starts.
_EPOCH_2000_S = const(946684800)


async def open_stream(
    open_plain: "OpenTCP", host: str, port: int, utc_s: int | None, is_checked: bool = True
) -> "ByteStream":
    """A TLSStream to host:port. OSError when it cannot be had: a sentence, or ENOMEM.

    open_plain(host, port): coroutine, a byte stream. utc_s: Unix seconds or None when not known;
    an ESP32's clock, by which certificates are checked, is set by it each time, as a better source
    may have corrected it. is_checked: else any certificate is taken. The handshake happens with
    the first `write`.
    """
    if is_checked:
        context = _context(utc_s)
    else:
        context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        context.verify_mode = tls.CERT_NONE  # type: ignore[attr-defined]
    stream = await open_plain(host, port)
    from ovms.drivers.tls_stream import opened

    return await opened(stream, context, host)


def has_authority() -> bool:
    """Whether there is a file that says whom to trust, whatever is in it."""
    return bool([name for name in (_PEM_FILE, _DER_FILE) if _is_there(name)])


def _is_there(name):
    try:
        os.stat(name)
    except OSError:
        return False
    return True


def knows_date(utc_s: int | None) -> bool:
    """Whether certificates can be checked: by `utc_s`, or by what the board's clock tells."""
    return utc_s is not None or time.gmtime()[0] >= _EARLIEST_YEAR


def datetime_of(utc_s: int) -> tuple[int, ...]:
    """Unix seconds as the tuple that `machine.RTC.datetime` takes."""
    if time.gmtime(0)[0] == 2000:
        utc_s -= _EPOCH_2000_S
    now = time.gmtime(utc_s)
    return now[0], now[1], now[2], now[6], now[3], now[4], now[5], 0


def set_clock(utc_s: int, rtc: "Any" = None) -> None:
    """Let the board's own clock tell `utc_s` (Unix seconds), where a program may set it.

    rtc: like a `machine.RTC`, by default the board's.
    """
    now_s = int(time.time())
    if time.gmtime(0)[0] == 2000:
        now_s += _EPOCH_2000_S
    if abs(now_s - utc_s) <= _CLOCK_ERROR_S:
        return
    if rtc is None:
        try:
            from machine import RTC
        except ImportError:
            # A computer keeps its own.
            return
        rtc = RTC()
    rtc.datetime(datetime_of(utc_s))


def _context(utc_s):
    if not knows_date(utc_s):
        raise OSError("TLS needs the date, and nobody has told it yet.")
    if utc_s is not None:
        set_clock(utc_s)
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    # The stubs do not know the attribute.
    context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]
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
        with open(_PEM_FILE, "rb") as file:
            text = None
            # Line by line: a bundle of certificates may be larger than the heap.
            line = file.readline(_LINE_BYTES)
            while line:
                line = line.strip()
                if line == _BEGIN:
                    text = b""
                elif line == _END and text is not None:
                    context.load_verify_locations(a2b_base64(text))
                    text = None
                    count += 1
                elif text is not None:
                    text += line
                    if len(text) > _CERTIFICATE_BYTES:
                        raise ValueError
                line = file.readline(_LINE_BYTES)
        if not count:
            raise ValueError
        return count
    except OSError:
        # There is no such file.
        pass
    try:
        with open(_DER_FILE, "rb") as file:
            data = file.read(_CERTIFICATE_BYTES)
            if file.read(1):
                raise ValueError
            context.load_verify_locations(data)
    except OSError:
        return 0
    return 1
