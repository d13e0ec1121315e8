"""Which frames the Twizy's allow-list lets out of the real driver, of all there are."""

from host_tests.drivers.mcp2515_bench import MCP2515Bench
from host_tests.vehicle.sevcon_bench import Bench as CarBench
from host_tests.vehicle.sevcon_bench import Objects
from host_tests.vehicle.test_twizy_sevcon_macros import STOCK
from ovms.vehicle.twizy.car import Twizy

DATA = b"\x01\x01\x00\x00\x00\x00\x00\x00"


def opened(is_silent):
    return MCP2515Bench().open(Twizy.RX_IDS, Twizy.TX_FRAMES, is_silent)


def test_all_standard_ids_and_lengths():
    driver = opened(False)
    for arbitration_id in range(0x800):
        for dlc in range(9):
            if driver.bus.send(arbitration_id, DATA[:dlc]):
                driver.model.tick_us(1000)
    assert [(frame[0], len(frame[1])) for frame in driver.sent] == [(0x000, 2), (0x601, 8)]
    for frame in driver.sent:
        assert not frame[2] and not frame[3], "standard data frames"


def test_extended_ids():
    driver = opened(False)
    for arbitration_id in (0x601 << 18, 0x10000601, 0x1FFFFFFF, 0x800, 0x80000601, -1):
        assert not driver.bus.send(arbitration_id, DATA)
    assert not driver.sent


def test_silent_bus():
    driver = opened(True)
    assert not driver.bus.send(0x601, DATA)
    assert not driver.bus.send(0x000, DATA[:2])
    assert not driver.sent


def test_commands_through_the_driver():
    """What a macro sends arrives on the bus through the driver, unless it was opened silent."""
    for is_silent in (True, False):
        driver = opened(is_silent)
        peer = Objects(STOCK)
        bench = CarBench(peer)
        direct = bench.car.send

        def send(arbitration_id, data):
            is_sent = driver.bus.send(arbitration_id, data)  # noqa: B023
            driver.model.tick_us(1000)  # noqa: B023
            return is_sent and direct(arbitration_id, data)  # noqa: B023

        bench.car.send = send
        reply = bench.cfg("POWER 80")
        if is_silent:
            assert reply == "CFG POWER: ERROR 0041 NO CANWRITE SDO 0x0000.00: 0x0000"
            assert not driver.sent and not peer.writes
        else:
            assert reply == "CFG POWER: OK pow=800"
            assert {frame[0] for frame in driver.sent} == {0x601}
            assert peer.writes == [(0x292001, 800)]
