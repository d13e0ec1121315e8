"""Overlay: the CFG command, from words to reply.

Syntax and macros: Twizy guide 1.2.0, "SEVCON controller configuration"; replies and error texts:
Twizy facts 7.4, 7.6 and 7.13. Macros are in `sevcon_macro`, all else is in `sevcon_access`: only
one of them is in RAM.
"""

from ovms import overlay
from ovms.vehicle.twizy.values import FEATURE_CAN_WRITE

_SESSION = "ovms.vehicle.twizy.sevcon_session"
_LIMITS = "ovms.vehicle.twizy.sevcon_limits"
_MACRO = "ovms.vehicle.twizy.sevcon_macro"
_ACCESS = "ovms.vehicle.twizy.sevcon_access"

_READ_ONLY = "Error: CAN bus in read only mode"
_NO_MACROS = ("PRE", "OP", "READ", "WRITE", "RESTORE")


async def execute(car, words):
    """Reply to `CFG words`; no answer of the controller raises. words: list of str."""
    if car.config.feature(FEATURE_CAN_WRITE) <= 0:
        return _READ_ONLY
    command = words[0].upper() if words else ""
    reply = "CFG %s: " % command
    words = words[1:]
    sevcon = car.sevcon
    try:
        values = overlay.call(_LIMITS, "arguments", command, words, sevcon.type)
    except ValueError as error:
        return reply + str(error)
    sessions = overlay.load(_SESSION)
    session = sessions.Session(car)
    try:
        await session.open()
        if sevcon.type == 45:
            # It has ranges and defaults of its own.
            values = overlay.call(_LIMITS, "arguments", command, words, 45)
        run = _ACCESS if command in _NO_MACROS else _MACRO
        reply += await overlay.call_async(run, "run", car, session, command, values)
        # The controller reports the change of its state as if a button had been pressed.
        sevcon.presses = -1 if command in ("PRE", "OP") else 0
    except sessions.SevconError as error:
        where = ""
        if command == "TSMAP":
            where = overlay.call(_MACRO, "where", error.index << 8 | error.subindex)
        reply += error.text(where)
    except ValueError as error:
        reply += str(error)
    finally:
        session.close()
        overlay.drop(_SESSION)
    return reply
