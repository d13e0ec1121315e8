"""The GPS simulator: what it says, read with rules of its own (CPython only)."""

import asyncio
import math
import re

import pytest

from ovms.protocol.nmea import FIX, NMEAParser
from tools.desk.gps import TEMPELHOF, Faults, GPSReceiver, Waypoint, sentence
from tools.desk.gps_server import GPSServer

# 2026-08-24 08:53:20 UTC.
UTC_S = 1787561600


def lines(data):
    """The sentences in `data` with a good checksum, as lists of fields."""
    good = []
    for body, checksum in re.findall(rb"\$([^$*\r\n]*)\*([0-9A-F]{2})\r\n", data):
        value = 0
        for byte in body:
            value ^= byte
        if value == int(checksum, 16):
            good.append(body.decode().split(","))
    return good


def fields(data, kind):
    return next(line for line in lines(data) if line[0].endswith(kind))


def degrees(text, side):
    whole = int(float(text) // 100)
    value = whole + (float(text) - whole * 100) / 60
    return -value if side in "SW" else value


def place(data):
    rmc = fields(data, "RMC")
    return degrees(rmc[3], rmc[4]), degrees(rmc[5], rmc[6])


def test_sentence_of_a_published_example():
    # Hardware facts 5.2.
    text = "GPRMC,085320.00,A,5118.13814,N,00723.39884,E,0.013,265.50,240826,,,A"
    assert sentence(text).endswith(b"*64\r\n")


def test_one_epoch():
    receiver = GPSReceiver(utc_s=UTC_S - 1)
    data = receiver.tick()
    kinds = [line[0][-3:] for line in lines(data)]
    assert kinds == ["RMC", "VTG", "GGA", "GSA", "GSV", "GSV", "GSV"]
    rmc = fields(data, "RMC")
    assert (rmc[1], rmc[2], rmc[9], rmc[12]) == ("085320.00", "A", "240826", "A")
    assert fields(data, "GGA")[6:8] == ["1", "07"]
    assert len(fields(data, "GSA")) == 18
    # A 9600 baud line carries 960 bytes a second.
    assert 300 < len(data) < 700


def test_position():
    receiver = GPSReceiver(utc_s=UTC_S)
    for latitude, longitude in ((-33.868724, 151.209054), (0.0, -179.99999999), (51.9999999, 0)):
        receiver.position(latitude, longitude, 50.93, 90.12, -3.5)
        data = receiver.tick()
        got = place(data)
        assert got[0] == pytest.approx(latitude, abs=1e-7)
        assert got[1] == pytest.approx(longitude, abs=1e-7)
        rmc = fields(data, "RMC")
        assert (rmc[7], rmc[8]) == ("27.500", "90.12")
        assert fields(data, "GGA")[9] == "-3.5"
    receiver.position(0.5, 0.5)
    assert fields(receiver.tick(), "RMC")[7:9] == ["0.000", ""]


def test_route_is_driven_at_its_speed():
    receiver = GPSReceiver(utc_s=UTC_S)
    before = place(receiver.tick())
    for _ in range(30):
        after = place(receiver.tick())
        north = (after[0] - before[0]) * 111195
        east = (after[1] - before[1]) * 111195 * math.cos(math.radians(after[0]))
        assert math.hypot(north, east) == pytest.approx(45 / 3.6, abs=0.2)
        before = after
    for _ in range(600):
        before = place(receiver.tick())
        assert 52.4688 <= before[0] <= 52.4778 and 13.3903 <= before[1] <= 13.4182
    # A round takes about 6 minutes, so it came past the start.
    assert receiver.fix.speed_kmh in {waypoint.speed_kmh for waypoint in TEMPELHOF}


def test_long_step_passes_several_waypoints():
    quick = GPSReceiver(utc_s=UTC_S)
    slow = GPSReceiver(utc_s=UTC_S)
    quick.tick(120)
    for _ in range(120):
        slow.tick(1)
    assert quick.fix.latitude == pytest.approx(slow.fix.latitude, abs=3e-5)
    assert quick.fix.longitude == pytest.approx(slow.fix.longitude, abs=3e-5)


def test_route_of_one_waypoint_stands_still():
    receiver = GPSReceiver(route=[Waypoint(1.0, 2.0)], utc_s=UTC_S)
    assert place(receiver.tick()) == (1.0, 2.0)
    assert receiver.fix.speed_kmh == 0
    with pytest.raises(ValueError, match="at least one waypoint"):
        GPSReceiver(route=[])


def test_cold_start():
    receiver = GPSReceiver(utc_s=UTC_S, cold_start_s=10)
    found = [fields(receiver.tick(), "RMC") for _ in range(12)]
    assert [rmc[2] for rmc in found] == ["V"] * 10 + ["A"] * 2
    assert [bool(rmc[1]) for rmc in found] == [False] * 4 + [True] * 8


def test_faults():
    receiver = GPSReceiver(utc_s=UTC_S)
    receiver.faults.is_silent = True
    assert receiver.tick() == b""
    receiver.faults = Faults(has_no_fix=True)
    data = receiver.tick()
    assert fields(data, "RMC")[2] == "V" and fields(data, "GGA")[6] == "0"
    receiver.faults = Faults(bad_checksum_every=2)
    assert 3 <= len(lines(receiver.tick())) <= 4
    receiver.faults = Faults(truncated_every=1)
    assert lines(receiver.tick()) == []
    receiver.faults = Faults(has_ubx=True)
    data = receiver.tick()
    assert data.startswith(b"\xb5\x62") and len(lines(data)) == 7
    receiver.faults = Faults(is_garbled=True)
    assert lines(receiver.tick()) == []
    receiver.faults = Faults(date_offset_days=-7168, time_offset_s=3)
    rmc = fields(receiver.tick(), "RMC")
    assert (rmc[1], rmc[9]) == ("085330.00", "080107")


def test_the_firmware_reads_it():
    receiver = GPSReceiver(utc_s=UTC_S, faults=Faults(has_ubx=True, truncated_every=5))
    receiver.position(-33.868724, 151.209054, 50.9, 270.4, 12.0)
    parser = NMEAParser()
    fixes = 0
    for _ in range(10):
        data = receiver.tick()
        at = 0
        while at < len(data):
            at = parser.receive(data, at, len(data))
            fixes += parser.event == FIX
    assert fixes >= 5
    assert (parser.latitude_udeg, parser.longitude_udeg) == (-33868724, 151209054)
    assert (parser.speed_kmh10, parser.course_deg) == (509, 270)


def test_server():
    async def scenario():
        server = GPSServer(GPSReceiver(utc_s=UTC_S), period_s=1.0, time_scale=50)
        await server.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"$PMTK220,1000*1F\r\n")
            data = b""
            while len(lines(data)) < 14:
                data += await asyncio.wait_for(reader.read(4096), 50)
            server.position(1.5, 2.5)
            while place(data[-1500:]) != (1.5, 2.5):
                data += await asyncio.wait_for(reader.read(4096), 50)
            writer.close()
        finally:
            await server.stop()
        await server.stop()

    asyncio.run(scenario())


def test_stop_ends_the_connections():
    async def scenario():
        server = GPSServer(time_scale=50)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.wait_for(reader.readexactly(100), 50)
        await server.stop()
        while await asyncio.wait_for(reader.read(4096), 50):
            pass
        writer.close()

    asyncio.run(scenario())
