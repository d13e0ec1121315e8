"""The few native lines that touch registers, over buffers in their place. What the controller does
when they are touched: test_twai.py on the register model.
"""

from array import array

from host_tests.shims.expect import allocates
from twai_port import Port

BIT, ROUTE, ON, OFF = 1 << 19, 0x84, 123, 256
STATUS, INTERRUPTS, ECC, WINDOW, COMMAND = 2, 3, 12, 16, 1


class Bench:
    def __init__(self):
        self.registers = array("I", [0] * 32)
        self.clock = array("I", [0x0F])
        self.reset = array("I", [0xC0000000])
        self.rx_route = array("I", [1])
        self.tx_route = array("I", [OFF])
        self.port = Port(
            self.registers,
            self.clock,
            self.reset,
            self.rx_route,
            self.tx_route,
            array("I", [BIT, ROUTE, ON, OFF]),
        )


def test_registers_are_words():
    bench = Bench()
    for index in range(32):
        bench.port.write(index, 3 * index + 1)
    for index in range(32):
        assert bench.registers[index] == 3 * index + 1 == bench.port.read(index)


def test_sequence_is_written_in_order():
    bench = Bench()
    bench.port.configure(bytes((0, 1, 31, 0x88, 14, 128, 0, 255)))
    assert bench.registers[0] == 255 and bench.registers[31] == 0x88
    assert bench.registers[14] == 128
    assert sum(bench.registers) == 255 + 0x88 + 128
    bench.port.configure(b"")
    assert sum(bench.registers) == 255 + 0x88 + 128


def test_frame_is_taken_and_released():
    bench = Bench()
    for n in range(13):
        bench.registers[WINDOW + n] = 0xF0 + n
    slot = bytearray(13)
    bench.registers[STATUS] = 0x04
    assert bench.port.fetch(slot) == 0x04
    assert bytes(slot) == bytes(13) and bench.registers[COMMAND] == 0
    bench.registers[STATUS] = 0x05
    assert bench.port.fetch(slot) == 0x05
    assert bytes(slot[:11]) == bytes([0xF0 + n for n in range(11)])
    assert bench.registers[COMMAND] == 4


def test_nothing_is_taken_in_bus_off_or_behind_a_receive_error():
    for status, interrupts, ecc, expected in (
        (0x85, 0, 0, 0x85),
        (0x05, 0x80, 0x28, 0x405),
        (0x05, 0x80, 0xEA, 0x405),
        (0x105, 0x80, 0xEA, 0x505),
    ):
        bench = Bench()
        bench.registers[STATUS] = status
        bench.registers[INTERRUPTS] = interrupts
        bench.registers[ECC] = ecc
        assert bench.port.fetch(bytearray(13)) == expected
        assert bench.registers[COMMAND] == 0


def test_frame_is_taken_after_other_errors():
    """While sending (bit 5 is 0), or outside of data and checksum; other interrupts are none."""
    for interrupts, ecc, expected in (
        (0x80, 0x08, 0x05),
        (0x80, 0x0A, 0x05),
        (0x80, 0x22, 0x205),
        (0x80, 0x39, 0x205),
        (0x7F, 0x28, 0x05),
    ):
        bench = Bench()
        bench.registers[STATUS] = 0x05
        bench.registers[INTERRUPTS] = interrupts
        bench.registers[ECC] = ecc
        assert bench.port.fetch(bytearray(13)) == expected
        assert bench.registers[COMMAND] == 4


def test_start_touches_one_bit_of_the_system():
    bench = Bench()
    bench.port.start()
    assert bench.clock[0] == 0x0F | BIT
    assert bench.reset[0] == 0xC0000000
    assert bench.rx_route[0] == ROUTE
    assert bench.tx_route[0] == OFF
    bench.reset[0] |= BIT
    bench.port.start()
    assert bench.reset[0] == 0xC0000000


def test_output_is_connected_and_not():
    bench = Bench()
    assert not bench.port.is_attached()
    bench.port.attach(True)
    assert bench.tx_route[0] == ON and bench.port.is_attached() is True
    bench.port.attach(False)
    assert bench.tx_route[0] == OFF and bench.port.is_attached() is False


def test_nothing_allocates():
    bench = Bench()
    slot = bytearray(13)
    sequence = bytes(20)
    for status in (0, 1, 0x81):
        bench.registers[STATUS] = status
        for call in (
            lambda: bench.port.fetch(slot),
            lambda: bench.port.configure(sequence),
            lambda: bench.port.read(3),
            lambda: bench.port.write(3, 200),
            bench.port.start,
            bench.port.is_attached,
        ):
            call()
            assert not allocates(call)
