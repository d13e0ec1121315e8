"""What the Twizy complains of while nobody sits in it, and a charge that does nothing.

Every ten seconds, while it charges or something is wrong: `look`. The lamps of a driver are the
driver's own business. The guide has no such alerts, the words are ours. Frames and bits: Twizy
facts 1.4 (627, 628, 700) and 1.5 (424: 91, 155: phase 94).
"""

from micropython import const

from ovms.vehicle.base import EVENT_FAULT
from ovms.vehicle.twizy.charge import SOC_CV_START, SOC_FULL
from ovms.vehicle.twizy.decode import (
    BMS_FAULT,
    BMS_INVALID,
    BMS_NUMBER,
    CHARGER_FAULT,
    LAMPS,
    LIVE_KEY,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy

# Places of `Twizy.watch`: what the user knows of and what was there at the last look, as bits; how
# often the charge has given no current; what energy there was.
TOLD = const(0)
_SEEN = const(1)
_IDLE = const(2)
_UNITS = const(3)

# Looks, ten seconds from one to the next.
_IDLE_LOOKS = const(60)
# Less is no charge: 2 A is the least there is before a charge ends.
_CHARGE_MA = const(-1000)

_SUPPLY = const(1)
_BATTERY = const(2)
_HEAT = const(4)
_STOP = const(8)
_SERVICE = const(16)
_BMS = const(32)
_CHARGER = const(64)

# 628, of three bytes.
_SUPPLY_LAMP = const(0x20)
_BATTERY_LAMP = const(0x40)
_HEAT_LAMP = const(0x80)
_SERVICE_CODE = const(0xEE)
_STOP_CODE = const(0xFF)
_FILLER = const(0xFFFFFF)

# Of a VirtualBMS or the like (Twizy facts 1.4, frame 700).
_ERRORS = (
    "EEPROM",
    "sensor",
    "voltage high",
    "voltage low",
    "voltage difference",
    "temperature high",
    "temperature low",
    "temperature difference",
    "charger temperature high",
)


def look(car: "Twizy") -> None:
    """Tell what is there a second time, so no filler of a bus that wakes up, and news."""
    watch = car.watch
    decoder = car.decoder
    _look_at_charge(car, watch, decoder)
    bits = 0
    if not decoder.has_key() and not decoder.is_offline() and decoder.live[LIVE_KEY]:
        bits = _complaints(decoder)
    decoder.faults[BMS_FAULT] &= ~BMS_INVALID
    news = bits & watch[_SEEN] & ~watch[TOLD]
    watch[_SEEN] = bits
    if news:
        watch[TOLD] |= news
        _tell(car, news)


def _look_at_charge(car, watch, decoder):
    if not decoder.is_charging():
        watch[_IDLE] = 0
        return
    # Of a battery that says nothing any more the last current stays, but no energy comes.
    units = decoder.power.recovered_units
    state = decoder.state
    is_fed = units != watch[_UNITS] or not state.battery_mv
    watch[_UNITS] = units
    if is_fed and (state.battery_ma or 0) <= _CHARGE_MA:
        watch[_IDLE] = 0
        return
    watch[_IDLE] = min(watch[_IDLE] + 1, _IDLE_LOOKS + 1)
    if watch[_IDLE] != _IDLE_LOOKS or _is_full(decoder):
        return
    text = "Charging, but no current for %d min." % (_IDLE_LOOKS // 6)
    if decoder.faults[BMS_FAULT]:
        text += " Battery error%s." % _number(decoder)
    soc_pct100 = state.soc_pct100
    if soc_pct100 is not None:
        text += "\r SOC: %d.%02d%%" % (soc_pct100 // 100, soc_pct100 % 100)
    _announce(car, text)


def _is_full(decoder):
    soc_pct100 = decoder.state.soc_pct100 or 0
    return soc_pct100 >= SOC_FULL or (decoder.charge_level == 0 and soc_pct100 >= SOC_CV_START)


def _complaints(decoder):
    faults = decoder.faults
    bits = 0
    raw = faults[LAMPS]
    if raw != _FILLER:
        if raw & _SUPPLY_LAMP:
            bits |= _SUPPLY
        if raw & _BATTERY_LAMP:
            bits |= _BATTERY
        if raw & _HEAT_LAMP:
            bits |= _HEAT
        if raw >> 16 == _SERVICE_CODE:
            bits |= _SERVICE
            if raw >> 8 & 0xFF == _STOP_CODE:
                bits |= _STOP
    if 0 < faults[CHARGER_FAULT] < _FILLER:
        bits |= _CHARGER
    # A BMS at rest has no values either.
    if faults[BMS_FAULT] & ~BMS_INVALID or (faults[BMS_FAULT] and decoder.is_charging()):
        bits |= _BMS
    return bits


def _tell(car, bits):
    decoder = car.decoder
    parts = []
    for bit, text in (
        (_SUPPLY, "12V battery"),
        (_BATTERY, "traction battery"),
        (_HEAT, "temperature"),
        (_STOP, "STOP"),
        (_SERVICE, "SERV"),
        (_BMS, "battery error" + _number(decoder)),
        (_CHARGER, "charger %06X" % decoder.faults[CHARGER_FAULT]),
    ):
        if bits & bit:
            parts.append(text)
    place = "charging" if decoder.is_charging() else "parked"
    _announce(car, "CAR WARNING (%s): %s" % (place, ", ".join(parts)))


def _number(decoder):
    number = decoder.faults[BMS_FAULT] >> BMS_NUMBER
    if not number:
        return ""
    name = _ERRORS[number - 1] if number <= len(_ERRORS) else "?"
    return " %d (%s)" % (number, name)


def _announce(car, text):
    car.sevcon.notice = ("A", text)
    car.on_event(EVENT_FAULT)
