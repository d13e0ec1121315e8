"""The receiver's baud rate is found, remembered, and asked for RMC only where that is missing."""

import asyncio

from host_tests.links.test_gps_link import BUILD_DAY, stop
from host_tests.protocol.test_nmea import GGA, RMC
from host_tests.shims.expect import run
from ovms import gps_setup
from ovms import status as heard
from ovms.clock import Clock
from ovms.drivers.uart import UARTStream
from ovms.links.gps_link import GPSLink
from ovms.status import Status
from ovms.vehicle.state import VehicleState
from tools.simulated_board.fakes.memory_store import MemoryStore

RATES = (4800, 9600, 19200, 38400, 57600, 115200)
PERIOD_MS = 100


class Port:
    """A `machine.UART` whose far end sends at `rate`; at another one there is noise. written: what
    arrived there.
    """

    def __init__(self, rate, sentences=RMC + GGA):
        self.rate = rate
        self.sentences = sentences
        self.host_rate = 9600
        self.rates = []
        self.written = b""
        self.is_silent = self._is_pause = False
        self._left = b""

    def init(self, baudrate):
        self.host_rate = baudrate
        self.rates.append(baudrate)
        self._left = b""

    def readinto(self, view):
        self._is_pause = not self._is_pause
        if self.is_silent or self._is_pause:
            return None
        if not self._left:
            is_same = self.host_rate == self.rate
            self._left = self.sentences if is_same else b"\x00$\xf8\x80\xc0" * 9
        data = self._left[: len(view)]
        self._left = self._left[len(data) :]
        view[: len(data)] = data
        return len(data)

    def write(self, data):
        if self.host_rate == self.rate:
            self.written += bytes(data)
        return len(data)


def live(port, store, is_done):
    """One life of the module, until is_done(status, link); gives these two."""
    status = Status("TEST")

    async def life():
        uart = UARTStream(port)
        gps_setup.start(uart, store)
        link = GPSLink(uart, VehicleState(), status, Clock(BUILD_DAY), PERIOD_MS)
        link.searches = 0

        async def seek(link, is_read):
            link.searches += 1
            await gps_setup.seek(link, is_read, store)

        link.seek = seek
        task = asyncio.create_task(link.run())
        while not is_done(status, link):
            await asyncio.sleep_ms(2)
        await stop(task)
        return link

    return status, run(life(), 20000)


def is_understood(status, link):
    """And what was found is stored."""
    return status.gps_heard == heard.GPS_SENTENCES and not link.tries


def found(port, store):
    return live(port, store, is_understood)[1]


def test_every_rate_is_found_and_remembered():
    for rate in RATES:
        port = Port(rate)
        store = MemoryStore()
        found(port, store)
        assert port.host_rate == rate
        assert store.load() == (b"" if rate == 9600 else b"%d" % rate)
        # The next life begins with it, and looks no more.
        port.host_rate = 9600
        port.rates = []
        link = found(port, store)
        assert port.rates == ([] if rate == 9600 else [rate]) and not link.searches
        assert port.written == b""


def test_another_receiver_is_found_as_well():
    store = MemoryStore()
    found(Port(115200), store)
    found(Port(4800), store)
    assert store.load() == b"4800"
    found(Port(9600), store)
    assert store.load() == b"9600"


def test_a_silent_receiver_is_not_looked_for():
    port = Port(38400)
    port.is_silent = True

    def is_silent(status, link):
        return status.counts.get("gps_silent", 0) >= 4

    status, link = live(port, MemoryStore(), is_silent)
    assert port.rates == [] and not link.searches and status.gps_heard == heard.GPS_SILENT


class Link:
    """What of a GPSLink `seek` uses."""

    def __init__(self, port):
        self.uart = UARTStream(port)
        self.tries = self.patience = self.asked = 0
        self.is_told = False


def test_the_search_is_bounded_and_patient():
    port = Port(1)
    store = MemoryStore()
    link = Link(port)
    for _ in range(12):
        run(gps_setup.seek(link, False, store))
    assert sorted(set(port.rates)) == sorted(RATES) and len(port.rates) == 12
    # After two rounds rarely.
    for _ in range(31 * 4):
        run(gps_setup.seek(link, False, store))
    assert len(port.rates) == 16
    # One that was understood is given three periods of noise.
    link.is_told = True
    run(gps_setup.seek(link, True, store))
    count = len(port.rates)
    for _ in range(3):
        run(gps_setup.seek(link, False, store))
    assert len(port.rates) == count
    run(gps_setup.seek(link, False, store))
    assert len(port.rates) == count + 1


def test_a_flash_that_takes_nothing_costs_a_search_and_no_more():
    class Full(MemoryStore):
        def save(self, data):
            raise OSError(28)

    link = Link(Port(38400))
    run(gps_setup.seek(link, False, Full()))
    link.is_told = True
    run(gps_setup.seek(link, True, Full()))
    assert link.uart._uart.host_rate == 38400 and link.tries == 1


def test_garbage_in_the_file_is_no_rate():
    for data in (b"", b"x", b"\xff", b"1234", b"-9600"):
        store = MemoryStore()
        store.save(data)
        port = Port(9600)
        gps_setup.start(UARTStream(port), store)
        assert port.rates == []


def checksum(sentence):
    value = 0
    for byte in sentence:
        value ^= byte
    return b"%02X" % value


def test_rmc_is_asked_for_where_it_is_missing_and_only_there():
    port = Port(9600, GGA)
    link = Link(port)
    for _ in range(9):
        run(gps_setup.seek(link, True, MemoryStore()))
    ubx, rest = port.written[:11], port.written[11:]
    assert ubx[:6] == b"\xb5\x62\x06\x01\x03\x00"
    # Fletcher's sum over class, id, length and payload (u-blox protocol).
    a = b = 0
    for byte in ubx[2:-2]:
        a = (a + byte) & 255
        b = (b + a) & 255
    assert ubx[-2:] == bytes((a, b))
    sentences = rest.split(b"\xb5")[0].split(b"\r\n")[:2]
    for sentence in sentences:
        assert sentence[1:].split(b"*")[1] == checksum(sentence[1:].split(b"*")[0]), sentence
    assert port.written.count(b"PMTK314") == 3
