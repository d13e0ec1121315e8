"""The MCP2515's sleep: what wakes it, and what must not sleep. On the register model."""

from host_tests.drivers.mcp2515_bench import SDO, MCP2515Bench
from host_tests.shims.expect import raises
from ovms.drivers import mcp2515

_SLEEP_MODE = 0x20


def asleep(**options):
    bench = MCP2515Bench(**options).open()
    assert bench.bus.sleep()
    assert bench.model.mode == _SLEEP_MODE
    return bench


def test_the_bus_wakes_it_and_only_the_first_frame_is_lost():
    bench = asleep()
    bus = bench.bus
    assert not bus.is_woken() and bus.check() and bus.state() == mcp2515.STOPPED
    assert bus.service() == 0
    bench.frame(0x155, b"\x01")
    assert bus.is_woken() and bus.check()
    # As long as nobody has looked it listens; what comes waits in the chip.
    bench.frame(0x155, b"\x02")
    bus.wake()
    bench.frame(0x155, b"\x03")
    assert bench.received() == [(0x155, b"\x02"), (0x155, b"\x03")]
    assert bus.check() and bus.state() == mcp2515.ACTIVE
    assert bench.seen() == 0


def test_the_module_wakes_it():
    bench = asleep()
    bench.bus.wake()
    bench.frame(0x597, b"\x07")
    assert bench.received() == [(0x597, b"\x07")]
    assert bench.bus.check()


def test_filters_rate_and_consent_outlive_the_sleep():
    bench = MCP2515Bench().open(is_silent=False, tx_frames=SDO)
    assert bench.bus.sleep()
    assert not bench.bus.send(0x600, b"\x01" * 8)
    bench.frame(0x155, b"\x01")
    bench.bus.wake()
    bench.frame(0x7DF, b"\x01")
    bench.frame(0x424, b"\x09")
    assert bench.received() == [(0x424, b"\x09")]
    assert bench.bus.send(0x601, bytes(8)) and not bench.bus.send(0x602, bytes(8))
    bench.pass_us(1000)
    assert len(bench.sent) == 1


def test_frames_that_waited_before_the_sleep_are_not_lost():
    bench = MCP2515Bench().open()
    bench.set_deaf(True)
    bench.frame(0x155, b"\x01")
    assert bench.bus.sleep()
    assert bench.received() == [(0x155, b"\x01")]


def test_what_cannot_wake_does_not_sleep():
    """No INT pin, an INT wire that is off, one that hangs low, after bus-off, closed."""
    bench = MCP2515Bench(has_interrupt=False).open()
    assert not bench.bus.sleep() and bench.bus.check()
    bench = MCP2515Bench().open()
    bench.pin.is_broken = True
    assert not bench.bus.sleep()
    assert bench.bus.check() and bench.model.mode != _SLEEP_MODE
    bench = MCP2515Bench().open()
    bench.pin.value = lambda: 0
    bench.bus.interrupt = bench.pin
    assert not bench.bus.sleep() and bench.model.mode != _SLEEP_MODE
    bench = MCP2515Bench().open(is_silent=False)
    bench.go_bus_off(0x601, bytes(8))
    bench.bus.check()
    assert bench.bus.state() == mcp2515.BUS_OFF and not bench.bus.sleep()
    bench = MCP2515Bench()
    assert not bench.bus.sleep()


def test_a_bus_that_is_blocked_is_lost_at_wake():
    bench = MCP2515Bench().open(is_silent=False)
    assert bench.bus.sleep()
    bench.set_blocked(True)
    raises(OSError, bench.bus.wake)
    assert bench.bus.state() == mcp2515.STOPPED and not bench.bus.check()
    bench.set_blocked(False)
    bench.open()
    assert bench.bus.check()


def test_a_chip_that_lost_its_supply_while_asleep_is_noticed():
    bench = asleep()
    bench.reset()
    assert not bench.bus.check()
    bench = asleep()
    bench.set_plugged(False)
    assert not bench.bus.check()
    bench.set_plugged(True)
    bench.open()
    assert bench.bus.check()
