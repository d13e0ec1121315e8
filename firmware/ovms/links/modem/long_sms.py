"""Messages longer than one SMS: their parts are read one by one and put together.

Several may arrive mixed. What a stranger begins costs nobody a message but strangers.
Source: hardware facts 4.4, dialogue D14.
"""

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.parameters import PHONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import Find, Message
    from ovms.links.modem.modem import Modem

_READ_S = const(10)
# Of a long message no more is kept than any command needs, and for some ten minutes; of messages,
# no more than somebody sends in that time.
_PARTS_MAX = const(9)
_PATIENCE = const(10)
_MESSAGES_MAX = const(4)


class LongSMS:
    """A message of which parts are missing.

    key: what its parts have in common, its sender first. texts: of each part, or None. searches:
    of the modem's store until it is given up. finds: see `Modem`, of the owner's alone: nobody
    else may fill the store with what has no end.
    """

    finds: "tuple[Find, ...]"
    texts: "list[Any]"

    def __init__(self, key: tuple[str, int, int], total: int) -> None:
        self.key = key
        self.finds = ()
        self.texts = [None] * min(total, _PARTS_MAX)
        self.searches = _PATIENCE


async def read_pdu(modem: "Modem", index: int) -> "Message | None":
    """Message `index` once more, see `sms_pdu.message`: text mode does not tell all of it."""
    port = modem.port
    lines = ()
    try:
        await port.execute(b"AT+CMGF=0")
        lines = await port.execute(b"AT+CMGR=%d" % index, limit_s=_READ_S)
    except ATError:
        modem.status.count("sms_no_pdu")
    if await port.ask(b"AT+CMGF=1") is None:
        modem.is_sms_ready = modem.has_news = True
    from ovms.protocol.sms_pdu import message

    return message(lines[1]) if len(lines) > 1 else None


def join(
    modem: "Modem", sender: str, text: str, part: tuple[int, int, int], finds: "tuple[Find, ...]"
) -> None:
    """Keep a part (see `sms_pdu.message`) until its message is whole. finds: see `Modem`."""
    reference, total, place = part
    key = (sender, reference, total)
    if not _is_owner(modem, sender):
        modem.spent += finds
        finds = ()
    long = None
    for other in modem.long_sms:
        if other.key == key:
            long = other
    if long is None:
        if len(modem.long_sms) >= _MESSAGES_MAX and not _has_room(modem, sender):
            modem.spent += finds
            return
        long = LongSMS(key, total)
        modem.long_sms.append(long)
    long.finds += finds
    if place <= _PARTS_MAX:
        long.texts[place - 1] = text
    if None not in long.texts:
        modem.long_sms.remove(long)
        modem.queue.append((sender, "".join(long.texts)) + long.finds)
        modem.port.news.set()
        modem.status.count("sms_received")


def _has_room(modem, sender):
    """Give up the oldest message, or the new one where all others are the owner's."""
    modem.status.count("sms_incomplete")
    for long in modem.long_sms:
        if not _is_owner(modem, long.key[0]):
            modem.long_sms.remove(long)
            return True
    if not _is_owner(modem, sender):
        return False
    modem.spent += modem.long_sms.pop(0).finds
    return True


def _is_owner(modem, sender):
    from ovms.protocol.phone import normal_phone

    return normal_phone(sender) == modem.config.get(PHONE)
