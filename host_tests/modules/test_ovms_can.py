"""The receiver at its edges; with the driver on the register model: test_mcp2515.py."""

from array import array

from host_tests.shims.expect import allocates
from ovms_can import Receiver, no_line

HEAD, TAIL, WAS_BUFFER_0, IS_BUSY, IS_MISSED, IS_OPEN, FRAMES, FOREIGN, DROPPED = range(9)
FULL_COUNT = 0x3FFFFFFF


class Chip:
    """Answers READ CANINTF from `flags`, one after the other, and each buffer with `frame`."""

    def __init__(self, flags, frame=b""):
        self.flags = list(flags)
        self.frame = frame
        self.commands = []
        self.is_selected = False

    def select(self, level):
        assert bool(level) == self.is_selected
        self.is_selected = not level

    def transfer(self, command, answer):
        assert self.is_selected and len(command) == len(answer)
        self.commands.append(command[0])
        if command[0] == 0x03:
            assert command[1] == 0x2C
            answer[2] = self.flags.pop(0) if self.flags else 0
            return
        for i in range(len(self.frame)):
            answer[1 + i] = self.frame[i]


def standard(arbitration_id, data):
    """A receive buffer's registers from SIDH on."""
    head = (arbitration_id >> 3, (arbitration_id & 7) << 5, 0, 0, len(data))
    return bytes(head) + data + bytes(8 - len(data))


class Bench:
    def __init__(self, chip, ids=(0x155,), on_error=lambda: True):
        self.chip = chip
        self.numbers = array("i", bytes(4 * 9))
        self.numbers[IS_OPEN] = 1
        wanted = bytearray(256)
        for arbitration_id in ids:
            wanted[arbitration_id >> 3] |= 1 << (arbitration_id & 7)
        self.receiver = Receiver(
            self.numbers, wanted, no_line, chip.select, chip.transfer, on_error
        )

    def taken(self):
        frame = [0, bytearray(8), 0, 7]
        frames = []
        while self.receiver.take(frame):
            frames.append((frame[0], bytes(frame[1]), frame[2], frame[3]))
        return frames


def test_every_id_comes_out_as_it_went_in():
    for arbitration_id in range(0x800):
        bench = Bench(Chip([1], standard(arbitration_id, b"\x80\xff")), (arbitration_id,))
        bench.receiver.drain(None)
        assert bench.taken() == [(arbitration_id, b"\x80\xff" + bytes(6), 2, 0)]


def test_nothing_is_taken_from_a_closed_or_busy_chip():
    for place, value in ((IS_OPEN, 0), (IS_BUSY, 1)):
        bench = Bench(Chip([1], standard(0x155, b"")))
        bench.numbers[place] = value
        bench.receiver.drain(None)
        assert bench.chip.commands == [] and bench.taken() == []
        assert bench.numbers[IS_MISSED] == 1 and bench.numbers[IS_BUSY] == (place == IS_BUSY)


def test_both_buffers_in_one_look_in_the_right_order():
    bench = Bench(Chip([3], standard(0x155, b"")))
    bench.receiver.drain(None)
    assert bench.chip.commands == [0x03, 0x90, 0x94, 0x03]
    # RXB0 was the last one read and is full again: what RXB1 holds is older.
    bench = Bench(Chip([1, 3], standard(0x155, b"")))
    bench.receiver.drain(None)
    assert bench.chip.commands == [0x03, 0x90, 0x03, 0x94, 0x90, 0x03]


def test_a_fruitless_error_ends_the_call_and_a_good_one_does_not():
    bench = Bench(Chip([0x21, 1], standard(0x155, b"")), on_error=lambda: False)
    bench.receiver.drain(None)
    assert bench.taken() == [] and bench.numbers[IS_BUSY] == 0
    bench = Bench(Chip([0x20, 0x21, 1], standard(0x155, b"")))
    bench.receiver.drain(None)
    assert len(bench.taken()) == 2 and bench.chip.commands == [3, 3, 0x90, 3, 0x90, 3]


def test_an_endless_stream_is_left_after_64_frames():
    bench = Bench(Chip([3] * 100, standard(0x155, b"")))
    bench.receiver.drain(None)
    assert bench.numbers[FRAMES] == 64 and bench.numbers[DROPPED] == 17
    assert len(bench.taken()) == 47


def test_counts_stay_small_integers():
    bench = Bench(Chip([1, 1], standard(0x155, b"")))
    bench.numbers[FRAMES] = bench.numbers[FOREIGN] = FULL_COUNT
    bench.receiver.drain(None)
    assert bench.numbers[FRAMES] == 1
    bench.chip.flags = [1]
    bench.chip.frame = standard(0x156, b"")
    bench.receiver.drain(None)
    assert bench.numbers[FOREIGN] == 0


def test_no_allocation():
    chip = Chip([], standard(0x155, b"\x01"))
    bench = Bench(chip)
    frame = [0, bytearray(8), 0, 0]
    flags = bytearray(1)

    def transfer(command, answer):
        answer[2] = flags[0] if command[0] == 0x03 else 0xA0
        answer[1] = 0x2A
        flags[0] = 0

    receiver = Receiver(
        bench.numbers, bytearray(b"\xff" * 256), no_line, chip.select, transfer, no_line
    )

    def turn():
        flags[0] = 3
        receiver.drain(None)
        while receiver.take(frame):
            pass

    assert not allocates(turn)
    assert bench.numbers[FRAMES] == 2 and frame[0] == 0x155
