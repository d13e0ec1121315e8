"""Asks the server for the module's settings, once an hour at most.

The ServerLink loads it when it has a server (parameter 4) but no vehicle id or no server password.
The request goes over a connection of its own, and a server may never answer it: protocol guide
2.6.2, "Auto Provisioning"; server-and-clients 2.9. What became of it is in the counts
`provision_...`.
"""

import asyncio

from micropython import const

from ovms.parameters import MQTT_SERVER, SERVER, SERVER_PASSWORD, VEHICLE_ID, VEHICLE_TYPE
from ovms.protocol.errors import RemoteProtocolError
from ovms.protocol.v2 import provision
from ovms_crypto import find_byte

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Sleep
    from ovms.links.server_link import ServerLink

# Empty in a record these stay as they are: without them nobody could reach the module any more.
_KEPT = (0, 1, SERVER)

_TICK_MS = const(250)
# As of the link.
_ALIVE_S = const(600)
_SETTLE_MS = const(20)
# As for a connection that logs in.
_OPEN_LIMIT_S = const(150)
_ANSWER_LIMIT_S = const(10)
_CLOSE_LIMIT_MS = const(15000)

# The car tells its VIN and the SIM its ICCID when they please.
_LOOK_S = const(10)
_NO_NETWORK_S = const(300)
_RETRY_S = const(3600)


class _Talk:
    """stream: once it is open, at the uptime opened_s. asked_s: uptime of the request, None before
    it left. welcomed_s: nobody lets us in.

    end: "" while it lasts, then the name of a count. answer: bytes, error: the exception that
    ended it; None where there is none. They tell more than `end`.
    """

    def __init__(self):
        self.stream = self.opened_s = self.asked_s = self.answer = self.error = None
        self.welcomed_s = None
        self.end = ""
        self.is_running = False


async def attempt(link: "ServerLink", vin: str, sleep_ms: "Sleep") -> None:
    """Ask once, if `vin` (str) and the SIM are known, and apply what comes; sets the next time.

    link: ServerLink; its `provision_due_s` becomes the uptime of the next attempt. Ends early when
    somebody else completes the settings.
    """
    count = link.status.count
    iccid = link.status.iccid
    from ovms.links import server_words

    if not vin or not iccid:
        link.status.server_error = server_words.of_waiting(vin, iccid)
        link.provision_due_s = link.clock.uptime_s() + _LOOK_S
        return
    # Whatever happens from here on, the next time is not at once.
    link.provision_due_s = link.clock.uptime_s() + _RETRY_S
    count("provision_attempts")
    talk = _Talk()
    task = asyncio.create_task(_ask(link, talk, vin))
    try:
        await _watch(link, talk, sleep_ms)
    finally:
        task.cancel()
        try:
            while talk.is_running:
                await sleep_ms(_SETTLE_MS)
        finally:
            await _close(link, talk)
    error = talk.error
    wait_s = _RETRY_S
    words = ""
    if talk.answer is not None:
        end, words = _apply(link, talk.answer, iccid)
    elif isinstance(error, RemoteProtocolError):
        end, words = "provision_" + error.reason, server_words.of_record(error.reason)
    elif isinstance(error, ValueError):
        # The server's name or the VIN cannot be used.
        end, words = "provision_refused", str(error)
    elif error is not None and not isinstance(error, OSError):
        raise error
    else:
        end = talk.end
        if error is not None and error.args and isinstance(error.args[0], str):
            words = error.args[0]
        if error is not None and talk.asked_s is None:
            wait_s = _NO_NETWORK_S
        elif end == "provision_timeouts" and talk.asked_s is None and _is_passed(link, talk):
            # Whoever is in the way of TLS is silent: the other way is gone at once.
            wait_s = 0
    count(end)
    link.status.server_error = words or server_words.of_end(end)
    # Longer, never shorter: modules that lost the same server come back apart.
    wait_s += wait_s * link.urandom(1)[0] // 1024
    link.provision_due_s = link.clock.uptime_s() + wait_s


async def _watch(link, talk, sleep_ms):
    """Return when the talk is over; `talk.end` says why."""
    get = link.config.get
    started_s = link.clock.uptime_s()
    while not talk.end:
        # Limits are a question of time, and settings tell nobody that they were completed.
        link.due_s = link.status.uptime_s + _ALIVE_S
        await sleep_ms(_TICK_MS)
        if talk.end:
            return
        since_s, limit_s = started_s, _OPEN_LIMIT_S
        if talk.asked_s is not None:
            since_s, limit_s = talk.asked_s, _ANSWER_LIMIT_S
        if get(VEHICLE_ID) and get(SERVER_PASSWORD):
            talk.end = "provision_overtaken"
        elif link.clock.uptime_s() - since_s >= limit_s:
            talk.end = "provision_timeouts"


async def _ask(link, talk, vin):
    """Task: connect, ask, listen for one line."""
    talk.is_running = True
    try:
        request = provision.request_line(vin)
        while talk.asked_s is None:
            try:
                host, port, is_tls, _ = link.address(link.config.get(SERVER))
                talk.stream = await link.open_stream(host, port, is_tls)
                talk.opened_s = link.clock.uptime_s()
                await talk.stream.write(request)
                talk.asked_s = link.clock.uptime_s()
            except (OSError, ValueError) as error:
                # TLS may have been a trial: then the other way is gone.
                talk.error = error
                if talk.end or not _is_passed(link, talk):
                    raise
                talk.error = None
                await _close(link, talk)
                talk.stream = talk.opened_s = None
        line = await _line(talk.stream)
        if not talk.end:
            talk.answer = line
            talk.end = "provision_closes" if line is None else "provisions"
    except Exception as error:
        if not talk.end:
            talk.error = error
            talk.end = "provision_io_errors"
    finally:
        talk.is_running = False


def _is_passed(link, talk):
    from ovms.links import server_way

    return link.way is not None and server_way.is_passed(link, talk)


async def _line(stream):
    """The first line (bytes) without its end, None when there is none."""
    line = bytearray()
    view = memoryview(bytearray(256))
    while True:
        n = await stream.readinto(view)
        if not n:
            return None
        line += view[:n]
        end = find_byte(line, 0, len(line), 10)
        if end < len(line):
            return bytes(line[:end]).strip()
        if len(line) > provision.REPLY_MAX:
            raise RemoteProtocolError("line_too_long")


async def _close(link, talk):
    if talk.stream is not None:
        try:
            await asyncio.wait_for_ms(talk.stream.close(), _CLOSE_LIMIT_MS)
        except (OSError, asyncio.TimeoutError):
            link.status.count("server_close_failures")


def _apply(link, line, iccid):
    """Apply the answer: (name of a count, what was wrong with it or "").

    All of it or nothing, but for a car that this firmware does not know.
    """
    from ovms.links import server_words

    config = link.config
    try:
        # On the card stand the digits alone; the modem may tell the filler behind them, too.
        digits = iccid.rstrip("Ff")
        try:
            record = provision.parse_reply(line, digits)
        except RemoteProtocolError as error:
            if error.reason != "wrong_digest" or digits == iccid:
                raise
            record = provision.parse_reply(line, iccid)
        if record is None:
            return "provision_unknown", ""
        changes = {}
        for n in record:
            text = record[n]
            # A broker's come together: another broker would not keep what is left out.
            is_other = text != config.get(n) or n >= MQTT_SERVER
            if is_other and (text or n not in _KEPT):
                changes[n] = text
        wanted, words = _applied(config, changes)
        link.status.request(wanted)
    except RemoteProtocolError as error:
        return "provision_" + error.reason, server_words.of_record(error.reason)
    except ValueError as error:
        return "provision_refused", server_words.of_record(str(error))
    except OSError:
        return "provision_not_stored", ""
    return "provisions", words


def _applied(config, changes):
    """Apply `changes`: (`REQUEST_...` bits, "" or what to tell of what is not in use).

    A car that this firmware does not know is no reason to go without the others, which bring the
    module to its server. ValueError and OSError as of `Config.apply`.
    """
    try:
        return config.apply(changes), ""
    except ValueError as error:
        if VEHICLE_TYPE not in changes:
            raise
        sentence = str(error)
    del changes[VEHICLE_TYPE]
    wanted = config.apply(changes)
    from ovms.links import server_words

    return wanted, server_words.of_unknown_car(sentence)
