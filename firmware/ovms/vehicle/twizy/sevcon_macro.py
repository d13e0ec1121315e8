"""Overlay: a CFG macro, from checked parameters to what is written.

Every value is read and stored on flash before the first write, so a macro that is cut short can
be undone.
"""

from ovms.vehicle.twizy import sevcon_journal, sevcon_limits, sevcon_tables
from ovms.vehicle.twizy.sevcon import SevconError


async def run(car, session, command, values):
    """The reply behind `CFG x: `; SevconError for what the controller did not do."""
    needs_pre_op, needs_cycle, labels = sevcon_limits.traits(command)
    try:
        if needs_pre_op:
            await session.enter_pre_op()
        entries = await sevcon_tables.entries(session, command, values, car.sevcon.type)
        journal = sevcon_journal.load(car)
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


def where(key):
    """What an error text of TSMAP says of the map that object `key` belongs to, "" for none."""
    letter = sevcon_tables.map_letter(key)
    return " IN MAP " + letter if letter else ""
