"""What the Roadster tells in words and fields; loaded on demand."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.roadster.car import Roadster


def alert(car: "Roadster") -> str:
    """Fields of the error message: type of the car, code, data (car facts 1.16)."""
    return "%s,%d,%d" % (car.type_text(), car.alert, car.alert_high * 65_536 + car.alert_low)
