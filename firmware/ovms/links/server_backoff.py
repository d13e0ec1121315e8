"""Between two connections to the server: the old one is closed, the next one waits."""

import asyncio

from micropython import const

from ovms.protocol.errors import RemoteProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.server_link import Connection, ServerLink

_SETTLE_MS = const(20)
_CLOSE_LIMIT_MS = const(15000)

# Retries double. Randomness only shortens a wait, so the longest leaves a minute to log in.
_RETRY_FIRST_S = const(5)
_RETRY_LONGEST_S = const(240)
# The server closes without a word when it knows us not (server-and-clients 1.6); only a human
# changes that. The first wait is short enough in case it was a coincidence, as it is taken to be
# when the server knew us the last time.
_REFUSED_FIRST_S = const(120)
_REFUSED_LONGEST_S = const(3600)
# A connection that lasted this long was a good one, whether the server had something to say or
# not. A server that lets us in and hangs up is there: no wait grows beyond 40 s.
_PROVEN_S = const(60)
_LET_IN_FAILURES = const(3)
# An attempt that finds no network costs nothing, and the network may be back any time: 20 s.
_OFFLINE_FAILURES = const(2)
_ENOMEM = const(12)


async def close(connection: "Connection") -> None:
    """Wait for its tasks, tell others that it is lost, close its stream."""
    link = connection.link
    try:
        # Not by awaiting them: MicroPython hands a cancellation of this task on to the one it
        # awaits, where it would get lost.
        while connection.running:
            await link.sleep_ms(_SETTLE_MS)
    finally:
        if connection.welcomed_s is not None:
            link.status.is_server_connected = False
            link.outbox.on_closed()
        # The keys go with the connection.
        link.session.reset()
        if connection.stream is not None:
            try:
                await asyncio.wait_for_ms(connection.stream.close(), _CLOSE_LIMIT_MS)
            except (OSError, asyncio.TimeoutError):
                link.status.count("server_close_failures")
            connection.stream = None


def delay_s(link: "ServerLink", connection: "Connection") -> int:
    """Count why the ServerLink's connection ended; seconds to wait. A bug's exception goes on."""
    end = connection.end
    error = connection.error
    count = link.status.count
    if link.way is not None and link.way[0]:
        from ovms.links import server_way

        if server_way.is_passed(link, connection):
            count("server_tls_trials")
            return 0
    # Of our own errors the text is a sentence, of the system's a number.
    text = error.args[0] if isinstance(error, (OSError, ValueError)) and error.args else ""
    if text == _ENOMEM:
        text = "There is no memory for the connection."
    if not isinstance(text, str):
        text = ""
    words = link.words()
    link.status.server_error = text
    if isinstance(error, RemoteProtocolError):
        link.status.server_error = words.of_breach(error.reason)
        count("protocol_errors")
        count("server_" + error.reason)
        is_refused = error.reason in words.REFUSALS
    else:
        if isinstance(error, ValueError) and connection.welcomed_s is None:
            # The settings cannot make a welcome line, or TLS does not trust the server.
            end = "bad_credentials"
        elif error is not None and not isinstance(error, OSError):
            raise error
        elif end == "bad_credentials" and not words.IS_CLOSE_REFUSAL:
            end = "server_closes"
        count(end)
        is_open = connection.opened_s is not None
        link.status.server_error = text or words.of_end(end, is_open)
        is_refused = end == "bad_credentials"
    if end == "server_rests":
        # Wanted so: the next visit begins at once.
        link.failures = 0
        return 0
    count("server_reconnects")
    if link.must_reconnect:
        link.failures = 0
        return 0
    if is_refused:
        link.refusals += 1
    if is_refused and link.refusals > 0:
        delay = _doubled(_REFUSED_FIRST_S, link.refusals - 1, _REFUSED_LONGEST_S)
    else:
        if connection.welcomed_s is not None:
            lasted_s = link.clock.uptime_s() - connection.welcomed_s
            limit = 0 if lasted_s >= _PROVEN_S else _LET_IN_FAILURES
        elif text and not link.status.is_registered:
            limit = _OFFLINE_FAILURES
        else:
            limit = link.failures
        link.failures = min(link.failures, limit)
        delay = _doubled(_RETRY_FIRST_S, link.failures, _RETRY_LONGEST_S)
        link.failures += 1
    return delay - delay * link.urandom(1)[0] // 1024


def _doubled(first_s, times, longest_s):
    return min(first_s << min(times, 10), longest_s)
