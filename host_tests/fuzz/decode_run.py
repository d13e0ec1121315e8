"""Random bytes of a GPS receiver and random CAN frames, and what the module makes of them."""

import asyncio
from binascii import crc32

from host_tests.fuzz import jumping_time
from host_tests.fuzz.rng import Rng
from host_tests.vehicle.contract import Settings
from ovms.links.gps_link import GPSLink
from ovms.protocol.v2 import messages, reports
from ovms.services.sms.car_reports import stat
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.demo.car import Demo
from ovms.vehicle.state import VehicleState
from ovms.vehicle.twizy.car import Twizy
from tools.simulated_board.fakes.at_peer import Wire

BATCH = 500
_SENTENCES = (
    b"GPRMC,120000.00,A,4830.5000,N,00912.2500,E,12.3,84.4,200826,,,A",
    b"GNRMC,235959.99,A,8959.9999,S,17959.9999,W,999.9,359.9,311299,,,D,V",
    b"GPRMC,120001.00,V,,,,,,,200826,,,N",
    b"GPRMC,000000,A,0000.0000,N,00000.0000,E,,,060180,,,A",
    b"GPGGA,120000.00,4830.5000,N,00912.2500,E,1,08,0.94,545.4,M,47.9,M,,",
    b"GPGGA,,,,,,0,,,,M,,M,,",
    b"GPGSV,3,1,11,03,03,111,00,04,15,270,00",
)


def _sentence(rng):
    text = rng.pick(_SENTENCES)
    if rng.chance(40):
        text = rng.damaged(text)
    checksum = 0
    for byte in text:
        checksum ^= byte
    line = b"$" + text + b"*%02X\r\n" % checksum
    return rng.damaged(line) if rng.chance(30) else line


class _Clock:
    def __init__(self):
        self.heard = []
        self.now_s = 0

    def uptime_s(self):
        return self.now_s

    def set_utc_s(self, utc_s, source):
        self.heard.append(utc_s)


def _is_sane(state):
    """Whether the position is one on earth, and the rest as its docstring says."""
    return (
        (state.latitude_udeg is None or abs(state.latitude_udeg) <= 90000000)
        and (state.longitude_udeg is None or abs(state.longitude_udeg) <= 180000000)
        and (state.course_deg is None or 0 <= state.course_deg < 360)
        and len(state.gps_mode) <= 4
    )


async def _listen(rng, count):
    state = VehicleState()
    status = Status("FUZZ")
    clock = _Clock()
    wire = Wire(None, rng.pick((4096, 1, 7)))
    link = asyncio.create_task(GPSLink(wire, state, status, clock).run())
    digest = 0
    for _ in range(count):
        wire.deliver(rng.data(40) if rng.chance(15) else _sentence(rng))
        while not wire.is_empty:
            await asyncio.sleep_ms(10)
        await asyncio.sleep_ms(10)
        assert not link.done(), "the link has ended"
        assert _is_sane(state), state.__dict__
        place = (state.latitude_udeg, state.longitude_udeg, state.has_gps_lock, state.satellites)
        digest = crc32(("%r %r" % (place, clock.heard)).encode(), digest)
        clock.heard.clear()
        # Most places are far from each other: now and then there was time to go there.
        clock.now_s += 100000 if rng.chance(20) else 1
    link.cancel()
    await asyncio.sleep_ms(1)
    return digest


def gps(seed, count, between=None):
    """`count` random pieces of a GPS stream; returns a number made of what was believed."""
    digest = 0
    for batch in range(0, count, BATCH):
        digest ^= jumping_time.run(_listen(Rng(seed + batch), min(BATCH, count - batch)))
        if between:
            between()
    return digest


def _listened(car):
    """A list that gets every text and record of the car."""
    told = []
    car.on_event = lambda event: told.append(car.event_text(event))
    car.on_record = lambda *record: told.append(record)
    return told


def _reports(car, state):
    """All that is told of a state, as bytes."""
    status = Status("FUZZ")
    told = b""
    for is_miles in (False, True):
        told += reports.state_message(state, is_miles)
        told += reports.environment_message(state, is_miles)
        told += messages.location_message(state, is_miles)
        told += stat(state, is_miles).encode()
    told += reports.tyres_message(state)
    told += reports.firmware_message(state, status, "4.0", car.type_text(), 0)
    text = car.stat_text()
    return told + (text or "").encode()


def can(seed, count, between=None):
    """`count` random frames to every car; returns a number made of what the car told of them.

    The driver lets standard data frames with at most 8 bytes through, the rest of the buffer is
    whatever was there; the ids are those the car asked for, its neighbours and any others.
    """
    digest = 0
    for batch in range(0, count, BATCH):
        rng = Rng(seed + batch)
        state = VehicleState()
        car_class = rng.pick((Twizy, Twizy, Twizy, Demo, Vehicle))
        car = car_class(state, Settings())
        told = _listened(car)
        data = bytearray(8)
        for _ in range(min(BATCH, count - batch)):
            if rng.chance(70):
                data[:] = rng.data(8, 8)
            else:
                data[rng.below(8)] = rng.pick((0, 0xFF, 0x7F, 0x80, rng.below(256)))
            wanted = car.RX_IDS if rng.chance(85) else ()
            car.on_frame(rng.pick(wanted) if wanted else rng.below(0x800), data, rng.below(9))
            if rng.chance(10):
                state.tick(1)
                car.poll(rng.pick((10, 1000, 1000, 60000)))
            if rng.chance(2):
                digest = crc32(_reports(car, state) + repr(told).encode(), digest)
                told.clear()
        if between:
            between()
    return digest
