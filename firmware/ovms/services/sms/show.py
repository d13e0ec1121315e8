"""The SMS commands that show settings, word for word as users know them.

Source: module-behaviour 2.5. Loaded on demand. No reply shows a password.
"""

from ovms import parameters
from ovms import status as net

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Status
    from ovms.services.sms.answering import Request
    from ovms.services.sms.service import SMSService


def _register(sms):
    return "Registered number: " + sms.config.get(parameters.PHONE)


def _password(sms):
    return "Module password: " + _shown(sms)[parameters.PASSWORD]


def _parameters(sms):
    text = "Params:"
    values = _shown(sms)
    for n in range(parameters.PARAMETERS):
        if values[n]:
            text += "\n%d:%s" % (n, values[n])
    return text


def _module(sms):
    get = sms.config.get
    return (
        "Module:\r\n VehicleID:%s\r\n Units:%s\r\n Notifications:%s\r\n VehicleType:%s"
        "\r\n CarType:%s"
        % (
            get(parameters.VEHICLE_ID),
            get(parameters.UNITS),
            get(parameters.NOTIFY),
            get(parameters.VEHICLE_TYPE),
            sms.car().type_text(),
        )
    )


def _vehicle(sms):
    from ovms.vehicle.types import TYPES, refusal

    stored = sms.config.get(parameters.VEHICLE_TYPE)
    values = stored, sms.car().type_text(), TYPES
    text = "Vehicle:\r\n VehicleType:%s\r\n CarType:%s\r\n Types:%s" % values
    # Another firmware or package may have stored it, which knew such a car.
    return text + ("\r\n No car is read: %s is none of these." % stored if refusal(stored) else "")


def _gprs(sms):
    status = sms.status
    values = _shown(sms)
    text = "GPRS:\n APN:%s\n User:%s\n Password:%s\n DNS:%s\n GSM:%s\n SQ:%d" % (
        values[parameters.APN],
        values[parameters.APN_USER],
        values[parameters.APN_PASSWORD],
        values[parameters.DNS],
        status.operator,
        status.csq,
    )
    link = status.link_name or "GPRS"
    if status.is_server_connected:
        return text + "\r\n %s: OK\r\n Server: Connected OK" % link
    if link != "GPRS":
        text += "\r\n %s: OK\r\n Server: Not connected" % link
    elif status.net_state == net.NET_READY:
        text += "\r\n GSM: OK\r\n Server: Not connected"
    else:
        text += "\r\n GSM/GPRS: Not connected (0x%04X)" % status.net_state
    for error in (status.modem_error, _missing(sms), status.server_error):
        if error and error not in text:
            text += "\r\n " + error
    return text


def _missing(sms):
    """What a connection to the server cannot do without, as a sentence or ""."""
    status = sms.status
    get = sms.config.get
    if status.net_state != net.NET_READY and status.link_name != "WiFi":
        # The network comes first.
        return ""
    if not get(parameters.SERVER):
        return "No server is set: send SERVER <host> <server password>."
    if status.link_name != "WiFi":
        if not get(parameters.APN):
            return "No APN is set: send GPRS <apn>."
        if not sms.config.wants_ip:
            return "GPRS is off: the notifications (MODULE) do not ask for IP."
        if status.is_roaming and get(parameters.ROAMING):
            return "GPRS is off: the SIM is abroad, and SIM HOME forbids that."
    if not get(parameters.VEHICLE_ID):
        return "No vehicle id is set: send MODULE <id>."
    if not get(parameters.SERVER_PASSWORD):
        return "No server password is set: send SERVER <host> <server password>."
    return ""


def _lock(sms):
    status = sms.status
    text = "GSMLOCK: %s\r\nCurrent: %s" % (
        sms.config.get(parameters.GSM_LOCK) or "(none)",
        status.operator,
    )
    if status.networks:
        text += "\r\nNot in reach, so any is taken. In reach: " + status.networks
    return text


def sim_state(status: "Status") -> str:
    """What is wrong with SIM or modem, "OK", or "unknown" before the modem has told."""
    return status.modem_error or ("OK" if status.iccid or status.is_registered else "unknown")


def _sim(sms):
    text = sms.config.get(parameters.SIM_PIN)
    pin = "****" if text else ""
    if text[-1:] in ("!", "x"):
        pin += " (refused)"
    return "SIM:\r\n State:%s\r\n PIN:%s\r\n Roaming:%s" % (
        sim_state(sms.status),
        pin,
        sms.config.get(parameters.ROAMING) or "ROAM",
    )


def _server(sms):
    values = _shown(sms)
    return "Server:\r\n IP:%s\r\n Password:%s\r\n Paranoid:%s\r\n Link:%s" % (
        values[parameters.SERVER],
        values[parameters.SERVER_PASSWORD],
        values[parameters.PARANOID],
        _way(sms),
    )


# By WAY_....
_WAYS = (
    "none",
    "TLS, certificate checked",
    "TLS, certificate not checked: no ca.pem",
    "TLS, certificate not checked: date unknown",
    "TLS, certificate not checked: not by the CA of ca.pem",
    "plain: no TLS at port 6870",
    "plain: no memory for TLS",
    "plain: SERVER names the port",
)


def _way(sms):
    """How the server is spoken to and why, or how it would be."""
    status = sms.status
    if status.is_server_connected:
        return _WAYS[status.server_way]
    server = sms.config.get(parameters.SERVER).lower()
    if not server:
        return _WAYS[net.WAY_NONE]
    if server.startswith("tls://"):
        return "none, TLS only: SERVER says so"
    if ":" in server:
        return "none, plain only: SERVER names the port"
    if sms.config.get(parameters.SERVER_TLS)[2:] == server:
        return "none, TLS only: it has worked"
    return "none, TLS is tried first"


def _remote(sms):
    return "REMOTE: " + (sms.config.get(parameters.REMOTE) or "OPEN")


def _support(sms):
    return "SUPPORT: " + (sms.config.get(parameters.SUPPORT) or "OFF")


def _features(sms):
    text = "Features:"
    for n in range(parameters.FEATURES):
        value = sms.config.feature(n)
        if value:
            text += "\r\n %d:%d" % (n, value)
    return text


def _version(sms):
    car = sms.car()
    return "OVMS Firmware version: %s\r\n CarType:%s\r\n VIN:%s" % (
        sms.status.firmware_text(car),
        car.type_text(),
        sms.state.vin or "-" * 17,
    )


def _shown(sms):
    from ovms import parameter_rules

    return parameter_rules.shown(sms.config)


_TEXTS = {
    "REGISTER?": _register,
    "PASS?": _password,
    "PARAMS?": _parameters,
    "MODULE?": _module,
    "VEHICLE?": _vehicle,
    "GPRS?": _gprs,
    "GSMLOCK?": _lock,
    "SIM?": _sim,
    "SERVER?": _server,
    "REMOTE?": _remote,
    "SUPPORT?": _support,
    "FEATURES?": _features,
    "VERSION": _version,
}


def text_of(sms: "SMSService", command: str) -> str:
    """What `command` of the table in `commands.py` shows."""
    return _TEXTS[command](sms)


async def reply(request: "Request") -> str:
    """What the command shows."""
    return text_of(request.sms, request.command)
