"""Splits one AT command line into its commands (SIM800 AT manual V1.12, 1.4; V.250 5.2).

`E0V1+CREG?;+CSQ;&W` holds five commands: basic ones follow each other directly, extended ones end
at `;`. A `;` or `,` between quotes belongs to the text.
"""

from dataclasses import dataclass, replace

MAX_LINE_CHARS = 556
MAX_COMMANDS = 39

EXECUTE, READ, WRITE, TEST = range(4)


@dataclass(frozen=True)
class Call:
    """One command: `name` in capitals (`+CSQ`, `E`, `&W`, `D`), its `kind` and its arguments.

    args: texts without quotes, None where a place is empty. `raw` is the text behind `=`, `E` or
    `D` as it came. `is_last` marks the end of the line.
    """

    name: str
    kind: int
    args: tuple = ()
    raw: str = ""
    is_last: bool = False

    def text(self, index, default=None):
        """Argument `index`, or `default` where it is missing or empty."""
        value = self.args[index] if index < len(self.args) else None
        return default if value is None else value

    def number(self, index, default=None):
        """Argument `index` as an integer, `default` if missing; ValueError if it is no number."""
        value = self.text(index)
        if value is None:
            return default
        if not (value.isascii() and value.lstrip("-").isdigit()):
            raise ValueError(f"{value!r} is no number")
        return int(value)


def parse_line(body):
    """The commands of `body`, the line without its `AT`; ValueError for a malformed one."""
    if len(body) > MAX_LINE_CHARS:
        raise ValueError("line too long")
    calls = []
    position = 0
    while position < len(body):
        if body[position] in "; ":
            position += 1
            continue
        if body[position] in "+*":
            end = _end_of_extended(body, position)
            calls.append(_extended(body[position:end]))
        else:
            end = _end_of_basic(body, position)
            calls.append(_basic(body[position:end]))
        position = end
    if len(calls) > MAX_COMMANDS:
        raise ValueError("too many commands")
    if calls:
        calls[-1] = replace(calls[-1], is_last=True)
    return calls


def split_arguments(text):
    """Comma separated arguments of `text`; quotes are removed, an empty place is None."""
    args = []
    current = ""
    is_quoted = was_quoted = False
    for char in text:
        if char == '"':
            is_quoted = not is_quoted
            was_quoted = True
        elif char == "," and not is_quoted:
            args.append(current if current or was_quoted else None)
            current, was_quoted = "", False
        elif is_quoted or char != " ":
            current += char
    if is_quoted:
        raise ValueError("quote not closed")
    args.append(current if current or was_quoted else None)
    return tuple(args)


def _end_of_extended(body, start):
    is_quoted = False
    for position in range(start, len(body)):
        if body[position] == '"':
            is_quoted = not is_quoted
        elif body[position] == ";" and not is_quoted:
            return position
    return len(body)


def _extended(text):
    name, separator, rest = text.partition("=")
    if separator:
        if rest == "?":
            return Call(name.strip().upper(), TEST)
        return Call(name.strip().upper(), WRITE, split_arguments(rest), rest)
    if name.endswith("?"):
        return Call(name[:-1].strip().upper(), READ)
    return Call(name.strip().upper(), EXECUTE)


def _end_of_basic(body, start):
    letter = body[start].upper()
    position = start + 1
    if letter == "D":
        end = body.find(";", position)
        return len(body) if end < 0 else end + 1
    if letter == "&":
        position += 1
    while position < len(body) and body[position].isdigit():
        position += 1
    if letter == "S":
        while position < len(body) and (body[position] in "=?" or body[position].isdigit()):
            position += 1
    return position


def _basic(text):
    letter = text[0].upper()
    if letter == "D":
        return Call("D", EXECUTE, (), text[1:])
    if letter == "S":
        register, separator, value = text.partition("=")
        if separator:
            return Call("S", WRITE, (register[1:], value), text)
        return Call("S", READ, (register[1:].rstrip("?"),), text)
    length = 2 if letter == "&" else 1
    return Call(text[:length].upper(), EXECUTE, (text[length:] or None,), text[length:])
