"""What nobody asked a TCP connection (`tcp.py`) for: its end, pushed data."""

from micropython import const

from ovms.links.modem.sim800.tcp import BROKEN, CLOSED, LOST, OVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer
    from ovms.links.modem.sim800.profile import SIM800
    from ovms.links.modem.sim800.tcp import TCPStream

# Pushed data comes whether somebody reads or not.
_PUSHED_MAX = const(2048)


def drop(sim800: "SIM800", keeps_bearer: int = False) -> None:
    """The connection is gone or unwanted, without a word to the modem.

    keeps_bearer: the bearer is good, and so no socket of the modem may be left open.
    """
    stream = sim800.stream
    if stream is not None:
        sim800.stream = None
        keeps_bearer = keeps_bearer and stream.state
        stream.state = BROKEN
        sim800.port.news.set()
    if not keeps_bearer:
        sim800.bearer = None


def hear_connection(sim800: "SIM800", line: bytes, head: bytes) -> None:
    """An unsolicited line (bytes) that may be about connections; head: it up to its colon."""
    if head == b"+PDP:":
        sim800.outcome = b"bearer lost"
        sim800.status.count("gprs_lost")
        drop(sim800)
    elif line in (b"CLOSED", b"CONNECT FAIL", b"ALREADY CONNECT"):
        sim800.outcome = line
        if sim800.stream is not None:
            sim800.status.count("tcp_closed")
            sim800.stream.state = max(sim800.stream.state, CLOSED)
    elif line == b"CONNECT OK":
        sim800.outcome = b""
    elif head == b"STATE:" and not sim800.is_opening:
        stream = sim800.stream
        line = line.upper()
        is_alive = b"CONNECT" in line or b"PROCESSING" in line
        if not is_alive and stream is not None and not stream.state:
            sim800.status.count("tcp_close_missed")
            if b"DEACT" in line:
                drop(sim800)
            else:
                stream.state = CLOSED


def keep_data(sim800: "SIM800", data: "Buffer") -> None:
    """Received bytes (borrowed) that have no reader yet."""
    stream = sim800.stream
    if stream is None or stream.state >= OVER:
        return
    if sim800.is_pushing and len(stream.pushed) + len(data) <= _PUSHED_MAX:
        stream.pushed += bytes(data)
        sim800.port.news.set()
    else:
        sim800.status.count("tcp_overrun")
        stream.break_off()


async def read_pushed(stream: "TCPStream", view: bytearray | memoryview) -> int:
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
        news = stream.profile.port.news
        news.clear()
        await news.wait()
    raise OSError(LOST)
