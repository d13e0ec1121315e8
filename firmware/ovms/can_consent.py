"""Feature 15 lets the module write to the car: when it may be switched on, and who is told of it.

Loaded on demand.
"""

from micropython import const

from ovms import parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App

# A GPS receiver that stands still shows a few km/h at times.
_MOVING_KMH10 = const(100)
_FRESH_S = const(5)
_WHO = {
    parameters.FROM_SERVER: "the server or an app",
    parameters.FROM_CABLE: "the cable",
    parameters.FROM_PASSWORD: "an SMS with the module password",
}


def ask(app: "App", origin: int, is_done: bool) -> None:
    """Before: ValueError with a sentence while the car is no place for it. After: tell the owner.

    Who did it by an SMS of his own has the answer to that.
    """
    if not is_done:
        refusal = app.current_car().write_refusal() or _gps_refusal(app.state)
        if refusal:
            raise ValueError(refusal)
    elif origin != parameters.FROM_OWNER:
        app.notifier.notify(
            "S",
            "Feature 15 was set to %d by %s: the module may now write to the car. If that was not "
            "you, send FEATURE 15 0."
            % (app.config.feature(parameters.FEATURE_CAN_WRITE), _WHO[origin]),
        )


def _gps_refusal(state):
    """For a car that cannot know: it was just made another one, or its bus is not connected."""
    age_s = state.gps_age_s
    is_fresh = state.has_gps_lock and age_s is not None and age_s < _FRESH_S
    if is_fresh and (state.gps_speed_kmh10 or 0) > _MOVING_KMH10:
        return "Feature 15 can be switched on at a standstill only."
    return ""
