"""Which of the Twizy's history records leave (overlay of `car`, which knows when).

Twizy guide 1.2.0: power statistics and position once a minute, the position every 5 s while
streaming. For the battery it names no interval (Twizy facts 4.5: once a minute): the record of the
pack goes in the first minute of a trip and every other one while it has news, those of the 14
cells (they carry their extremes since the start) in the first minute and every half hour, which
keeps an hour of driving with an app within the data budget of 60 KB. All of them go when an alert
changes and at the end of a trip. RT-PWR-Log, which is later firmware's, goes then and with every
notification of a charge. A parked car has nothing to tell but that it was moved.
"""

from micropython import const

from ovms.vehicle.base import EVENT_BATTERY
from ovms.vehicle.twizy.car import DUE_ALERT, DUE_CHARGE, DUE_MINUTE, DUE_POSITION, DUE_TRIP_END

_PACK_MIN = const(2)
# A charge changes little in a minute.
_PACK_ASLEEP_MIN = const(10)
_CELLS_MIN = const(30)


def send(car):
    """Emit the records and announce the events of `car.due`, each once, even should one fail."""
    due = car.due
    car.due = 0
    if due & DUE_ALERT:
        car.on_event(EVENT_BATTERY)
        _send_battery(car, True)
    from ovms.vehicle.twizy import power_records

    if due & DUE_TRIP_END and power_records.end_trip(car):
        _send_position(car)
        _send_battery(car, True)
        due |= DUE_CHARGE
    if due & DUE_CHARGE:
        from ovms.vehicle.twizy import power_log

        power_log.send(car)
    if due & DUE_POSITION:
        _send_position(car)
    if due & DUE_MINUTE:
        minutes = car.minutes
        car.minutes = (minutes + 1) % _CELLS_MIN
        is_awake = car.state.is_awake
        if is_awake:
            from ovms.vehicle.twizy import power_records

            power_records.send(car)
        every_min = _PACK_MIN if is_awake else _PACK_ASLEEP_MIN
        if car.told_sets != car.battery.sets and not minutes % every_min:
            _send_battery(car, not minutes)


def _send_battery(car, has_cells):
    car.told_sets = car.battery.sets
    from ovms.vehicle.twizy import battery_records

    battery_records.send(car, has_cells)


def _send_position(car):
    from ovms.vehicle.twizy import gps_records

    gps_records.send(car)
