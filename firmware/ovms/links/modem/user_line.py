"""An AT line of a user (protocol command 49): what it may be, and what is put right behind it.

The driver needs its session, and settings of its own. A line that would end the session, or that
the modem answers in its own time or never, is refused with a sentence. Whatever else a line sets,
the driver's settings are made anew behind it. Source: SIM800 AT manual V1.12, chapters 2 to 4;
other modems have the same commands from 3GPP 27.007 and 27.005.

The server, and whoever has broken into it, may only ask: `+NAME?`, `+NAME=?` and the commands of
_QUESTIONS, which tell of signal, network, SIM and modem and change nothing. With the owner's
consent (SUPPORT), and at the cable, a line may also set something, but never dial, lock, send,
store, or read SMS and phonebook, which may hold passwords.
"""

import asyncio

from micropython import const

from ovms.links.modem.at_port import ATError
from ovms.parameters import AT_ASKS, AT_OWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.modem.modem import Modem

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
# Basic commands that neither call, answer, hang up nor change how the modem answers; and the one
# that only tells.
_BASIC = b"EILMX"
_BASIC_QUESTIONS = b"I"
# Without anything behind them these only tell. Not +COPN, which tells hundreds of lines.
_QUESTIONS = (
    b" +CSQ +CCID +CGMI +CGMM +CGMR +CGSN +CIMI +GMI +GMM +GMR +GSN +GCAP +CBC +CPAS +CEER +CNUM"
    b" +SPIC +CIFSR "
)
# Starts of commands that dial, divert, lock or speak to the SIM itself; that send; that store, or
# set what the modem stores; that read SMS and phonebook. As questions they change nothing.
_NEVER = (
    b"+CHLD +CCFC +CTFR +CCWA +CLIR +COLP +CVHU +VTS +CDU +CLCK +CPWD +SPWD +CPIN +CPUK +CSIM"
    b" +CRSM +CGLA +CCHO +CCHC +CACM +CAMM +CPUC +CAAC"
    b" +CMGS +CMGW +CMSS +CMGC +CNMA +CUSD +CMMS +SMTP +POP3 +EMAIL +HTTP +FTP +CIP +CIICR +CSTT"
    b" +CDNS +CNTP +CLBS +SSL +SAPBR +TCP +UDP +MQTT +BT +CMUX"
    b" +CMGD +CPBW +CSCA +CSAS +CRES +CGDCONT +CGDSCONT +CSGT +CREC +CBAND +CNBP +CPNETAPN +SIMEI"
    b" +EGMR +CLTS +CCLK +CALA +CALD +CTZU +CTZR +FS +CFS +CNVW +CDSCB +SGPIO +CGPIO"
    b" +CMGR +CMGL +CPBR +CPBF +CPBS"
)
_REFUSED = "%s is refused: it could dial or lock or send or store something."
_COMMAND_S = const(20)
# With the modem's other work before it; apps are told within 30 s.
_WAIT_S = const(5)
# For networks, which only the module itself does (GSMLOCK).
_SEARCH_S = const(120)
_FINALS = b"\nOK\n.\n"


def checked(text: str, reserved: tuple[str, ...], level: int) -> bytes:
    """A user's own AT line as bytes; ValueError when it cannot be sent.

    reserved: starts of commands that the modem's profile keeps for itself. level: AT_...
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
    _check_line(bare[2:].encode(), level)
    return line.encode()


def _check_line(line, level):
    """ValueError for a line (bytes behind AT, without blanks) that may not be sent.

    It is read as the modem reads it (V.250, 5.2): basic commands stand one behind the other, with
    a number each; behind them, or behind a `;`, stands an extended one, `+NAME` and what follows
    up to the next `;`. A `;` inside of quotes is text to some modems and an end to others.
    """
    at = 0
    size = len(line)
    while at < size:
        byte = line[at]
        if byte == 59:
            at += 1
        elif byte == 43:
            end = _end(line, at)
            _check_extended(line[at:end], level)
            at = end
        else:
            if byte not in (_BASIC if level else _BASIC_QUESTIONS):
                raise ValueError(_REFUSED % ("AT" + line[at : at + 2].decode()))
            at += 1
            while at < size and 48 <= line[at] <= 57:
                at += 1


def _end(line, start):
    """Where the extended command that begins at `start` ends."""
    quotes = 0
    for at in range(start, len(line)):
        if line[at] == 34:
            quotes += 1
        elif line[at] == 59:
            if quotes & 1:
                raise ValueError("A ; inside of quotes is refused: two commands could be meant.")
            return at
    if quotes & 1:
        raise ValueError("A quote is missing in this AT command.")
    return len(line)


def _check_extended(command, level):
    """ValueError for an extended command (bytes, `+NAME...`) that may not be sent."""
    end = 1
    while end < len(command) and (48 <= command[end] <= 57 or 65 <= command[end] <= 90):
        end += 1
    name = command[:end]
    rest = command[end:]
    is_question = rest in (b"?", b"=?")
    if level == AT_OWN:
        pass
    elif name == b"+COPS" and rest == b"=?":
        raise ValueError("A search for networks takes minutes and ends the connection.")
    elif is_question or (not rest and b" %s " % name in _QUESTIONS):
        return
    elif level == AT_ASKS:
        raise ValueError(
            "%s is refused: only questions are answered. If the owner wants it: SMS SUPPORT ON."
            % name.decode()
        )
    else:
        for word in _NEVER.split():
            if name.startswith(word):
                raise ValueError(_REFUSED % name.decode())
    for word in _ENDING:
        if name.startswith(word) and not is_question:
            raise ValueError("%s is refused: it could end the session." % word.decode())


async def execute(modem: "Modem", line: bytes) -> str:
    """What the modem answers to `line` (bytes); OSError when it does not."""
    stores = None
    if b"+CPMS=" in line.upper():
        stores = await modem.port.ask(b"AT+CPMS?")
    limit_s = _SEARCH_S if b"+COPS=?" in line.upper() else _COMMAND_S
    try:
        lines = await modem.port.clock.wait_for_ms(
            modem.port.execute(line, _FINALS, limit_s, is_bare=True), (limit_s + _WAIT_S) * 1000
        )
        lines = [_printable(told) for told in lines] + ["OK"]
    except asyncio.TimeoutError:
        raise OSError("The modem did not answer.")
    except ATError as error:
        if error.args[0] == b"timeout":
            raise OSError("The modem did not answer.")
        lines = [_printable(error.args[0])]
    # Of several commands the last alone may be a question.
    if not line.endswith(b"?") or b"=" in line or b";" in line or line[2:3] != b"+":
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
