"""Errors that a task survives, each kept with its traceback in RAM until the next start.

`status.faults` holds the last three that differ, the newest last, each as (text, task, how often,
uptime in seconds). A repeated one, with the same traceback and the same kind of error, is counted
and not kept anew. text: at most 400 printable characters, passwords masked.
"""

import io
import sys

from micropython import const

from ovms.masking import masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config, Status

_FAULTS = const(3)
_TEXT_LENGTH = const(400)
# Of the error's own words.
_WORDS_LENGTH = const(120)


def keep(status: "Status", config: "Config", where: str, error: BaseException) -> None:
    """Take `error` into `status.faults`. where: the task that survived it."""
    text = traced(config, error)
    times = 1
    for fault in status.faults:
        if fault[1] == where and kind(fault[0]) == kind(text):
            times += fault[2]
            status.faults.remove(fault)
            break
    status.faults.append((text, where, times, status.uptime_s))
    if len(status.faults) > _FAULTS:
        status.faults.pop(0)


def traced(config: "Config | None", error: BaseException) -> str:
    """The frames of a traceback, the innermost last, and the error: lines of text.

    config: whose passwords are masked; None leaves out the error's own words, which could be any.
    Of a long traceback the innermost frames are there.
    """
    out = io.StringIO()
    sys.print_exception(error, out)
    text = out.getvalue()
    out = None
    start = text.rfind("\n  ") + 1
    # Behind the last line of the traceback, if there is one.
    end = text.find("\n", start) + 1 if start else 0
    words = text[end:].strip()
    # Masked before any cut: of a password across it a part would remain.
    words = type(error).__name__ if config is None else masked(config, words)
    lines = [_printable(words[:_WORDS_LENGTH])]
    length = len(lines[0])
    for line in reversed(text[:end].split("\n")):
        line = line.strip()
        # Without "Traceback (most recent call last):" and, of another Python, the source's text.
        if line.startswith("File "):
            length += len(line) + 1
            if length > _TEXT_LENGTH:
                break
            lines.insert(0, line)
    return "\n".join(lines)


def kind(text: str) -> str:
    """What two texts of the same error share: all but the error's own words."""
    last = text.rfind("\n") + 1
    return text[:last] + text[last:].partition(":")[0]


def summary(status: "Status") -> str:
    """`sms 3, tick 2`: the tasks that met errors, and how often; "" without any."""
    return ", ".join(["%s %d" % entry for entry in sorted(status.errors.items())])


def lines(status: "Status") -> list[str]:
    """The errors that are kept, each with its task, for a user to read: a list of str."""
    found = []
    for text, where, times, uptime_s in status.faults:
        found.append("%s: %d times, last %d s after the start" % (where, times, uptime_s))
        found += text.split("\n")
    return found


def report(status: "Status", crash: list[str]) -> list[str]:
    """The part of DIAG on the console: a list of str. crash: lines of `crash.py:shown`."""
    found = [" ERRORS:   " + (summary(status) or "none")]
    kept = lines(status)
    if kept:
        from ovms.build_id import BUILD_ID

        kept.insert(0, "build " + BUILD_ID)
    if crash:
        kept += ["The last crash:"] + crash
    return found + ["  " + line for line in kept]


def _printable(text):
    data = bytearray(text.encode())
    for i in range(len(data)):
        if not 32 <= data[i] <= 126:
            data[i] = 46
    return data.decode()
