"""A TCP connection (`tcp.py`) of the SIM7000: the application network, then the connection.

Source: hardware facts 4.10, dialogues D21 and D22.
"""

from micropython import const

from ovms.links.modem.connecting import wait_for_outcome
from ovms.links.modem.sim7000.tcp import OVER
from ovms.protocol.at import OK, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Bearer
    from ovms.links.modem.sim7000.profile import SIM7000
    from ovms.links.modem.sim7000.tcp import TCPStream

_ATTACH_S = const(75)
_ACTIVATE_MS = const(85000)
_LEAVE_S = const(65)
_LEAVE_MS = const(10000)
# The modem may answer OK at once, or with the outcome.
_CONNECT_S = const(90)
_CONNECT_MS = const(90000)
_CLOSE_S = const(15)


async def open_socket(
    sim7000: "SIM7000", bearer: "Bearer", host: str, port_number: int
) -> "TCPStream":
    """A connected TCPStream. ATError when a step that is needed fails."""
    port = sim7000.port
    await port.clock.sleep_ms(0)
    from ovms.protocol.at_values import quoted

    target = quoted(host)
    if sim7000.bearer != bearer:
        await _bring_up(sim7000, bearer)
    sim7000.status.is_dialled = True
    if sim7000.is_dangling:
        # It would have the next one refused.
        await port.ask(b"AT+CACLOSE=0", limit_s=_CLOSE_S)
        sim7000.is_dangling = False
    await port.ask(b"AT+CACID=0")
    # TLS is the module's own.
    await port.ask(b'AT+CASSLCFG=0,"ssl",0')
    sim7000.outcome = None
    sim7000.has_data = False
    # Data may follow the connection at once.
    sim7000.stream = stream = sim7000.stream_class(sim7000)
    sim7000.is_dangling = True
    await port.execute(b"AT+CAOPEN=0,%s,%d" % (target, port_number), OK, _CONNECT_S)
    await wait_for_outcome(sim7000, _CONNECT_MS)
    return stream


async def _bring_up(sim7000, bearer):
    """The bearer from the ground (D21). ATError when a step that is needed fails."""
    port = sim7000.port
    sim7000.details().drop()
    from ovms.protocol.at_values import quoted

    apn = quoted(bearer[0])
    access = quoted(*bearer[:3])
    if sim7000.failures:
        sim7000.status.count("gprs_retry")
    answer = await port.ask(b"AT+CNACT?")
    if answer and number(answer, 0) == 1:
        # One of before, with all of its connections.
        await _leave(sim7000)
    sim7000.is_dangling = False
    # The APN with which it attaches to LTE. Its flash keeps it, so it is written when it differs.
    context = await port.ask(b"AT+CGDCONT?")
    if context is None or b",%s," % apn not in context + b",":
        await port.ask(b'AT+CGDCONT=1,"IP",' + apn)
    attached = await port.ask(b"AT+CGATT?")
    if attached and number(attached, 0) == 0:
        await port.execute(b"AT+CGATT=1", limit_s=_ATTACH_S)
    # IPv4; PAP or CHAP where there is a user. Old firmware has no such command.
    await port.ask(b"AT+CNCFG=1," + (access + b",3" if bearer[1] else apn))
    sim7000.outcome = None
    await port.execute(b"AT+CNACT=1," + apn, limit_s=_ACTIVATE_MS // 1000)
    await wait_for_outcome(sim7000, _ACTIVATE_MS)
    sim7000.bearer = bearer
    sim7000.bearer_failures = 0


async def _leave(sim7000):
    """End the application network. It tells of the end behind its OK, or it had ended already."""
    sim7000.outcome = None
    await sim7000.port.ask(b"AT+CNACT=0", limit_s=_LEAVE_S)
    left_ms = _LEAVE_MS
    while sim7000.outcome is None and left_ms > 0:
        left_ms = await sim7000.port.wait_for_news(left_ms)


async def close(stream: "TCPStream", sim7000: "SIM7000") -> None:
    """See `TCPStream.close`."""
    was_open = sim7000.stream is stream and not stream.state
    stream.state = max(stream.state, OVER)
    sim7000.port.news.set()
    if sim7000.stream is stream:
        sim7000.stream = None
    if not (was_open and sim7000.port.is_up):
        return
    if await sim7000.port.ask(b"AT+CACLOSE=0", limit_s=_CLOSE_S) is None:
        # The connection may be open still, and would refuse the next.
        sim7000.bearer = None
    else:
        sim7000.is_dangling = False
