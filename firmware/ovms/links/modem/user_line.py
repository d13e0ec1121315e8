"""An AT line of a user (protocol command 49): what it may be, and what is put right behind it.

The driver needs its session, and settings of its own. A line that would end the session, or that
the modem answers in its own time or never, is refused with a sentence. Whatever else a line sets,
the driver's settings are made anew behind it. Source: SIM800 AT manual V1.12, chapters 2 to 4;
other modems have the same commands from 3GPP 27.007 and 27.005.
"""

import asyncio

from micropython import const

from ovms.links.modem.at_port import ATError

# What opens a prompt, a data mode or another connection, also as a question.
_RESERVED = ("+CMGS", "+CMGW", "+CMSS", "+CMUX", "ATD", "ATO", "+++")
# What ends the session when it sets or does something: power, radio, registration, GPRS, the
# rate and flow of the UART.
_ENDING = (
    b"+CFUN",
    b"+CPOF",
    b"+COPS",
    b"+CGATT",
    b"+CGACT",
    b"+CGDATA",
    b"+CREBOOT",
    b"+IPR",
    b"+ICF",
    b"+IFC",
    b"+CBST",
)
# Basic commands that neither call, answer, hang up nor change how the modem answers.
_BASIC = b"EILMX"
_COMMAND_S = const(20)
# With the modem's other work before it; apps are told within 30 s.
_LIMIT_MS = const(25000)
_FINALS = b"\nOK\n.\n"


def checked(text, reserved):
    """A user's own AT line as bytes; ValueError when it cannot be sent.

    reserved: starts of commands that the modem's profile keeps for itself.
    """
    line = text.strip()
    if line[:2].upper() != "AT":
        line = "AT" + line
    for byte in line.encode():
        if not 32 <= byte <= 126:
            raise ValueError("An AT command holds printable ASCII only.")
    bare = line.upper().replace(" ", "")
    for word in _RESERVED + reserved:
        if word in bare:
            raise ValueError("The modem driver keeps %s for itself." % word)
    for command in _commands(bare[2:].encode()):
        _check(command)
    return line.encode()


def _commands(line):
    """The commands of a line (bytes behind AT), as list of bytes; `;` inside quotes is text."""
    found = []
    start = 0
    is_text = False
    for i in range(len(line)):
        if line[i] == 34:
            is_text = not is_text
        elif line[i] == 59 and not is_text:
            found.append(line[start:i])
            start = i + 1
    found.append(line[start:])
    return found


def _check(command):
    """ValueError for a command (bytes) that would end the session or is never answered."""
    at = 0
    size = len(command)
    # Basic commands stand together, with a number each, and may have another one behind them.
    while at < size and (65 <= command[at] <= 90 or command[at] in b"&\\/"):
        if command[at] not in _BASIC:
            raise ValueError(
                "AT%s is refused: it could end the session." % command[at : at + 2].decode()
            )
        at += 1
        while at < size and 48 <= command[at] <= 57:
            at += 1
    command = command[at:]
    if command.startswith(b"+COPS=?"):
        raise ValueError("A search for networks takes minutes and ends the connection.")
    for word in _ENDING:
        if command.startswith(word) and not command.endswith(b"?"):
            raise ValueError("%s is refused: it could end the session." % word.decode())


async def execute(modem, line):
    """What the modem answers to `line` (bytes); OSError when it does not."""
    stores = None
    if b"+CPMS=" in line.upper():
        stores = await modem.port.ask(b"AT+CPMS?")
    try:
        lines = await modem.port.clock.wait_for_ms(
            modem.port.execute(line, _FINALS, _COMMAND_S, is_bare=True), _LIMIT_MS
        )
        lines = [_printable(told) for told in lines] + ["OK"]
    except asyncio.TimeoutError:
        raise OSError("The modem did not answer.")
    except ATError as error:
        if error.args[0] == b"timeout":
            raise OSError("The modem did not answer.")
        lines = [_printable(error.args[0])]
    if not line.endswith(b"?"):
        await _restore(modem, stores)
    return "\n".join(lines)


async def _restore(modem, stores):
    """Make the driver's settings again. stores: its answer to `+CPMS?` from before, or None."""
    port = modem.port
    if stores:
        names = stores.split(b'"')[1::2]
        await port.ask(b"AT+CPMS=" + b",".join([b'"%s"' % name for name in names]))
    await modem.profile.details().configure(modem)
    # The SMS settings follow as soon as nobody sends one, as after a restart of the modem.
    modem.is_sms_ready = modem.has_news = True
    port.news.set()


def _printable(line):
    """`line` (bytes) as str, with `?` for what is not printable ASCII."""
    return bytes([byte if 32 <= byte < 127 else 63 for byte in line]).decode()
