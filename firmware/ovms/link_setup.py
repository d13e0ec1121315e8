"""Builds the links that only some modules have, WiFi and MQTT, and takes them away again.

Loaded on demand by `app.py` after each change of the settings; by `assembly.py` for `wifi.cfg`.
"""

import asyncio
import os

from micropython import const

from ovms import status as ways
from ovms.parameters import FIRST_WIFI, FROM_CABLE, LAST_WIFI, MQTT_SERVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App

_WIFI_FILE = "wifi.cfg"
# A network name has 32 characters at most, its key 64.
_WIFI_BYTES = const(200)
_ENOENT = const(2)
# A TLS handshake takes up to 45 KB of what the system has beside the heap (hardware facts 1.10),
# and the connection some 10 KB of the heap (on the 32-bit VM), which only one in PSRAM can spare.
_TLS_BYTES = const(46_080)
_AMPLE_BYTES = const(1_000_000)


def update(app: "App") -> None:
    """Called after each change of the settings."""
    update_wifi(app)
    if app.status.mqtt is not None or app.config.get(MQTT_SERVER):
        app.in_turn(_set_broker, app)


def _set_broker(app):
    from ovms.mqtt_setup import update

    update(app)


def update_wifi(app: "App") -> None:
    """Without a network the radio stays off: it takes 50 KB of RAM, and power."""
    link = app.status.wifi
    is_wanted = _has_network(app.config) and not app.is_safe
    if link is None and is_wanted:
        _build_wifi(app)
    elif link is not None and is_wanted:
        link.on_settings()
    elif link is not None:
        app.status.wifi = None
        link.task.cancel()
        link.close()


def _has_network(config):
    return any([config.get(n) for n in range(FIRST_WIFI, LAST_WIFI, 2)])


def _build_wifi(app):
    from ovms.drivers.wifi import Station
    from ovms.links.wifi_link import WiFiLink

    def on_change():
        app.server.reconnect(0)
        broker = app.status.mqtt
        if broker is not None and broker.link is not None:
            broker.link.reconnect(0)

    link = WiFiLink(
        Station(), app.config, app.status, app.clock, on_change, app.modem.port is None
    )
    app.status.wifi = link
    link.task = asyncio.create_task(app.keep("wifi", link.run))


def tls_ready(app: "App", is_needed: bool) -> int:
    """WAY_...: how the server would be spoken to inside TLS, or WAY_NO_MEMORY.

    is_needed: there is no other way, so it is tried with any memory.
    """
    free = app.status.system_free() if app.status.system_free else None
    # Below 0 where nobody knows how large the heap is.
    is_small = 0 <= app.broom.limit_bytes < _AMPLE_BYTES
    is_short = is_small or (free is not None and free < _TLS_BYTES)
    if is_short and not is_needed:
        return ways.WAY_NO_MEMORY
    from ovms.drivers import tls_setup

    if not tls_setup.has_authority():
        return ways.WAY_NO_CA
    return ways.WAY_CHECKED if tls_setup.knows_date(app.clock.utc_s()) else ways.WAY_NO_DATE


def take_over_file(app: "App") -> None:
    """Make a setting of the file `wifi.cfg` (network name and key, a line each) of earlier
    firmware, and delete it when the setting is in flash.

    What cannot be used stays, and is told of as long as no network is set.
    """
    try:
        with open(_WIFI_FILE, "rb") as file:
            lines = file.read(_WIFI_BYTES).decode().split("\n")
        name = lines[0].strip()
        key = lines[1].strip() if len(lines) > 1 else ""
        _store(app.config, name, key)
    except (OSError, ValueError) as error:
        # UnicodeError is a ValueError.
        is_absent = isinstance(error, OSError) and error.errno == _ENOENT
        if not is_absent and not _has_network(app.config):
            app.status.count("wifi_unread")
            app.log.error("wifi.cfg cannot be taken over: %s", error)
        return
    os.remove(_WIFI_FILE)


def _store(config, name, key):
    """As the first network that is not set yet; one of this name is newer than the file."""
    names = [config.get(n) for n in range(FIRST_WIFI, LAST_WIFI, 2)]
    if not name or name in names or "" not in names:
        return
    n = FIRST_WIFI + 2 * names.index("")
    changes = {n: name, n + 1: key}
    try:
        config.apply(changes, True, FROM_CABLE)
    except OSError:
        # For this run; the file stays for the next. What was wrong before says more.
        load_error = config.load_error
        config.apply(changes, False, FROM_CABLE)
        config.load_error = load_error or config.load_error
        raise
