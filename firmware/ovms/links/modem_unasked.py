"""What nobody asked a TCP connection for (overlay of `modem_tcp.py`): its end, pushed data."""

from micropython import const

from ovms.links.modem_tcp import BROKEN, OVER

# Pushed data comes whether somebody reads or not.
_PUSHED_MAX = const(2048)


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
