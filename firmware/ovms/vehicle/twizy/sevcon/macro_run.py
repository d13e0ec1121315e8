"""Carries out a CFG macro, from checked parameters to the values that are read back.

Every value is read and stored on flash before the first write, so a macro that is cut short can
be undone. What a macro writes is in `macros`: only while that is told it takes room.
"""

from ovms.vehicle.twizy.sevcon.controller import SevconError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.vehicle.twizy.car import Twizy
    from ovms.vehicle.twizy.sevcon.session import Session


async def run(car: "Twizy", session: "Session", command: str, values: "list[Any]") -> str:
    """The reply behind `CFG x: `; SevconError for what the controller did not do."""
    # The other tasks have their turn between two loads of code.
    await car.sleep_ms(0)
    needs_pre_op, needs_cycle, labels = _traits(command)
    try:
        if needs_pre_op:
            await session.enter_pre_op()
        entries = await _entries(session, command, values, car.sevcon.type)
        await car.sleep_ms(0)
        journal = await _journal(car)
        await car.sleep_ms(0)
        entries = journal.packed(entries)
        # Read what is about to change and put it into flash.
        old = bytearray()
        for at in range(0, len(entries), 8):
            key = journal.key(entries, at)
            if journal.is_setting(key) and not journal.has(old, key):
                journal.add(old, key, await session.read(key >> 8, key & 0xFF))
        try:
            journal.begin(command, await session.serial(), old)
        except (OSError, ValueError) as error:
            return "ERROR: %s" % error
        await session.write_all(entries)
        text = "OK, power cycle to activate!" if needs_cycle else "OK"
        return text + await _read_back(session, labels) + journal.finish(entries)
    finally:
        await session.return_to_op()


def _traits(command):
    from ovms.vehicle.twizy.sevcon import limits

    return limits.traits(command)


def _entries(session, command, values, controller_type):
    from ovms.vehicle.twizy.sevcon import macros

    return macros.entries(session, command, values, controller_type)


def _journal(car):
    from ovms.vehicle.twizy.sevcon import journal

    return journal.load(car)


async def _read_back(session, labels):
    """What the controller says now; a value that cannot be read is left out."""
    text = ""
    for label, key in labels:
        try:
            value = await session.read(key >> 8, key & 0xFF)
        except SevconError:
            continue
        text += label + ("%04X" if label == " flgs=" else "%d") % value
    return text
