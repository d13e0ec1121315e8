"""What is done with the SEVCON without being asked.

After switch-on: log in, and return from a pre-operational state that somebody left behind. At
the first chance after the module's start: report a command that a power cut interrupted. Later:
say which fault there is, and carry out the reset that three presses of a gear button ask for.
Twizy guide 1.2.0, "SERV lamp", "CFG RESET without network connectivity"; Twizy facts 7.10.
"""

from ovms.parameters import FROM_OWNER
from ovms.vehicle.base import EVENT_FAULT
from ovms.vehicle.twizy.sevcon.controller import (
    DUTY_FAULT,
    DUTY_JOURNAL,
    DUTY_LOGIN,
    DUTY_RESET,
    PRE_OPERATIONAL,
    SevconError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy


async def carry_out(car: "Twizy", duty: int) -> None:
    """Do what is due. duty: DUTY_... bits; a failure is left to the next time."""
    if duty & DUTY_JOURNAL:
        await _report_journal(car)
    if duty & DUTY_RESET:
        from ovms.vehicle.twizy.sevcon import cfg

        # Whoever presses sits in the car.
        text = await cfg.execute(car, ["RESET"], FROM_OWNER)
        _announce(car, "S", text)
    if duty & (DUTY_LOGIN | DUTY_FAULT):
        session = _session(car)
        try:
            await session.open()
            if duty & DUTY_LOGIN:
                await _recover(car, session)
            if duty & DUTY_FAULT:
                await _describe_fault(car, session)
        except SevconError:
            # The controller is busy or gone; `Sevcon.poll` asks again.
            car.state.is_controller_logged_in = car.sevcon.type > 0
        finally:
            session.close()


def _session(car):
    # Not before it is needed: beside the journal it would take too much room.
    from ovms.vehicle.twizy.sevcon.session import Session

    return Session(car)


async def _recover(car, session):
    if car.sevcon.wants_pre_op:
        return
    if await session.read(0x5110, 0) == PRE_OPERATIONAL:
        car.sevcon.nmt_state = PRE_OPERATIONAL
        await session.leave_pre_op()
        car.sevcon.presses = 0


async def _describe_fault(car, session):
    fault = car.sevcon.fault
    text = ""
    try:
        text = " " + await _fault_text(session, fault)
    except SevconError:
        # The number alone is worth an alert.
        text = ""
    _announce(car, "A", "SEVCON ALERT 0x%04X%s" % (fault, text))


async def _report_journal(car):
    from ovms.vehicle.twizy.sevcon import journal as old_values

    journal = await old_values.load(car)
    if journal.load_error:
        _announce(car, "A", journal.load_error)
    if journal.journal.is_open:
        _announce(
            car,
            "A",
            "CFG %s was interrupted, %d old values are kept. CFG RESTORE writes them back."
            % (journal.journal.command, journal.count()),
        )


def _announce(car, kind, text):
    car.sevcon.notice = (kind, text)
    car.on_event(EVENT_FAULT)


def _fault_text(session, fault):
    from ovms.vehicle.twizy.sevcon.fault_texts import fault_text

    return fault_text(session, fault)
