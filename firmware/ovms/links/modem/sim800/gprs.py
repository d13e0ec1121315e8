"""Makes a TCP connection (`tcp.py`) over GPRS: the bearer, then the socket.

Source: SIM800 TCP/IP application note; hardware facts 4.5, dialogues D6, D10 and D11.
"""

import asyncio

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.links.modem.sim800.tcp import OVER, TCPStream
from ovms.parameters import APN, APN_PASSWORD, APN_USER, DNS
from ovms.protocol.at import number

# Parameters: APN, its user and password, DNS server.
_BEARER = (APN, APN_USER, APN_PASSWORD, DNS)
# Bearers in a row that could not be had, a restart of the modem among them, before there is a
# pause of a minute, which doubles.
_BEARER_FAILURES = const(7)
_REST_MAX = const(60)
_SHUT = b"\nSHUT OK\nOK\n"
# Some firmware skips the OK.
_STARTED = b"\nOK\nCONNECT OK\nCONNECT FAIL\nALREADY CONNECT\n"
# From the accepted start to `CONNECT OK` or `CONNECT FAIL`: the manual's 160 s leave no time to
# come back within five minutes, and a network that takes longer than this is of no use.
_CONNECT_MS = const(90000)
_LOOK_MS = const(50)
_ATTACH_S = const(75)
_ACTIVATE_S = const(85)
_SETTING_S = const(20)
_SHUT_S = const(65)
_START_S = const(10)
_CLOSE_S = const(10)


async def connect(tcp, host, port_number):
    """A connected TCPStream; the one before is given up. OSError when it cannot be had."""
    if tcp.is_opening:
        raise OSError("The modem is connecting already.")
    tcp.drop(True)
    bearer = tuple([tcp.config.get(n) for n in _BEARER])
    from ovms.links.modem.network import gprs_refusal

    why_not = gprs_refusal(tcp.config, tcp.status)
    if why_not:
        raise OSError(why_not)
    if not (tcp.port.is_up and tcp.status.is_registered):
        raise OSError(tcp.status.modem_error or "The modem has no network.")
    if bearer != tcp.refused:
        tcp.refused = bearer
        tcp.bearer_failures = tcp.rest_polls = 0
    if tcp.rest_polls > 0 and not tcp.status.is_car_on:
        raise OSError("GPRS failed too often and is left alone for some minutes.")
    tcp.is_opening = True
    try:
        stream = await _open_socket(tcp, bearer, host, port_number)
    except (ATError, ValueError) as error:
        _fail(tcp)
        reason = error.args[0]
        if isinstance(reason, bytes):
            reason = "".join([chr(byte) for byte in reason])
        raise OSError("No connection by the modem: %s" % reason)
    except (OSError, asyncio.CancelledError):
        _fail(tcp)
        raise
    finally:
        tcp.is_opening = False
    tcp.failures = 0
    return stream


async def leave(tcp):
    """End a bearer that is not wanted, if there is one."""
    if tcp.bearer is not None:
        tcp.status.count("gprs_unwanted")
    await tcp.port.ask(b"AT+CIPSHUT", _SHUT, _SHUT_S)
    tcp.drop()


async def _open_socket(tcp, bearer, host, port_number):
    from ovms.protocol.at_values import quoted

    target = quoted(host)
    if tcp.bearer != bearer:
        await _bring_up(tcp, bearer)
    tcp.outcome = None
    tcp.has_data = False
    # Data may follow the connection at once.
    tcp.stream = stream = TCPStream(tcp)
    start = b'AT+CIPSTART="TCP",%s,%d' % (target, port_number)
    await tcp.port.execute(start, _STARTED, _START_S)
    left_ms = _CONNECT_MS
    while tcp.outcome is None:
        if left_ms <= 0:
            tcp.outcome = b"timeout"
            break
        await tcp.port.clock.sleep_ms(_LOOK_MS)
        left_ms -= _LOOK_MS
    if tcp.outcome:
        raise ATError(tcp.outcome)
    return stream


async def _bring_up(tcp, bearer):
    """The bearer from the ground (D6). ATError when a step that is needed fails."""
    port = tcp.port
    tcp.drop()
    from ovms.protocol.at_values import quoted

    access = quoted(*bearer[:3])
    dns = quoted(bearer[3])
    if tcp.failures:
        tcp.status.count("gprs_retry")
    await port.execute(b"AT+CIPSHUT", _SHUT, _SHUT_S)
    tcp.is_pushing = False
    if await port.ask(b"AT+CIPMUX=0;+CIPRXGET=1", limit_s=_SETTING_S) is None:
        await port.ask(b"AT+CIPMUX=0")
        if await port.ask(b"AT+CIPRXGET=1") is None:
            await port.execute(b"AT+CIPHEAD=1")
            tcp.is_pushing = True
    attached = await port.ask(b"AT+CGATT?")
    if attached and number(attached, 0) == 0:
        await port.execute(b"AT+CGATT=1", limit_s=_ATTACH_S)
    await port.execute(b"AT+CSTT=" + access)
    await port.execute(b"AT+CIICR", b"\nOK\n+PDP:\n", _ACTIVATE_S)
    await port.execute(b"AT+CIFSR", b"\n.\nOK\n")
    if bearer[3]:
        await port.ask(b"AT+CDNSCFG=" + dns)
    tcp.bearer = bearer
    tcp.bearer_failures = 0


async def close(stream, tcp):
    """See `TCPStream.close`."""
    was_open = tcp.stream is stream and not stream.state
    stream.state = max(stream.state, OVER)
    if tcp.stream is stream:
        tcp.stream = None
    if not (was_open and tcp.port.is_up):
        return
    if await tcp.port.ask(b"AT+CIPCLOSE", b"\nCLOSE OK\nOK\n", _CLOSE_S) is None:
        # The socket may be open still, and would refuse the next start.
        tcp.bearer = None


def _fail(tcp):
    """Count the failure; the next attempt starts at CIPSHUT unless only the peer was missing."""
    tcp.failures += 1
    tcp.status.count("tcp_failed")
    if tcp.bearer is None:
        tcp.bearer_failures += 1
        if tcp.bearer_failures >= _BEARER_FAILURES:
            tcp.rest_polls = min(1 << min(tcp.bearer_failures - _BEARER_FAILURES, 6), _REST_MAX)
    tcp.drop(tcp.outcome == b"CONNECT FAIL" and tcp.failures & 1)
