"""Pumps the GPS receiver's bytes through the NMEA parser into state and clock.

What no car can do is not believed: see `gps_place.py`.
"""

import asyncio

from micropython import const

from ovms import status as heard
from ovms.protocol.nmea import FIX, NMEAParser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from ovms.contracts import UART, Clock, Status, VehicleState

# At 9600 baud a receiver sends at most 960 bytes a second.
_BUFFER_SIZE = const(128)
_RETRY_MS = const(1000)
# When this task has to be heard of again at the latest: see `ovms/guard.py`.
_ALIVE_S = const(600)
# What lies as near to the last fix as this needs no thought: millionths of a degree in both
# directions together, 110 m of latitude; metres of altitude.
_NEAR_UDEG = const(1000)
_NEAR_M = const(30)
# Tenths of km/h; nothing that can carry a car is faster.
_FASTEST_KMH10 = const(4000)


class GPSLink:
    """uart: byte stream of the receiver. state: VehicleState, whose `tick` ages the fix: after
    120 s without one it is stale. clock: gets UTC.
    watch_ms: period without any sentence that counts as silence. seek(link, is_read): coroutine
    that finds the baud rate, see `gps_setup.py`, which has tries, patience, asked and is_told
    (whether an RMC came in this period).

    due_s: see `ovms/guard.py`; who may wait for a silent receiver for ever is not waited for, but
    the look at it is.

    For `gps_place.py`: place, None or [latitude, longitude, uptime] of the last fix that was
    believed; candidate; altitude_s, the uptime of the last altitude, None when it counts no more.
    """

    # There behind `is_plausible`.
    place: "list[int] | Any"
    candidate: list[int] | None
    altitude_s: int | None
    seek: "Callable[[GPSLink, bool], Awaitable[None]] | None"

    def __init__(
        self,
        uart: "UART",
        state: "VehicleState",
        status: "Status",
        clock: "Clock",
        watch_ms: int = 10000,
    ) -> None:
        self.uart = uart
        self._state = state
        self._status = status
        self._clock = clock
        self._watch_ms = watch_ms
        self._parser = NMEAParser()
        self.place = self.candidate = self.altitude_s = None
        self._is_heard = self.is_told = False
        self.due_s = _ALIVE_S
        # The power governor sent the receiver to sleep: silence is no fault.
        self.is_off = False
        self.seek = None
        self.tries = self.patience = self.asked = 0

    async def run(self) -> None:
        """For ever. A silent, missing or babbling receiver is counted, never an error."""
        watch = asyncio.create_task(self._watch())
        view = memoryview(bytearray(_BUFFER_SIZE))
        parser = self._parser
        try:
            while True:
                try:
                    size = await self.uart.readinto(view)
                except OSError:
                    size = 0
                if not size:
                    # On the desk the stream may close; a UART only breaks.
                    self._status.count("gps_closed")
                    await asyncio.sleep_ms(_RETRY_MS)
                else:
                    self._is_heard = True
                at = 0
                while at < size:
                    at = parser.receive(view, at, size)
                    if parser.event:
                        self._publish()
        finally:
            watch.cancel()

    async def _watch(self):
        """Show the parser's counters, and count the periods without a sentence."""
        seen = 0
        while True:
            # A period, not a look: silence is what did not come in it.
            await asyncio.sleep_ms(self._watch_ms)
            counts = self._parser.counts
            status = self._status
            self.due_s = status.uptime_s + _ALIVE_S
            status.counts.update(counts)
            is_read = counts["gps_sentences"] != seen
            if is_read:
                status.gps_heard = heard.GPS_SENTENCES
            elif self.is_off:
                status.gps_heard = heard.GPS_ASLEEP
                self._forget()
            else:
                # Another baud rate looks like noise, or like nothing with a `$` in it.
                is_heard = self._is_heard
                status.gps_heard = heard.GPS_UNREADABLE if is_heard else heard.GPS_SILENT
                status.count("gps_silent")
                self._forget()
            is_odd = self.tries or not self.is_told
            if self._is_heard and is_odd and self.seek and not self.is_off:
                await self.seek(self, is_read)
            self._is_heard = self.is_told = False
            seen = counts["gps_sentences"]

    def _forget(self):
        """The receiver says nothing: what it said of now is over, the last place stays."""
        state = self._state
        state.has_gps_lock = False
        state.satellites = state.hdop100 = state.gps_speed_kmh10 = None
        state.gps_mode = ""

    def _publish(self):
        parser = self._parser
        state = self._state
        self.is_told = True
        state.gps_mode = parser.mode
        if parser.satellites is not None:
            state.satellites = parser.satellites
        if parser.event != FIX:
            # The position stays and grows old: the last known place is worth more than none.
            state.has_gps_lock = False
            state.gps_speed_kmh10 = None
            return
        now_s = self._clock.uptime_s()
        place = self.place
        latitude = parser.latitude_udeg
        longitude = parser.longitude_udeg
        if place is None or abs(latitude - place[0]) + abs(longitude - place[1]) > _NEAR_UDEG:
            from ovms.links.gps_place import is_plausible

            if not is_plausible(self, latitude, longitude, now_s):
                # The last place grows old meanwhile.
                self._status.count("gps_implausible")
                return
            place = self.place
        self.candidate = None
        state.latitude_udeg = place[0] = latitude
        state.longitude_udeg = place[1] = longitude
        # What a receiver estimates in a tunnel may be far from where it finds itself behind it.
        if parser.mode != "E":
            place[2] = now_s
        speed_kmh10 = parser.speed_kmh10
        state.gps_speed_kmh10 = speed_kmh10 if speed_kmh10 <= _FASTEST_KMH10 else None
        # A standing car keeps the direction it came in.
        if parser.course_deg is not None:
            state.course_deg = parser.course_deg
        altitude_m = parser.altitude_m
        if altitude_m is not None:
            known_m = state.altitude_m
            if known_m is None or abs(altitude_m - known_m) > _NEAR_M:
                from ovms.links.gps_place import plausible_altitude

                altitude_m = plausible_altitude(self, altitude_m, known_m, now_s)
            if altitude_m is not None:
                state.altitude_m = altitude_m
                self.altitude_s = now_s
        if parser.hdop100 is not None:
            state.hdop100 = parser.hdop100
        state.has_gps_lock = True
        state.gps_age_s = 0
        if parser.utc_s is not None:
            self._clock.set_utc_s(parser.utc_s, "gps")
