"""Messages longer than one SMS: their parts are read one by one and put together.

Source: hardware facts 4.4, dialogue D14.
"""

from micropython import const

from ovms.links.modem.at_port import ATError

_READ_S = const(10)
# Of a long message no more is kept than any command needs, and for some ten minutes.
_PARTS_MAX = const(9)
_PATIENCE = const(10)


class LongSMS:
    """A message of which parts are missing.

    key: what its parts have in common. texts: of each part, or None. searches: of the modem's
    store until it is given up.
    """

    def __init__(self, key, total):
        self.key = key
        self.texts = [None] * min(total, _PARTS_MAX)
        self.searches = _PATIENCE


async def read_part(modem, index):
    """Message `index` once more, see `sms_pdu.part`: text mode does not tell which part it is."""
    port = modem.port
    lines = ()
    try:
        await port.execute(b"AT+CMGF=0")
        lines = await port.execute(b"AT+CMGR=%d" % index, limit_s=_READ_S)
    except ATError:
        modem.status.count("sms_no_pdu")
    if await port.ask(b"AT+CMGF=1") is None:
        modem.is_sms_ready = modem.has_news = True
    from ovms.protocol.sms_pdu import part

    return part(lines[1]) if len(lines) > 1 else None


def join(modem, number, text, reference, total, place):
    """Keep a part (see `sms_pdu.part`) until its message is whole, and of one message only."""
    key = (number, reference, total)
    long = modem.long_sms
    if long is None or long.key != key:
        if long is not None:
            modem.status.count("sms_incomplete")
        long = modem.long_sms = LongSMS(key, total)
    if place <= _PARTS_MAX:
        long.texts[place - 1] = text
    if None not in long.texts:
        modem.long_sms = None
        modem.queue.append((number, "".join(long.texts)))
        modem.port.news.set()
        modem.status.count("sms_received")
