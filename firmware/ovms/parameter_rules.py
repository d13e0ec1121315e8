"""What a parameter may hold, what it holds at first, and what of it may be shown.

A parameter is text of at most 31 printable ASCII characters (module-behaviour 1.1, 1.2). Every
refusal is a ValueError whose text is one sentence for the user; it never quotes the value, which
may be a password.
"""

from micropython import const

from ovms import parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config

# In the place of a module password that was lost: none that anybody sends has a blank.
LOCKED = " "

_LENGTH = const(31)
# Of a profile: 32 bytes in base64.
_PROFILE_LENGTH = const(44)
_BROKER_LENGTH = const(63)
# Of a network's name, in bytes, and its key (IEEE 802.11: 32; WPA: 8 to 63, or 32 bytes in hex).
_SSID_LENGTH = const(32)
_SHORTEST_KEY = const(8)
_HEX_KEY = const(64)

# Of features that are a percentage or a distance: minimum and sufficient SOC, ranges.
_HIGHEST = {
    parameters.FEATURE_MINIMUM_SOC: 100,
    parameters.FEATURE_SOC_LIMIT: 100,
    parameters.FEATURE_RANGE_LIMIT: 255,
    parameters.FEATURE_MAX_RANGE: 255,
}

# What may not be part of a value: `"` would end a string in an AT command, a comma a field of a
# message, a blank a word of the line it travels in.
_NO_HOST = b" \"!#$%&'()*+,/;<=>?@[\\]^`{|}~"
_NO_BLANK = b" "
_NO_QUOTE = b'"'
_NO_COMMA = b","
_NO_COMMA_OR_BLANK = b", "


def defaults() -> list[str]:
    """The text of every stored parameter of a new module, as list by number."""
    values = [""] * parameters.STORED
    values[parameters.PHONE] = parameters.NO_PHONE
    values[parameters.PASSWORD] = parameters.FACTORY_PASSWORD
    values[parameters.UNITS] = "K"
    return values


def shown(config: "Config") -> list[str]:
    """All parameters as list of str for replies and diagnostics: `****` in place of a password."""
    values = config.values[: parameters.PARAMETERS]
    for n in parameters.SECRETS:
        if n < parameters.PARAMETERS and values[n]:
            values[n] = parameters.MASK
    return values


def chosen(n: int, text: str) -> str:
    """The text to store for parameter `n` of what somebody wants it to be, or ValueError.

    Apps offer what they were shown for saving: the mask of a password would become the password.
    """
    if parameters.MASK in text:
        raise ValueError("**** only stands for a password that is set. Send the password itself.")
    text = checked(n, text)
    if n == parameters.VEHICLE_TYPE:
        # Not of what is stored: another package may have that car.
        from ovms.vehicle.types import refusal

        sentence = refusal(text)
        if sentence:
            raise ValueError(sentence)
    return text


def checked(n: int, text: str) -> str:
    """The text of parameter `n` as it is kept, or ValueError: also of what was stored once."""
    if n in (parameters.SIM_PIN, parameters.ROAMING):
        return _of_sim(n, text)
    if n == parameters.CAN_WRITE_FROM:
        return text if text in ("SMS", "CABLE") else ""
    if n == parameters.REMOTE:
        return text if text == "SAFE" else ""
    if parameters.MQTT_SERVER <= n <= parameters.MQTT_HA:
        return _of_broker(n, text)
    if parameters.FIRST_WIFI <= n <= parameters.LAST_WIFI:
        return _of_wifi(n, text)
    if n == parameters.SUPPORT:
        return text if text == "ON" else ""
    if n == parameters.ALERTS:
        from ovms.protocol import alert_choice

        return alert_choice.checked(text)
    if n == parameters.HOME:
        from ovms.protocol import place

        return place.circle_text(*place.circle(text)) if text else ""
    if parameters.FIRST_ACC <= n <= parameters.LAST_ACC:
        from ovms.protocol import acc_places

        return acc_places.written(acc_places.read(text)) if text else ""
    if n == parameters.POWER_SAVE:
        return text if text in ("OFF", "TRANSPORT") else ""
    if n in (parameters.UNDO, parameters.DAMAGE, parameters.SPENT, parameters.SERVER_TLS):
        # Written by the module alone.
        return text
    if not 0 <= n < parameters.PARAMETERS:
        raise ValueError("Parameters are numbered 0 to 31.")
    if n == parameters.SERVER:
        from ovms.protocol.v2 import address

        return address.checked(text)
    if len(text) > (
        _PROFILE_LENGTH if parameters.FIRST_PROFILE <= n <= parameters.LAST_PROFILE else _LENGTH
    ):
        raise ValueError("Parameter %d is too long." % n)
    if n == parameters.PASSWORD and not text:
        raise ValueError("The module password must not be empty.")
    forbidden = _forbidden(n)
    for byte in text.encode():
        if byte > 127:
            raise ValueError("Parameter %d takes no umlauts or other letters of this kind." % n)
        if not 32 <= byte <= 126 or byte in forbidden:
            raise ValueError("Parameter %d has a character that is not allowed." % n)
    if n == parameters.PHONE:
        return _phone(text)
    if n == parameters.UNITS:
        return _units(text)
    if n == parameters.NOTIFY:
        return _notify(text)
    if n in (parameters.PARANOID, parameters.VEHICLE_TYPE):
        return text.upper()
    if n == parameters.TIMEZONE:
        return _timezone(text)
    if n == parameters.DNS:
        return _dns(text)
    return _feature(n, text) if n >= parameters.FIRST_FEATURE else text


def _forbidden(n):
    if n in (parameters.APN, parameters.DNS):
        return _NO_HOST
    if n in (parameters.APN_USER, parameters.APN_PASSWORD, parameters.GSM_LOCK):
        return _NO_QUOTE
    if n in (parameters.GROUP1, parameters.GROUP2):
        return _NO_COMMA
    if n in (parameters.VEHICLE_ID, parameters.VEHICLE_TYPE):
        return _NO_COMMA_OR_BLANK
    return _NO_BLANK if n == parameters.PASSWORD else b""


def _of_sim(n, text):
    if n == parameters.ROAMING:
        if text not in ("", "HOME"):
            raise ValueError("Roaming is ROAM or HOME.")
        return text
    # One character behind the digits tells what became of it: see `links/modem/sim.py`.
    digits = text if text.isdigit() else text[:-1]
    if text and not (4 <= len(digits) <= 8 and digits.isdigit() and len(digits.encode()) < 9):
        raise ValueError("A PIN has 4 to 8 digits.")
    return text


def _of_broker(n, text):
    if n == parameters.MQTT_SERVER:
        from ovms.protocol.mqtt import address

        return address.checked(text)
    if n == parameters.MQTT_HA:
        if text.upper() in ("", "ON"):
            return text.upper()
        # Behind it the module itself writes what it has told.
        if not text.startswith("ON "):
            raise ValueError("Home Assistant is ON or -.")
    if len(text) > _BROKER_LENGTH:
        raise ValueError("A broker's user and password have at most 63 characters.")
    for byte in text.encode():
        if not 32 <= byte <= 126 or (byte == 32 and n != parameters.MQTT_HA):
            raise ValueError("A broker's user or password has a character that is not allowed.")
    return text


def _of_wifi(n, text):
    """A network's name, of any letters, or its key; "" for no network, and for an open one."""
    data = text.encode()
    is_key = (n - parameters.FIRST_WIFI) & 1
    for byte in data:
        if byte < 32 or byte == 127 or (is_key and byte > 126):
            raise ValueError("The WiFi name or key has a character that is not allowed.")
    if not is_key:
        if len(data) > _SSID_LENGTH:
            raise ValueError("A WiFi name has at most 32 characters; umlauts count twice.")
    elif data and not _SHORTEST_KEY <= len(data) < _HEX_KEY and not _is_hex_key(data):
        raise ValueError("A WiFi key has 8 to 63 characters or is 64 hexadecimal digits.")
    return text


def _is_hex_key(data):
    return len(data) == _HEX_KEY and not data.strip(b"0123456789abcdefABCDEF")


def _phone(text):
    if text == parameters.NO_PHONE:
        return text
    from ovms.protocol import phone

    number = phone.normal_phone(text)
    if not number:
        raise ValueError("A phone number has 3 to 20 digits.")
    return number


def _units(text):
    unit = text.upper()
    if unit not in ("", "K", "M"):
        raise ValueError("Units are K for km or M for miles.")
    return unit or "K"


def _notify(text):
    """Channels; `!` behind one of them lets alerts pass and no reports."""
    channels = text.upper()
    rest = channels.replace("SMS!", "").replace("IP!", "").replace("SMS", "").replace("IP", "")
    if rest.strip(",+;"):
        raise ValueError(
            "Notifications: SMS or IP or SMSIP or - for none; SMS!IP for reports by IP only."
        )
    return channels


def _dns(text):
    from ovms.protocol import ipv4

    if text and not ipv4.is_address(text):
        raise ValueError("A DNS server is an IP address such as 8.8.8.8.")
    return text


def _timezone(text):
    """`[-]HH:MM`; also takes `+2`, which a phone user writes."""
    if not text:
        return ""
    sign = "-" if text[0] == "-" else ""
    hours, _, minutes = (text[1:] if text[0] in "+-" else text).partition(":")
    minutes = minutes or "0"
    is_number = (hours + minutes).isdigit() and 0 < len(hours) < 3 and len(minutes) < 3
    if not is_number or int(hours) > 14 or int(minutes) > 59:
        raise ValueError("A time zone is [-]HH:MM up to 14 hours.")
    return "%s%02d:%02d" % (sign, int(hours), int(minutes))


def _feature(n, text):
    """What a feature may hold that every car means alike."""
    number = n - parameters.FIRST_FEATURE + parameters.FIRST_STORED_FEATURE
    highest = _HIGHEST.get(number)
    value = whole(feature_text(text))
    if highest and not 0 <= value <= highest:
        raise ValueError("Feature %d is a number from 0 to %d." % (number, highest))
    return text


def feature_text(text: str) -> str:
    """The text of a feature: a whole number, or with decimals.

    The Twizy writes its capacity with some into feature 13.
    """
    whole, dot, decimals = text.partition(".")
    if text and not (-128 <= parameters.integer(whole) <= 255 and (not dot or decimals.isdigit())):
        raise ValueError("A feature is a number from -128 to 255.")
    return text


def whole(text: str) -> int:
    """The number that the text of a feature stands for, decimals cut off; 0 for ""."""
    return int(text.partition(".")[0]) if text else 0
