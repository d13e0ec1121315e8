"""The CFG command, from words to reply.

Syntax: Twizy guide 1.2.0, "SEVCON controller configuration"; replies and error texts: Twizy facts
7.4, 7.6 and 7.13.
"""

from ovms.parameters import FEATURE_CAN_WRITE, FROM_SERVER
from ovms.vehicle.twizy.sevcon.controller import SevconError
from ovms.vehicle.twizy.sevcon.gate import UNDER_WAY, WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy

_READ_ONLY = "Error: CAN bus in read only mode"
_NO_MACROS = ("PRE", "OP", "READ", "WRITE", "RESTORE")
# The guide asks for no stop (Twizy guide 1.2.0, "Macro commands").
_UNDER_WAY = ("POWER", "RECUP", "RAMPS", "SMOOTH")


async def execute(
    car: "Twizy", words: list[str], origin: int = FROM_SERVER, is_query: bool = False
) -> str:
    """Reply to `CFG words`; no answer of the controller raises. words: list of str.

    origin: FROM_..., who asks. is_query: nothing must be changed, so all that is carried out is
    READ.
    """
    if not words:
        return _list()
    if is_query and words[0].upper() != "READ":
        return "CFG? changes nothing. Without the question mark, CFG does."
    if car.config.feature(FEATURE_CAN_WRITE) <= 0:
        return _READ_ONLY
    command = words[0].upper()
    reply = "CFG %s: " % command
    words = words[1:]
    sevcon = car.sevcon
    # The other tasks have their turn between two loads of code.
    await car.sleep_ms(0)
    try:
        values = _checked(command, words, sevcon.type)
    except ValueError as error:
        return reply + str(error)
    is_reading = command == "READ"
    await car.sleep_ms(0)
    session = _session(car)
    await car.sleep_ms(0)
    try:
        if not is_reading:
            # Before anything is sent.
            _check_origin(car, origin)
        await session.open(is_reading)
        if not is_reading:
            session.begin_writing(UNDER_WAY if command in _UNDER_WAY else WRITE, origin)
        if sevcon.type == 45:
            # It has ranges and defaults of its own.
            values = _checked(command, words, 45)
        reply += await _carried_out(car, session, command, values)
        # The controller reports the change of its state as if a button had been pressed.
        sevcon.presses = -1 if command in ("PRE", "OP") else 0
    except SevconError as error:
        where = ""
        if command == "TSMAP":
            from ovms.vehicle.twizy.sevcon import macros

            where = macros.where(error.index << 8 | error.subindex)
        reply += _error_text(error, where)
    except ValueError as error:
        reply += str(error)
    finally:
        session.close()
    return reply


def _list():
    from ovms.vehicle.twizy.sevcon import limits

    return "CFG commands: %s. Write to the controller: FEATURE 15 1" % " ".join(limits.names())


def _check_origin(car, origin):
    from ovms.vehicle.twizy.sevcon.consent import check_origin

    check_origin(car, origin)


def _checked(command, words, controller_type):
    from ovms.vehicle.twizy.sevcon import limits

    return limits.arguments(command, words, controller_type)


def _session(car):
    from ovms.vehicle.twizy.sevcon.session import Session

    return Session(car)


def _carried_out(car, session, command, values):
    """Coroutine that returns the reply behind `CFG x: `."""
    if command in _NO_MACROS:
        from ovms.vehicle.twizy.sevcon import direct

        return direct.run(car, session, command, values)
    from ovms.vehicle.twizy.sevcon import macro_run

    return macro_run.run(car, session, command, values)


def _error_text(error, where=""):
    from ovms.vehicle.twizy.sevcon.error_texts import error_text

    return error_text(error, where)
