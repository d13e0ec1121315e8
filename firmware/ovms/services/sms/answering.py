"""One SMS, from its text to the reply. Loaded on demand.

Each step loads what it needs, and between two of them the other tasks have their turn: `find` of
`commands.py` reads the text, `access.py` knows who may, the function of the command replies, and
`parts.py` makes SMS of the reply.
"""

import asyncio

from ovms import parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.service import SMSService

_UNKNOWN = "Unknown command. Send HELP for a list."
# To somebody who mistypes a command while the module has no owner.
_FIRST = "Unknown command. Begin with REGISTER and the module password, as in REGISTER OVMS."
_CUT_SHORT = (
    "There was no memory for this. The car may have done it or not: look before you send it again."
)


class Request:
    """What an SMS asks for, as the `reply` of its command gets it.

    sms: SMSService. caller: the sender's number as delivered. command: its name in the table of
    `commands.py`. words: what stands behind it, without the password. origin: FROM_...
    """

    def __init__(
        self, sms: "SMSService", caller: str, command: str, words: list[str], origin: int
    ) -> None:
        self.sms = sms
        self.caller = caller
        self.command = command
        self.words = words
        self.origin = origin


async def execute(
    sms: "SMSService", caller: str, text: str, is_owner: bool, origin: int | None
) -> tuple[bool, str | None]:
    """(whether it was done, reply): what the text asks for, if its sender may."""
    reply, refusal, is_act = await _admitted(sms, caller, text, is_owner, origin)
    if reply is None:
        return False, refusal
    try:
        return True, await reply
    except MemoryError:
        if not is_act:
            # Once more, then: to set or to tell the same again does no harm.
            raise
        return False, _CUT_SHORT
    except ValueError as error:
        return False, str(error)
    except OSError:
        sms.status.count("settings_not_stored")
        return False, "The settings could not be stored."


async def _admitted(sms, caller, text, is_owner, origin):
    """(coroutine that brings the reply, None, whether the car may act); or (None, what is answered
    instead or None, False).

    On its own: while a command waits for the car, the table need not stay in RAM.
    """
    await asyncio.sleep_ms(0)
    own = sms.car().sms_commands()
    await asyncio.sleep_ms(0)
    command = _found(own, text)
    own = None
    await asyncio.sleep_ms(0)
    access = _access()
    await asyncio.sleep_ms(0)
    sender, is_owner = access.recognised(sms, caller, is_owner)
    await asyncio.sleep_ms(0)
    if command is None:
        return None, _no_command(sms, caller, text, is_owner), False
    refused = access.refusal(sms, sender, is_owner, command)
    access = None
    if refused is not None:
        return None, refused or None, False
    await asyncio.sleep_ms(0)
    if origin is None:
        origin = parameters.FROM_OWNER if is_owner else parameters.FROM_PASSWORD
    is_act = command.may_act()
    if command.method:
        reply = _lines(_called(sms.car(), command, origin))
    else:
        load_reply = command.load_reply
        request = Request(sms, caller, command.name, command.words, origin)
        reply = load_reply()
        load_reply = None
        await asyncio.sleep_ms(0)
        reply = reply(request)
    # MicroPython does not wipe what a coroutine that has ended held: it would stay as long as the
    # one that awaited it, and with it the table.
    command = None
    return reply, None, is_act


def _found(own, text):
    from ovms.services.sms.commands import find

    return find(own, text)


def _access():
    from ovms.services.sms import access

    return access


def _called(car, command, origin):
    car.asked_from = origin
    return command.method(car, command.words, _is_question(command))


def _is_question(command):
    """Whether a car's command must change nothing: `BATT? R`, and `BATT R?`.

    Takes the mark from the last word: no value of a car ends in one.
    """
    words = command.words
    if words and words[-1].endswith("?"):
        words[-1] = words[-1].rstrip("?")
        if not words[-1]:
            del words[-1]
        return True
    return command.is_query


async def _lines(reply):
    """What a car says separates lines by `\r` alone; an SMS wants `\n`."""
    text = await reply
    return text and text.replace("\r", "\n")


def _no_command(sms, caller, text, is_owner):
    if is_owner:
        return _UNKNOWN
    from ovms.services.sms import forward

    if not _access().has_owner(sms) and forward.is_attempt(sms, caller, text):
        return _FIRST
    forward.forward(sms, caller, text)
    return None


def in_rhythm(sms: "SMSService", number: str, text: str, reply: str) -> str | None:
    """The reply, or what takes its place when the owner's phone answers by itself."""
    from ovms.protocol import phone

    is_owner = phone.normal_phone(number) == sms.config.get(parameters.PHONE)
    if not is_owner and _access().has_owner(sms):
        # Of others nobody is answered without a password, or twice in an hour.
        return reply
    from ovms.services.sms import rhythm

    verdict = rhythm.verdict(sms, text, reply in (_UNKNOWN, _FIRST))
    if verdict == rhythm.ANSWER:
        return reply
    sms.status.count("sms_loop")
    return rhythm.NOTICE if verdict == rhythm.LAST else None
