"""Fault state that the modem's parts ask while they work; `fault_switches.py` sets it."""

POINTS = ("answer", "ok", "prompt", "send_ok")
CONNECT_MODES = ("normal", "hang", "fail")
DEAD_MODES = ("off", "acked", "unacked")


class Faults:
    """What goes wrong next. `clear()` takes everything back except what already happened."""

    def __init__(self, modem):
        self._modem = modem
        self.clear()

    def clear(self):
        self.hang_until_ms = 0.0
        self.brown_out_after_bytes = None
        self.connect_mode = "normal"
        self.tcp_dead = None
        self.apn_refused = False
        self.late_ms = 0.0
        self._answers: dict[str, list[str]] = {}
        self._brown_out_at: str | None = None
        self._counts: dict[str, int] = {}
        self._urcs: dict[str, list] = {point: [] for point in POINTS}
        self._sms_failures = []

    def add_count(self, name, count):
        """The next `count` chances of fault `name` fail."""
        self._counts[name] = count

    def take(self, name):
        """Whether fault `name` strikes now; uses one of its chances up."""
        left = self._counts.get(name, 0)
        if left:
            self._counts[name] = left - 1
        return left > 0

    def take_some(self, name, count):
        """How many of the next `count` chances of fault `name` fail; uses them up."""
        taken = min(count, self._counts.get(name, 0))
        if taken:
            self._counts[name] -= taken
        return taken

    def add_answer(self, command, text, count):
        """The next `count` commands `command` (`+CSQ`) are answered by `text` and not done."""
        self._answers.setdefault(command, []).extend([text] * count)

    def take_answer(self, command):
        """The text that takes the place of an answer, None for the modem's own."""
        waiting = self._answers.get(command)
        return waiting.pop(0) if waiting else None

    def brown_out_at(self, command):
        """The supply collapses when `command` next comes."""
        self._brown_out_at = command

    def is_brown_out_at(self, command):
        """Whether the supply collapses at this command; once."""
        is_due = command == self._brown_out_at
        if is_due:
            self._brown_out_at = None
        return is_due

    def add_urc(self, point, text, count):
        """`text` comes as a URC the next `count` times a command passes `point`."""
        self._urcs[point].extend([text] * count)

    def at_point(self, point):
        """A command passes `point`: one waiting URC comes out there."""
        if self._urcs[point]:
            self._modem.urc(self._urcs[point].pop(0))

    def fail_sms(self, code, count):
        self._sms_failures.extend([code] * count)

    def take_sms_failure(self):
        """The +CMS ERROR number the next message meets, or None."""
        return self._sms_failures.pop(0) if self._sms_failures else None

    def is_brown_out_due(self, entered_bytes):
        """Whether the supply collapses now that a data entry has `entered_bytes`; once."""
        limit = self.brown_out_after_bytes
        if limit is None or entered_bytes < limit:
            return False
        self.brown_out_after_bytes = None
        return True
