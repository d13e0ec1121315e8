"""Notices drives and charges, for those who want a record of each: feature 13 with 2, with 4.

Module-behaviour 4.8. Loaded on demand: nothing of it stays in RAM where nobody wants records.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import ModuleParts

DRIVE = const(1)
CHARGE = const(2)


class Use:
    """use: DRIVE, CHARGE or 0. start: of it, see `use_records`, None when nobody saw it begin.
    most_a10, most_v: highest current and voltage of the charge.
    """

    def __init__(self, use: int) -> None:
        self.use = use
        self.start = None
        self.most_a10 = self.most_v = 0


def tick(app: "ModuleParts") -> None:
    """About once a second, after the car, while records are wanted. `app.use` is a Use or None."""
    state = app.state
    log = app.use
    use = 0
    # A stop in between, without the motor, belongs to the drive.
    if state.is_on or (log is not None and log.use == DRIVE and state.is_awake):
        use = DRIVE
    elif state.is_charging:
        use = CHARGE
    if log is None:
        # What is under way began when nobody looked.
        app.use = Use(use)
        return
    if use == CHARGE:
        log.most_a10 = max(log.most_a10, state.charge_a10)
        log.most_v = max(log.most_v, state.line_v)
    if use != log.use:
        from ovms.services import use_records

        use_records.turn(app, log, use)
