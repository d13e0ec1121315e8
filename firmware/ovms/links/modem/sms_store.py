"""The stores of a modem, place by place. Loaded on demand.

A modem may have several: `+CPMS` tells from which one it reads and where it puts what comes; the
class of a message, or a full SIM, may bring it into another, which its announcement names.
A place is (time stamp, store, index): the first 0 where it is not known, the second bytes, b"" for
the store that received messages go to.
Source: 3GPP 27.005, 3.2.2, 3.2.3 and 3.4.1; SIM800 AT manual, AT+CPMS; hardware facts 4.4.
"""

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.protocol.at import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Lines, Place
    from ovms.links.modem.inbox import Finds
    from ovms.links.modem.modem import Modem

_READ_S = const(10)
_DELETE_S = const(25)
# Later than any time: messages without a stamp are the last ones.
_NO_STAMP = const(0x3FFFFFFF)
# Seconds to 2020, so that a stamp is a small number.
_EPOCH_S = const(1577836800)
_REFUSED_MAX = const(8)
# +CMS ERROR of a store, not of a place: no SIM, locked, busy, failing. 321 is an empty place.
_FIRST_SIM_ERROR = const(310)
_LAST_SIM_ERROR = const(318)
_EMPTY = const(321)


async def search(modem: "Modem", finds: "Finds") -> bool:
    """Add all that waits in the stores. False when the modem cannot tell now."""
    for long in list(modem.long_sms):
        long.searches -= 1
        if not long.searches:
            modem.long_sms.remove(long)
            modem.spent += long.finds
            modem.status.count("sms_incomplete")
    answer = await _find_home(modem)
    if not answer:
        return True
    for store in list(modem.stores):
        if store != modem.stores[0]:
            answer = await use(modem, store) and await modem.port.ask(b"AT+CPMS?")
        if answer and not await _search_store(modem, store, answer, finds):
            return False
    return True


async def _search_store(modem, store, answer, finds):
    is_home = store == modem.stores[0]
    name = b"" if is_home else store
    # Of those that were read nothing is to be found out.
    used = (number(answer, 1) or 0) - len([find for find in modem.kept if find[0] == name])
    used = max(used, 0)
    if is_home and used <= modem.lost_sms:
        # Some are counted, and in no place.
        modem.lost_sms = used
        return True
    count = 0
    refused = list(modem.unread)
    for index in range(1, (number(answer, 2) or 0) + 1):
        place = (0, name, index)
        if is_kept(modem, place):
            continue
        lines = await read(modem, place)
        if lines is None:
            return False
        if lines:
            await modem.port.clock.sleep_ms(0)
            finds.add(dated(place, lines), lines)
            count += 1
            if count == used:
                return True
    is_lost = is_home and not count and refused == modem.unread
    if is_lost and not (modem.announced or modem.kept):
        # What cannot be found by its number would fill the store for ever.
        await modem.port.ask(b"AT+CMGD=1,4", limit_s=_DELETE_S)
        answer = await modem.port.ask(b"AT+CPMS?")
        modem.lost_sms = (number(answer, 1) if answer else 0) or 0
    return True


async def read(modem: "Modem", place: "Place") -> "Lines | None":
    """Lines (list of bytes) of the message at `place`, () when there is none to be had.

    None when the modem itself is the reason. A place that is refused twice is deleted.
    """
    if not await use(modem, place[1]):
        return ()
    try:
        lines = await modem.port.execute(b"AT+CMGR=%d" % place[2], limit_s=_READ_S)
    except ATError as error:
        why = error.args[0]
        code = number(why, 0)
        if code == _EMPTY:
            return ()
        if b"SIM" in why.upper() or (code and _FIRST_SIM_ERROR <= code <= _LAST_SIM_ERROR):
            return None
        await _refused(modem, place[1:])
        is_place = not (modem.fault or modem.port.is_lost or why == b"timeout")
        return () if is_place else None
    if place[1:] in modem.unread:
        modem.unread.remove(place[1:])
    return lines


async def _refused(modem, key):
    if key in modem.unread:
        # A text that lets its own reading fail would be in the way for ever.
        modem.unread.remove(key)
        modem.status.count("sms_unreadable")
        await modem.port.ask(b"AT+CMGD=%d" % key[1], limit_s=_DELETE_S)
    elif len(modem.unread) < _REFUSED_MAX:
        modem.unread.append(key)


def dated(place: "Place", lines: list[bytes]) -> "Place":
    """`place` with the time stamp of its message, whose lines are those of `read`."""
    from ovms.protocol.sms_text import fields_of

    stamp = fields_of(lines[0])[4]
    utc_s = None
    if stamp:
        from ovms.protocol import at_values

        utc_s = at_values.utc_s(b":" + stamp)
    return (max(utc_s - _EPOCH_S, 1) if utc_s else _NO_STAMP,) + place[1:]


def is_store(name: bytes) -> bool:
    """Whether `name` (bytes) is one of a store: two letters, or some more."""
    return 2 <= len(name) <= 4 and name.replace(b"_", b"").isalpha()


def key(modem: "Modem", place: "Place") -> tuple[bytes, int]:
    """(store, index) of `place`, the same whoever named the store."""
    return (b"" if place[1] in modem.stores[:1] else place[1]), place[2]


def is_kept(modem: "Modem", place: "Place") -> bool:
    """Whether what lies at `place` was read and is worked on, or is to be deleted."""
    place = key(modem, place)
    return place in [find[:2] for find in modem.kept]


async def delete_spent(modem: "Modem") -> None:
    """Delete what was answered. What cannot be deleted now is tried again with the next search."""
    for find in list(modem.spent):
        if await _is_deleted(modem, find):
            modem.spent.remove(find)
            modem.kept.remove(find)


async def _is_deleted(modem, find):
    if not await use(modem, find[0]):
        return False
    try:
        await modem.port.execute(b"AT+CMGD=%d" % find[1], limit_s=_DELETE_S)
    except ATError as error:
        return number(error.args[0], 0) == _EMPTY
    return True


async def _find_home(modem):
    """`+CPMS: ...` of a modem that reads from the store it fills; None when it does not tell."""
    answer = await modem.port.ask(b"AT+CPMS?")
    if not answer:
        return None
    names = [name for name in answer.split(b'"')[1::2] if is_store(name)]
    home = names[2] if len(names) > 2 else b"".join(names[:1])
    if names and names[0] != home:
        await modem.port.ask(b'AT+CPMS="%s"' % home)
        answer = await modem.port.ask(b"AT+CPMS?")
    modem.stores = [home] + modem.stores[1:]
    modem.store = home
    return answer


async def use(modem: "Modem", store: bytes) -> bool:
    """Whether the modem now reads from `store` (bytes, b"" for the usual one)."""
    if not modem.stores and (not store or not await _find_home(modem)):
        # It has one, or does not tell.
        return True
    name = store or modem.stores[0]
    if name == modem.store:
        return True
    if await modem.port.ask(b'AT+CPMS="%s"' % name) is None:
        return False
    modem.store = name
    if name not in modem.stores:
        modem.stores.append(name)
    return True


async def use_home(modem: "Modem") -> None:
    """Read from the usual store again."""
    if modem.stores:
        await use(modem, b"")
