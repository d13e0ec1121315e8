"""`network` for firmware that runs on a computer: with `--wifi` the host's network is the WiFi."""

import os

STA_IF = 0


class WLAN:
    """A station that is connected whenever the host lends its network."""

    def __init__(self, interface=STA_IF):
        self._is_active = False

    def active(self, on=None):
        if on is not None:
            self._is_active = on
        return self._is_active

    def connect(self, ssid=None, key=None):
        """The host's network needs no joining."""

    def disconnect(self):
        """Nor leaving."""

    def isconnected(self):
        return bool(self._is_active and os.getenv("OVMS_WIFI"))

    def config(self, *names, **values):
        return None
