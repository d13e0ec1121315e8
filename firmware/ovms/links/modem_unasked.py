"""What nobody asked a TCP connection for (overlay of `modem_tcp.py`): its end, pushed data."""

from micropython import const

from ovms.links.at_port import ATError
from ovms.links.modem_tcp import BROKEN, OVER

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


def take(tcp, data):
    """Received bytes (borrowed) that have no reader yet."""
    stream = tcp.stream
    if stream is None or stream.state >= OVER:
        return
    if tcp.is_pushing and len(stream.pushed) + len(data) <= _PUSHED_MAX:
        stream.pushed += bytes(data)
    else:
        tcp.status.count("tcp_overrun")
        stream.break_off()


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
