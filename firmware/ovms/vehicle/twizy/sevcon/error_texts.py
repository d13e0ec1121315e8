"""What a user reads of a SevconError: Twizy facts 7.4."""

from ovms.vehicle.twizy.sevcon.session import LOGIN, NO_WRITE, OFFLINE, STATE, UNKNOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.sevcon.controller import SevconError


def error_text(error: "SevconError", where: str = "") -> str:
    """Text of a SevconError. where: goes behind the number."""
    code = error.code
    text = "ERROR %04X%s" % (code, where)
    if code & 0xF0 == LOGIN:
        text = "LOGIN FAILED " + text
    if code == STATE:
        text += " NOT IN STOP"
    elif code == STATE + UNKNOWN:
        text += " SPEED OR GEAR UNKNOWN"
    elif code & 0x0F == NO_WRITE:
        text += " NO CANWRITE"
    elif code & 0x0F == OFFLINE:
        text += " SEVCON OFFLINE"
    return text + error.sdo_text
