"""Commands a person can type: names, arguments, and when a reply is complete.

Source: protocol guide 2.6.2, "Commands and Expected Responses"; row numbers of the list replies
from server-and-clients 6 (1 and 3 count from 0, 30 to 32 from 1).
"""

from typing import NamedTuple

from tools.desk.ovms.fields import as_int

SMS_COMMAND = 7
RECORDS_COMMAND = 32
_COUNTED_FROM_ZERO = (1, 3)
_COUNTED_FROM_ONE = (30, 31, 32)

COMMANDS = {
    "features": 1,
    "feature": 2,
    "params": 3,
    "param": 4,
    "reboot": 5,
    "chargealert": 6,
    "sms": 7,
    "chargemode": 10,
    "chargestart": 11,
    "chargestop": 12,
    "chargecurrent": 15,
    "chargemodecurrent": 16,
    "chargetimer": 17,
    "wakeup": 18,
    "wakeuptemps": 19,
    "lock": 20,
    "valet": 21,
    "unlock": 22,
    "unvalet": 23,
    "homelink": 24,
    "cooldown": 25,
    "climate": 26,
    "utilisation": 30,
    "historysummary": 31,
    "history": 32,
    "sendsms": 40,
    "ussd": 41,
    "at": 49,
    # The Twizy's, as the Twizy guide 1.2.0 calls them; 200, 209 and 210: module-behaviour
    # appendix A.
    "debug": 200,
    "queryrange": 201,
    "setrange": 202,
    "querychargealerts": 203,
    "setchargealerts": 204,
    "batteryalert": 205,
    "batterystatus": 206,
    "powerusagenotify": 207,
    "powerusagestats": 208,
    "resetlogs": 209,
    "querylogs": 210,
}

# Words that go to the module as the text of an SMS, in a command 7.
SMS_WORDS = (
    "ap",
    "batt",
    "ca",
    "cfg",
    "ctp",
    "diag",
    "gps",
    "gprs",
    "gsmlock",
    "help",
    "module",
    "pass",
    "power",
    "range",
    "register",
    "server",
    "stat",
    "summary",
    "temps",
    "vehicle",
    "version",
)

# Everything after the number is one text in these; in 40 everything after the telephone number.
_TEXT_COMMANDS = (7, 41, 49)


class Reply(NamedTuple):
    """One `c` row. result: 0 ok, 1 failed, 2 unsupported, 3 unimplemented. `text` is all behind
    it, commas and carriage returns as sent."""

    command: int
    result: int
    text: str

    @property
    def fields(self) -> list[str]:
        return self.text.split(",")


def parse_command(words: list[str]) -> tuple[int, str]:
    """(number, arguments) from words as typed: a number or a name, then arguments.

    "2,9,25" in one word works too. ValueError with a sentence for an unknown name.
    """
    name, _, glued = words[0].partition(",")
    arguments = ([glued] if glued else []) + words[1:]
    number = as_int(name)
    if number is None:
        word = name.lower().rstrip("?")
        if word in COMMANDS and not name.endswith("?"):
            number = COMMANDS[word]
        elif word in SMS_WORDS or name.endswith("?"):
            number, arguments = SMS_COMMAND, [name, *arguments]
        else:
            known = " ".join(sorted([*COMMANDS, *SMS_WORDS]))
            raise ValueError(f"unknown command {name!r}; a number or one of: {known}")
    if not 0 <= number <= 65_535:
        raise ValueError(f"command numbers go from 0 to 65535, not {number}")
    if number in _TEXT_COMMANDS:
        return number, " ".join(arguments)
    if number == 40 and len(arguments) > 2:
        arguments = [arguments[0], " ".join(arguments[1:])]
    return number, ",".join(arguments)


def parse_reply(payload: str) -> Reply | None:
    """Of the payload of a `c` message; None when it does not start with two numbers."""
    parts = payload.split(",", 2)
    command, result = as_int(parts[0]), as_int(parts[1] if len(parts) > 1 else "")
    if command is None or result is None:
        return None
    return Reply(command, result, parts[2] if len(parts) > 2 else "")


def is_last(reply: Reply) -> bool:
    """Whether no row follows this one."""
    if reply.result != 0 or reply.command not in _COUNTED_FROM_ZERO + _COUNTED_FROM_ONE:
        return True
    row, row_count = ([as_int(text) for text in reply.fields[:2]] + [None, None])[:2]
    if row is None or row_count is None:
        return True
    return row >= row_count - (reply.command in _COUNTED_FROM_ZERO)
