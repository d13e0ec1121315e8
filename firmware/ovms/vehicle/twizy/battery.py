"""Battery monitor: what cells and modules did since switch-on, and which of them are suspicious.

Runs once a second on the consistent sets the decoder collects; integers only. Thresholds: Twizy
guide 1.2.0, "Battery monitoring"; evaluation step by step: Twizy facts 4.3, worked examples 9.3.
Texts and records are made in `battery_texts` and `battery_records`.
"""

from array import array

from micropython import const

from ovms.vehicle.twizy.decode import CELLS, MODULES, SET_COMPLETE

# Rows of `Group.values`.
NOW = const(0)
LOWEST = const(1)
HIGHEST = const(2)
FURTHEST = const(3)

# Cells in 1/200 V: 30 mV; standard deviation 25 and 15 mV. Modules in degrees.
_CELL_ALERT = const(6)
_CELLS_ALERT = const(5)
_CELLS_WATCH = const(3)
_CELL_END = const(0xF00)
_MODULE_ALERT = const(3)
_MODULES_ALERT = const(3)
_MODULES_WATCH = const(2)
_MODULE_END = const(0xF0)


class Group:
    """The cells, or the modules.

    values: four rows of `size` raw values: now, lowest, highest, furthest from the mean (signed);
    all 0 before the first set. is_fresh: the next set is the first. deviation: highest standard
    deviation. alerts, watches: bit n is value n, the bit `flag` is the group as a whole, for its
    standard deviation.

    alert: deviation of one value that is an alert; group_alert, group_watch: the limits of the
    standard deviation. end: first raw value that is a filler, as 0 is.
    """

    def __init__(self, size, flag, alert, group_alert, group_watch, end):
        self.size = size
        self.flag = flag
        self.values = array("h", bytes(8 * size))
        self._limits = (alert, group_alert, group_watch, end)
        self.reset()

    def reset(self):
        """Forget all but the values of now; the next set is the first of the statistics."""
        values = self.values
        size = self.size
        for i in range(size):
            values[size + i] = values[2 * size + i] = values[i]
            values[3 * size + i] = 0
        self.deviation = self.alerts = self.watches = 0
        self.is_fresh = True

    def evaluate(self, raw):
        """Take one set of `size` raw values; one filler among them and nothing changes.

        Flags stay until reset, or until the standard deviation reaches a new maximum: then the
        group is judged anew (Twizy facts 4.3, step 4, and the sets C and D of 9.3).
        """
        size = self.size
        values = self.values
        alert, group_alert, group_watch, end = self._limits
        base = raw[0]
        total = squares = 0
        for i in range(size):
            value = raw[i]
            if not 0 < value < end:
                return
            off = value - base
            total += off
            squares += off * off
        # Rounded root of the variance, at least 1, without fractions.
        spread = 4 * (size * squares - total * total)
        deviation = 1
        while spread >= ((2 * deviation + 1) * size) ** 2:
            deviation += 1
        if self.is_fresh:
            self.is_fresh = False
            for i in range(size):
                values[size + i] = values[2 * size + i] = raw[i]
        if deviation > self.deviation:
            self.deviation = deviation
            self.alerts = self.flag if deviation >= group_alert else 0
            self.watches = self.flag if group_watch <= deviation < group_alert else 0
        for i in range(size):
            value = raw[i]
            values[i] = value
            if value < values[size + i]:
                values[size + i] = value
            if value > values[2 * size + i]:
                values[2 * size + i] = value
            off = size * (value - base) - total
            distance = (2 * abs(off) + size) // (2 * size)
            if distance >= alert or (self.alerts & self.flag and distance >= group_alert):
                self.alerts |= 1 << i
            elif distance > deviation or (self.watches & self.flag and distance >= group_watch):
                self.watches |= 1 << i
            if distance > abs(values[3 * size + i]):
                values[3 * size + i] = distance if off > 0 else -distance


class Battery:
    """cells, modules: Group. pack_min_mv, pack_max_mv: pack voltage since reset, or None before.
    is_known: a complete set was seen. sets: counts the sets seen. notified: alerts the user knows
    of. was_charging: a second ago.
    """

    def __init__(self, decoder):
        self.cells = Group(CELLS, 0x8000, _CELL_ALERT, _CELLS_ALERT, _CELLS_WATCH, _CELL_END)
        self.modules = Group(
            MODULES, 0x80, _MODULE_ALERT, _MODULES_ALERT, _MODULES_WATCH, _MODULE_END
        )
        self.pack_min_mv = self.pack_max_mv = None
        self.is_known = False
        self.sets = 0
        self._decoder = decoder
        self.notified = 0
        self.was_charging = False

    def reset(self):
        """Begin anew: at switch-on, at the start of a charge, or because the user says so."""
        self.cells.reset()
        self.modules.reset()
        self.pack_min_mv = self.pack_max_mv = None
        self.notified = 0

    def update(self):
        """Once a second, after the charge logic. True when somebody has to hear of an alert."""
        decoder = self._decoder
        is_charging = decoder.is_charging()
        if is_charging and not self.was_charging:
            self.reset()
        self.was_charging = is_charging
        if decoder.cell_set < SET_COMPLETE:
            return False
        self.modules.evaluate(decoder.module_temps)
        self.cells.evaluate(decoder.cell_volts)
        decoder.cell_set = 0
        self.is_known = self.cells.values[0] > 0 and self.modules.values[0] > 0
        self.sets += 1
        pack_mv = decoder.state.battery_mv
        self.pack_min_mv = min(self.pack_min_mv or pack_mv, pack_mv)
        self.pack_max_mv = max(self.pack_max_mv or pack_mv, pack_mv)
        alerts = self.cells.alerts << 8 | self.modules.alerts
        if alerts == self.notified:
            return False
        self.notified = alerts
        return alerts != 0
