"""A TCP connection (`tcp.py`) over GPRS: the bearer, then the socket.

Source: SIM800 TCP/IP application note; hardware facts 4.5, dialogues D6, D10 and D11.
"""

from micropython import const

from ovms.links.modem.connecting import wait_for_outcome
from ovms.links.modem.sim800.tcp import OVER
from ovms.protocol.at import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Bearer
    from ovms.links.modem.sim800.profile import SIM800
    from ovms.links.modem.sim800.tcp import TCPStream

_SHUT = b"\nSHUT OK\nOK\n"
# Some firmware skips the OK.
_STARTED = b"\nOK\nCONNECT OK\nCONNECT FAIL\nALREADY CONNECT\n"
# From the accepted start to `CONNECT OK` or `CONNECT FAIL`: the manual's 160 s leave no time to
# come back within five minutes, and a network that takes longer than this is of no use.
_CONNECT_MS = const(90000)
_ATTACH_S = const(75)
_ACTIVATE_S = const(85)
_SETTING_S = const(20)
_SHUT_S = const(65)
_START_S = const(10)
_CLOSE_S = const(10)


async def open_socket(
    sim800: "SIM800", bearer: "Bearer", host: str, port_number: int
) -> "TCPStream":
    """A connected TCPStream. ATError when a step that is needed fails."""
    await sim800.port.clock.sleep_ms(0)
    from ovms.protocol.at_values import quoted

    target = quoted(host)
    if sim800.bearer != bearer:
        await _bring_up(sim800, bearer)
    sim800.status.is_dialled = True
    sim800.outcome = None
    sim800.has_data = False
    # Data may follow the connection at once.
    sim800.stream = stream = sim800.stream_class(sim800)
    start = b'AT+CIPSTART="TCP",%s,%d' % (target, port_number)
    await sim800.port.execute(start, _STARTED, _START_S)
    await wait_for_outcome(sim800, _CONNECT_MS)
    return stream


async def _bring_up(sim800, bearer):
    """The bearer from the ground (D6). ATError when a step that is needed fails."""
    port = sim800.port
    sim800.details().drop()
    from ovms.protocol.at_values import quoted

    access = quoted(*bearer[:3])
    dns = quoted(bearer[3])
    if sim800.failures:
        sim800.status.count("gprs_retry")
    await port.execute(b"AT+CIPSHUT", _SHUT, _SHUT_S)
    sim800.is_pushing = False
    if await port.ask(b"AT+CIPMUX=0;+CIPRXGET=1", limit_s=_SETTING_S) is None:
        await port.ask(b"AT+CIPMUX=0")
        if await port.ask(b"AT+CIPRXGET=1") is None:
            await port.execute(b"AT+CIPHEAD=1")
            sim800.is_pushing = True
    attached = await port.ask(b"AT+CGATT?")
    if attached and number(attached, 0) == 0:
        await port.execute(b"AT+CGATT=1", limit_s=_ATTACH_S)
    await port.execute(b"AT+CSTT=" + access)
    await port.execute(b"AT+CIICR", b"\nOK\n+PDP:\n", _ACTIVATE_S)
    await port.execute(b"AT+CIFSR", b"\n.\nOK\n")
    if bearer[3]:
        await port.ask(b"AT+CDNSCFG=" + dns)
    sim800.bearer = bearer
    sim800.bearer_failures = 0


async def close(stream: "TCPStream", sim800: "SIM800") -> None:
    """See `TCPStream.close`."""
    was_open = sim800.stream is stream and not stream.state
    stream.state = max(stream.state, OVER)
    sim800.port.news.set()
    if sim800.stream is stream:
        sim800.stream = None
    if not (was_open and sim800.port.is_up):
        return
    if await sim800.port.ask(b"AT+CIPCLOSE", b"\nCLOSE OK\nOK\n", _CLOSE_S) is None:
        # The socket may be open still, and would refuse the next start.
        sim800.bearer = None
