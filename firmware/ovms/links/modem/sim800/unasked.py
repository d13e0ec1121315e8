"""What nobody asked a TCP connection (`tcp.py`) for: its end, pushed data, a refused send."""

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.links.modem.sim800.tcp import BROKEN, CLOSED, LOOK_MS, LOST, OVER

# Pushed data comes whether somebody reads or not.
_PUSHED_MAX = const(2048)
_RESEND_MS = const(1000)


def drop(tcp, keeps_bearer):
    """`ModemTCP.drop`."""
    stream = tcp.stream
    if stream is not None:
        tcp.stream = None
        keeps_bearer = keeps_bearer and stream.state
        stream.state = BROKEN
    if not keeps_bearer:
        tcp.bearer = None


def hear(tcp, line, head):
    """`ModemTCP.hear`."""
    if head == b"+PDP:":
        tcp.outcome = b"bearer lost"
        tcp.status.count("gprs_lost")
        tcp.drop()
    elif line in (b"CLOSED", b"CONNECT FAIL", b"ALREADY CONNECT"):
        tcp.outcome = line
        if tcp.stream is not None:
            tcp.status.count("tcp_closed")
            tcp.stream.state = max(tcp.stream.state, CLOSED)
    elif line == b"CONNECT OK":
        tcp.outcome = b""
    elif head == b"STATE:" and not tcp.is_opening:
        stream = tcp.stream
        line = line.upper()
        is_alive = b"CONNECT" in line or b"PROCESSING" in line
        if not is_alive and stream is not None and not stream.state:
            tcp.status.count("tcp_close_missed")
            if b"DEACT" in line:
                tcp.drop()
            else:
                stream.state = CLOSED


def keep_data(tcp, data):
    """Received bytes (borrowed) that have no reader yet."""
    stream = tcp.stream
    if stream is None or stream.state >= OVER:
        return
    if tcp.is_pushing and len(stream.pushed) + len(data) <= _PUSHED_MAX:
        stream.pushed += bytes(data)
    else:
        tcp.status.count("tcp_overrun")
        stream.break_off()


async def read_pushed(stream, view):
    """`TCPStream.readinto` of a modem that pushes its data."""
    while stream.state < BROKEN or stream.pushed:
        n = min(len(view), len(stream.pushed))
        if n:
            view[:n] = stream.pushed[:n]
            stream.pushed = stream.pushed[n:]
            return n
        if stream.state:
            stream.state = max(stream.state, OVER)
            return 0
        await stream.tcp.port.clock.sleep_ms(LOOK_MS)
    raise OSError(LOST)


async def resend(stream, segment, error):
    """Send a segment again that the modem did not even begin to take; once. OSError if in vain.

    One that it has begun to take may have been sent, and a second one would be one too many.
    """
    tcp = stream.tcp
    if error.args[-1] is True and not stream.state:
        tcp.status.count("tcp_resend")
        await tcp.port.clock.sleep_ms(_RESEND_MS)
        try:
            return await stream.send(segment)
        except ATError:
            pass
    tcp.status.count("tcp_send_failed")
    if not stream.state:
        stream.break_off()
    raise OSError("The modem did not send.")
