"""Writes settings to a module over its console: all of them or none, and reads them back."""

from __future__ import annotations

import re

from tools.desk.console_client import ConsoleClient, ConsoleError
from tools.setup import rules
from tools.setup.questions import MASK

_PARAMETER = re.compile(r"(\d+):(.*)")


def read(client: ConsoleClient) -> dict[int, str]:
    """The parameters that are not empty, passwords as `****`."""
    answer = client.ask("GET")
    if not answer.is_done:
        raise ConsoleError("This module's firmware does not know GET: update it first.")
    found = (_PARAMETER.fullmatch(line) for line in answer.lines)
    return {int(match[1]): match[2] for match in found if match}


def write(client: ConsoleClient, changes: dict[int, str]) -> dict[int, str]:
    """Store `changes` in one go; returns all parameters then. ConsoleError: it was refused."""
    client.ask("BEGIN")
    try:
        for number, text in changes.items():
            if client.ask(f"SET {number}={text}").lines != [_echo(number, text)]:
                raise ConsoleError(
                    f"Parameter {number} did not arrive as it was sent; nothing was changed."
                )
    except BaseException:
        # Also for Ctrl-C: what was sent so far must not wait for an APPLY.
        client.send("CANCEL")
        raise
    answer = client.ask("APPLY")
    if not answer.is_done:
        raise ConsoleError(" ".join(answer.lines))
    after = read(client)
    for number, text in changes.items():
        if after.get(number, "") != (MASK if text and number in rules.SECRETS else text):
            raise ConsoleError(f"Parameter {number} is not what was written.")
    return after


def _echo(number: int, text: str) -> str:
    """What the console answers to SET."""
    is_secret = text and number in rules.SECRETS
    return f"{number}:{MASK} ({len(text)} characters)" if is_secret else f"{number}:{text}"
