"""What a Roadster's module sends without being asked just now; loaded on demand.

The capacity (CAC) of the battery is told only to who asks, and for as long as nobody says that it
is enough: at the begin of a charge, and when the car was switched on or off (car facts 1.8). And a
start of a charge that led to none is sent once more (car facts 1.5). All of it through the gate.
"""

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE
from ovms.vehicle.base import COMMAND_START_CHARGE
from ovms.vehicle.roadster import gate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.roadster.car import Roadster

_CAC_ON = b"\x06\xd0\x07\x00\x00\x00\x00\x40"
_CAC_OFF = b"\x06\x00\x00\x00\x00\x00\x00\x40"
_CHARGE = b"\x05\x03\x00\x00\x01\x00\x00\x00"
# It answers every 2 s.
_CAC_WAIT_S = const(30)


def _is_sent(car, code, data):
    try:
        gate.transmit(car, code, data)
    except ValueError:
        return False
    return True


def ask_capacity(car: "Roadster") -> None:
    """Of a car that is awake, once the owner allows to ask it anything."""
    if car.config.feature(FEATURE_CAN_WRITE) > 0 and car.state.is_awake:
        car.is_cac_told = False
        if _is_sent(car, gate.OWN, _CAC_ON):
            car.cac_open_s = _CAC_WAIT_S


def end_capacity(car: "Roadster") -> None:
    """It was told, or will not be. What does not leave now is tried again in a second."""
    if car.config.feature(FEATURE_CAN_WRITE) <= 0 or _is_sent(car, gate.OWN, _CAC_OFF):
        car.cac_open_s = 0


def start_again(car: "Roadster") -> None:
    """Ten seconds after a start: once more, if no charge has begun and one may."""
    is_begun = car.is_flowing or car.state.charge_state in (1, 2, 13, 15)
    if not is_begun and car.may_charge():
        _is_sent(car, COMMAND_START_CHARGE, _CHARGE)
