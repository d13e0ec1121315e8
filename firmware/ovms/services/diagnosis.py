"""What is likely wrong with each peripheral, and what to do about it: for SUMMARY and DIAG.

Each function returns one sentence, or "" where nothing is known to be wrong. What everything else
keeps of this are numbers in `Status`; loaded on demand, one at a time by `peripherals.py`. How
each fault shows: hardware facts 2.7 (an MCP2515 that only listens tells damaged frames, but counts
none), 4.1, 4.3, 5.2 and 6.3.
"""

from micropython import const

from ovms import status as net

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Clock, Status, Vehicle, VehicleState

# The start-up may take so long before silence is a fault.
_START_S = const(60)
_GPS_START_S = const(900)
_TIME_START_S = const(300)
_NO_SIGNAL = const(99)
_WEAK_CSQ = const(5)
# With its lower resistor open the divider gives all that the pin can read, 25 V.
_SUPPLY_MAX_MV = const(18000)
# Out of ten looks at the CAN controller one may meet a damaged frame.
_LOOKS_PER_ERROR = const(10)
_LOOK_S = const(5)
_FEW_ERRORS = const(10)

# What to do behind what the modem's driver says.
_ADVICE = {
    "There is no SIM.": " Put one in while the module has no power.",
    "The SIM does not work.": " Try it in a phone, clean its contacts.",
    "The network refuses the SIM.": " Is it activated, and may it use 2G?",
}
# A controller that counts other bits sees no pause on a busy bus.
_OR_RATE = "; a bit rate that is not the car's looks the same"


def modem(status: "Status") -> str:
    """The modem, its SIM and its network."""
    error = status.modem_error
    if error:
        return error + _ADVICE.get(error, "")
    if status.modem_note:
        return status.modem_note
    count = _counter(status.counts)
    if status.net_state == net.NET_START and (
        count("modem_power_key") or count("modem_power_cycle")
    ):
        if status.imei:
            return (
                "it does not answer any more. Its supply may break down when it sends: it needs"
                " peaks of 2 A."
            )
        return "it does not answer. Check its supply (4 V, peaks of 2 A) and the wires RX and TX."
    if status.uptime_s < _START_S or status.is_registered:
        is_weak = status.is_registered and status.csq < _WEAK_CSQ
        return "the signal is weak, check the antenna." if is_weak else ""
    if status.net_state == net.NET_SEARCHING:
        if status.csq == _NO_SIGNAL:
            return "no network is heard. Check the antenna, and whether there is 2G here."
        return (
            "networks are heard, but none takes this SIM. Is it activated, and for 2G? Is GSMLOCK"
            " right?"
        )
    return ""


def can(status: "Status", car: "Vehicle") -> str:
    """The CAN controller and the car's bus."""
    error = status.can_error
    if error or car.BITRATE is None:
        return error + (_OR_RATE if "never idle" in error else "")
    counts = status.bus_counts() if status.bus_counts else status.counts
    count = _counter(counts)
    frames = count("can_frames")
    errors = count("can_message_errors")
    if not frames:
        if count("can_foreign"):
            return "frames come, but none of this car. Is the vehicle type right?"
        if errors:
            from ovms.services.crystal_texts import unreadable

            return unreadable(car.BITRATE)
        if status.uptime_s < _START_S:
            return ""
        return (
            "nothing heard yet. Switch the car on; if that changes nothing, check CAN-H (pin 6)"
            " and CAN-L (pin 14)."
        )
    if errors > _FEW_ERRORS and errors * _LOOKS_PER_ERROR * _LOOK_S > status.uptime_s:
        return "many frames are damaged. Check the wires; the module must not have a terminator."
    if count("can_board_crystal_khz"):
        from ovms.services.crystal_texts import another

        return another(count("can_crystal_khz"), count("can_board_crystal_khz"))
    return ""


def fix(status: "Status", state: "VehicleState") -> str:
    """Of the GPS receiver: is there a fix, and of how many satellites where that is known."""
    if status.gps_heard == net.GPS_ASLEEP:
        return "asleep while the car is parked"
    text = "fix" if state.has_gps_lock else "no fix"
    return text if state.satellites is None else "%s, %d sats" % (text, state.satellites)


def gps(status: "Status", state: "VehicleState") -> str:
    """The GPS receiver and its antenna."""
    if status.gps_heard == net.GPS_SILENT:
        return "no receiver is heard. Check its supply, and the wire from its TX."
    if status.gps_heard == net.GPS_UNREADABLE:
        return (
            "what the receiver sends cannot be read at any rate from 4800 to 115200 baud. Is it"
            " set to NMEA?"
        )
    if status.gps_heard != net.GPS_SENTENCES or state.has_gps_lock:
        return ""
    if _counter(status.counts)("gps_implausible"):
        return "the receiver tells places where no car can be. Restart it, check its antenna."
    if status.uptime_s < _GPS_START_S:
        return ""
    if state.satellites:
        return "too few satellites for a position. It needs to see the sky."
    return "no satellite is received. Check the antenna, and that it sees the sky."


def supply(status: "Status", state: "VehicleState") -> str:
    """The measurement of the 12 V battery."""
    if status.uptime_s < _START_S:
        return ""
    count = _counter(status.counts)
    if count("supply_unread"):
        return "it cannot be measured, this ESP32 has no calibration data."
    if state.supply_mv is None:
        return "it is not measured. Is the divider (100 kOhm and 15 kOhm) there, and on 12 V?"
    if state.supply_mv > _SUPPLY_MAX_MV:
        return "%d V cannot be. The divider's 15 kOhm to ground is open." % (
            state.supply_mv // 1000
        )
    return ""


def flash(status: "Status") -> str:
    """The file system."""
    count = _counter(status.counts)
    if (
        count("history_write_failures")
        or count("crash_not_stored")
        or count("settings_not_stored")
    ):
        return "it cannot be written. Is it full? Delete what is not the module's (make repl)."
    return ""


def wifi(status: "Status") -> str:
    """The WiFi network that is set."""
    if status.wifi is not None and status.wifi.refused:
        return "%s refuses the key. Send WIFI <name> <key> anew." % status.wifi.refused
    if status.wifi is None and _counter(status.counts)("wifi_unread"):
        return "wifi.cfg cannot be used. Send WIFI <name> <key>, then it does not count."
    return ""


def safe_mode(status: "Status") -> str:
    """That the module runs without car and server, see `ovms/runs.py`."""
    if _counter(status.counts)("safe_mode"):
        return "Safe mode after five crashes: no car, no server. RESET or an hour ends it."
    return ""


def time_problem(status: "Status", clock: "Clock") -> str:
    """Nobody tells the time."""
    is_early = status.uptime_s < _TIME_START_S and clock.refused_utc_s is None
    return "" if is_early or clock.utc_s() is not None else utc(clock)


def utc(clock: "Clock") -> str:
    """What time it is, and whose word that is."""
    utc_s = clock.utc_s()
    if utc_s is None:
        told = clock.refused_utc_s
        if told is None:
            return "not known: neither network nor GPS has told it"
        return "not known: it was told to be %s, which cannot be" % _moment(told)
    source = "GPS" if clock.source == "gps" else "network"
    return "%s UTC (%s%s)" % (
        _moment(utc_s),
        source,
        "" if clock.is_confirmed() else ", not confirmed",
    )


def _moment(utc_s):
    from ovms.protocol import dates

    minutes = utc_s // 60
    day = dates.date_text(utc_s // 86400)
    return "%s %02d:%02d:%02d" % (day, minutes // 60 % 24, minutes % 60, utc_s % 60)


def _counter(counts):
    """`count(name)`: how often, of what `counts` has. The build finds such names by that word."""

    def count(name):
        return counts.get(name, 0)

    return count
