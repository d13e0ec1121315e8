"""SIGNAL and BUS of the DIAG console: what somebody at a bench asks while he moves an antenna or a
wire. Loaded on demand.

SIGNAL stands for the reference's `+CSQ: n`, which its modem sent on the line it shared with the
user (module-behaviour 8). Its CANTXSTART sends frames of a Roadster and BL is a lamp on a pin that
these boards do not have: INJECT of the desk and WATCH are what there is.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import ModuleParts

_STATES = ("stopped", "active", "error warning", "error passive", "bus off")
_CSQ_MAX = const(31)


async def signal(app: "ModuleParts") -> str:
    """What the modem hears now, asked anew: `Signal: 17 of 31, -79 dBm, Telekom.de`."""
    try:
        answer = await app.modem.command("AT+CSQ")
    except OSError as error:
        return str(error)
    digits = answer.partition(":")[2].partition(",")[0].strip()
    if not digits.isdigit() or int(digits) > _CSQ_MAX:
        return "Signal: none (99)"
    csq = int(digits)
    # 3GPP 27.007, +CSQ: steps of 2 dB from -113 dBm.
    text = "Signal: %d of 31, %d dBm" % (csq, 2 * csq - 113)
    return text + (", " + app.status.operator if app.status.operator else "")


def bus(app: "ModuleParts") -> str:
    """State and counters of the CAN controller at this moment."""
    status = app.status
    state = app.bus.state()
    text = "CAN: " + _STATES[state]
    if status.can_error:
        text += ": " + status.can_error
    counts = app.bus.counts()
    for name in sorted(counts):
        text += "\n%s: %d" % (name, counts[name])
    return text
