"""A SIM7000's end of a UART for tests of its driver. Source: hardware facts 4.10, D21 and D22.

`FakeModem` answers from a table; here is what needs more. Like the real one it hangs for good when
it is asked for data without a connection, or for more than it holds.
"""

from tools.simulated_board.fakes.at_peer import FakeModem, info

_DATA = "AT+CARECV=0,"
_SEND = "AT+CASEND=0,"


class FakeSIM7000(FakeModem):
    """received: bytes of the peer that nobody has read. is_open: the connection."""

    def __init__(self, piece=4096):
        super().__init__(piece)
        self.is_open = self.is_active = False
        self.received = b""
        self.open_answer = b"\r\n+CAOPEN: 0,0\r\n\r\nOK\r\n"
        self.active_urc = "+APP PDP: ACTIVE"
        # What follows the bytes of a segment; None for all of them.
        self.taken = None
        self.answers.update(
            {
                "AT+CREG?": info("+CREG: 1,0"),
                "AT+CGREG?": info("+CGREG: 1,0"),
                "AT+CEREG?": info("+CEREG: 1,1"),
                "AT+CGDCONT?": info('+CGDCONT: 1,"IP","internet","0.0.0.0",0,0,0,0'),
                "AT+GMM": info("SIMCOM_SIM7000G"),
                "AT+COPS?": info('+COPS: 0,0,"Telekom.de",7'),
            }
        )
        for text in [text for text in self.answers if "+CIP" in text or "CIFSR" in text]:
            del self.answers[text]

    def receive(self, data):
        """The peer sends `data`."""
        if not self.received:
            self.urc("+CADATAIND: 0")
        self.received += data

    def peer_closes(self):
        """Unread data are gone."""
        self.is_open = False
        self.received = b""
        self.urc("+CASTATE: 0,0")

    def lose_bearer(self):
        """The network ends it."""
        self.is_open = self.is_active = False
        self.urc("+APP PDP: DEACTIVE")

    def _answer(self, text):
        if text in self.answers:
            super()._answer(text)
            return
        self.sent.append(text)
        say = self.wire.deliver
        if text.startswith(_SEND):
            if not self.is_open:
                say(b"\r\nERROR\r\n")
                return
            self._awaited = int(text[len(_SEND) :])
            taken = b"0,0,%d" % self._awaited if self.taken is None else self.taken
            self.send_answer = b"\r\nOK\r\n\r\n+CASEND: %s\r\n" % taken
            say(b"\r\n>")
        elif text.startswith("AT+CARECV"):
            self._read(text)
        elif text == "AT+CNACT?":
            say(info('+CNACT: 1,"10.0.0.1"' if self.is_active else '+CNACT: 0,"0.0.0.0"'))
        elif text.startswith("AT+CNACT="):
            self.is_active = text[9] == "1" and "DE" not in self.active_urc
            self.is_open = False
            urc = self.active_urc if text[9] == "1" else "+APP PDP: DEACTIVE"
            say(b"\r\nOK\r\n\r\n" + urc.encode() + b"\r\n")
        elif text.startswith("AT+CAOPEN="):
            self.is_open = self.is_active and b"0,0" in self.open_answer
            say(self.open_answer)
        elif text == "AT+CACLOSE=0":
            say(b"\r\nOK\r\n" if self.is_open else b"\r\nERROR\r\n")
            self.is_open = False
        elif text == "AT+CASTATE?":
            say(info("+CASTATE: 0,1") if self.is_open else b"\r\nOK\r\n")
        else:
            self.sent.pop()
            super()._answer(text)

    def _read(self, text):
        if not self.is_open:
            self.is_deaf = True
        elif text == "AT+CARECV?":
            held = len(self.received)
            self.wire.deliver(info("+CARECV: 0,%d" % held) if held else b"\r\nOK\r\n")
        else:
            n = int(text[len(_DATA) :])
            if n > len(self.received):
                self.is_deaf = True
                return
            data = self.received[:n]
            self.received = self.received[n:]
            self.wire.deliver(b"\r\n+CARECV: %d," % n + data + b"\r\n\r\nOK\r\n")
