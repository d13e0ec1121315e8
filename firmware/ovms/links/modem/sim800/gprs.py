"""Makes a TCP connection (`tcp.py`) over GPRS: the bearer, then the socket.

Source: SIM800 TCP/IP application note; hardware facts 4.5, dialogues D6, D10 and D11.
"""

import asyncio

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.links.modem.sim800.tcp import OVER
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
_ATTACH_S = const(75)
_ACTIVATE_S = const(85)
_SETTING_S = const(20)
_SHUT_S = const(65)
_START_S = const(10)
_CLOSE_S = const(10)


async def connect(sim800, host, port_number):
    """A connected TCPStream; the one before is given up. OSError when it cannot be had."""
    # Others have their turn between two loads of code.
    await sim800.port.clock.sleep_ms(0)
    if sim800.is_opening:
        raise OSError("The modem is connecting already.")
    _drop(sim800, True)
    bearer = tuple([sim800.config.get(n) for n in _BEARER])
    from ovms.links.modem.network import gprs_refusal

    why_not = gprs_refusal(sim800.config, sim800.status)
    if why_not:
        raise OSError(why_not)
    if not (sim800.port.is_up and sim800.status.is_registered):
        raise OSError(sim800.status.modem_error or "The modem has no network.")
    if bearer != sim800.refused:
        sim800.refused = bearer
        sim800.bearer_failures = sim800.rest_polls = 0
    if sim800.rest_polls > 0 and not sim800.status.is_car_on:
        raise OSError("GPRS failed too often and is left alone for some minutes.")
    sim800.is_opening = True
    try:
        stream = await _open_socket(sim800, bearer, host, port_number)
    except (ATError, ValueError) as error:
        _fail(sim800)
        reason = error.args[0]
        if isinstance(reason, bytes):
            reason = "".join([chr(byte) for byte in reason])
        raise OSError("No connection by the modem: %s" % reason)
    except (OSError, asyncio.CancelledError):
        _fail(sim800)
        raise
    finally:
        sim800.is_opening = False
    sim800.failures = 0
    return stream


async def _open_socket(sim800, bearer, host, port_number):
    await sim800.port.clock.sleep_ms(0)
    from ovms.protocol.at_values import quoted

    target = quoted(host)
    if sim800.bearer != bearer:
        await _bring_up(sim800, bearer)
    sim800.outcome = None
    sim800.has_data = False
    # Data may follow the connection at once.
    sim800.stream = stream = sim800.stream_class(sim800)
    start = b'AT+CIPSTART="TCP",%s,%d' % (target, port_number)
    await sim800.port.execute(start, _STARTED, _START_S)
    left_ms = _CONNECT_MS
    while sim800.outcome is None:
        if left_ms <= 0:
            sim800.outcome = b"timeout"
            break
        left_ms = await sim800.port.wait_for_news(left_ms)
    if sim800.outcome:
        raise ATError(sim800.outcome)
    return stream


async def _bring_up(sim800, bearer):
    """The bearer from the ground (D6). ATError when a step that is needed fails."""
    port = sim800.port
    _drop(sim800)
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


async def close(stream, sim800):
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


def _fail(sim800):
    """Count the failure; the next attempt starts at CIPSHUT unless only the peer was missing."""
    sim800.failures += 1
    sim800.status.count("tcp_failed")
    if sim800.bearer is None:
        sim800.bearer_failures += 1
        if sim800.bearer_failures >= _BEARER_FAILURES:
            sim800.rest_polls = min(
                1 << min(sim800.bearer_failures - _BEARER_FAILURES, 6), _REST_MAX
            )
    _drop(sim800, sim800.outcome == b"CONNECT FAIL" and sim800.failures & 1)


def _drop(sim800, keeps_bearer=False):
    from ovms.links.modem.sim800.unasked import drop

    drop(sim800, keeps_bearer)
