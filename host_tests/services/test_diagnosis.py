"""What SUMMARY and DIAG say is wrong with each part, from the faults themselves where they can be
had: the chip's registers, a receiver's bytes, a modem's lines."""

import asyncio

from host_tests.drivers.mcp2515_bench import DATA, IDS, MCP2515Bench
from host_tests.links.modem.modem_bench import on_bench
from host_tests.links.test_gps_link import BUILD_DAY, Receiver, stop
from host_tests.protocol.test_nmea import NO_FIX_RMC, RMC
from host_tests.services.sms_bench import Bench
from host_tests.shims.expect import run
from ovms import status as net
from ovms.clock import Clock
from ovms.links.gps_link import GPSLink
from ovms.services import diagnosis
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState
from ovms.vehicle.twizy.car import Twizy
from tools.simulated_board.fakes.at_peer import info


class Car(Vehicle):
    BITRATE = 500_000


def status_of(uptime_s=7200):
    status = Status("TEST")
    status.uptime_s = uptime_s
    return status


def bus_says(frames=0, damaged=0, bitrate=500_000, **options):
    """What is said of a bus with so many whole and damaged frames, the car's being of `bitrate`,
    each looked for by the link.
    """
    bench = MCP2515Bench(is_sure=False, **options)
    bench.bitrate = bitrate
    # The waits for the chip's mode come to their end.
    bench.model.port.us_per_byte = 50
    status = status_of()
    try:
        bench.open(IDS)
    except OSError as error:
        status.can_error = str(error)
    for n in range(frames):
        bench.frame(0x155, DATA)
        bench.bus.service()
        if n % 100 == 0:
            bench.bus.check()
    for _ in range(damaged):
        bench.damaged_frame()
        bench.bus.check()
    bench.bus.check()
    status.bus_counts = bench.bus.counts
    return diagnosis.can(status, Car(VehicleState(), None))


def test_can():
    assert bus_says(frames=20) == ""
    assert bus_says(frames=20, damaged=3) == ""
    assert bus_says().startswith("nothing heard yet. Switch the car on")
    # The car has another rate.
    for bitrate in (100_000, 125_000):
        assert "none can be read. A wrong crystal" in bus_says(frames=2000, bitrate=bitrate)
    assert "none can be read. A wrong crystal" in bus_says(damaged=1)
    assert bus_says(frames=20, damaged=200).startswith("many frames are damaged")


def test_can_faster_than_the_crystal():
    class Roadster(Car):
        BITRATE = 1_000_000

    bench = MCP2515Bench(is_sure=False, crystal_hz=8_000_000, bus_bitrate=1_000_000)
    bench.bus.open(Roadster.BITRATE, IDS)
    for _ in range(10):
        bench.frame(0x155, DATA)
        assert bench.bus.check()
    status = status_of()
    status.bus_counts = bench.bus.counts
    says = diagnosis.can(status, Roadster(VehicleState(), None))
    assert "are swapped. This car is too fast for an MCP2515 with 8 MHz" in says


def test_can_with_another_crystal_than_the_board_says():
    """It is found, said, and nothing of it is an error any more."""
    for crystal_hz, said, text in (
        (16_000_000, 8_000_000, "the crystal has 16 MHz, the board says 8 MHz. It works as it is"),
        (8_000_000, 16_000_000, "the crystal has 8 MHz, the board says 16 MHz."),
        (20_000_000, 12_288_000, "the crystal has 20 MHz, the board says 12288 kHz."),
        (16_000_000, None, ""),
        (16_000_000, (8_000_000, 16_000_000), ""),
        (16_000_000, 16_000_000, ""),
    ):
        says = bus_says(frames=2000, crystal_hz=crystal_hz, crystals=said)
        assert says.startswith(text) and bool(says) == bool(text), (crystal_hz, said, says)


def test_can_without_a_chip():
    bench = MCP2515Bench()
    bench.set_plugged(False)
    try:
        bench.open(IDS)
        raise AssertionError
    except OSError as error:
        text = str(error)
    status = status_of()
    status.can_error = text
    assert diagnosis.can(status, Car(VehicleState(), None)) == text
    assert "no CAN controller answers" in text and "check" in text


def test_can_without_a_car():
    assert diagnosis.can(status_of(), Vehicle(VehicleState(), None)) == ""
    # Before anything could be heard.
    assert diagnosis.can(status_of(30), Car(VehicleState(), None)) == ""
    foreign = status_of()
    foreign.bus_counts = lambda: {"can_foreign": 50}
    assert "Is the vehicle type right?" in diagnosis.can(foreign, Car(VehicleState(), None))


def receiver_says(*chunks, satellites=None, uptime_s=7200):
    status = status_of(uptime_s)
    state = VehicleState()

    async def both():
        link = GPSLink(Receiver(*chunks), state, status, Clock(BUILD_DAY), watch_ms=250)
        task = asyncio.create_task(link.run())
        while status.gps_heard == net.GPS_UNKNOWN:
            await asyncio.sleep_ms(5)
        await stop(task)

    run(both())
    if satellites is not None:
        state.satellites = satellites
    return diagnosis.gps(status, state)


def test_gps():
    assert receiver_says(RMC) == ""
    assert receiver_says().startswith("no receiver is heard.")
    # Another baud rate: what a UART at 9600 makes of 38400, with and without a `$` among it.
    for noise in (b"\x00\xf8\x80\xc0" * 50, b"$\xf8\xe0$\x80" * 20, b"\xb5\x62\x01\x07" * 30):
        assert "at any rate from 4800 to 115200 baud" in receiver_says(noise)
    assert receiver_says(NO_FIX_RMC).startswith("no satellite is received.")
    assert receiver_says(NO_FIX_RMC, satellites=3).startswith("too few satellites")
    # A cold start takes its time.
    assert receiver_says(NO_FIX_RMC, uptime_s=300) == ""
    null = b"$GPRMC,085320.00,A,0000.00000,N,00000.00000,E,0.0,,240826,,,A"
    checksum = 0
    for byte in null[1:]:
        checksum ^= byte
    assert "places where no car can be" in receiver_says(null + b"*%02X\r\n" % checksum)


def test_gps_that_falls_silent():
    status = status_of()
    state = VehicleState()

    async def both():
        link = GPSLink(Receiver(RMC), state, status, Clock(BUILD_DAY), watch_ms=250)
        task = asyncio.create_task(link.run())
        heard = []
        while status.gps_heard != net.GPS_SILENT:
            heard.append(status.gps_heard)
            await asyncio.sleep_ms(5)
        assert heard[-1] == net.GPS_SENTENCES
        await stop(task)

    run(both())
    assert diagnosis.gps(status, state).startswith("no receiver is heard.")


def modem_says(prepare, wait_ms, is_up=False):
    found = []

    async def scenario(bench):
        prepare(bench)
        if is_up:
            await bench.up()
        else:
            bench.start()
            await bench.idle(wait_ms)
        bench.status.uptime_s = wait_ms // 1000
        found.append(diagnosis.modem(bench.status))

    on_bench(scenario, (4096,))
    return found[0]


def answers(**more):
    def prepare(bench):
        for name in more:
            bench.fake.answers["AT+" + name.replace("_", "?")] = info(more[name])

    return prepare


def test_modem():
    def deaf(bench):
        bench.fake.is_deaf = True

    def no_sim(bench):
        bench.fake.answers["AT+CPIN?"] = b"\r\n+CME ERROR: SIM not inserted\r\n"

    def locked(bench):
        bench.fake.answers["AT+CPIN?"] = info("+CPIN: SIM PIN")

    assert modem_says(answers(), 90000, True) == ""
    assert modem_says(deaf, 90000).startswith("it does not answer. Check its supply")
    assert (
        modem_says(no_sim, 90000) == "There is no SIM. Put one in while the module has no power."
    )
    assert modem_says(locked, 90000) == "The SIM wants its PIN, see command SIM."
    assert modem_says(answers(CREG_="+CREG: 1,2", CSQ="+CSQ: 99,99"), 90000).startswith(
        "no network is heard. Check the antenna"
    )
    assert modem_says(answers(CREG_="+CREG: 1,2", CSQ="+CSQ: 14,0"), 90000).startswith(
        "networks are heard, but none takes this SIM."
    )
    assert modem_says(answers(CREG_="+CREG: 1,3"), 90000) == (
        "The network refuses the SIM. Is it activated, and may it use 2G?"
    )
    assert modem_says(answers(CSQ="+CSQ: 3,0"), 90000, True).startswith("the signal is weak")


def test_a_modem_of_another_make():
    for model, name in (("A7670E-LASE", "A7670E-LASE"), ('+CGMM: "EC25"', "EC25")):
        assert modem_says(answers(GMM=model), 90000, True) == (
            "it is a %s and no SIM800. SMS may work, GPRS will not." % name
        )
    for model in ("SIMCOM_SIM800L", "SIMCOM_SIM868", "SIM800C", '+CGMM: "SIMCOM_SIM808"'):
        assert modem_says(answers(GMM=model), 90000, True) == "", model


def test_supply_and_flash():
    state = VehicleState()
    assert diagnosis.supply(status_of(10), state) == ""
    assert diagnosis.supply(status_of(), state).startswith("it is not measured.")
    state.supply_mv = 12640
    assert diagnosis.supply(status_of(), state) == ""
    state.supply_mv = 25100
    assert diagnosis.supply(status_of(), state).startswith("25 V cannot be.")
    status = status_of()
    status.count("supply_unread")
    assert "no calibration" in diagnosis.supply(status, state)
    assert diagnosis.flash(status) == ""
    status.count("history_write_failures")
    assert "Is it full?" in diagnosis.flash(status)


def test_the_time():
    bench = Bench()
    clock = bench.clock
    assert diagnosis.utc(clock) == "not known: neither network nor GPS has told it"
    clock.refused_utc_s = 3471724840
    assert diagnosis.utc(clock) == (
        "not known: it was told to be 2080-01-06 00:00:40, which cannot be"
    )
    clock.utc, clock.is_sure = 1787561601, False
    assert diagnosis.utc(clock) == "2026-08-24 08:53:21 UTC (network, not confirmed)"
    clock.source, clock.is_sure = "gps", True
    assert diagnosis.utc(clock) == "2026-08-24 08:53:21 UTC (GPS)"


def test_the_reports_say_so():
    bench = Bench(car_class=Twizy)
    bench.status.uptime_s = 4000
    bench.status.gps_heard = net.GPS_UNREADABLE
    bench.status.net_state = net.NET_READY
    bench.status.is_registered = True
    bench.status.csq = 20
    bench.state.supply_mv = 12600
    bench.status.bus_counts = lambda: {"can_message_errors": 7}
    summary = bench.send("SUMMARY")
    for line in (
        "CAN: there are frames, but none can be read. A wrong crystal is found out within",
        "GPS: what the receiver sends cannot be read at any rate from 4800 to 115200 baud.",
        "Time: not known",
    ):
        assert "\n" + line in summary, summary
    report = bench.send("DIAG")
    assert "\n CAN: there are frames, but" in report and "\n GPS: what the receiver" in report
    # All is well: not a word more than ever.
    bench.status.gps_heard = net.GPS_SENTENCES
    bench.state.has_gps_lock = True
    bench.state.satellites = 8
    bench.status.bus_counts = lambda: {"can_frames": 700}
    bench.clock.utc = 1787561601
    assert bench.send("DIAG") == (
        "DIAG:\n RED Led:0\n GRN Led:2\n NET State:0x20\n 12V Line:12.6 ref=- cur=-"
    )
    assert "\nCAN: OK\nGPS: fix, 8 sats\nMemory: " in bench.send("SUMMARY")
