"""What the module knows of itself, and what it was asked to do next.

The links write it, the services read it; only `app.py` acts on the requests.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ovms.contracts import Vehicle

VERSION = "4.0.0"
BUILD = "mpy"

# Requests a service may make; bits, so that two of them are both kept.
REQUEST_REBOOT = const(1)
REQUEST_RECONNECT = const(2)
REQUEST_VEHICLE_RESTART = const(4)
REQUEST_MODEM_RESTART = const(8)
# Somebody found no memory and tries again soon.
REQUEST_ROOM = const(16)
# Log in anew a minute after the last of these: the settings of a new server come one by one.
REQUEST_MOVE = const(32)

# Network state codes as users know them from `GPRS?` and the LEDs (module-behaviour 3.3).
NET_START = const(0x01)
NET_SIM = const(0x10)
NET_PIN = const(0x11)
NET_INIT = const(0x12)
NET_SEARCHING = const(0x21)
NET_READY = const(0x20)
NET_GPRS_START = const(0x40)
NET_RETRY = const(0x41)

# How the server is spoken to, and why so: `links/server_way.py`. Inside TLS, with a certificate
# that was checked, and without: there is no `ca.pem`, or no date, or it is of another CA.
WAY_NONE = const(0)
WAY_CHECKED = const(1)
WAY_NO_CA = const(2)
WAY_NO_DATE = const(3)
WAY_OTHER_CA = const(4)
# In clear: the server does not offer TLS, there is no memory for it, SERVER names a port.
WAY_NOT_OFFERED = const(5)
WAY_NO_MEMORY = const(6)
WAY_AS_SET = const(7)
# What an `open_stream` is asked for, beside False and True: TLS whatever the certificate is.
TLS_UNCHECKED = const(2)

# What came of the GPS receiver in the last seconds: nothing known yet, no byte, bytes without a
# sentence in them, sentences.
GPS_UNKNOWN = const(0)
GPS_SILENT = const(1)
GPS_UNREADABLE = const(2)
GPS_SENTENCES = const(3)
GPS_ASLEEP = const(4)


class Status:
    """One per module. hardware: the board's name, for example `LILYGO_TCALL_SIM800`."""

    # The parts that only some modules have know the Status, and it knows none of them.
    update: "Any"
    order_update: "Callable[[str, bool], None] | None"

    def __init__(self, hardware: str) -> None:
        self.hardware = hardware
        self.uptime_s = 0
        self.reset_cause = ""
        # The board's own function, or None: see `Board.system_free`.
        self.system_free: "Callable[[], int | None] | None" = None
        self.net_state = NET_START
        # Cellular: the SIM800's own figures; csq is 0 to 31, or 99 for unknown.
        self.csq = 99
        # The figure that the server was told; small changes are not worth a message.
        self.csq_told = 99
        self.operator = ""
        # Names of the networks in reach when the one of GSMLOCK was not, or "".
        self.networks = ""
        self.is_registered = False
        self.is_roaming = False
        self.iccid = ""
        self.imei = ""
        # What is wrong with SIM or network: one sentence or "".
        self.modem_error = ""
        # What is odd about a modem that works so far: the same.
        self.modem_note = ""
        # Then the supply charges, and radio may cost what it wants.
        self.is_car_on = False
        # An SMS is carried out, which takes more heap than all else that comes and goes.
        self.is_answering = False
        self.link_name = ""
        self.is_server_connected = False
        # WAY_...: of the connection, or of the attempt that was made last; and whether its server
        # was called already, which the ways there come before.
        self.server_way = WAY_NONE
        self.is_dialled = False
        # Why there is no connection, as far as the module knows: one sentence or "".
        self.server_error = ""
        self.peers = 0
        # What serves the MQTT broker, None without one: see `links/mqtt_link.py`.
        self.mqtt: "Any" = None
        # The WiFiLink, None without a network that is set: see `link_setup.py`.
        self.wifi: "Any" = None
        # What the power governor remembers, None without one: see `services/power_states.py`.
        self.power: list[int] | None = None
        # What ACC remembers, None where no place is set: see `services/acc.py`.
        self.acc: list[int] | None = None
        # The Update that is under way, and who takes orders for one: see `update_setup.py`.
        self.update = self.order_update = None
        # The ESP32 does not sleep before that uptime.
        self.awake_until_s = 0
        # How many SMS each number got: see `services/sms/budget.py`.
        self.sms_sent: dict[str, list[int]] = {}
        # When the server had something done that has a budget: see `services/server_limits.py`.
        self.asked: dict[int, list[int]] | None = None
        # CAN controller: "" when fine, else one sentence.
        self.can_error = ""
        # The driver's own function: {name: number}.
        self.bus_counts: "Callable[[], dict[str, int]] | None" = None
        self.gps_heard = GPS_UNKNOWN
        # Named counts of everything that was dropped, retried or refused.
        self.counts: dict[str, int] = {}
        # How often each task met an error that it survived; the last ones: see `faults.py`.
        self.errors: dict[str, int] = {}
        self.faults: list[tuple[str, str, int, int]] = []
        # What the module crashed of last and where, "" for no crash that is known: see `crash.py`.
        self.last_crash = ""
        self._requests = 0

    def count(self, name: str) -> None:
        """One more of `name`; names are short lower-case words with underscores."""
        self.counts[name] = self.counts.get(name, 0) + 1

    def request(self, bits: int) -> None:
        """Ask the module to do something soon, after the answer has left."""
        self._requests |= bits

    def take_requests(self) -> int:
        """All requests made since the last call, as bits."""
        bits = self._requests
        self._requests = 0
        return bits

    def firmware_text(self, car: "Vehicle") -> str:
        """Version text as in VERSION and the first field of F: framework/car/hardware/build."""
        return "%s/%s%s/%s/%s" % (VERSION, car.TYPE, car.VERSION, self.hardware, BUILD)
