"""History records RT-PWR-BattPack and RT-PWR-BattCell.

Fields: Twizy guide 1.2.0, "Battery monitoring"; what follows the guide's in the pack record is
later firmware's (Twizy facts 4.5). No field is empty, as apps drop a row that has one
(server-and-clients 5): what a pack does not tell is 0 beside an alert status of 0, "unknown".
Later names: `later_records.py`.
"""

from micropython import const

from ovms.parameters import FEATURE_SUPPRESS, LATER_RECORDS
from ovms.vehicle.twizy.battery import FURTHEST, HIGHEST, LOWEST, NOW
from ovms.vehicle.twizy.battery_size import has, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.battery import Group
    from ovms.vehicle.twizy.car import Twizy

_LIFETIME_S = const(86400)
# Records of cells that are made at a time.
_CELLS = const(5)

# Alert states of the records; 4, failure, does not occur.
_UNKNOWN = const(0)
_NOMINAL = const(1)
_WATCH = const(2)
_ALERT = const(3)


def send(car: "Twizy", has_cells: bool = True) -> None:
    """Emit the records of the pack and of its cells, in turns; nothing before a first set."""
    battery = car.battery
    if not battery.is_known:
        return
    car.in_turn(_send_pack, car)
    if has_cells and battery.cells.mask:
        for first in range(0, battery.cells.size, _CELLS):
            car.in_turn(_send_cells, car, first)


def _has_later_names(car):
    return car.config.feature(FEATURE_SUPPRESS) & LATER_RECORDS


def _send_pack(car):
    fields = _pack(car)
    if _has_later_names(car):
        from ovms.vehicle.twizy import later_records

        later_records.send_pack(car, fields)
    else:
        car.on_record("RT-PWR-BattPack", 1, _LIFETIME_S, _joined(fields))


def _send_cells(car, first):
    battery = car.battery
    for cell in range(first, min(first + _CELLS, battery.cells.size)):
        fields = _cell(battery, cell)
        if _has_later_names(car):
            from ovms.vehicle.twizy import later_records

            later_records.send_cell(car, cell + 1, fields)
        else:
            car.on_record("RT-PWR-BattCell", cell + 1, _LIFETIME_S, _joined(fields))


def _joined(fields):
    return ",".join([str(field) for field in fields])


def _status(group, bits):
    if not group.mask & bits:
        return _UNKNOWN
    if group.alerts & bits:
        return _ALERT
    return _WATCH if group.watches & bits else _NOMINAL


def _pack(car):
    battery = car.battery
    cells = battery.cells
    modules = battery.modules
    state = car.state
    decoder = car.decoder
    fields = [
        cells.size if cells.mask else 0,
        1,
        _status(cells, -1),
        _status(modules, -1),
        state.soc_pct100 or 0,
        decoder.soc_min_pct100,
        decoder.soc_max_pct100,
    ]
    now_mv = state.battery_mv or 0
    for pack_mv in (now_mv, battery.pack_min_mv or now_mv, battery.pack_max_mv or now_mv):
        # 1/100 V, and the nominal voltage of one cell.
        fields += (pack_mv // 10, pack_mv // 10 // cells.size)
    fields += temperatures(modules) + (
        cells.deviation * 5,
        modules.deviation,
        decoder.drive_limit * 500,
        decoder.recovery_limit * 500,
    )
    return fields


def temperatures(modules: "Group") -> tuple[int, int, int]:
    """(rounded mean, lowest, highest) in degrees, zeros where the pack tells none."""
    now = told(modules, NOW)
    count = len(now)
    if not count:
        return (0, 0, 0)
    return (
        (2 * sum(now) + count) // (2 * count) - 40,
        min(told(modules, LOWEST)) - 40,
        max(told(modules, HIGHEST)) - 40,
    )


def _cell(battery, cell):
    """The cell and, behind it, the module of two cells it belongs to."""
    cells = battery.cells
    modules = battery.modules
    module = cell // 2
    fields = [1, _status(cells, 1 << cell), _status(modules, 1 << module)]
    return fields + _values(cells, cell, 5, 0) + _values(modules, module, 1, 40)


def _values(group, index, scale, zero):
    """Now, lowest, highest and furthest from the mean of one value."""
    if not has(group, index):
        return [0, 0, 0, 0]
    values = [(group.values[row * group.size + index] - zero) * scale for row in range(FURTHEST)]
    return values + [group.values[FURTHEST * group.size + index] * scale]
