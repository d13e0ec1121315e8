"""Numbers of the parameters and features, and what a bit of them means; nothing else knows them.

Features 0 to 7 live until the next start, features 8 to 15 are parameters 24 to 31
(module-behaviour 1.1 to 1.3). The constants are gone when the firmware is built.
"""

from micropython import const

PHONE = const(0)
PASSWORD = const(1)
UNITS = const(2)
NOTIFY = const(3)
SERVER = const(4)
APN = const(5)
APN_USER = const(6)
APN_PASSWORD = const(7)
VEHICLE_ID = const(8)
SERVER_PASSWORD = const(9)
PARANOID = const(10)
GROUP1 = const(11)
GROUP2 = const(12)
GSM_LOCK = const(13)
VEHICLE_TYPE = const(14)
# `<temperature in C>:<minutes>` of the Roadster's cooldown; the Twizy's profile.
COOLDOWN_LIMITS = const(15)
# The Twizy keeps half a 64-byte profile of its motor controller in each of 16 to 21.
FIRST_PROFILE = const(16)
LAST_PROFILE = const(21)
DNS = const(22)
TIMEZONE = const(23)
FIRST_FEATURE = const(24)
# How many there are by the protocol, and how many are stored.
PARAMETERS = const(32)
STORED = const(58)
# Beyond those of the reference, set by the command SIM alone: see `links/modem/sim.py`.
SIM_PIN = const(32)
ROAMING = const(33)
# Who switched feature 15 on, set with it alone: "SMS" the owner, "CABLE" the console, else "".
CAN_WRITE_FROM = const(34)
# "SAFE" when no server may change what is guarded; what that was before. See `owner_guard.py`.
REMOTE = const(35)
UNDO = const(36)
# The MQTT broker, set by the command MQTT alone. MQTT_HA: "" or `ON`, behind it the car type and
# the entities that Home Assistant was told of, see `services/mqtt/discovery.py`.
MQTT_SERVER = const(37)
MQTT_USER = const(38)
MQTT_PASSWORD = const(39)
MQTT_HA = const(40)
# "1" while the owner is to be told that stored settings were damaged. "ON" while he lets the
# server do more with the modem, and when it last wanted too much: see `services/server_limits.py`.
DAMAGE = const(41)
SUPPORT = const(42)
SPENT = const(43)
# Names and keys of the WiFi networks, in turns: 44 and 45 are the first one's. Set by WIFI.
FIRST_WIFI = const(44)
LAST_WIFI = const(49)
# Which alerts the owner has chosen, and where the car is at home, set by ALERT and HOME alone: see
# `protocol/alert_choice.py` and `protocol/place.py`.
ALERTS = const(50)
HOME = const(51)
# What the owner wants of the power governor, "", "OFF" or "TRANSPORT", set by the command
# POWERSAVE alone: see `services/power_states.py`.
POWER_SAVE = const(52)
# Where and how the car is charged by itself: four places, "" for none, set by the command ACC
# alone: see `protocol/acc_places.py`.
FIRST_ACC = const(53)
LAST_ACC = const(56)
# With which server TLS has worked: `C <host>` with a checked certificate, `E <host>` without.
# Written by the module alone, see `links/server_way.py`.
SERVER_TLS = const(57)

SECRETS = (PASSWORD, APN_PASSWORD, SERVER_PASSWORD, MQTT_PASSWORD, 45, 47, 49)
FACTORY_PASSWORD = "OVMS"
# What is shown in the place of a password; no value has it.
MASK = "****"
NO_PHONE = "NOPHONE"

FEATURES = const(16)
FIRST_STORED_FEATURE = const(8)
FEATURE_STREAM = const(8)
FEATURE_MINIMUM_SOC = const(9)
FEATURE_SOC_LIMIT = const(10)
FEATURE_RANGE_LIMIT = const(11)
FEATURE_MAX_RANGE = const(12)
FEATURE_CAPACITY = const(13)
# The same feature, where it is 1 to 7; a capacity is more.
FEATURE_LOGS = const(13)
FEATURE_SUPPRESS = const(14)
FEATURE_CAN_WRITE = const(15)
# The same as a parameter.
CAN_WRITE = const(31)

# Where a change or a command comes from; who is not named is a stranger.
FROM_SERVER = const(0)
FROM_OWNER = const(1)
FROM_CABLE = const(2)
# By SMS, with the module password.
FROM_PASSWORD = const(3)
# The owner takes back what was changed.
FROM_UNDO = const(4)

# What somebody may ask of the modem by AT lines, see `links/modem/user_line.py`: only questions;
# with the owner's consent settings, too; the last is the module itself.
AT_ASKS = const(0)
AT_SETS = const(1)
AT_OWN = const(2)

# Bits of FEATURE_STREAM: the location each second, the Twizy's records each second, and tyres in
# the new layout (Y), too.
STREAM_LOCATION = const(0x01)
STREAM_RECORDS = const(0x02)
STREAM_TYRES = const(0x04)
# A greater value is no set of bits: some clients write an interval in seconds there.
_STREAM_ALL = const(0x07)

# Bits of FEATURE_LOGS, and all that there are.
LOG_DRIVES = const(0x02)
LOG_CHARGES = const(0x04)
LOGS_ALL = const(0x07)

# Bits of FEATURE_SUPPRESS: what the module does not say, one thing that it does, and whether the
# Twizy's records have later firmware's names.
LATER_RECORDS = const(0x01)
NO_DENIALS = const(0x02)
NO_SMS = const(0x04)
NO_ALERTS = const(0x08)
NO_INFOS = const(0x10)
NO_TIME = const(0x20)
CHARGE_PHASES = const(0x40)
NO_FORWARDING = const(0x80)


def streamed(value: int) -> int:
    """The STREAM_... bits that a value of FEATURE_STREAM asks for."""
    return value if 0 <= value <= _STREAM_ALL else 0


def integer(text: str) -> int:
    """int of `[-]digits`; ValueError for anything else, also for what `int` alone would take."""
    digits = text[1:] if text.startswith("-") else text
    # A digit of another script takes more than one byte.
    if len(digits) > 9 or not digits.isdigit() or len(digits.encode()) != len(digits):
        raise ValueError("That is not a whole number.")
    return int(text)
