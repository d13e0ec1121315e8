"""Sans-IO digester of what an AT modem says: lines, prompts, SMS texts and counted data.

Rules it lives by (SIM800 AT manual V1.12; hardware facts 4.2, 4.4, 4.5 and 4.8):

- A URC may come at any line boundary: before an echo, inside a compound answer, before the prompt,
  between sent data and its `SEND OK`. One that starts like the awaited answer is told apart by its
  shape: the registration URC has one field fewer, other URCs are listed with more of their text.
- The prompt `>` has no line end behind it. It counts only while a command waits for it.
- Counted data follow the line that announces them, or stand in it. They and an SMS text may
  imitate anything, so only their announced length is trusted. The length of an SMS is a hint: its
  unit differs between character sets, so it must end at a line end.
- What is not written as the manual has it is read again: without bytes that are no text, in other
  capitals, with a blank behind the colon.
- Everything else is noise: dropped and counted, never an exception.

The user reads bytes into `room()`, says `received(n)` and calls `next_event()` until NOTHING.
Nothing here knows a clock: who feeds it calls `at_irregular.flush` after a quiet second while
`is_waiting`. What differs from modem to modem comes in a profile, see `ATDigester`.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NOTHING = const(0)
RESULT = const(1)  # final result of the running command in `line`
INFO = const(2)  # information response in `line`; an SMS text in `text`, else None
URC = const(3)  # unsolicited line in `line`; an SMS text in `text`, else None
PROMPT = const(4)
DATA = const(5)  # counted bytes in `data`, borrowed until the next call
ECHO = const(6)

# Sets of lines are bytes: each is there whole, or up to its colon, between two line feeds.
OK = b"\nOK\n"
# A dot in a set of final results stands for a bare IPv4 address.
ADDRESS = b"\n.\n"
FAILURES = b"\nERROR\n+CME ERROR:\n+CMS ERROR:\n"
# 3GPP 27.005: lines followed by a text.
_TEXT_HEADERS = b"\n+CMT:\n+CMGR:\n"
# Lines whose quoted text may run over several.
_QUOTED = (b"+CUSD:", b"+COPS:")
# More than any modem hands out at a time: a segment, an SMS. What says more is noise.
_LENGTH_MAX = const(1500)
# Kinds of lines that are compared with what was said before.
_SAID_MAX = const(16)
_PLUS = const(43)


class ATDigester:
    """One per modem.

    profile: what this modem's lines look like, an object with the following attributes, bytes or
    tuples of bytes. size: bytes of the buffer, which must hold the longest text in hexadecimal:
    182 characters of a USSD answer.

        urcs        the set of lines that come unsolicited
        telling     its commands that set something and answer with an information response all
                    the same, one behind the other: b"+CMGS+CMGR". What other settings bring about
                    comes as a URC, such as the answer to a USSD code
        data_heads  (start, mark) of lines that come with raw bytes. Behind the start, which begins
                    with `+`, stands how many. The mark is what they follow: b"\\n" for the end of
                    the line, or the byte behind the number. ((b"+IPD,", b":"),): `+IPD,5:hello`
        announced   start of the URC that looks like such a line
        counted     the set of those that mean something else the second time
        reset_mark  bytes that only a restarting modem sends; found in noise they come as a URC of
                    their own

    said: None, or {} for a user on whom what was said without being asked has its effect until the
    next command: then a line of this kind that says the same again is dropped unread.

    is_waiting: a text is open that only more bytes or `at_irregular.flush` can end.

    For `at_irregular.py`, with the profile's attributes. buffer[start:end], also as `view`: what
    is unread; it has no line end before `scanned`. header: the line whose text is open, or None;
    header_kind: the event that the text will be; hint: its announced length, or -1. left: bytes of
    counted data to come. command, finals, is_bare: of `expect`.
    """

    def __init__(self, profile: "Any", size: int = 768) -> None:
        self.line = b""
        self.text: bytes | None = None
        # Asked for at a DATA, which brings it.
        self.data: "memoryview | Any" = None
        self.dropped = 0
        self.profile = profile
        self.said: dict[bytes, bytes] | None = None
        self.buffer = bytearray(size)
        self.view = memoryview(self.buffer)
        self.end = 0
        self.reset()
        self.expect(None)

    def reset(self) -> None:
        """Forget everything half received; the next byte starts a line. `room()` stays valid."""
        self.start = self.scanned = self.end
        self.left = 0
        self.header: bytes | None = None
        self.header_kind = NOTHING
        self.hint = -1
        self._is_skipping = self.is_waiting = False

    def expect(
        self,
        command: bytes | None,
        finals: bytes = OK,
        has_prompt: bool = False,
        is_bare: bool = False,
    ) -> None:
        """From now on answers to `command` (bytes without line end) are awaited.

        finals: the set of its final results besides errors. is_bare: any line may be an answer.
        None for the command: it has ended, and an answer would be noise.
        """
        self.command = command
        self.finals = finals
        self._has_prompt = has_prompt
        self.is_bare = is_bare
        if self.said:
            self.said.clear()

    def is_urc(self, line: bytes) -> bool:
        """Whether `line` (bytes) is listed as a URC."""
        return _word(line) in self.profile.urcs or line.startswith(self.profile.announced)

    def room(self) -> memoryview:
        """The free part of the buffer, never empty after NOTHING. Moves what is unread."""
        start = self.start
        if start:
            self.view[: self.end - start] = self.view[start : self.end]
            self.end -= start
            self.scanned = max(0, self.scanned - start)
            self.start = 0
        return self.view[self.end :]

    def received(self, n: int) -> None:
        """`n` bytes were written to the start of `room()`."""
        self.end += n

    def next_event(self) -> int:
        """The next event, one of the constants above; NOTHING = feed more bytes."""
        buffer = self.buffer
        end = self.end
        self.is_waiting = False
        while self.start < end:
            start = self.start
            if self.left:
                n = min(self.left, end - start)
                self.data = self.view[start : start + n]
                self.start += n
                self.left -= n
                return DATA
            if self.header is not None:
                from ovms.protocol import at_irregular

                if at_irregular.ends_text(self):
                    return self.header_kind
                self.is_waiting = True
                break
            if not self._is_skipping:
                first = buffer[start]
                if first <= 32:
                    self.start += 1
                    continue
                if first == 62 and self._has_prompt:
                    return self._prompt(start + 1)
                if first == _PLUS:
                    for head, mark in self.profile.data_heads:
                        if (
                            mark != b"\n"
                            and self.view[start : min(end, start + len(head))] == head
                        ):
                            from ovms.protocol import at_irregular

                            if at_irregular.begin_data(self, head, mark):
                                return INFO
                    if self.left:
                        continue
            stop = buffer.find(b"\n", max(start, self.scanned), end)
            if stop < 0:
                self.scanned = end
                if self._has_prompt and self.view[max(start, end - 2) : end] == b"> ":
                    # An echo or noise stands before it.
                    return self._prompt(end)
                break
            self.scanned = stop + 1
            line = bytes(self.view[start:stop]).strip(b"\r\x00\t ")
            if line[:6] in _QUOTED:
                from ovms.protocol import at_irregular

                if at_irregular.is_open(self, line):
                    self.is_waiting = True
                    continue
            self.is_waiting = False
            self.start = stop + 1
            if self._is_skipping:
                self._is_skipping = False
                continue
            said = self.said
            if said is None:
                kind = self.classify(line)
            else:
                # In a storm of them this is all that most lines cost.
                head = line[: line.find(b":") + 1] or line
                if said.get(head) == line:
                    continue
                kind = self.classify(line)
                is_apart = kind in (NOTHING, URC) and self.header is None
                if is_apart and len(said) < _SAID_MAX and _word(line) not in self.profile.counted:
                    said[head] = line
            if kind:
                return kind
        if end - self.start >= len(buffer):
            # Make room for the bytes that are to come.
            self._is_skipping = self.header is None
            from ovms.protocol import at_irregular

            at_irregular.flush(self, True)
        return NOTHING

    def _prompt(self, end):
        """The prompt ends at `end`; from here on a final result is one."""
        self.start = end
        self._has_prompt = False
        if self.said:
            self.said.clear()
        return PROMPT

    def classify(self, line: bytes) -> int:
        """Kind of a whole line, NOTHING for one to ignore; opens what follows a header."""
        if b":" in line and b": " not in line:
            from ovms.protocol import at_irregular

            line = at_irregular.mended(self, line)
        self.line = line
        self.text = None
        word = _word(line)
        command = self.command
        finals = self.finals
        kind = NOTHING
        if command is not None:
            if line == command:
                return ECHO
            is_address = line.count(b".") == 3 and line.replace(b".", b"").isdigit()
            is_final = word in finals or (is_address and ADDRESS in finals)
            # An OK before the prompt is a late one, of a command that was given up.
            if word in FAILURES or (is_final and not (self._has_prompt and line == b"OK")):
                self.expect(None)
                return RESULT
            name = word[1:-2]
            is_answer = (
                len(name) > 1
                and word[-2] == 58
                and (
                    name + b"?" in command
                    or name + b"=?" in command
                    or name + b";" in command + b";"
                    or (name in self.profile.telling and name + b"=" in command)
                )
            )
            # 3GPP 27.007: reports of a registration, whose URC lacks the first field.
            is_report = word[-5:] != b"REG:\n" or (
                b"," in line and b'"' not in line.split(b",")[1]
            )
            if is_answer and is_report and not line.startswith(self.profile.announced):
                kind = INFO
        if not kind and self.is_urc(line):
            kind = URC
        if not kind:
            from ovms.protocol import at_irregular

            return at_irregular.judge(self, line)
        if word in _TEXT_HEADERS:
            from ovms.protocol import at_irregular

            at_irregular.begin_text(self, line, kind)
            return NOTHING
        if kind == INFO:
            for head, mark in self.profile.data_heads:
                if mark == b"\n" and line.startswith(head):
                    self.left = length(line[len(head) :].split(b",")[0])
        return kind


def _word(line):
    """What the sets hold of `line`."""
    return b"\n" + (line[: line.find(b":") + 1] or line) + b"\n"


def length(digits: bytes) -> int:
    """A payload or text length, 0 when `digits` (bytes) makes no sense as one."""
    digits = digits.strip()
    value = int(digits) if digits.isdigit() else 0
    return value if value <= _LENGTH_MAX else 0


def number(line: bytes, index: int) -> int | None:
    """Field `index` behind the colon of `line` (bytes) as an int not below 0, or None."""
    parts = line[line.find(b":") + 1 :].split(b",")
    if index < len(parts):
        digits = parts[index].strip()
        if digits.isdigit():
            return int(digits)
    return None
