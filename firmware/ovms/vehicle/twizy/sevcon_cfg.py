"""Overlay: the CFG command, from words to reply.

Syntax and macros: Twizy guide 1.2.0, "SEVCON controller configuration"; replies and error texts:
Twizy facts 7.4, 7.6 and 7.13. Ours are `CFG RESTORE [ALL]` and the journal behind it: every
value is read and stored before the first write, so a macro that is cut short can be undone.
"""

from micropython import const

from ovms import overlay
from ovms.vehicle.twizy.values import FEATURE_CAN_WRITE, SDO_COMMIT

_JOURNAL = "ovms.vehicle.twizy.sevcon_journal"
_SESSION = "ovms.vehicle.twizy.sevcon_session"
_LIMITS = "ovms.vehicle.twizy.sevcon_limits"
_TABLES = "ovms.vehicle.twizy.sevcon_tables"

_READ_ONLY = "Error: CAN bus in read only mode"
_LOW_LEVEL = ("PRE", "OP", "READ", "WRITE")
_COMMIT_MS = const(50)
# The torque maps, which count once they are committed.
_MAP_INDEXES = (0x4610, 0x4611)
# Not configuration: state and login requests, log pointers, commit.
_NO_BACKUP = (0x2800, SDO_COMMIT)


async def execute(car, words):
    """Reply to `CFG words`; no answer of the controller raises. words: list of str."""
    if car.config.feature(FEATURE_CAN_WRITE) <= 0:
        return _READ_ONLY
    command = words[0].upper() if words else ""
    reply = "CFG %s: " % command
    traits = overlay.call(_LIMITS, "traits", command)
    if not traits and command not in _LOW_LEVEL and command != "RESTORE":
        return reply + "Unknown command"
    try:
        values = _arguments(command, traits, words[1:], car.sevcon.type)
    except ValueError as error:
        return reply + str(error)
    sessions = overlay.load(_SESSION)
    session = sessions.Session(car)
    try:
        run = _Run(car, session, sessions.SevconError, command)
        return reply + await run.execute(traits, values, words[1:])
    finally:
        session.close()
        overlay.drop(_SESSION)


def _arguments(command, traits, words, type_):
    """Checked arguments as list; ValueError with the text of the refusal."""
    if traits:
        try:
            return overlay.call(_LIMITS, "parameters", command, words, type_)
        except ValueError as error:
            # Its ranges are narrower than those of the guide.
            raise ValueError("%s (Twizy 45)" % error) if type_ == 45 else error
    if command == "RESTORE":
        is_all = [word.upper() for word in words[:1]] == ["ALL"]
        if words and not is_all:
            raise ValueError("ERROR 0031")
        return [is_all]
    # Base and highest value of each argument.
    limits = ((16, 0xFFFF), (16, 0xFF), (10, 0xFFFFFFFF))
    limits = limits[: {"READ": 2, "WRITE": 3}.get(command, 0)]
    if len(words) < len(limits):
        raise ValueError("ERROR: Too few args")
    values = []
    for position in range(len(limits)):
        base, highest = limits[position]
        try:
            value = int(words[position], base)
        except ValueError:
            value = -1
        if not 0 <= value <= highest:
            raise ValueError("ERROR 003%d" % (position + 1))
        values.append(value)
    return values


class _Run:
    """One command: the parts it is done with."""

    def __init__(self, car, session, error_class, command):
        self._car = car
        self._session = session
        self._error_class = error_class
        self._command = command
        self._maps = ""

    async def execute(self, traits, values, words):
        """The reply behind `CFG x: `. values: made of `words`, for the type as far as known."""
        command = self._command
        car = self._car
        is_low_level = command in _LOW_LEVEL
        try:
            await self._session.open()
            if car.sevcon.type == 45 and traits:
                # It has ranges and defaults of its own.
                try:
                    values = _arguments(command, traits, words, 45)
                except ValueError as error:
                    return str(error)
            if is_low_level:
                text = await self._low_level(values)
            else:
                text = await self._macro(traits, values)
            # The controller reports the change of its state as if a button had been pressed.
            car.sevcon.presses = -1 if command in ("PRE", "OP") else 0
            return text
        except self._error_class as error:
            return self._error_text(error)

    async def _macro(self, traits, values):
        car = self._car
        try:
            if self._command == "RESTORE":
                return await self._restore(values[0])
            return await self._write_all(traits, values)
        finally:
            if car.state.is_controller_configuring or car.sevcon.nmt_state == 0x7F:
                await self._go_op()

    async def _go_op(self):
        """Also after a failure; what fails here is tried again by `sevcon_watch`."""
        self._car.sevcon.wants_pre_op = False
        try:
            await self._session.leave_pre_op()
        except self._error_class:
            self._car.sevcon.nmt_state = 0x7F

    async def _write_all(self, traits, values):
        session = self._session
        command = self._command
        needs_pre_op, needs_cycle, labels = traits
        self._maps = values[0] if command == "TSMAP" else ""
        if needs_pre_op:
            await session.enter_pre_op()
        entries = await overlay.call_async(
            _TABLES, "entries", session, command, values, self._car.sevcon.type
        )
        journal = overlay.call(_JOURNAL, "load", self._car)
        keys = [entry[0] for entry in entries]
        refusal = await self._keep_old(journal, command, keys)
        if refusal:
            return refusal
        await self._write(entries)
        text = "OK"
        if needs_cycle:
            text = "OK, power cycle to activate!"
        text += await self._read_back(labels)
        return text + _finish(journal, keys)

    async def _keep_old(self, journal, command, keys):
        """Read what is about to change and put it into flash; returns the reason if it cannot."""
        old = bytearray()
        for key in keys:
            if _is_setting(key) and not journal.has(old, key):
                journal.add(old, key, await self._session.read(key >> 8, key & 0xFF))
        serial = await self._serial()
        try:
            journal.begin(command, serial, old)
        except (OSError, ValueError) as error:
            return "ERROR: %s" % error
        return ""

    async def _serial(self):
        try:
            return await self._session.read(0x1018, 4)
        except self._error_class:
            return 0

    async def _write(self, entries):
        for key, value in entries:
            await self._session.write(key >> 8, key & 0xFF, value)
            if key == SDO_COMMIT:
                await self._car.sleep_ms(_COMMIT_MS)

    async def _read_back(self, labels):
        """What the controller says now; a value that cannot be read is left out."""
        text = ""
        for label, key in labels:
            try:
                value = await self._session.read(key >> 8, key & 0xFF)
            except self._error_class:
                continue
            text += label + ("%04X" if label == " flgs=" else "%d") % value
        return text

    async def _restore(self, is_all):
        journal = overlay.call(_JOURNAL, "load", self._car)
        serial = await self._serial()
        try:
            entries = journal.undo(serial, is_all)
            await self._session.enter_pre_op()
            journal.begin_restore(is_all)
        except (OSError, ValueError) as error:
            return "ERROR: %s" % error
        count = len(entries)
        if [key for key, _ in entries if key >> 8 in _MAP_INDEXES]:
            entries.append((SDO_COMMIT, 1))
        await self._write(entries)
        try:
            journal.finish_restore(is_all)
        except OSError as error:
            return "OK, but the journal stays open: %s" % error
        return "OK, %d values, power cycle to activate!" % count

    async def _low_level(self, values):
        session = self._session
        car = self._car
        if self._command == "PRE":
            await session.enter_pre_op()
            car.sevcon.wants_pre_op = True
            return "OK"
        if self._command == "OP":
            car.sevcon.wants_pre_op = False
            await session.leave_pre_op()
            return "OK"
        index, subindex = values[:2]
        old = await session.read(index, subindex)
        text = "%s = %d" % (session.sdo_text(), old)
        if self._command == "READ":
            return text
        key = index << 8 | subindex
        text = "OLD:" + text
        if not _is_setting(key):
            return text + await self._write_one(index, subindex, values[2])
        journal = overlay.call(_JOURNAL, "load", self._car)
        try:
            kept = bytearray()
            journal.add(kept, key, old)
            journal.begin("WRITE", await self._serial(), kept)
        except (OSError, ValueError) as error:
            return text + "ERROR: %s" % error
        # A refused write changed nothing, so there is nothing to undo either.
        text += await self._write_one(index, subindex, values[2])
        return text + _finish(journal, (key,))

    async def _write_one(self, index, subindex, value):
        try:
            await self._session.write(index, subindex, value)
        except self._error_class as error:
            return self._error_text(error)
        return " => NEW: %d" % value

    def _error_text(self, error):
        where = ""
        if self._command == "TSMAP" and self._maps:
            key = error.index << 8 | error.subindex
            where = " IN MAP " + (overlay.call(_TABLES, "map_letter", key) or self._maps[0])
        return error.text(where)


def _finish(journal, keys):
    try:
        journal.finish(keys)
    except OSError as error:
        return ", but the journal stays open: %s" % error
    return ""


def _is_setting(key):
    index = key >> 8
    return not (index in _NO_BACKUP or key in _NO_BACKUP or 0x5000 <= index < 0x6000)
