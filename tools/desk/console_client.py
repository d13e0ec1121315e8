"""The computer's end of a module's DIAG console: lines out, answers in (module-behaviour 8).

    with ConsoleClient("/dev/ttyUSB0") as client:
        client.connect()
        print(client.ask("S VERSION").lines)

Nothing is sent but printable text and carriage returns: Ctrl-C or Ctrl-D would stop a module.
"""

from __future__ import annotations

import errno
import os
import queue
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import serial

from tools.shrink.explain import Translator

BAUD = 115200
# Answers to these end with a line of their own; others with silence.
MARKED = ("S", "M", "GET", "SET", "BEGIN", "APPLY", "CANCEL", "WATCH", "INJECT", "LOG", "LOG?")
END = "#."
_QUIET_S = 0.4
# One line each, without an end.
_REFUSALS = ("# Unknown input", "# The line is too long")
# What an answer starts with when the module has done what it was told.
_DONE = {
    "S": r"(?!Unknown command|Invalid command|Permission denied)",
    "M": r"MP-0 (?!c\d+,[1-9])",
    "GET": r"\d+:",
    "SET": r"\d+:",
    "APPLY": r"Parameters have been set",
    "INJECT": r"Injected",
    "WATCH": r"Watching",
    "LOG": r"CAN log: ",
    "LOG?": r"CAN log: ",
}
# A module that sleeps reads its port five times a second, and MicroPython keeps 260 bytes.
_PIECE = 128
_PIECE_PAUSE_S = 0.3
# A board that was reset by the opening of its port needs some seconds to hear.
_KNOCK_S = 2.0
_PROMPT_S = 0.2
_PROMPTS = (b">>> ", b"... ")
_PROMPT_SENTENCE = (
    "The module shows MicroPython's prompt, so its firmware does not run: "
    "press its reset button, or Ctrl-D in `make repl`."
)


class ConsoleError(Exception):
    """Something the user can mend, as one sentence."""


class PortError(ConsoleError):
    """The port cannot be opened."""


@dataclass
class Answer:
    """lines: without their mark. is_done: whether the module did what it was told."""

    lines: list[str]
    is_done: bool


def plain(line: str) -> str:
    """A line of output without its mark `# `."""
    return line[1:].removeprefix(" ") if line.startswith("#") else line


class ConsoleClient:
    """port: a device, `HOST:PORT` or any URL of pyserial, such as `socket://127.0.0.1:7002`.

    on_line(text) hears every line as it comes, from a thread of its own; on_lost() that no more
    will come. Tracebacks come in the names of the sources, see `translator`. Raises PortError.
    """

    def __init__(
        self,
        port: str,
        baud: int = BAUD,
        on_line: Callable[[str], None] | None = None,
        on_lost: Callable[[], None] | None = None,
    ):
        self.port = port
        self.on_line = on_line
        self.on_lost = on_lost
        self.is_lost = False
        self.translator = Translator()
        self._is_prompt = threading.Event()
        self._lines: queue.Queue[str | None] = queue.Queue()
        try:
            # DTR and RTS both stay active: an ESP32's reset circuit then lets it run.
            self._serial = serial.serial_for_url(
                _url(port), baudrate=baud, timeout=0.1, write_timeout=5, exclusive=True
            )
        except (OSError, ValueError) as error:
            raise PortError(f"{port} cannot be opened: {_reason(error)}.") from None
        self._is_closing = False
        self._reader = threading.Thread(target=self._read_for_ever, daemon=True)
        self._reader.start()

    def __enter__(self) -> ConsoleClient:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Close the port; the module runs on."""
        self._is_closing = True
        self._reader.join(2)
        self._serial.close()

    def connect(self, limit_s: float = 15.0) -> None:
        """Wait until the console answers, and end a WATCH. ConsoleError without an answer."""
        end_s = time.monotonic() + limit_s
        knock_s = 0.0
        knocks = 0
        got: str | None = ""
        while got != END and not (got or "").startswith(_REFUSALS):
            now_s = time.monotonic()
            if now_s >= end_s:
                raise ConsoleError(
                    f"Nothing answers at {self.port}: does the firmware run there, and is the "
                    "baud rate right?"
                )
            if now_s >= knock_s:
                # The empty line ends what somebody left half typed.
                self.send("")
                self._refuse_prompt(_PROMPT_S)
                self.send("WATCH")
                knock_s = now_s + _KNOCK_S
                knocks += 1
            got = self._next(0.1)
            self._refuse_prompt(0)
        # Every knock is answered in the end, and none of these is the answer to a question.
        while knocks > 1 and self._next(_QUIET_S) is not None:
            pass

    def send(self, line: str) -> None:
        """Send a line without waiting for its answer."""
        data = line.encode("ascii", "replace") + b"\r"
        for start in range(0, len(data), _PIECE):
            if start:
                time.sleep(_PIECE_PAUSE_S)
            try:
                self._serial.write(data[start : start + _PIECE])
            except OSError:
                raise ConsoleError(f"The connection to {self.port} was lost.") from None

    def ask(self, line: str, limit_s: float = 15.0) -> Answer:
        """Send a line and return its answer. ConsoleError when there is none in time.

        The log of the module, whose lines have no mark, is left out.
        """
        while self._next(0) is not None:
            pass
        self.send(line)
        word = line.split(" ", 1)[0].upper()
        lines: list[str] = []
        end_s = time.monotonic() + limit_s
        while True:
            may_end = bool(lines) and word not in MARKED
            left_s = end_s - time.monotonic()
            got = self._next(_QUIET_S if may_end else left_s)
            if got is None:
                self._refuse_prompt(0)
                if may_end:
                    break
                if left_s > 0 and time.monotonic() < end_s:
                    continue
                raise ConsoleError(f"{self.port} did not answer within {limit_s:g} s.")
            if got.startswith(_REFUSALS):
                return Answer([plain(got)], False)
            if got == END:
                break
            if got.startswith("#"):
                lines.append(plain(got))
        while lines and not lines[-1]:
            lines.pop()
        is_done = not lines or re.match(_DONE.get(word, ""), lines[0]) is not None
        return Answer(lines, is_done)

    def _next(self, limit_s: float) -> str | None:
        """The next line, None when there is none in time. ConsoleError at the end of the port."""
        try:
            line = self._lines.get(timeout=max(limit_s, 0))
        except queue.Empty:
            return None
        if line is None:
            self._lines.put(None)
            raise ConsoleError(f"The connection to {self.port} was lost.")
        return line

    def _refuse_prompt(self, limit_s: float) -> None:
        if self._is_prompt.wait(limit_s):
            raise ConsoleError(_PROMPT_SENTENCE)

    def _read_for_ever(self) -> None:
        rest = b""
        try:
            while not self._is_closing:
                rest += self._serial.read(max(1, self._serial.in_waiting))
                *lines, rest = rest.split(b"\n")
                rest = rest[-4096:]
                for line in lines:
                    self._is_prompt.clear()
                    self._take(line)
                # A prompt has no line end.
                if rest in _PROMPTS:
                    self._is_prompt.set()
        except (OSError, TypeError):
            # TypeError: pyserial's own, when the port is closed under a read.
            if self._is_closing:
                return
            self.is_lost = True
            self._lines.put(None)
            if self.on_lost:
                self.on_lost()

    def _take(self, data: bytes) -> None:
        text = "".join(
            c if c.isprintable() else "?" for c in data.decode("utf-8", "replace").rstrip()
        )
        text = self.translator.line(text)
        self._lines.put(text)
        if self.on_line:
            self.on_line(text)


def _url(port: str) -> str:
    host, colon, number = port.rpartition(":")
    if colon and number.isdigit() and "/" not in host and not os.path.exists(port):
        return f"socket://{port}"
    return port


def _reason(error: Exception) -> str:
    """Why a port cannot be opened; pyserial hides the system's own error in its text."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number is None and (found := re.search(r"Errno (\d+)", text)):
        number = int(found[1])
    if number in (errno.EAGAIN, errno.EBUSY):
        return "another program uses it"
    if number == errno.EACCES:
        return "permission denied (on Linux its users are members of the group `dialout`)"
    return os.strerror(number) if number else text.rstrip(".")
