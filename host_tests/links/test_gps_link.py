"""GPSLink: bytes of a receiver into state and clock."""

import asyncio

from host_tests.protocol.test_nmea import GGA, NO_FIX_GGA, NO_FIX_RMC, OTHERS, RMC, UTC, rmc
from host_tests.shims.expect import run
from ovms.clock import Clock
from ovms.links.gps_link import GPSLink
from ovms.status import Status
from ovms.vehicle.state import VehicleState

# 2026-01-01: the day before which no time is plausible.
BUILD_DAY = 20454


class Receiver:
    """Byte stream playing chunks, then silence. None: closed; an OSError is raised."""

    def __init__(self, *chunks):
        self.chunks = list(chunks)
        self.silence = asyncio.Event()
        self.is_done = False

    async def readinto(self, view):
        if not self.chunks:
            self.is_done = True
            await self.silence.wait()
        chunk = self.chunks.pop(0)
        if chunk is None:
            return 0
        if isinstance(chunk, OSError):
            raise chunk
        rest = chunk[len(view) :]
        if rest:
            self.chunks.insert(0, rest)
        chunk = chunk[: len(view)]
        view[: len(chunk)] = chunk
        return len(chunk)


async def stop(task):
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return
    raise AssertionError("the link ended by itself")


def play(state, *chunks, limit_ms=2500):
    """Let the link hear `chunks`; returns (status, clock)."""
    status = Status("TEST")
    clock = Clock(BUILD_DAY)

    async def both():
        receiver = Receiver(*chunks)
        link = GPSLink(receiver, state, status, clock)
        task = asyncio.create_task(link.run())
        waited = 0
        while not receiver.is_done:
            await asyncio.sleep_ms(5)
            waited += 5
            assert waited < limit_ms
        await stop(task)

    run(both())
    return status, clock


def test_fix_reaches_the_state():
    state = VehicleState()
    play(state, GGA + OTHERS + RMC)
    assert (state.latitude_udeg, state.longitude_udeg) == (51302302, 7389981)
    assert (state.altitude_m, state.satellites, state.hdop100) == (321, 12, 87)
    assert state.gps_speed_kmh10 == 0 and state.course_deg is None
    assert state.has_gps_lock and state.gps_age_s == 0 and state.gps_mode == "A"


def test_course_stays_when_the_car_stops():
    state = VehicleState()
    play(state, rmc(speed="20", course="123.4"), rmc(speed="0.1", course="300.0"))
    assert state.course_deg == 123 and state.gps_speed_kmh10 == 2


def test_lost_fix_keeps_the_position_and_grows_stale():
    state = VehicleState()
    play(state, RMC, NO_FIX_GGA, NO_FIX_RMC)
    assert not state.has_gps_lock and state.satellites == 0
    assert state.latitude_udeg == 51302302 and state.gps_age_s == 0
    state.tick(119)
    assert state.gps_age_s == 119


def test_silent_receiver_grows_stale_after_two_minutes():
    state = VehicleState()
    play(state, RMC)
    state.tick(119)
    assert state.has_gps_lock
    state.tick(1)
    assert not state.has_gps_lock and state.latitude_udeg == 51302302
    play(state, RMC)
    assert state.has_gps_lock and state.gps_age_s == 0


def test_utc_sets_the_clock():
    state = VehicleState()
    _, clock = play(state, RMC)
    assert clock.utc_s() is None
    _, clock = play(state, RMC, rmc("085321.00"))
    assert 0 <= clock.utc_s() - UTC <= 3
    assert not clock.set_utc_s(UTC + 100, "modem")


def test_never_a_fix_is_never_a_position():
    state = VehicleState()
    play(state, NO_FIX_RMC * 3)
    assert state.latitude_udeg is None and state.gps_age_s is None and not state.has_gps_lock


def test_closed_and_broken_streams_are_tried_again():
    state = VehicleState()
    status, _ = play(state, None, OSError("broken"), RMC, limit_ms=4000)
    assert status.counts["gps_closed"] == 2
    assert state.has_gps_lock


def test_silence_is_counted_and_ends_what_is_of_now():
    """A receiver that was unplugged has no satellites, no lock and no speed, but a last place."""
    status = Status("TEST")
    state = VehicleState()

    async def both():
        link = GPSLink(Receiver(GGA + OTHERS + RMC), state, status, Clock(), watch_ms=30)
        task = asyncio.create_task(link.run())
        for _ in range(200):
            await asyncio.sleep_ms(5)
            if status.counts.get("gps_silent") == 2:
                break
        await stop(task)

    run(both())
    assert status.counts["gps_silent"] == 2 and status.counts["gps_sentences"] > 1
    assert state.satellites is None and not state.has_gps_lock and state.gps_mode == ""
    assert state.gps_speed_kmh10 is None and state.hdop100 is None
    assert (state.latitude_udeg, state.longitude_udeg) == (51302302, 7389981)
    assert state.gps_age_s == 0 and state.altitude_m == 321
