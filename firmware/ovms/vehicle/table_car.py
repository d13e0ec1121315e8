"""A car without code of its own: reads frames by a table that `make car` makes of DBC and mapping.

A table is a class that inherits `TableCar` and holds numbers only, but for `put`, which knows the
names of the values. Each page of a frame (its multiplexer's value) is read once a second, and
skipped until the next `poll`, unless it is one that must not be missed; so a frame that comes a
hundred times a second costs little more than one that nobody wants. No garbage is made, but for
edges, which are in `table_edges.py`. Rules and their arguments: README of this folder.
"""

from array import array

from micropython import const

from ovms.vehicle.base import EVENT_CHARGE_SUFFICIENT, Vehicle
from ovms.vehicle.state import CHARGING, TOPPING_OFF
from ovms.vehicle.table_machines import (
    FED_AWAKE,
    FED_HANDBRAKE,
    FED_PARKED,
    IN_AWAKE,
    IN_ON,
    IN_PARKED,
    charge,
    count,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer, Config, Kept, VehicleState

# A record of RECORDS, 11 bytes: kind and flags; first byte in the frame; bytes, and bits to shift
# to the right (high nibble); bits; target; places in NUMBERS of the lowest and highest valid raw
# value; three bytes by kind; the input that must be set, or NO_GUARD.
RECORD_BYTES = const(11)
# Records in one piece: no object is larger than a full heap has in one piece.
PIECE = const(36)
NO_GUARD = const(0xFF)
# Kinds. By kind the three bytes are places in NUMBERS, but where it is said otherwise.
# Multiplier, divisor, what is added.
NUM = const(0)
# Lowest and highest raw value of what is true.
FLAG = const(1)
# Pairs of raw value and value: the first of them, and how many (no place).
ENUM = const(2)
# As FLAG, but sets what the third says, and nothing for another raw value.
LATCH = const(3)
# Multiplier, divisor; then what is added, how many make a mean, and the place in `sums`.
MEAN = const(4)
# Multiplier, divisor; then the counter's highest value, 0, and the place in `sums`.
SUM = const(5)
# No places: where in the VIN the text stands, and which part it is.
TEXT = const(6)
KIND = const(0x0F)
BIG_ENDIAN = const(0x10)
SIGNED = const(0x20)
# A group of GROUPS, 6 bytes: byte of the multiplexer in the frame or NO_MUX, its shift and number
# of bits (low nibble), its value, first record, number of records, flags.
GROUP_BYTES = const(6)
NO_MUX = const(0xFF)
# It is the last one of its frame; every frame of it is read.
LAST = const(1)
EVERY = const(2)
# Targets from here on are places in `inputs`.
INPUT = const(0x80)
# Those of `table_machines.py` come first; behind them what conditions need.
FIRST_CONDITION = const(10)
# A hold of HOLDS: input that it sets; how its conditions go together (0 all, 1 one of them) and
# for how many seconds, to set it and to clear it; number of conditions of both; their inputs.
HOLD_BYTES = const(7)
# A silence of SILENCES: first group, number of groups (0 all), seconds, number of targets; those.
SILENCE_BYTES = const(4)
# When a sum begins anew, in RESETS behind its place in `sums`.
RESET_DRIVE = const(1)
RESET_CHARGE = const(2)

VIN_LENGTH = const(17)
# Bit of `vin_seen`: the state has it.
VIN_TOLD = const(0x80)
# Of a page, in `_pages`: since the last `poll` it came, and was read for good; and, never changed,
# that it is the last one of its frame.
_HEARD = const(1)
_TAKEN = const(2)
_LAST = const(4)
# So long a charge from before a restart may still be heard of.
_WAIT_S = const(20)
# Totals begin anew behind it: within 30 bits everywhere.
_TOTAL_MAX = const(0x1FFFFFFF)


class TableCar(Vehicle):
    """inputs: what frames say to the machines, by IN_..., and for conditions. sums: two numbers
    for each mean (sum, count) and sum (last raw value or -1, total). vin: bytes as far as they
    came; vin_seen: parts that came twice alike, as bits. trip_start_m: odometer at key on or None.
    used_ws, gained_ws, grid_ws: what is no watt-hour yet. is_told: somebody was told of this
    charge. edge_s: how long it has looked as if one began or ended. wait_s: seconds left for a
    charge from before a restart.
    """

    GROUPS = HOLDS = SILENCES = RESETS = b""
    RECORDS: tuple = ()
    NUMBERS: tuple = ()
    # Place of the first group of each of RX_IDS.
    FIRST_GROUPS = b""
    FED = 0
    INPUTS = FIRST_CONDITION
    SUMS = 0
    # Parts of the VIN, and what stands before the first and no frame tells.
    VIN_PARTS = 0
    VIN_BEFORE = b""
    # From this SOC on a charge that ended is one that was done.
    FULL_PCT100 = 9500
    HAS_SMS_TIME = True

    def __init__(self, state: "VehicleState", config: "Config") -> None:
        super().__init__(state, config)
        ids = self.RX_IDS or ()
        self._first = {ids[n]: self.FIRST_GROUPS[n] for n in range(len(ids))}
        self._pages = bytearray(len(self.GROUPS) // GROUP_BYTES)
        for n in range(len(self._pages)):
            if self.GROUPS[n * GROUP_BYTES + 5] & LAST:
                self._pages[n] = _LAST
        self.inputs = bytearray(self.INPUTS)
        self.sums = array("i", bytes(4 * self.SUMS))
        self._hold_s = array("H", bytes(len(self.HOLDS) // HOLD_BYTES * 2))
        # Above its seconds: it has been told.
        self._silent_s = array("H", bytes(len(self.SILENCES) // SILENCE_BYTES * 2))
        self.vin = bytearray(VIN_LENGTH if self.VIN_PARTS else 0)
        self.vin_seen = 0
        self._ms = self.edge_s = self.wait_s = 0
        self.trip_start_m: int | None = None
        self.used_ws = self.gained_ws = self.grid_ws = 0
        self.is_told = False
        if self.VIN_PARTS:
            for n in range(len(self.VIN_BEFORE)):
                self.vin[n] = self.VIN_BEFORE[n]
        self._forget_counters()

    def put(self, target: int, value: int) -> None:
        """Give the value with this number, below INPUT, to the state. The table's own part."""

    def on_frame(self, arbitration_id: int, data: "Buffer", dlc: int) -> None:
        # Arguments, variables and what is put on the stack are 11 words: with more MicroPython
        # takes each call's room from the heap, which costs ten times as much as all this.
        group = self._first.get(arbitration_id)
        while group is not None:
            if not self._pages[group] & _TAKEN:
                self._read_page(group, data, dlc)
            if self._pages[group] & _LAST:
                return
            group += 1

    def _read_page(self, group, data, dlc):
        """Read the signals of a page, if that is what came."""
        if not dlc:
            return
        groups = self.GROUPS
        at = group * GROUP_BYTES
        byte = groups[at]
        if byte != NO_MUX:
            if byte >= dlc:
                return
            mux = (data[byte] >> (groups[at + 1] >> 4)) & ((1 << (groups[at + 1] & 15)) - 1)
            if mux != groups[at + 2]:
                return
        done = _HEARD
        record = groups[at + 3]
        end = record + groups[at + 4]
        while record < end:
            if self._read(record, data, dlc):
                done |= _TAKEN
            record += 1
        if groups[at + 5] & EVERY:
            done = _HEARD
        self._pages[group] |= done

    def _read(self, record, data, dlc):
        """Read one signal; False when it has no valid value."""
        table = self.RECORDS[record // PIECE]
        at = record % PIECE * RECORD_BYTES
        first = table[at + 1]
        count = table[at + 2] & 15
        if first + count > dlc:
            return False
        guard = table[at + 10]
        if guard != NO_GUARD and not self.inputs[guard]:
            return False
        kind = table[at]
        if kind & KIND == TEXT:
            return self._read_text(data, first, count, table[at + 7], table[at + 8])
        bits = table[at + 3]
        step = 1 if kind & BIG_ENDIAN else -1
        index = first if step > 0 else first + count - 1
        raw = data[index]
        if count == 4:
            # The one that would lead beyond 30 bits.
            if bits < 32:
                raw &= (1 << (bits + (table[at + 2] >> 4) - 24)) - 1
            elif kind & SIGNED and raw >= 0x80:
                raw -= 0x100
            if not -0x40 <= raw < 0x40:
                return False
        while count > 1:
            index += step
            raw = raw << 8 | data[index]
            count -= 1
        if bits < 32:
            raw = (raw >> (table[at + 2] >> 4)) & ((1 << bits) - 1)
            if kind & SIGNED and raw >> (bits - 1):
                raw -= 1 << bits
        numbers = self.NUMBERS
        if not numbers[table[at + 5]] <= raw <= numbers[table[at + 6]]:
            return False
        return self._apply(kind & KIND, table, at, raw)

    def _apply(self, kind, table, at, raw):
        numbers = self.NUMBERS
        a = table[at + 7]
        b = table[at + 8]
        c = table[at + 9]
        if kind == NUM:
            # Rounded; no product is larger than the result or divisor * multiplier.
            multiplier = numbers[a]
            divisor = numbers[b]
            rest = (raw % divisor * multiplier + divisor // 2) // divisor
            raw = raw // divisor * multiplier + rest + numbers[c]
        elif kind == FLAG:
            raw = numbers[a] <= raw <= numbers[b]
        elif kind == LATCH:
            if not numbers[a] <= raw <= numbers[b]:
                return True
            raw = numbers[c]
        elif kind == ENUM:
            while numbers[a] != raw:
                a += 2
                b -= 1
                if not b:
                    return True
            raw = numbers[a + 1]
        else:
            place = numbers[c + 2]
            sums = self.sums
            if kind == MEAN:
                count = numbers[c + 1]
                sums[place] += raw
                sums[place + 1] += 1
                if sums[place + 1] < count:
                    return True
                raw = (sums[place] + count // 2) // count
                sums[place] = sums[place + 1] = 0
            else:
                if sums[place] >= 0:
                    sums[place + 1] = (
                        sums[place + 1] + ((raw - sums[place]) & numbers[c])
                    ) & _TOTAL_MAX
                sums[place] = raw
                raw = sums[place + 1]
            raw = raw // numbers[b] * numbers[a] + raw % numbers[b] * numbers[a] // numbers[b]
            if kind == MEAN:
                raw += numbers[c]
        self._set(table[at + 4], raw)
        return True

    def _set(self, target, value):
        if target < INPUT:
            self.put(target, value)
        else:
            self.inputs[target - INPUT] = value

    def _read_text(self, data, first, count, place, part):
        """A part of the VIN; it counts when it came twice."""
        vin = self.vin
        for n in range(first, first + count):
            if not 0x30 <= data[n] <= 0x5A:
                return False
        is_known = True
        for n in range(count):
            if vin[place + n] != data[first + n]:
                vin[place + n] = data[first + n]
                is_known = False
        if is_known:
            self.vin_seen |= 1 << part
        else:
            self.vin_seen &= ~(1 << part | VIN_TOLD)
        return True

    def poll(self, elapsed_ms: int) -> None:
        self._ms += elapsed_ms
        seconds = self._ms // 1000
        if not seconds:
            return
        self._ms %= 1000
        state = self.state
        self._listen(seconds)
        self._hold(seconds)
        is_on = self.inputs[IN_ON] != 0
        if is_on != state.is_on:
            from ovms.vehicle import table_edges

            table_edges.switched(self, is_on)
        if not is_on and state.speed_kmh10:
            state.speed_kmh10 = 0
        charge(self, seconds)
        is_awake = is_on or state.is_charging
        if self.FED & FED_AWAKE:
            is_awake = self.inputs[IN_AWAKE] != 0
        if is_awake != state.is_awake:
            state.is_awake = is_awake
            state.touch()
        count(self, seconds)
        if self.FED & (FED_PARKED | FED_HANDBRAKE) == FED_PARKED:
            state.is_handbrake_on = self.inputs[IN_PARKED] != 0
        if self.VIN_PARTS and self.vin_seen == (1 << self.VIN_PARTS) - 1:
            from ovms.vehicle import table_edges

            table_edges.read_vin(self)

    def _listen(self, seconds):
        """What was heard since the last call, and what has been silent for too long."""
        pages = self._pages
        silences = self.SILENCES
        at = number = 0
        while at < len(silences):
            group = silences[at]
            end = group + silences[at + 1]
            if not silences[at + 1]:
                end = len(pages)
            while group < end and not pages[group] & _HEARD:
                group += 1
            limit_s = silences[at + 2]
            count = silences[at + 3]
            at += SILENCE_BYTES
            if group < end:
                self._silent_s[number] = 0
            elif self._silent_s[number] <= limit_s:
                self._silent_s[number] = min(self._silent_s[number] + seconds, limit_s)
                if self._silent_s[number] >= limit_s:
                    self._silent_s[number] = limit_s + 1
                    for n in range(at, at + count):
                        self._set(silences[n], 0)
                    if not number:
                        self._fall_silent()
            at += count
            number += 1
        for group in range(len(pages)):
            if pages[group] & _HEARD:
                self.state.told_age_s = 0
                pages[group] &= _LAST

    def _fall_silent(self):
        """The whole bus sleeps: nothing flows any more."""
        state = self.state
        for n in range(len(self.inputs)):
            self.inputs[n] = 0
        if state.battery_ma:
            state.battery_ma = 0
        if state.battery_w:
            state.battery_w = 0
        if state.supply_ma:
            state.supply_ma = 0
        if state.charge_input_w:
            state.charge_input_w = 0
        state.line_v = state.charge_a10 = 0
        state.has_pilot = False
        self._forget_counters()

    def _forget_counters(self):
        """What a counter did while nobody looked is not known."""
        resets = self.RESETS
        for n in range(0, len(resets), 2):
            self.sums[resets[n]] = -1

    def begin_sums(self, event: int) -> None:
        """A drive or a charge begins, RESET_...: so do its sums."""
        resets = self.RESETS
        for n in range(0, len(resets), 2):
            if resets[n + 1] == event:
                self.sums[resets[n] + 1] = 0

    def _hold(self, seconds):
        holds = self.HOLDS
        inputs = self.inputs
        at = number = 0
        while at < len(holds):
            target = holds[at]
            first = at + HOLD_BYTES
            middle = first + holds[at + 5]
            end = middle + holds[at + 6]
            place = at + 3 if inputs[target] else at + 1
            if inputs[target]:
                is_met = self._is_met(holds[place], middle, end)
            else:
                is_met = self._is_met(holds[place], first, middle)
            self._hold_s[number] = self._hold_s[number] + seconds if is_met else 0
            if is_met and self._hold_s[number] >= holds[place + 1]:
                inputs[target] = not inputs[target]
                self._hold_s[number] = 0
            at = end
            number += 1

    def _is_met(self, is_one_enough, first, end):
        for n in range(first, end):
            condition = self.HOLDS[n]
            is_true = self.inputs[condition & 0x7F] != 0
            if condition & 0x80:
                is_true = not is_true
            if is_true == (is_one_enough != 0):
                return is_true
        return not is_one_enough

    def keep(self, kept: "Kept") -> None:
        super().keep(kept)
        if kept.is_restored and self.state.charge_state in (CHARGING, TOPPING_OFF):
            self.wait_s = _WAIT_S

    def event_text(self, event: int) -> tuple[str, str] | None:
        # Of a charge in the module's own words.
        return ("A", "") if event <= EVENT_CHARGE_SUFFICIENT else None
