"""Received SMS: from the store of a modem in text mode into `Modem.queue`.

Received messages are stored by the modem, announced, read, and deleted when they were answered, so
that nothing is lost with the module's RAM; that none is carried out twice is the business of
`services/sms/journal.py`. One at a time, the oldest by its time stamp first: what nobody has asked
for yet is safer in the modem. One that is delivered directly comes by `urcs.py`. What is read
stands in `sms_store.py`.
Source: hardware facts 4.4, dialogues D7, D8 and D14.
"""

from binascii import crc32

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Find, Lines, Message, Place
    from ovms.links.modem.modem import Modem

# Places that are remembered, as in `urcs.py`; what waits in others is searched for again.
_PLACES_MAX = const(6)


class Finds:
    """Messages that wait in the stores.

    places: (time stamp, store, index) of the oldest ones; more: there are others. lines: of the
    oldest one, where it was read already.
    """

    places: "list[Place]"
    lines: "Lines"

    def __init__(self) -> None:
        self.places = []
        self.lines = ()
        self.more = False

    def add(self, place: "Place", lines: "Lines") -> None:
        """A message, its lines (see `sms_store.read`) or () when they were not kept."""
        if place in self.places:
            return
        if not self.places or place < self.places[0]:
            self.lines = lines
        self.places.append(place)
        self.places.sort()
        if len(self.places) > _PLACES_MAX:
            self.places.pop()
            self.more = True


async def fetch_sms(modem: "Modem") -> None:
    """Read and delete one message that the modem has stored, if there is one."""
    # The other tasks have their turn between two loads of code.
    await modem.port.clock.sleep_ms(0)
    async with modem.sms_lock:
        if modem.has_ucs2:
            await _use_charset(modem, b"UCS2")
        while (modem.announced or modem.is_sms_due) and not modem.queue:
            if not await _take_oldest(modem):
                break
        await modem.port.clock.sleep_ms(0)
        await _use_charset(modem, modem.plain_charset)


async def _take_oldest(modem):
    """Queue the oldest message; False when the modem cannot tell now."""
    sms_store = _store()
    finds = Finds()
    waiting = modem.announced
    modem.announced = []
    is_due = modem.is_sms_due
    modem.is_sms_due = False
    await sms_store.delete_spent(modem)
    is_fine = await _look(modem, sms_store, waiting, finds)
    if is_fine and is_due:
        is_fine = await sms_store.search(modem, finds)
    if is_fine and finds.places:
        place = finds.places.pop(0)
        lines = finds.lines or await sms_store.read(modem, place)
        is_fine = lines is not None
        if lines:
            await _take(modem, sms_store, place, lines)
            # A stranger's part, or what is damaged.
            await sms_store.delete_spent(modem)
    # What is left keeps its time stamp. Others may have been announced meanwhile.
    left = finds.places + modem.announced
    modem.announced = left[:_PLACES_MAX]
    modem.is_sms_due = modem.is_sms_due or finds.more or len(left) > _PLACES_MAX
    await sms_store.use_home(modem)
    return is_fine


def _store():
    from ovms.links.modem import sms_store

    return sms_store


async def _look(modem, sms_store, waiting, finds):
    """Find out when the messages at `waiting` were sent; one alone is just read."""
    for place in waiting:
        if sms_store.is_kept(modem, place):
            continue
        if not place[0]:
            lines = await sms_store.read(modem, place)
            if lines is None:
                return False
            if lines:
                await modem.port.clock.sleep_ms(0)
                finds.add(sms_store.dated(place, lines), lines)
        else:
            finds.add(place, ())
    return True


async def _take(modem, sms_store, place, lines):
    """Queue what the message at `place` says; it stays there until it was answered."""
    found = None
    if len(lines) > 1 and _is_vague(lines[0], modem.charset):
        from ovms.links.modem.long_sms import read_pdu

        found = await read_pdu(modem, place[2])
    await modem.port.clock.sleep_ms(0)
    find = sms_store.key(modem, place)
    # Without the first field, which tells whether it was read. Only PDU mode tells which part.
    crc = crc32(b"".join(lines)[lines[0].find(b",") :], crc32(repr(found).encode()))
    if crc in [find[2] for find in modem.kept]:
        # One store may show what lies in another. If it is none of these, it is found again.
        return
    find += (crc,)
    modem.kept.append(find)
    try:
        if found:
            take_pdu(modem, found, (find,))
        elif len(lines) > 1:
            deliver(modem, lines[0], lines[1], modem.charset, (find,))
        else:
            modem.spent.append(find)
    except MemoryError:
        # It is found again.
        modem.kept.remove(find)
        raise
    except Exception:
        # A text that lets its own decoding fail would be in the way for ever.
        modem.spent.append(find)
        raise


def _is_vague(header, charset):
    """Whether only PDU mode tells where the text belongs, or whether its sender is a number."""
    from ovms.protocol.sms_text import fields_of

    sender, kind, octet, _, _ = fields_of(header)
    if octet is not None and octet & 0x40:
        return True
    if kind is not None or sender is None:
        return False
    from ovms.protocol.sms_sender import decoded

    return decoded(sender, kind, charset)[:1] == '"'


def take_pdu(modem: "Modem", message: "Message", finds: "tuple[Find, ...]" = ()) -> None:
    """Queue a message, see `sms_pdu.message`, or join it with its other parts.

    finds: see `Modem`, () for what is in no store.
    """
    sender, text, place = message
    if place is None:
        _queue(modem, (sender, text), finds)
    else:
        from ovms.links.modem.long_sms import join

        join(modem, sender, text, place, finds)


def deliver(
    modem: "Modem",
    header: bytes,
    text: bytes,
    charset: bytes | None,
    finds: "tuple[Find, ...]" = (),
) -> None:
    """Queue a message; header, text: bytes of the modem in `charset`. A damaged one is counted.

    finds: as of `take_pdu`.
    """
    if header.count(b",") < 2 and header.startswith(b"+CMT:"):
        # In PDU mode no more is told than how long it is.
        from ovms.protocol.sms_pdu import message

        found = message(text)
        if found:
            take_pdu(modem, found)
            return
    from ovms.protocol.sms_text import incoming

    _queue(modem, incoming(header, text, charset), finds)


def _queue(modem, message, finds):
    if not message:
        modem.status.count("sms_damaged")
        modem.spent += finds
    else:
        modem.queue.append(message + finds)
        modem.port.news.set()
        modem.status.count("sms_received")


def _use_charset(modem, charset):
    from ovms.links.modem.sms_settings import use_charset

    return use_charset(modem, charset)
