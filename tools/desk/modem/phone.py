"""The other end of the SMS service: what the module sends, as a phone shows it."""

from dataclasses import dataclass

from tools.desk.modem.pdu import GSM7, UCS2

_MAX_UNFINISHED = 16
_CODING_NAMES = {GSM7: "gsm7", UCS2: "ucs2"}


@dataclass(frozen=True)
class OutgoingSms:
    """A complete message of the module. coding: "gsm7", "ucs2" or "8bit" (text is hex then)."""

    number: str
    text: str
    coding: str
    part_count: int


class Phone:
    """Joins long messages and hands each complete one to `on_sms`."""

    def __init__(self, on_sms):
        self._on_sms = on_sms
        self._unfinished = {}

    def receive(self, part):
        """Take one `pdu.Submitted`."""
        coding = _CODING_NAMES.get(part.dcs & 0x0C, "8bit")
        text = part.data.hex() if part.text is None else part.text
        if part.reference is not None and part.total > 1:
            key = (part.number, part.reference, part.total)
            texts = self._unfinished.setdefault(key, {})
            texts[part.sequence] = text
            if len(texts) < part.total:
                if len(self._unfinished) > _MAX_UNFINISHED:
                    del self._unfinished[next(iter(self._unfinished))]
                return
            del self._unfinished[key]
            text = "".join(texts[sequence] for sequence in sorted(texts))
        if self._on_sms is not None:
            self._on_sms(OutgoingSms(part.number, text, coding, part.total))
