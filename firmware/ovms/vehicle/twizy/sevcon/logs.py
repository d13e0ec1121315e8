"""Commands 209 and 210: the logs that the SEVCON keeps itself (Twizy facts 7.11)."""

from micropython import const

from ovms.parameters import FROM_SERVER
from ovms.vehicle.base import FAILED, OK
from ovms.vehicle.twizy.sevcon.controller import SevconError
from ovms.vehicle.twizy.sevcon.gate import WRITE
from ovms.vehicle.twizy.sevcon.session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy

_ENTRIES_MAX = const(10)
_LIFETIME_S = const(86400)
_ALL = const(99)

# Log: name, object of its number of entries (index << 8 | subindex) or the fixed number, object
# that selects an entry, 0 when each has an index of its own, first index, subindexes to report.
# The first is a code, but in MinMax; negative ones are shown as two hexadecimal digits.
_LOGS = {
    1: ("LogAlerts", 0x530001, 0x530002, 0x5300, (3,)),
    2: ("LogFaults", 0x411002, 0x411100, 0x4112, (1, 2, 3, -4, -5, -6)),
    3: ("LogSystem", 0x410002, 0x410100, 0x4102, (1, 2, 3, -4, -5, -6)),
    4: ("LogCounts", 10, 0, 0x4201, (1, 4, 5, 2, 3, 6)),
    5: ("LogMinMax", 2, 0, 0x4300, (2, 3, 4, 5, 6, 7, 10, 11, 12, 13)),
}
# Logs that can be cleared, by the object to write 1 to.
_CLEAR = {2: 0x411001, 3: 0x410001, 4: 0x420001, 5: 0x430001}


async def command(car: "Twizy", is_reset: bool, arguments: str) -> tuple[int, str]:
    """Carry out command 209 (is_reset: `which`) or 210 (`which,start`); returns (result, text)."""
    words = (arguments + ",").split(",")
    which = _whole(words[0], 1)
    start = _whole(words[1], 0)
    if which not in (_CLEAR if is_reset else _LOGS) and not (is_reset and which == _ALL):
        return FAILED, "ERROR 0031"
    if start is None:
        return FAILED, "ERROR 0032"
    session = Session(car)
    try:
        await session.open()
        if is_reset:
            session.begin_writing(WRITE, FROM_SERVER)
            count = 0
            for log in sorted(_CLEAR) if which == _ALL else (which,):
                count += await _clear(session, log)
        else:
            count = await _send(car, session, which, start)
        return OK, "%d,%d" % (which, count)
    except SevconError as error:
        return FAILED, _error_text(error)
    except ValueError as error:
        return FAILED, str(error)
    finally:
        session.close()


def _whole(text, default):
    """Number of up to three digits, `default` for an empty text, None for any other."""
    for character in text:
        if not "0" <= character <= "9":
            return None
    return (int(text) if len(text) < 4 else None) if text else default


async def _entries(session, log):
    counter = _LOGS[log][1]
    return counter if counter < 256 else await session.read(counter >> 8, counter & 0xFF)


async def _clear(session, log):
    """Number of entries there were."""
    count = await _entries(session, log)
    await session.write(_CLEAR[log] >> 8, _CLEAR[log] & 0xFF, 1)
    return count


async def _send(car, session, which, start):
    """Send up to ten records; their number."""
    hours = await session.read(0x5200, 1)
    quarters = await session.read(0x5200, 2)
    car.on_record("RT-ENG-LogKeyTime", 0, _LIFETIME_S, "%d,%d" % (hours, quarters))
    name, _, selector, index, subindexes = _LOGS[which]
    end = min(await _entries(session, which), start + _ENTRIES_MAX)
    for n in range(start, end):
        if selector:
            await session.write(selector >> 8, selector & 0xFF, n)
        at = index if selector else index + n
        fields = []
        for subindex in subindexes:
            value = await session.read(at, abs(subindex))
            if subindex == subindexes[0] and which != 5:
                fields.append("%04X" % value)
                fields.append(await _description(session, value))
            elif subindex < 0:
                fields.append("%02X" % value)
            elif which == 5:
                # 16 bits with a sign.
                fields.append("%d" % ((value ^ 0x8000) - 0x8000))
            else:
                fields.append("%d" % value)
        car.on_record("RT-ENG-" + name, n, _LIFETIME_S, ",".join(fields))
    return max(end - start, 0)


async def _description(session, code):
    try:
        return (await _fault_text(session, code)).replace(",", ";") or "-"
    except SevconError:
        return "-"


def _error_text(error):
    from ovms.vehicle.twizy.sevcon.error_texts import error_text

    return error_text(error)


def _fault_text(session, fault):
    from ovms.vehicle.twizy.sevcon.fault_texts import fault_text

    return fault_text(session, fault)
