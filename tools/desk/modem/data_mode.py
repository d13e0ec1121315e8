"""Times when the host's bytes are data: after a prompt, and in an online connection."""

from tools.desk.modem.tasks import Pending

CTRL_Z, ESCAPE, BACKSPACE, CARRIAGE_RETURN = 0x1A, 0x1B, 0x08, 0x0D
PROMPT = b"\r\n> "
# A host that waits exactly the guard time may come early by the jitter of its timer.
_LENIENCY = 0.9


class DataEntry(Pending):
    """Data behind a `> ` prompt; its value is the bytes, or None when the host aborted.

    length: exactly so many bytes of any value. Without it Ctrl-Z ends, ESC aborts, backspace
    deletes. is_text: every CR brings a new prompt (SMS text, 3GPP TS 27.005 3.5.1).
    """

    def __init__(self, modem, length=None, is_text=False):
        super().__init__()
        self._modem = modem
        self._length = length
        self._is_text = is_text
        self._data = bytearray()
        self._received = 0
        self._end = None

    def feed(self, chunk):
        """Take bytes; returns how many of them belonged to the entry."""
        lost = self._modem.faults.take_some("eat_input", len(chunk))
        if lost:
            return lost
        used = self._take_counted(chunk) if self._length is not None else self._take_ended(chunk)
        self._received += used
        if self._modem.settings.echo:
            self._modem.emit(bytes(chunk[:used]))
        if self._modem.faults.is_brown_out_due(self._received):
            self._modem.brown_out()
            return len(chunk)
        if self._end is not None:
            self.set(None if self._end == ESCAPE else bytes(self._data))
        return used

    def _take_counted(self, chunk):
        used = min(len(chunk), self._length - len(self._data))
        self._data += chunk[:used]
        if len(self._data) == self._length:
            self._end = CTRL_Z
        return used

    def _take_ended(self, chunk):
        for index, byte in enumerate(chunk):
            if byte in (CTRL_Z, ESCAPE):
                self._end = byte
                return index + 1
            if byte == BACKSPACE:
                del self._data[-1:]
                continue
            self._data.append(byte)
            if byte == CARRIAGE_RETURN and self._is_text:
                self._modem.emit(PROMPT)
        return len(chunk)


def enter_data(modem, entry, with_prompt=True, prompt=PROMPT):
    """Steps: prompt the host and return what it entered (None: aborted)."""
    yield modem.timing.prompt_ms
    modem.faults.at_point("prompt")
    if with_prompt and not modem.faults.take("lost_prompt"):
        modem.emit(prompt)
    modem.begin_entry(entry)
    data = yield entry
    return data


class OnlineMode:
    """Bytes pass through until `+++` between two silent guard times (SIM800 AT manual, 2.2.11).

    kind: "PPP" or "TCP". on_data(bytes) gets the host's bytes, on_escape() the way out.
    """

    def __init__(self, modem, kind, on_data, on_escape):
        self.kind = kind
        self._modem = modem
        self._on_data = on_data
        self._on_escape = on_escape
        self._pluses = 0
        self._last_ms = modem.tasks.now_ms()
        self._guard = None

    def feed(self, data):
        now_ms = self._modem.tasks.now_ms()
        is_after_silence = now_ms - self._last_ms >= self._modem.timing.escape_guard_ms * _LENIENCY
        self._last_ms = now_ms
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None
        if (
            (self._pluses or is_after_silence)
            and data == b"+" * len(data)
            and self._pluses + len(data) <= 3
        ):
            self._pluses += len(data)
            self._guard = self._modem.tasks.later(
                self._modem.timing.escape_guard_ms, self._on_silence
            )
            return
        held, self._pluses = b"+" * self._pluses, 0
        self._on_data(held + data)

    def _on_silence(self):
        self._guard = None
        pluses, self._pluses = self._pluses, 0
        if self._modem.online is not self:
            return
        if pluses == 3:
            self._on_escape()
        else:
            self._on_data(b"+" * pluses)
