"""Pumps the GPS receiver's bytes through the NMEA parser into state and clock."""

import asyncio

from micropython import const

from ovms.protocol.nmea import FIX, NMEAParser

# At 9600 baud a receiver sends at most 960 bytes a second.
_BUFFER_SIZE = const(128)
_RETRY_MS = const(1000)


class GPSLink:
    """uart: byte stream of the receiver. state: VehicleState, whose `tick` ages the fix: after
    120 s without one it is stale. clock: gets UTC. Baud rate and wiring are the board's business.
    watch_ms: period without any sentence that counts as silence.
    """

    def __init__(self, uart, state, status, clock, watch_ms=10000):
        self._uart = uart
        self._state = state
        self._status = status
        self._clock = clock
        self._watch_ms = watch_ms
        self._parser = NMEAParser()

    async def run(self):
        """For ever. A silent, missing or babbling receiver is counted, never an error."""
        watch = asyncio.create_task(self._watch())
        view = memoryview(bytearray(_BUFFER_SIZE))
        parser = self._parser
        try:
            while True:
                try:
                    size = await self._uart.readinto(view)
                except OSError:
                    size = 0
                if not size:
                    # On the desk the stream may close; a UART only breaks.
                    self._status.count("gps_closed")
                    await asyncio.sleep_ms(_RETRY_MS)
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
            self._status.counts.update(counts)
            if counts["gps_sentences"] == seen:
                self._status.count("gps_silent")
                self._forget()
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
        state.gps_mode = parser.mode
        if parser.satellites is not None:
            state.satellites = parser.satellites
        if parser.event != FIX:
            # The position stays and grows old: the last known place is worth more than none.
            state.has_gps_lock = False
            state.gps_speed_kmh10 = None
            return
        state.latitude_udeg = parser.latitude_udeg
        state.longitude_udeg = parser.longitude_udeg
        state.gps_speed_kmh10 = parser.speed_kmh10
        # A standing car keeps the direction it came in.
        if parser.course_deg is not None:
            state.course_deg = parser.course_deg
        if parser.altitude_m is not None:
            state.altitude_m = parser.altitude_m
        if parser.hdop100 is not None:
            state.hdop100 = parser.hdop100
        state.has_gps_lock = True
        state.gps_age_s = 0
        if parser.utc_s is not None:
            self._clock.set_utc_s(parser.utc_s, "gps")
