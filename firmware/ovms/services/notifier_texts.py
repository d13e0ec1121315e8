"""What notifications say, word for word as users know it (module-behaviour 6.2).

Each text starts with its kind: "A" alert or "I" info.
"""

from ovms.vehicle.base import EVENT_MINIMUM_SOC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Vehicle, VehicleState


def alarm() -> str:
    return "AVehicle alarm is sounding!"


def trunk() -> str:
    return "ATrunk has been opened (valet mode)."


def left_on() -> str:
    return "AVehicle is stopped turned on"


def low_soc(state: "VehicleState") -> str:
    return "AALERT!!! CRITICAL SOC LEVEL APPROACHED (%d%% SOC)" % ((state.soc_pct100 or 0) // 100)


def supply(is_low: bool, volts10: int, reference10: int) -> str:
    """12 V alert or its end; voltages in tenths of a volt."""
    return "A%s (%s, ref=%s)" % (
        "ALERT!!! 12V BATTERY CRITICAL" if is_low else "12V BATTERY OK",
        _volts(volts10),
        _volts(reference10),
    )


def of_event(event: int, car: "Vehicle", state: "VehicleState", is_miles: bool) -> str:
    """What the car has to say about `event`, "" for nothing.

    The status of the charge where the car leaves the words to the module, and always for a low
    SOC, which the module may have noticed in the car's place.
    """
    answer = car.event_text(event)
    if answer is None:
        if event != EVENT_MINIMUM_SOC:
            return ""
        answer = ("A", "")
    kind, text = answer
    if not text:
        text = car.stat_text()
        if text is None:
            from ovms.services.sms.car_reports import stat

            text = stat(state, is_miles)
    return kind + text


def _volts(volts10):
    return "%d.%dV" % (volts10 // 10, volts10 % 10)
