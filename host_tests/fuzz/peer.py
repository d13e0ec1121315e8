"""A modem with a store of SMS that judges every byte the driver sends."""

import os

from host_tests.fuzz.jumping_time import now_ms
from host_tests.fuzz.sms import text_of, ucs2
from tools.simulated_board.fakes.at_peer import FakeModem, info

_FOLDERS = ("firmware/ovms/links/modem", "firmware/ovms/links/modem/sim800")


def known_commands():
    """Names of all AT commands that stand in the driver's sources."""
    names = {"AT", "AT&W"}
    files = [folder + "/" + name for folder in _FOLDERS for name in os.listdir(folder)]
    for file in files:
        if file.endswith(".py"):
            with open(file) as source:
                # Line by line: a whole source is too much for the heap of a fuzzed module.
                for text in source:
                    at = text.find("AT")
                    while at >= 0:
                        names.add("AT" + _name(text[at + 2 :]))
                        at = text.find("AT", at + 1)
    # Named only to be refused: to dial, to answer a call, to go online.
    return names - {"ATA", "ATD", "ATO"}


def _name(text):
    end = 0
    while end < len(text) and ("A" <= text[end] <= "Z" or (end == 0 and text[end] in "+&")):
        end += 1
    return text[:end]


class JudgingModem(FakeModem):
    """fault: the first thing the driver did that it must not, or None. store: Message by place.

    has_ucs2: whether it knows that character set. out: what it was given to send: (number, text).
    quiet_since_ms: when the driver spoke last.
    """

    def __init__(self, known, has_ucs2=True, piece=4096):
        super().__init__(piece)
        self.fault = None
        self.known = known
        self.has_ucs2 = has_ucs2
        self.store = {}
        self.out = []
        self.quiet_since_ms = 0
        self._charset = "IRA"
        self._is_text = True
        self._number = ""

    def deliver(self, message, is_stored):
        """The network brings `message`."""
        if is_stored:
            place = 1
            while place in self.store:
                place += 1
            self.store[place] = message
            self.urc('+CMTI: "SM",%d' % place)
        else:
            self.wire.deliver(b"\r\n+CMT: " + self._printed(message, b"") + b"\r\n")

    def _printed(self, message, status):
        is_ucs2 = self._charset == "UCS2" and message.is_honest
        body = ucs2(message.text) if is_ucs2 else message.body
        length = len(body) if message.is_honest else message.length
        number = ucs2(message.number) if is_ucs2 else message.raw
        return b'%s"%s","","%s",145,%d,0,%d,"+491710760000",145,%d\r\n%s' % (
            status, number, message.date, message.octet, message.coding, length, body
        )  # fmt: skip

    def _on_write(self, data):
        self.quiet_since_ms = now_ms()
        super()._on_write(data)

    def _answer(self, text):
        if self.fault is None:
            self.fault = self._judged(text)
        del self.sent[:-20]
        name, _, argument = text.partition("=")
        if name == "AT+CMGR":
            self.sent.append(text)
            message = self.store.get(int(argument))
            if message is None:
                self.wire.deliver(b"\r\nOK\r\n")
            elif self._is_text:
                head = b"\r\n+CMGR: " + self._printed(message, b'"REC UNREAD",')
                self.wire.deliver(head + b"\r\n\r\nOK\r\n")
            else:
                form = b'\r\n+CMGR: 1,"",%d\r\n%s\r\n\r\nOK\r\n'
                self.wire.deliver(form % (len(message.pdu) // 2 - 8, message.pdu))
            return
        if name == "AT+CMGD":
            place, _, flag = argument.partition(",")
            if flag:
                self.store.clear()
            else:
                self.store.pop(int(place), None)
        elif name == "AT+CMGF":
            self._is_text = argument == "1"
        elif name == "AT+CSCS":
            if "UCS2" in argument and not self.has_ucs2:
                self.sent.append(text)
                self.wire.deliver(b"\r\nERROR\r\n")
                return
            self._charset = argument.strip('"')
        elif name == "AT+CMGS":
            self._number = argument.strip('"')
        elif text == "AT+CPMS?":
            self.sent.append(text)
            self.wire.deliver(info('+CPMS: "SM",%d,30,"SM",0,30,"SM",0,30' % len(self.store)))
            return
        super()._answer(text)

    def _take_payload(self):
        count = len(self.payloads)
        is_whole = super()._take_payload()
        if len(self.payloads) > count:
            self._judge_payload(self.payloads.pop())
        return is_whole

    def _judge_payload(self, data):
        """`data`: an SMS and Ctrl-Z."""
        payload = data[:-1].decode()
        number = self._number
        if self._charset == "UCS2":
            number = decoded(number)
            payload = decoded(payload)
        elif len(payload) > 160 and self.fault is None:
            self.fault = "an SMS of %d characters" % len(payload)
        for byte in payload.encode():
            if byte < 32 and byte not in b"\r\n" and self.fault is None:
                self.fault = "control characters in %r" % payload
        self.out.append((number, payload))

    def _judged(self, text):
        """What is wrong with the command line `text`, or None."""
        for byte in text.encode():
            if not 32 <= byte < 127:
                return "control characters in %r" % text
        first = True
        for part in text.split(";"):
            name = part if first else "AT" + part
            first = False
            if "AT" + _name(name[2:]) not in self.known:
                return "no command of the driver: %r" % text
        if text.startswith("AT+CMGS="):
            number = text[8:].strip('"')
            if self._charset == "UCS2":
                number = decoded(number)
            digits = number[1:] if number[:1] == "+" else number
            if text != 'AT+CMGS="%s"' % text[8:].strip('"') or not digits.isdigit():
                return "no number in %r" % text
        return None


def decoded(words):
    """The text of hexadecimal UCS2 (str)."""
    return text_of([int(words[at : at + 4], 16) for at in range(0, len(words), 4)])
