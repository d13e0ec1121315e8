"""What logs the CAN bus: a car in front of the car, and the task that writes. On demand.

In RAM while a log runs. A `CANLink` opens the bus as its car wants it and hands it the frames; for
the time of a log it has a `LoggedCar`, so nothing of it costs anything when none runs. That car
may send nothing, so the bus is opened silent, whatever feature 15 says.
"""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ovms.contracts import Buffer, CarOnBus, LogWriter, Status
    from ovms.links.can_link import CANLink

# Why a log ended; the numbers stand in flash.
BY_OWNER = const(1)
BY_TIME = const(2)
BY_CAR = const(3)
BY_FLASH = const(4)
BY_ERROR = const(5)

_LOOK_MS = const(10)
# After a write others have twice its time: flash that is slow costs frames, and nobody else.
_REST = const(2)
# So long frames may wait in RAM, where a power cut takes them.
_OLDEST_MS = const(5000)
# So long the ESP32 stays awake after a look at a bus that is awake.
_AWAKE_S = const(10)


class LoggedCar:
    """In the place of `car`, which gets the frames that it asked for.

    log: `LogWriter`. ids: tuple of those to log, None for all. end_s: the uptime at which it ends.
    why: BY_... once it is to end, 0 before. lost_elsewhere(): frames that controller and driver
    have lost since its beginning.
    """

    # Silent by this: CANLink lets nothing be sent of a car that has nothing to send.
    TX_FRAMES: tuple[tuple[int, int], ...] = ()
    FOREIGN_IDS: tuple[int, ...] = ()
    SUB_TYPES: tuple[tuple[int, int], ...] = ()

    BITRATE: int | None
    RX_IDS: tuple[int, ...] | None

    def __init__(
        self,
        car: "CarOnBus",
        log: "LogWriter",
        ids: tuple[int, ...] | None,
        bitrate: int,
        end_s: int,
        lost_elsewhere: "Callable[[], int]",
    ) -> None:
        self.car = car
        self.log = log
        self.ids = ids
        self.end_s = end_s
        self.why = 0
        self.lost_elsewhere = lost_elsewhere
        self.BITRATE = bitrate
        self.RX_IDS = ids
        wanted = car.RX_IDS
        if ids is not None and wanted is None:
            self.RX_IDS = None
        elif ids is not None and wanted is not None:
            self.RX_IDS = ids + tuple([i for i in wanted if i not in ids])

    def on_frame(self, arbitration_id: int, data: "Buffer", dlc: int) -> None:
        """One frame of the bus. Must not allocate."""
        ids = self.ids
        if ids is None or arbitration_id in ids:
            self.log.put(arbitration_id, data, dlc)
        car = self.car
        ids = car.RX_IDS
        if ids is None or arbitration_id in ids:
            car.on_frame(arbitration_id, data, dlc)


async def run(link: "CANLink", logged: "LoggedCar", status: "Status") -> None:
    """Write the log of `logged`, the car of the CANLink `link`, until it is to end.

    By its end the link has the car of before.
    """
    log = logged.log
    pause_ms = _LOOK_MS
    why = BY_ERROR
    try:
        while True:
            await asyncio.sleep_ms(pause_ms)
            pause_ms = _LOOK_MS
            if not link.is_asleep:
                status.awake_until_s = max(status.awake_until_s, status.uptime_s + _AWAKE_S)
            if link.car is not logged:
                why = BY_CAR
            elif status.uptime_s >= logged.end_s:
                why = BY_TIME
            elif logged.why:
                why = logged.why
            else:
                is_old = not log.is_empty() and log.age_ms() >= _OLDEST_MS and log.turn()
                if not log.has_block:
                    continue
                log.write(is_old)
                pause_ms += _REST * log.write_ms
                continue
            return
    except OSError:
        why = BY_FLASH
        status.count("can_log_flash")
    finally:
        if link.car is logged:
            link.set_car(logged.car)
        log.lost += logged.lost_elsewhere()
        log.end(why)
        logged.why = why
