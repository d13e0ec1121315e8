"""Whether the server is spoken to inside TLS, where its setting (`SERVER host`) leaves that open.

Loaded on demand. TLS is tried first, at port 6870 (server-and-clients 1.1). What does not offer it
is spoken to in clear at once, and asked again after a start or a week, or after an hour where the
clear did not work, either. What has let us in inside TLS is never spoken to in clear again, as
somebody in the path need only cut port 6870. That is in parameter SERVER_TLS, with the name of
the server, until the owner names a port or another server (`owner_guard.py`). In the same way a
certificate that was good once has to be good for ever.

A certificate is checked where there is a `ca.pem` and a date. Where it is of another CA the file
is taken to be another server's, a broker's maybe, and TLS is used without.

What a link remembers is the list `way`: what this connection is (0, or one of the three below),
the uptime at which TLS is tried next, WAY_... of a plain connection until then, whether the
certificate was refused in this run, and the setting that all this is about.
"""

from micropython import const

from ovms import status as ways
from ovms.parameters import SERVER, SERVER_TLS
from ovms.protocol.errors import RemoteProtocolError
from ovms.protocol.v2 import address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.server_link import Connection, ServerLink

# TLS is only tried; it was, and what follows is plain; and that is what is tried now.
_TRIAL = const(1)
_FAILED = const(2)
_FOLLOWS = const(3)

_STATE = const(0)
_DUE_S = const(1)
_PLAIN = const(2)
_IS_REFUSED = const(3)
_SETTING = const(4)

_HOUR_S = const(3600)
_WEEK_S = const(7 * 86400)
_ENOMEM = const(12)
# ECONNRESET, ECONNREFUSED: somebody is there who has nothing at that port.
_NOBODY = (104, 111)


def choose(link: "ServerLink", text: str) -> tuple[str, int, int, str]:
    """(host, port, TLS, owner or "") for the next connection of a ServerLink.

    TLS: False, True or TLS_UNCHECKED. ValueError with a sentence when `text` cannot be used.
    """
    host, port, is_tls, owner = address.parse(text)
    way = link.way
    if way is None or way[_SETTING] != text:
        way = link.way = [0, 0, ways.WAY_NOT_OFFERED, False, text]
    state = way[_STATE]
    way[_STATE] = 0
    link.status.is_dialled = False
    chosen = ways.WAY_AS_SET
    if is_tls:
        chosen = ways.WAY_CHECKED
    elif address.is_open(text):
        level = _level(link, host)
        chosen = way[_PLAIN]
        if level == "C":
            chosen = ways.WAY_CHECKED
        elif state == _FAILED:
            way[_STATE] = _FOLLOWS
        elif level or link.clock.uptime_s() >= way[_DUE_S]:
            chosen = _tried(link, level)
        if chosen < ways.WAY_NOT_OFFERED:
            port = address.TLS_PORT
            is_tls = True if chosen == ways.WAY_CHECKED else ways.TLS_UNCHECKED
    link.status.server_way = chosen
    return host, port, is_tls, owner


def _tried(link, level):
    """WAY_... of an attempt with TLS, and whether it is a trial; of a plain one without memory."""
    way = link.way
    if link.tls_ready is None:
        return ways.WAY_NO_CA if level else way[_PLAIN]
    chosen = link.tls_ready(bool(level))
    if chosen == ways.WAY_CHECKED and way[_IS_REFUSED]:
        chosen = ways.WAY_OTHER_CA
    if chosen < ways.WAY_NOT_OFFERED and (not level or chosen == ways.WAY_CHECKED):
        way[_STATE] = _TRIAL
    return chosen


def is_passed(link: "ServerLink", connection: "Connection") -> bool:
    """Whether a connection that ended was a trial, so that the other way is gone at once."""
    way = link.way
    state = way[_STATE]
    way[_STATE] = 0
    is_wanted = link.must_reconnect or connection.end == "server_rests"
    if state != _TRIAL or is_wanted or connection.welcomed_s is not None:
        return False
    error = connection.error
    if isinstance(error, ValueError):
        # The certificate, else a setting that no other way makes good.
        is_first = link.status.server_way == ways.WAY_CHECKED
        way[_IS_REFUSED] = way[_IS_REFUSED] or is_first
        return is_first
    if _level(link, address.parse(way[_SETTING])[0]):
        return False
    now_s = link.clock.uptime_s()
    cause = error.args[0] if isinstance(error, OSError) and error.args else 0
    if isinstance(error, MemoryError) or cause == _ENOMEM:
        link.status.request(ways.REQUEST_ROOM)
        way[_PLAIN] = ways.WAY_NO_MEMORY
        way[_DUE_S] = now_s + _HOUR_S
    elif connection.opened_s is None and not link.status.is_dialled:
        # The network is not there, so nothing was learnt.
        return False
    elif error is None or isinstance(error, (OSError, RemoteProtocolError)):
        way[_PLAIN] = ways.WAY_NOT_OFFERED
        is_heard = connection.opened_s is not None or isinstance(cause, str)
        if is_heard or error is None or cause in _NOBODY:
            way[_DUE_S] = now_s + _HOUR_S
    else:
        # A bug.
        return False
    way[_STATE] = _FAILED
    return True


def note(link: "ServerLink") -> None:
    """The server has let us in: keep what that says of the ways."""
    way = link.way
    state = way[_STATE]
    way[_STATE] = 0
    if state == _FOLLOWS:
        way[_DUE_S] = link.clock.uptime_s() + _WEEK_S
    chosen = link.status.server_way
    if chosen >= ways.WAY_NOT_OFFERED:
        return
    text = ("C " if chosen == ways.WAY_CHECKED else "E ") + _key(address.parse(way[_SETTING])[0])
    if link.config.get(SERVER_TLS) != text and link.config.get(SERVER) == way[_SETTING]:
        link.config.apply({SERVER_TLS: text}, False)


def _level(link, host):
    """Whether TLS has worked with `host`: "C" with a checked certificate, "E" without, else ""."""
    level, _, name = link.config.get(SERVER_TLS).partition(" ")
    return level if name == _key(host) else ""


def _key(host):
    """The name of a server as SERVER_TLS has it; names are the same in capitals."""
    return host.lower()
