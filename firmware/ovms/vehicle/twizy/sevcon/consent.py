"""On whose word, and when, the module may begin to write to the motor controller."""

from ovms.parameters import CAN_WRITE_FROM, FROM_PASSWORD, FROM_SERVER
from ovms.vehicle.twizy.decode import LIVE_SPEED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy


def check_origin(car: "Twizy", origin: int) -> None:
    """ValueError with a sentence when who asks may not write to the controller."""
    if origin == FROM_PASSWORD:
        raise ValueError("Only the owner may change the motor controller.")
    if origin == FROM_SERVER and not car.config.get(CAN_WRITE_FROM):
        raise ValueError("Send FEATURE 15 1 by SMS first: an app or the server cannot allow it.")


def switch_refusal(car: "Twizy") -> str:
    """Why feature 15 cannot be switched on now, "" when it can: a sleeping bus is a parked car."""
    decoder = car.decoder
    if not decoder.has_key() and not car.state.is_awake:
        return ""
    if decoder.live[LIVE_SPEED]:
        if not car.state.speed_kmh10:
            return ""
        return "Feature 15 can be switched on at a standstill only."
    return "Feature 15 can be switched on when the car is known to stand still: turn the key off."
