"""VIN and trouble codes of a car that was asked: their texts, and what of them is news.

Loaded on demand. Layout: car facts 2.4; letters of a code: SAE J2012, by its two highest bits.
"""

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer
    from ovms.vehicle.polled_car import PolledCar

_LETTERS = "PCBU"
_VIN_LENGTH = const(17)
_SHOWN_MAX = const(16)
_LAMP = const(0x80)
# Of all control units, stored and pending: three bytes each.
_CODES_BYTES = const(96)
# As long as a question and its answer may take, for two control units.
_WAIT_MS = const(500)
_WAITS = const(40)


def read_vin(car: "PolledCar", content: "Buffer", length: int) -> bool:
    """The VIN of an answer to 09 02 goes to the state; False when there is none in it."""
    vin = b""
    for n in range(2, length):
        byte = content[n]
        # In front stand the number of items, and fillers.
        if byte > 1:
            vin += bytes((byte,))
    vin = vin[-_VIN_LENGTH:]
    for byte in vin:
        is_letter = 0x41 <= byte <= 0x5A and byte not in b"IOQ"
        if not (is_letter or 0x30 <= byte <= 0x39):
            return False
    if len(vin) < _VIN_LENGTH:
        return False
    text = vin.decode()
    if text != car.state.vin:
        car.state.vin = text
        car.state.touch()
    return True


def added(found: bytes | None, is_pending: bool, content: "Buffer", length: int) -> bytes:
    """`found` with the codes of an answer: 43 or 47, how many, and two bytes each."""
    codes = bytearray(found or b"")
    for n in range(2, min(length - 1, 2 + 2 * content[1]), 2):
        if (content[n] or content[n + 1]) and len(codes) < _CODES_BYTES:
            codes += bytes((is_pending, content[n], content[n + 1]))
    return bytes(codes)


def _listed(car, is_pending):
    """The codes of one kind, each once, in the order in which they were told."""
    codes = car.codes
    found = []
    for n in range(0, len(codes), 3):
        high, low = codes[n + 1], codes[n + 2]
        text = "%s%d%X%02X" % (_LETTERS[high >> 6], high >> 4 & 3, high & 15, low)
        if codes[n] == is_pending and text not in found:
            found.append(text)
    return found


def _shown(found):
    if not found:
        return "none"
    text = " ".join(found[:_SHOWN_MAX])
    return text + " and %d more" % (len(found) - _SHOWN_MAX) if found[_SHOWN_MAX:] else text


def find_news(car: "PolledCar") -> bool:
    """Whether stored codes are new, which then stand in `news`; those there are count as told.

    One that is gone is told again when it comes back.
    """
    told = car.told.split()
    stored = _listed(car, 0)[:_SHOWN_MAX]
    car.news = " ".join([code for code in stored if code not in told])
    car.told = " ".join(stored)
    return car.news != ""


def alert(car: "PolledCar") -> str:
    return "New trouble code: %s\r%s" % (car.news, _report(car))


def _report(car):
    lamp = car.poller.lamp
    lamp = "unknown" if lamp is None else "on" if lamp & _LAMP else "off"
    return "Stored: %s\rPending: %s\rLamp: %s" % (
        _shown(_listed(car, 0)),
        _shown(_listed(car, 1)),
        lamp,
    )


async def reply(car: "PolledCar", arguments: list[str], is_query: bool) -> str:
    """DTC asks the car now, DTC? tells what it said last."""
    if not is_query:
        if not car.config.feature(FEATURE_CAN_WRITE) > 0:
            raise ValueError("The car may not be asked: send FEATURE 15 1 first.")
        if not car.state.is_on:
            raise ValueError("The car is off, and only a car that is on is asked.")
        car.poller.wants_codes = True
        for _ in range(_WAITS):
            if not car.poller.wants_codes:
                break
            await car.sleep_ms(_WAIT_MS)
    if car.codes_age_s is None:
        return "Trouble codes: not read yet. With FEATURE 15 1 they are, when the car is on."
    age_min = car.codes_age_s // 60
    return "%s\rRead %d min ago" % (_report(car), age_min)
