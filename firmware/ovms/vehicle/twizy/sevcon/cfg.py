"""The CFG command, from words to reply; what is no macro is carried out here.

That is PRE, OP, READ, WRITE, and RESTORE, which is ours. Syntax: Twizy guide 1.2.0, "SEVCON
controller configuration"; replies and error texts: Twizy facts 7.4, 7.6 and 7.13.
"""

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE
from ovms.vehicle.twizy.sevcon.controller import SDO_COMMIT, SevconError
from ovms.vehicle.twizy.sevcon.session import Session, error_text

_READ_ONLY = "Error: CAN bus in read only mode"
# The torque maps, which count once they are committed.
_FLUX_MAP = const(0x4610)
_TORQUE_MAP = const(0x4611)
_NO_MACROS = ("PRE", "OP", "READ", "WRITE", "RESTORE")


async def execute(car, words):
    """Reply to `CFG words`; no answer of the controller raises. words: list of str."""
    if car.config.feature(FEATURE_CAN_WRITE) <= 0:
        return _READ_ONLY
    from ovms.vehicle.twizy.sevcon import limits

    command = words[0].upper() if words else ""
    reply = "CFG %s: " % command
    words = words[1:]
    sevcon = car.sevcon
    try:
        values = limits.arguments(command, words, sevcon.type)
    except ValueError as error:
        return reply + str(error)
    session = Session(car)
    try:
        await session.open()
        if sevcon.type == 45:
            # It has ranges and defaults of its own.
            values = limits.arguments(command, words, 45)
        if command in _NO_MACROS:
            reply += await _carry_out(car, session, command, values)
        else:
            from ovms.vehicle.twizy.sevcon import macros

            reply += await macros.run(car, session, command, values)
        # The controller reports the change of its state as if a button had been pressed.
        sevcon.presses = -1 if command in ("PRE", "OP") else 0
    except SevconError as error:
        where = ""
        if command == "TSMAP":
            from ovms.vehicle.twizy.sevcon import macros

            where = macros.where(error.index << 8 | error.subindex)
        reply += error_text(error, where)
    except ValueError as error:
        reply += str(error)
    finally:
        session.close()
    return reply


async def _carry_out(car, session, command, values):
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
    old = await session.read(index, subindex)
    text = "%s = %d" % (session.sdo_text(), old)
    if command == "READ":
        return text
    text = "OLD:" + text
    from ovms.vehicle.twizy.sevcon import journal as old_values

    journal = old_values.load(car)
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


async def _write(session, index, subindex, value):
    try:
        await session.write(index, subindex, value)
    except SevconError as error:
        return error_text(error)
    return " => NEW: %d" % value


async def _restore(car, session, is_all):
    from ovms.vehicle.twizy.sevcon import journal as old_values

    journal = old_values.load(car)
    serial = await session.serial()
    try:
        entries = journal.undo(serial, is_all)
        await session.enter_pre_op()
        journal.begin_restore(is_all)
    except (OSError, ValueError) as error:
        return "ERROR: %s" % error
    count = len(entries) // 8
    for at in range(0, len(entries), 8):
        if journal.key(entries, at) >> 8 in (_FLUX_MAP, _TORQUE_MAP):
            journal.add(entries, SDO_COMMIT, 1)
            break
    await session.write_all(entries)
    failure = journal.finish_restore(is_all)
    return "OK" + failure if failure else "OK, %d values, power cycle to activate!" % count
