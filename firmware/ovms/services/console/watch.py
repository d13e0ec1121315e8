"""WATCH of the DIAG console: what passes the modem, the GPS receiver and the CAN controller.

Loaded on demand; stays as long as its `Watch` does. What is watched knows nothing of it: `Watch`
covers methods of those objects with its own, and `stop` uncovers them. SMS texts, server data and
passwords are never shown. HEALTH is of the module itself: `health.py`.

    modem> a command   modem< a line it says   gps< a sentence   can< id#data   can> id#data
"""

from micropython import const

from ovms.protocol import at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import ModuleParts
    from ovms.services.console.session import Console

# Lines that wait for the serial port, and how much of them leaves in one turn: at 115200 baud
# these block the module for 22 ms, and the CAN driver's ring holds 115.
_QUEUE = const(48)
_TURN = const(256)
_LONGEST = const(120)
_LAST_ID = const(0x7FF)

_TO_MODEM = "modem> "
_FROM_MODEM = "modem< "
_FROM_GPS = "gps< "
_FROM_CAN = "can< "
_TO_CAN = "can> "

# Behind these stands a password or PIN (SIM800 AT manual V1.12; hardware facts 4.10).
_KEYS = ("+CPIN=", "+CPWD=", "+CLCK=", "+SAPBR=")
_ACCESS = ("+CSTT=", "+CSTT:", "+CNCFG=", "+CNCFG:")

_USE = "Use: WATCH [MODEM] [GPS] [HEALTH] [CAN [id ...]], ids hexadecimal; WATCH alone ends it."


def handle_watch(console: "Console", rest: str) -> str:
    """The answer to WATCH; sets `console.watch`."""
    wanted = rest.upper().split()
    ids = []
    for word in wanted:
        if word not in ("MODEM", "GPS", "CAN", "HEALTH"):
            try:
                ids.append(int(word, 16))
            except ValueError:
                return _USE
    if ids and ("CAN" not in wanted or min(ids) < 0 or max(ids) > _LAST_ID):
        return _USE
    if console.watch:
        console.watch.stop()
    console.watch = Watch(console.app, wanted, ids) if wanted else None
    return "Watching. WATCH alone ends it." if wanted else "Watching has ended."


class Watch:
    """wanted: some of MODEM, GPS, CAN and HEALTH. ids: the frames to show, empty for all that
    come in.
    """

    # What is watched: its methods are covered, which no type allows.
    _digester: "Any"
    _uart: "Any"
    _bus: "Any"
    _car: "Any"
    _next_event: "Any"
    _expect: "Any"
    _readinto: "Any"
    _recv: "Any"
    _send: "Any"
    _queue: "list[tuple[str, bytes, int]]"

    def __init__(self, app: "ModuleParts", wanted: list[str], ids: list[int]) -> None:
        self._app = app
        self._ids = ids
        self._queue = []
        self._lost = 0
        # What is watched, and its methods as they were.
        self._digester = self._uart = self._bus = self._car = None
        self._next_event = self._expect = self._readinto = self._recv = self._send = None
        self._sentence = b""
        self._is_bare = False
        self._health = None
        if "HEALTH" in wanted:
            from ovms.services.console.health import Health

            self._health = Health(app)
        if "MODEM" in wanted:
            digester: "Any"
            self._digester = digester = app.modem.port.digester
            self._next_event = digester.next_event
            self._expect = digester.expect
            digester.next_event = self._on_event
            digester.expect = self._on_command
        if "GPS" in wanted:
            self._uart = app.gps_uart
            self._readinto = self._uart.readinto
            self._uart.readinto = self._on_gps
        if "CAN" in wanted:
            self._bus = app.bus
            self._recv = self._bus.recv
            self._bus.recv = self._on_recv
            self._cover_car()

    def stop(self) -> None:
        """Let everything be as it was."""
        if self._digester:
            del self._digester.next_event
            del self._digester.expect
        if self._uart:
            del self._uart.readinto
        if self._bus:
            self._bus.recv = self._recv
            self._car.send = self._send
        if self._health:
            self._health.stop()

    def output(self) -> str:
        """Some of the lines that wait, framed; "" for none."""
        if self._bus and self._car is not self._app.current_car():
            self._cover_car()
        text = ""
        while self._queue and len(text) < _TURN:
            mark, data, number = self._queue.pop(0)
            text += "# %s%s\r\n" % (mark, self._shown(mark, data, number))
        if self._lost:
            text += "# %d lost\r\n" % self._lost
            self._lost = 0
        return text + self._health.output() if self._health else text

    def _put(self, mark, data, number, length=_LONGEST):
        """Keep a line: a copy of the first `length` bytes of `data`; counted without room.

        number: id of a frame; for the modem how many more bytes there were, -1 for none.
        """
        try:
            if len(self._queue) < _QUEUE:
                self._queue.append((mark, bytes(data)[:length], number))
                return
        except MemoryError:
            # What is watched must not suffer.
            pass
        self._lost += 1

    def _put_line(self, mark, line, more=-1):
        """A line of the modem. Of one that is cut a piece of a password might remain."""
        if len(line) > _LONGEST:
            more = len(line)
            line = b""
        self._put(mark, line, more)

    def _shown(self, mark, data, number):
        if mark in (_FROM_CAN, _TO_CAN):
            return "%03X#%s" % (number, "".join(["%02X" % byte for byte in data]))
        text = "".join([chr(byte) if 32 <= byte < 127 else "." for byte in data])
        if mark == _FROM_GPS:
            return text
        from ovms.masking import masked_line

        text = masked_line(self._app.config, without_keys(text), ())
        return ("%s <%d bytes>" % (text, number)).strip() if number >= 0 else text

    def _cover_car(self):
        """What the car sends; another car comes with another parameter 14."""
        self._car = self._app.current_car()
        self._send = self._car.send
        self._car.send = self._on_send

    def _on_command(self, command, finals=at.OK, has_prompt=False, is_bare=False):
        self._expect(command, finals, has_prompt, is_bare)
        self._is_bare = is_bare
        if command is not None:
            self._put_line(_TO_MODEM, command)

    def _on_event(self):
        digester = self._digester
        dropped = digester.dropped
        kind = self._next_event()
        if digester.dropped != dropped:
            self._put_line(_FROM_MODEM, b"noise")
        if kind == at.DATA:
            self._put_line(_FROM_MODEM, b"", len(digester.data))
        elif kind == at.PROMPT:
            self._put_line(_FROM_MODEM, b">")
        elif kind == at.INFO and self._is_bare:
            # A user's own AT line may have asked for an SMS.
            self._put_line(_FROM_MODEM, b"", len(digester.line))
        elif kind:
            text = digester.text
            self._put_line(_FROM_MODEM, digester.line, -1 if text is None else len(text))
        return kind

    async def _on_gps(self, view):
        count = await self._readinto(view)
        try:
            sentences = (self._sentence + bytes(view[:count])).split(b"\n")
            self._sentence = sentences.pop()[:_LONGEST]
            for sentence in sentences:
                self._put(_FROM_GPS, sentence.strip(), 0)
        except MemoryError:
            self._lost += 1
        return count

    def _on_recv(self, frame):
        if not self._recv(frame):
            return False
        if not self._ids or frame[0] in self._ids:
            self._put(_FROM_CAN, frame[1], frame[0], frame[2])
        return True

    def _on_send(self, arbitration_id, data):
        is_sent = self._send(arbitration_id, data)
        if is_sent and (not self._ids or arbitration_id in self._ids):
            self._put(_TO_CAN, data, arbitration_id)
        return is_sent


def without_keys(text: str) -> str:
    """A line of the modem up to the first thing that must not be shown."""
    squeezed = text.replace(" ", "")
    upper = squeezed.upper()
    end = len(upper)
    for words, mark in ((_KEYS, "="), (_ACCESS, ",")):
        for word in words:
            start = upper.find(word)
            if start >= 0:
                secret = upper.find(mark, start)
                end = min(end, secret + 1) if secret >= 0 else end
    return squeezed[:end] + "****" if end < len(upper) else text
