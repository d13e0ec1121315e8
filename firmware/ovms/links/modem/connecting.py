"""Makes the TCP connections of a modem's own stack: whether one may be tried, and what failed.

What the commands are is the profile's: `details().open_socket`. profile: what a modem with such a
stack keeps, see `firmware/README.md`. Source: module-behaviour 1.2; hardware facts 4.5.
"""

import asyncio

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.parameters import APN, APN_PASSWORD, APN_USER, DNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer, ByteStream, ModemProfile, ModemStream

# Parameters: APN, its user and password, DNS server.
_BEARER = (APN, APN_USER, APN_PASSWORD, DNS)
# Bearers in a row that could not be had, a restart of the modem among them, before there is a
# pause of a minute, which doubles.
_BEARER_FAILURES = const(7)
_REST_MAX = const(60)
_RESEND_MS = const(1000)


async def connect(profile: "ModemProfile", host: str, port_number: int) -> "ByteStream":
    """A connected stream; the one before is given up. OSError when it cannot be had."""
    # Others have their turn between two loads of code.
    await profile.port.clock.sleep_ms(0)
    if profile.is_opening:
        raise OSError("The modem is connecting already.")
    profile.details().drop(True)
    await profile.port.clock.sleep_ms(0)
    bearer = tuple([profile.config.get(n) for n in _BEARER])
    from ovms.links.modem.network import gprs_refusal

    why_not = gprs_refusal(profile.config, profile.status)
    if why_not:
        raise OSError(why_not)
    if not (profile.port.is_up and profile.status.is_registered):
        raise OSError(profile.status.modem_error or "The modem has no network.")
    if bearer != profile.refused:
        profile.refused = bearer
        profile.bearer_failures = profile.rest_polls = 0
    if profile.rest_polls > 0 and not profile.status.is_car_on:
        raise OSError("GPRS failed too often and is left alone for some minutes.")
    profile.is_opening = True
    try:
        await profile.port.clock.sleep_ms(0)
        stream = await profile.details().open_socket(bearer, host, port_number)
    except (ATError, ValueError) as error:
        _fail(profile)
        reason = error.args[0]
        if isinstance(reason, bytes):
            reason = "".join([chr(byte) for byte in reason])
        raise OSError("No connection by the modem: %s" % reason)
    except (OSError, asyncio.CancelledError):
        _fail(profile)
        raise
    finally:
        profile.is_opening = False
    profile.failures = 0
    return stream


async def wait_for_outcome(profile: "ModemProfile", limit_ms: int) -> None:
    """Wait until the modem has said what became of it; ATError when that is nothing good."""
    while profile.outcome is None:
        if limit_ms <= 0:
            profile.outcome = b"timeout"
            break
        limit_ms = await profile.port.wait_for_news(limit_ms)
    if profile.outcome:
        raise ATError(profile.outcome)


def _fail(profile):
    """Count the failure; the bearer is made anew next time unless only the peer was missing."""
    profile.failures += 1
    profile.status.count("tcp_failed")
    if profile.bearer is None:
        profile.bearer_failures += 1
        if profile.bearer_failures >= _BEARER_FAILURES:
            profile.rest_polls = min(
                1 << min(profile.bearer_failures - _BEARER_FAILURES, 6), _REST_MAX
            )
    details = profile.details()
    details.drop(profile.outcome in details.no_peer and profile.failures & 1)


async def look(profile: "ModemProfile") -> None:
    """Once a minute: one minute less to rest; a bearer that nobody wants any more is closed."""
    profile.rest_polls -= profile.rest_polls > 0
    if profile.bearer is not None:
        # Others have their turn between two loads of code.
        await profile.port.clock.sleep_ms(0)
        from ovms.links.modem.network import gprs_refusal

        if gprs_refusal(profile.config, profile.status):
            await profile.details().leave_gprs()


async def resend(stream: "ModemStream", segment: "Buffer", error: "ATError") -> list[bytes] | None:
    """Send a segment again that the modem did not even begin to take; once. OSError if in vain.

    One that it has begun to take may have been sent, and a second one would be one too many.
    """
    profile = stream.profile
    if error.args[-1] is True and not stream.state:
        profile.status.count("tcp_resend")
        await profile.port.clock.sleep_ms(_RESEND_MS)
        try:
            return await stream.send(segment)
        except ATError:
            pass
    profile.status.count("tcp_send_failed")
    if not stream.state:
        stream.break_off()
    raise OSError("The modem did not send.")
