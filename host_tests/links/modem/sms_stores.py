"""Stores of a `FakeModem` with messages in them."""

import asyncio

from host_tests.fakes.sms_pdus import address, gsm_part, name_address
from tools.simulated_board.fakes.at_peer import info

_HEADER = '"REC UNREAD","%s","","%s",%d,4,0,%d,"+491710760000",145,%d'
EMPTY = b"\r\nOK\r\n"
_REFUSED = b"\r\n+CMS ERROR: 303\r\n"


def stored(text, number="+4915112345678", coding=0, kind=145, stamp="26/08/24,10:20:30+08"):
    """Answer to AT+CMGR."""
    header = "+CMGR: " + _HEADER % (number, stamp, kind, coding, len(text))
    return b"\r\n" + header.encode() + b"\r\n" + text + b"\r\n\r\nOK\r\n"


def store_of(used):
    return info('+CPMS: "SM",%d,30,"SM",%d,30,"SM",%d,30' % (used, used, used))


async def answered(bench):
    """The message that was taken last is done with: somebody asks for the next one."""
    task = asyncio.create_task(bench.modem.next_sms())
    await bench.idle(8000)
    task.cancel()
    await asyncio.sleep_ms(0)


class Store:
    """A store of the fake modem. left: {place: answer to AT+CMGR}."""

    def __init__(self, bench, left, total=30, name="SM"):
        self.left = left
        self._form = '+CPMS: "%s",%%d,%d,"%s",%%d,%d,"%s",%%d,%d' % ((name, total) * 3)
        answers = bench.fake.answers
        answers["AT+CPMS?"] = lambda: info(self._form % ((len(self.left),) * 3))
        for place in range(1, total + 1):
            answers["AT+CMGR=%d" % place] = lambda place=place: self.left.get(place, EMPTY)
            answers["AT+CMGD=%d" % place] = lambda place=place: self._delete(place)

    def _delete(self, place):
        self.left.pop(place, None)
        return EMPTY


class LongMessages:
    """Parts of long messages in the store of `bench`'s modem. parts: {place: `part`}."""

    def __init__(self, bench, parts, has_pdu_mode=True):
        self.left = parts
        self._is_text = True
        answers = bench.fake.answers
        answers["AT+CMGF=1"] = lambda: self._set_mode(True)
        answers["AT+CMGF=0"] = lambda: self._set_mode(False) if has_pdu_mode else _REFUSED
        for place in parts:
            answers["AT+CMGR=%d" % place] = lambda place=place: self._read(place)
            answers["AT+CMGD=%d" % place] = lambda place=place: self._delete(place)

    def _set_mode(self, is_text):
        self._is_text = is_text
        return EMPTY

    def _read(self, place):
        if place not in self.left:
            return EMPTY
        text, header, number, kind = self.left[place]
        if self._is_text:
            return stored(text.encode(), number, 0, kind).replace(
                b",%d,4," % kind, b",%d,68," % kind
            )
        sender = name_address(number) if kind == 208 else address(number.lstrip("+"), kind)
        line = gsm_part(text, header, sender)
        return b'\r\n+CMGR: 0,"",40\r\n' + line + b"\r\n\r\nOK\r\n"

    def _delete(self, place):
        del self.left[place]
        return EMPTY


def part(text, reference, total, place, number="+4915112345678", kind=145):
    return text, bytes([5, 0, 3, reference, total, place]), number, kind
