"""Battery monitor: what cells and modules did since switch-on, and which of them are suspicious.

Runs once a second on what the decoder collects: the cells in sets of one moment, the modules'
temperatures, each judged apart. Integers only. Thresholds: Twizy guide 1.2.0, "Battery
monitoring"; evaluation step by step: Twizy facts 4.3, worked examples 9.3. Texts and records are
made in `battery_texts` and `battery_records`.
"""

from array import array

from micropython import const

from ovms.vehicle.twizy.decode import CELL_END, CELLS, MODULES, SET_COMPLETE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.decode import Decoder

# Rows of `Group.values`.
NOW = const(0)
LOWEST = const(1)
HIGHEST = const(2)
FURTHEST = const(3)

# Cells in 1/200 V: 30 mV; standard deviation 25 and 15 mV. Modules in degrees.
_CELL_ALERT = const(6)
_CELLS_ALERT = const(5)
_CELLS_WATCH = const(3)
_MODULE_ALERT = const(3)
_MODULES_ALERT = const(3)
_MODULES_WATCH = const(2)
_MODULE_END = const(0xF0)

# Without a set of cells for so long the modules alone are news, and 700 is not waited for.
_ALONE_S = const(5)


class Group:
    """The cells, or the modules.

    values: four rows of `size` raw values: now, lowest, highest, furthest from the mean (signed);
    all 0 before the first set, and those of a value that the pack does not tell. mask: bit n is
    set where value n is told, 0 before the first set. is_fresh: the next set is the first.
    deviation: highest standard deviation.
    alerts, watches: bit n is value n, the bit `flag` is the group as a whole, for its standard
    deviation.

    usual: how many values the pack of the Twizy has. alert: deviation of one value that is an
    alert; group_alert, group_watch: the limits of the standard deviation. end: first raw value
    that is a filler, as 0 is.
    """

    def __init__(
        self, usual: int, alert: int, group_alert: int, group_watch: int, end: int
    ) -> None:
        self.usual = usual
        self._limits = (alert, group_alert, group_watch, end)
        self.other = self.others = 0
        self.make(0, usual)

    def make(self, mask: int, size: int) -> None:
        """Begin anew with `size` values, of which those of `mask` are told."""
        self.mask = mask
        self.size = size
        # Above all values: bit 15 of the cells, 7 of the modules (Twizy facts 4.3).
        self.flag = 1 << max(size, self.usual + (self.usual > MODULES))
        self.values = array("h", bytes(8 * size))
        self.others = 0
        self.reset()

    def reset(self) -> None:
        """Forget all but the values of now; the next set is the first of the statistics."""
        values = self.values
        size = self.size
        for i in range(size):
            values[size + i] = values[2 * size + i] = values[i]
            values[3 * size + i] = 0
        self.deviation = self.alerts = self.watches = 0
        self.is_fresh = True

    def evaluate(self, raw: "array[int] | bytearray") -> None:
        """Take one set of raw values; a filler among them that was none before changes nothing.

        Flags stay until reset, or until the standard deviation reaches a new maximum: then the
        group is judged anew (Twizy facts 4.3, step 4, and the sets C and D of 9.3).
        """
        alert, group_alert, group_watch, end = self._limits
        mask = size = count = base = total = squares = 0
        for i in range(len(raw)):
            value = raw[i]
            if not 0 < value < end:
                continue
            mask |= 1 << i
            size = i + 1
            base = base or value
            count += 1
            off = value - base
            total += off
            squares += off * off
        if mask != self.mask:
            from ovms.vehicle.twizy import battery_size

            if not battery_size.adopt(self, mask, size):
                return
        elif not mask:
            return
        values = self.values
        # Rounded root of the variance, at least 1, without fractions.
        spread = 4 * (count * squares - total * total)
        deviation = 1
        while spread >= ((2 * deviation + 1) * count) ** 2:
            deviation += 1
        if self.is_fresh:
            self.is_fresh = False
            for i in range(size):
                if mask >> i & 1:
                    values[size + i] = values[2 * size + i] = raw[i]
        if deviation > self.deviation:
            self.deviation = deviation
            self.alerts = self.flag if deviation >= group_alert else 0
            self.watches = self.flag if group_watch <= deviation < group_alert else 0
        for i in range(size):
            if not mask >> i & 1:
                continue
            value = raw[i]
            values[i] = value
            if value < values[size + i]:
                values[size + i] = value
            if value > values[2 * size + i]:
                values[2 * size + i] = value
            off = count * (value - base) - total
            distance = (2 * abs(off) + count) // (2 * count)
            if distance >= alert or (self.alerts & self.flag and distance >= group_alert):
                self.alerts |= 1 << i
            elif distance > deviation or (self.watches & self.flag and distance >= group_watch):
                self.watches |= 1 << i
            if distance > abs(values[3 * size + i]):
                values[3 * size + i] = distance if off > 0 else -distance


class Battery:
    """cells, modules: Group. pack_min_mv, pack_max_mv: pack voltage since reset, or None before.
    is_known: something was told of cells or modules. sets: counts the sets seen. notified: alerts
    the user knows of.
    """

    pack_min_mv: int | None
    pack_max_mv: int | None

    def __init__(self, decoder: "Decoder") -> None:
        self.cells = Group(CELLS, _CELL_ALERT, _CELLS_ALERT, _CELLS_WATCH, CELL_END)
        self.modules = Group(MODULES, _MODULE_ALERT, _MODULES_ALERT, _MODULES_WATCH, _MODULE_END)
        self.pack_min_mv = self.pack_max_mv = None
        self.is_known = False
        self.sets = 0
        self._decoder = decoder
        self.notified = self._alone_s = 0

    def reset(self) -> None:
        """Begin anew: at switch-on, or because the user says so."""
        self.cells.reset()
        self.modules.reset()
        self.pack_min_mv = self.pack_max_mv = None
        self.notified = 0

    def update(self) -> bool:
        """Once a second. True when somebody has to hear of an alert."""
        decoder = self._decoder
        has_temps = decoder.has_temps
        if has_temps:
            self._judge_modules(decoder)
        if decoder.cell_set >= decoder.set_complete:
            self.cells.evaluate(decoder.cell_volts)
            decoder.cell_set = self._alone_s = 0
            # No set is complete without it.
            pack_mv: int = decoder.state.battery_mv  # type: ignore[assignment]
            self.pack_min_mv = min(self.pack_min_mv or pack_mv, pack_mv)
            self.pack_max_mv = max(self.pack_max_mv or pack_mv, pack_mv)
        elif not has_temps:
            return False
        elif self._alone_s < _ALONE_S:
            self._alone_s += 1
            if self._alone_s == _ALONE_S:
                # Of a battery that is no longer there; what came of it is no part of a set.
                decoder.set_complete = SET_COMPLETE
                decoder.cell_set = 0
                decoder.cell_volts[14] = decoder.cell_volts[15] = 0
            return False
        self.sets += 1
        self.is_known = self.cells.mask | self.modules.mask != 0
        alerts = self.cells.alerts << 9 | self.modules.alerts
        if alerts == self.notified:
            return False
        self.notified = alerts
        return alerts != 0

    def _judge_modules(self, decoder):
        modules = self.modules
        mask = modules.mask
        modules.evaluate(decoder.module_temps[: decoder.sensors])
        decoder.has_temps = False
        if modules.mask != mask:
            from ovms.vehicle.twizy import battery_size

            decoder.temp_count = len(battery_size.told(modules, NOW))
