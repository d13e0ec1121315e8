"""The modem's end of a UART for tests of the AT port and the SIM800 driver.

`Transcript` plays a fixed dialogue, written from the driver's point of view: `(TX, bytes)` is what
the driver must send, `(RX, bytes)` what it then receives. `FakeModem` answers commands from a
table and can be changed while it runs. Both deliver their bytes through a `Wire`.
"""

import asyncio

TX = "TX"
RX = "RX"

_TEXT = -1


class Wire:
    """Byte stream of the contract, driver's end. on_write(bytes) hears what the driver sends.

    piece: most bytes that one `readinto` gives.
    """

    def __init__(self, on_write, piece=4096):
        self.piece = piece
        self._on_write = on_write
        self._pending = bytearray()
        self._arrived = asyncio.Event()

    def deliver(self, data):
        """Bytes for the driver."""
        self._pending += data
        self._arrived.set()

    @property
    def is_empty(self):
        """Whether the driver has read everything."""
        return not self._pending

    async def readinto(self, view):
        while not self._pending:
            self._arrived.clear()
            await self._arrived.wait()
        n = min(len(view), len(self._pending), self.piece)
        view[:n] = self._pending[:n]
        self._pending = self._pending[n:]
        return n

    async def write(self, data):
        self._on_write(bytes(data))

    async def close(self):
        pass


class Transcript:
    """steps: list of (TX | RX, bytes). `wire` is for the driver.

    After the end and before the first wrong byte of the driver `is_done` and `fault` say so.
    """

    def __init__(self, steps, piece=4096):
        self.wire = Wire(self._on_write, piece)
        self.fault = None
        self._steps = list(steps)
        self._sent = b""

    @property
    def is_done(self):
        return not self._steps

    def start(self):
        """Deliver what comes before the driver speaks."""
        while self._steps and self._steps[0][0] == RX:
            self.wire.deliver(self._steps.pop(0)[1])

    def _on_write(self, data):
        self._sent += data
        while self._sent and self.fault is None:
            if not self._steps:
                self.fault = "sent %r after the end" % self._sent
                return
            expected = self._steps[0][1]
            n = min(len(expected), len(self._sent))
            if self._sent[:n] != expected[:n]:
                self.fault = "sent %r instead of %r" % (self._sent, expected)
                return
            if n < len(expected):
                return
            self._sent = self._sent[n:]
            self._steps.pop(0)
            self.start()


class FakeModem:
    """Answers every command from `answers`, the others with OK.

    answers: {command text: answer bytes, or a list of them, the last of which stays, or a function
    without arguments that returns bytes}. `sent` collects the commands, `payloads` what came at
    prompts. is_deaf: hears nothing.
    """

    def __init__(self, piece=4096):
        self.wire = Wire(self._on_write, piece)
        self.sent = []
        self.payloads = []
        self.is_deaf = False
        self.has_echo = False
        self.answers = {
            "AT+CFUN?": info("+CFUN: 1"),
            "AT+CLTS?": info("+CLTS: 1"),
            "AT+GSN": info("869988012345678"),
            "AT+CCID": info("8949020000012345678F"),
            "AT+CPIN?": info("+CPIN: READY"),
            "AT+CREG?": info("+CREG: 1,1"),
            "AT+CSQ": info("+CSQ: 17,0"),
            "AT+COPS?": info('+COPS: 0,0,"Telekom.de"'),
            "AT+CCLK?": info('+CCLK: "26/08/24,10:53:21+08"'),
            "AT+CPMS?": info('+CPMS: "SM",0,30,"SM",0,30,"SM",0,30'),
            "AT+CIPSHUT": b"\r\nSHUT OK\r\n",
            "AT+CGATT?": info("+CGATT: 1"),
            "AT+CIFSR": b"\r\n10.178.45.9\r\n",
            "AT+CIPCLOSE": b"\r\nCLOSE OK\r\n",
            "AT+CIPSTATUS": b"\r\nOK\r\n\r\nSTATE: CONNECT OK\r\n",
        }
        # Answers to what is sent at a prompt, by the command that opened it.
        self.send_answer = b"\r\nSEND OK\r\n"
        self.sms_answer = b"\r\n+CMGS: 34\r\n\r\nOK\r\n"
        self.prompt = b"\r\n> "
        self._socket = bytearray()
        self._buffer = b""
        # While a prompt is open: bytes awaited, or _TEXT for a text up to Ctrl-Z.
        self._awaited = None

    def urc(self, *lines):
        """Unsolicited lines, each in its own line ends."""
        for line in lines:
            self.wire.deliver(b"\r\n" + line.encode() + b"\r\n")

    def receive(self, data):
        """The peer of the TCP connection sends `data`."""
        if not self._socket:
            self.urc("+CIPRXGET: 1")
        self._socket += data

    def hear_noise(self):
        """Something that is no command: the next line is taken for its end."""
        self._buffer = b"\x80\xe0"

    def count(self, command):
        """How often `command` was sent."""
        return len([text for text in self.sent if text == command])

    def _on_write(self, data):
        if self.is_deaf:
            return
        self._buffer += data
        while self._buffer:
            if self._awaited is not None:
                if not self._take_payload():
                    return
                continue
            end = self._buffer.find(b"\r")
            if end < 0:
                if self._buffer == b"\x1b":
                    self._buffer = b""
                return
            line = self._buffer[:end].strip(b"\x1b")
            self._buffer = self._buffer[end + 1 :]
            if line[:1] >= b"\x80":
                continue
            text = line.decode()
            self._answer(text)

    def _take_payload(self):
        """Whether the payload at the prompt is complete, or was aborted."""
        is_text = self._awaited == _TEXT
        length = self._awaited
        if is_text:
            length = self._buffer.find(b"\x1a") + 1
            escape = self._buffer.find(b"\x1b", 0, length or len(self._buffer))
            if escape >= 0:
                self._buffer = self._buffer[escape + 1 :]
                self._awaited = None
                self.wire.deliver(b"\r\nOK\r\n")
                return True
        if not length or len(self._buffer) < length:
            return False
        self.payloads.append(self._buffer[:length])
        self._buffer = self._buffer[length:]
        self._awaited = None
        self.wire.deliver(_next(self.sms_answer if is_text else self.send_answer))
        return True

    def _answer(self, text):
        self.sent.append(text)
        if self.has_echo:
            self.wire.deliver(text.encode() + b"\r")
        if text == "ATE0":
            self.has_echo = False
        answer = self.answers.get(text)
        if answer is not None:
            self.wire.deliver(_next(answer))
        elif text.split("=")[0] in ("AT+CMGS", "AT+CIPSEND"):
            prompt = _next(self.prompt)
            if prompt.endswith(b"> "):
                self._awaited = _TEXT if "CMGS" in text else int(text[11:])
            self.wire.deliver(prompt)
        elif text.startswith("AT+CIPSTART="):
            self.wire.deliver(b"\r\nOK\r\n\r\nCONNECT OK\r\n")
        elif text.startswith("AT+CIPRXGET=2,"):
            data = bytes(self._socket[: int(text[14:])])
            self._socket = self._socket[len(data) :]
            head = "\r\n+CIPRXGET: 2,%d,%d\r\n" % (len(data), len(self._socket))
            self.wire.deliver(head.encode() + data + b"\r\nOK\r\n")
        else:
            self.wire.deliver(b"\r\nOK\r\n")


def info(line):
    """Answer bytes of one information response and OK."""
    return b"\r\n" + line.encode() + b"\r\n\r\nOK\r\n"


def _next(answer):
    if callable(answer):
        return answer()
    if isinstance(answer, list):
        return answer.pop(0) if len(answer) > 1 else answer[0]
    return answer
