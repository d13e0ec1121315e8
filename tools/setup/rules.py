"""What a parameter may hold, by the rules of the firmware's `parameter_rules.py`.

A table of its own, because tools share no code with the firmware; a test compares the two.
"""

from __future__ import annotations

import ipaddress
import re

PHONE, PASSWORD, UNITS, NOTIFY, SERVER, APN = 0, 1, 2, 3, 4, 5
APN_USER, APN_PASSWORD, VEHICLE_ID, SERVER_PASSWORD, PARANOID, VEHICLE_TYPE = 6, 7, 8, 9, 10, 14
MQTT_SERVER, MQTT_USER, MQTT_PASSWORD, MQTT_HA = 37, 38, 39, 40
# Name and key of each WiFi network.
WIFI = ((44, 45), (46, 47), (48, 49))
WIFI_NAMES = tuple(name for name, _ in WIFI)
WIFI_KEYS = tuple(key for _, key in WIFI)

SECRETS = (PASSWORD, APN_PASSWORD, SERVER_PASSWORD, MQTT_PASSWORD, *WIFI_KEYS)
# There need not be one where they are asked for.
OPTIONAL_SECRETS = (APN_PASSWORD, *WIFI_KEYS)
# Yes or no to a person, and what the module has for yes.
YES = {PARANOID: "P", MQTT_HA: "ON"}
NO_PHONE = "NOPHONE"
FACTORY_PASSWORD = "OVMS"
MASK = "****"

_LENGTH = 31
_SERVER_LENGTH = 63
_FORBIDDEN = {
    PASSWORD: " ",
    APN: " \"!#$%&'()*+,/;<=>?@[\\]^`{|}~",
    APN_USER: '"',
    APN_PASSWORD: '"',
    VEHICLE_ID: ", ",
    VEHICLE_TYPE: ", ",
}
# Those of the firmware, and what it finds a car by where it does not know the whole type.
_TYPES = "RT DEMO NL NL1 NL3 NLC MI TC KS VA TR OBD"
_STARTS = ("RT", "DE", "NL", "MI", "TC", "KS", "VA", "TR", "O2")
_TLS = "tls://"
_USE = "A server is host or host:port or tls://host or tls://owner@host."
_BROKER_USE = "A broker is host or host:port or tls://host[:port]."
_NOTIFICATIONS = "Notifications: SMS or IP or SMSIP or - for none; SMS!IP for reports by IP only."


def stored(n: int, text: str) -> str:
    """`text` as the module stores it in parameter `n`; ValueError with a sentence."""
    if MASK in text:
        raise ValueError("**** only stands for a password that is set. Send the password itself.")
    if n == SERVER:
        return _server(text)
    if MQTT_SERVER <= n <= MQTT_HA:
        return _broker(n, text)
    if n in WIFI_NAMES + WIFI_KEYS:
        return _wifi(n, text)
    if len(text) > _LENGTH:
        raise ValueError(f"Parameter {n} is too long.")
    if n == PASSWORD and not text:
        raise ValueError("The module password must not be empty.")
    forbidden = _FORBIDDEN.get(n, "")
    for character in text:
        if character > "\x7f":
            raise ValueError(f"Parameter {n} takes no umlauts or other letters of this kind.")
        if not " " <= character <= "~" or character in forbidden:
            raise ValueError(f"Parameter {n} has a character that is not allowed.")
    if n == PHONE:
        return _phone(text)
    if n == UNITS and text.upper() not in ("", "K", "M"):
        raise ValueError("Units are K for km or M for miles.")
    if n == NOTIFY and re.sub("(SMS|IP)!?", "", text.upper()).strip(",+;"):
        raise ValueError(_NOTIFICATIONS)
    if n == UNITS:
        return text.upper() or "K"
    if n == VEHICLE_TYPE:
        return _vehicle_type(text.upper())
    return text.upper() if n in (NOTIFY, PARANOID) else text


def _vehicle_type(text: str) -> str:
    if text and text not in _TYPES.split() and text[:2] not in _STARTS:
        raise ValueError(f"This firmware knows no car of that type; it has {_TYPES}.")
    return text


def _phone(text: str) -> str:
    if text == NO_PHONE:
        return text
    number = text.replace(" ", "").replace("-", "")
    if number.startswith("00"):
        number = "+" + number[2:]
    if not re.fullmatch(r"\+?[0-9]{3,20}", number):
        raise ValueError("A phone number has 3 to 20 digits.")
    return number


def _server(text: str) -> str:
    if len(text) > _SERVER_LENGTH:
        raise ValueError("A server name has at most 63 characters.")
    if not text:
        return ""
    rest = text
    owner = "owner"
    if text[: len(_TLS)].lower() == _TLS:
        rest = text[len(_TLS) :]
        if "@" in rest:
            owner, _, rest = rest.partition("@")
    if not re.fullmatch(r"[A-Za-z0-9._+-]+", owner):
        raise ValueError(_USE)
    host, colon, port = rest.partition(":")
    if colon and not (re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65536):
        raise ValueError("A port is a number from 1 to 65535.")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", host):
        raise ValueError(_USE)
    if re.fullmatch("[0-9.]+", host) and not _is_address(host):
        raise ValueError("That is no IP address.")
    return text


def _broker(n: int, text: str) -> str:
    if n == MQTT_SERVER:
        if len(text) > _SERVER_LENGTH:
            raise ValueError("A broker name has at most 63 characters.")
        try:
            _server(text)
        except ValueError as error:
            raise ValueError(_BROKER_USE if error.args == (_USE,) else str(error)) from None
        if "@" in text:
            raise ValueError(_BROKER_USE)
        return text
    if n == MQTT_HA:
        if text.upper() not in ("", "ON"):
            raise ValueError("Home Assistant is ON or -.")
        return text.upper()
    if len(text) > _SERVER_LENGTH:
        raise ValueError("A broker's user and password have at most 63 characters.")
    if not re.fullmatch("[!-~]*", text):
        raise ValueError("A broker's user or password has a character that is not allowed.")
    return text


def _wifi(n: int, text: str) -> str:
    """A name of any letters, 32 bytes at most (IEEE 802.11); a key as WPA has them."""
    if any(c < " " or c == "\x7f" or (n in WIFI_KEYS and c > "~") for c in text):
        raise ValueError("The WiFi name or key has a character that is not allowed.")
    if n in WIFI_NAMES:
        if len(text.encode()) > 32:
            raise ValueError("A WiFi name has at most 32 characters; umlauts count twice.")
    elif not re.fullmatch("(.{8,63})?|[0-9A-Fa-f]{64}", text):
        raise ValueError("A WiFi key has 8 to 63 characters or is 64 hexadecimal digits.")
    return text


def _is_address(host: str) -> bool:
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return 0 < int(address) >> 24 < 224
