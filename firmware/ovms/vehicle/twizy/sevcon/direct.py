"""The CFG commands that are no macros: PRE, OP, READ, WRITE, and RESTORE, which is ours."""

from micropython import const

from ovms.vehicle.twizy.sevcon.controller import SDO_COMMIT, SevconError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.vehicle.twizy.car import Twizy
    from ovms.vehicle.twizy.sevcon.session import Session

# The torque maps, which count once they are committed.
_FLUX_MAP = const(0x4610)
_TORQUE_MAP = const(0x4611)


async def run(car: "Twizy", session: "Session", command: str, values: "list[Any]") -> str:
    """The reply behind `CFG x: `; SevconError for what the controller did not do."""
    if command == "PRE":
        await session.enter_pre_op()
        car.sevcon.wants_pre_op = True
        return "OK"
    if command == "OP":
        car.sevcon.wants_pre_op = False
        await session.leave_pre_op()
        return "OK"
    if command == "RESTORE":
        try:
            return await _restore(car, session, values[0])
        finally:
            await session.return_to_op()
    index, subindex = values[:2]
    if command == "WRITE":
        session.check_standstill()
    old = await session.read(index, subindex)
    text = "%s = %d" % (session.sdo_text(), old)
    if command == "READ":
        return text
    text = "OLD:" + text
    # The other tasks have their turn between two loads of code.
    await car.sleep_ms(0)
    journal = await _journal(car)
    key = index << 8 | subindex
    if not journal.is_setting(key):
        return text + await _write(session, index, subindex, values[2])
    kept = journal.packed(((key, old),))
    try:
        journal.begin("WRITE", await session.serial(), kept)
    except (OSError, ValueError) as error:
        return text + "ERROR: %s" % error
    # A refused write changed nothing, so there is nothing to undo either.
    return text + await _write(session, index, subindex, values[2]) + journal.finish(kept)


def _journal(car):
    from ovms.vehicle.twizy.sevcon import journal

    return journal.load(car)


async def _write(session, index, subindex, value):
    try:
        await session.write(index, subindex, value)
    except SevconError as error:
        return _error_text(error)
    return " => NEW: %d" % value


async def _restore(car, session, is_all):
    journal = await _journal(car)
    serial = await session.serial()
    try:
        entries = _undoing().undo(journal, serial, is_all)
        await session.enter_pre_op()
        _undoing().begin_restore(journal, is_all)
    except (OSError, ValueError) as error:
        return "ERROR: %s" % error
    count = len(entries) // 8
    for at in range(0, len(entries), 8):
        if journal.key(entries, at) >> 8 in (_FLUX_MAP, _TORQUE_MAP):
            journal.add(entries, SDO_COMMIT, 1)
            break
    await session.write_all(entries)
    failure = _undoing().finish_restore(journal, is_all)
    return "OK" + failure if failure else "OK, %d values, power cycle to activate!" % count


def _undoing():
    from ovms.vehicle.twizy.sevcon import undoing

    return undoing


def _error_text(error):
    from ovms.vehicle.twizy.sevcon.error_texts import error_text

    return error_text(error)
