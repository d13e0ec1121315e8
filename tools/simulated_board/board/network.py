"""`network` for firmware that runs on a computer: a WiFi station, and what is in reach of it.

What is in reach stands in the file OVMS_WIFI, a line `name TAB key` each, and is read whenever the
station looks: whoever writes the file drives the module in and out of reach. TCP goes over the
host's own network. The station behaves as MicroPython's (ports/esp32/network_wlan.c).
"""

import os

STA_IF = 0

STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
# Reasons of a disconnection, which `status` passes on (esp_wifi_types.h).
_BEACON_TIMEOUT = 200
_NO_AP_FOUND = 201
_HANDSHAKE_TIMEOUT = 15


def in_reach():
    """{name: key} of the networks."""
    path = os.getenv("OVMS_WIFI")
    if not path:
        return {}
    with open(path) as file:
        pairs = [line.rstrip("\n").split("\t") for line in file]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


class WLAN:
    """The station. looks: how often it has looked for a network."""

    looks = 0

    def __init__(self, interface=STA_IF):
        self._is_active = self._is_requested = self._is_connected = False
        self._network = (None, None)
        self._reason = 0
        # None for ever, else how many times it tries again by itself.
        self._reconnects = None
        self._left = 0

    def active(self, on=None):
        if on is not None:
            self._is_active = bool(on)
            self._is_connected = self._is_connected and self._is_active
        return self._is_active

    def config(self, name=None, reconnects=None):
        if reconnects is not None:
            self._reconnects = None if reconnects == -1 else reconnects

    def connect(self, ssid=None, key=None):
        """Start to join; `status` and `isconnected` tell what becomes of it."""
        if not self._is_active:
            raise OSError("Wifi Not Started")
        if len(ssid.encode()) > 32 or len((key or "").encode()) > 64:
            raise ValueError("it does not fit")
        self._network = ssid, key or ""
        self._is_requested = True
        self._is_connected = False
        self._left = -1 if self._reconnects is None else self._reconnects + 1

    def disconnect(self):
        if not self._is_active:
            raise OSError("Wifi Not Started")
        self._is_requested = self._is_connected = False

    def isconnected(self):
        self._live()
        return self._is_connected

    def status(self):
        self._live()
        if self._is_connected:
            return STAT_GOT_IP
        if self._is_requested and self._left:
            return STAT_CONNECTING
        return self._reason or STAT_IDLE

    def _live(self):
        """What the radio has done meanwhile."""
        if not (self._is_active and self._is_requested):
            self._is_connected = False
            return
        ssid, key = self._network
        if self._is_connected:
            if in_reach().get(ssid) == key:
                return
            self._is_connected = False
            self._fail(_BEACON_TIMEOUT)
            return
        if self._left:
            WLAN.looks += 1
            networks = in_reach()
            if ssid not in networks:
                self._fail(_NO_AP_FOUND)
            elif networks[ssid] != key:
                self._fail(_HANDSHAKE_TIMEOUT)
            else:
                self._is_connected = True
                self._reason = 0

    def _fail(self, reason):
        self._reason = reason
        if self._left > 0:
            self._left -= 1
