"""The machine code that users flash, executed: every viper function against its CPython twin.

Compiled as for a board and run by QEMU, see `machine.py`. CPython only.
"""

import inspect
import os
import random
from array import array

import pytest

import ovms_can
import ovms_crypto
import ovms_twai
from host_tests.machine_code import machine
from host_tests.machine_code.processors import PROCESSORS
from host_tests.modules import test_ovms_can, test_ovms_crypto, test_twai_port
from host_tests.needs_vm import require_emulator
from tools import build

SEED = 20240922
OFFSETS = range(301)
ANY_BYTE = range(256)


@pytest.fixture(scope="module", autouse=True)
def one_cpu():
    """The test and QEMU wait for each other in turns: one CPU does it in a third of the time."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(usual)})
    yield
    os.sched_setaffinity(0, usual)


@pytest.fixture(scope="module", params=sorted(PROCESSORS))
def modules(request, tmp_path_factory):
    """The native modules with their machine code for one architecture, by name."""
    processor = PROCESSORS[request.param]
    emulator = [require_emulator(processor.emulator[0]), *processor.emulator[1:]]
    folder = tmp_path_factory.mktemp(processor.march)
    loaded = {}
    for file in build.compile_modules(folder, processor.march):
        source = build.MODULES / f"{file.stem}.py"
        loaded[file.stem] = machine.load(source, file.read_bytes(), processor, emulator)
    yield loaded
    for module in loaded.values():
        module.machine.close()


@pytest.fixture
def crypto(modules):
    return modules["ovms_crypto"]


@pytest.fixture
def chance():
    return random.Random(SEED)


def outcome(function, arguments):
    """What a call returns or raises, and what it makes of its arguments, which are copied."""
    copies = [item[:] if isinstance(item, bytearray) else item for item in arguments]
    try:
        result = function(*copies)
    except ValueError as error:
        result = str(error)
    return result, copies


def compare(crypto, name, *arguments):
    """Call a function of the cipher module both ways; returns what came of it."""
    expected = outcome(getattr(ovms_crypto, name), arguments)
    assert outcome(getattr(crypto, name), arguments) == expected, (name, arguments)
    return expected


def state_of(chance):
    """An RC4 state somewhere in its stream."""
    permutation = list(ANY_BYTE)
    chance.shuffle(permutation)
    return bytearray([*permutation, chance.choice(ANY_BYTE), chance.choice(ANY_BYTE)])


def test_every_viper_function_is_machine_code(modules):
    for name, module in modules.items():
        source = (build.MODULES / f"{name}.py").read_text("utf-8")
        assert source.count("@micropython.viper") == module.machine.function_count > 0


def test_rc4_key_set_up(crypto, chance):
    for size in range(258):
        state = bytearray(chance.randbytes(258))
        refused = not 1 <= size <= 256
        result, _ = compare(crypto, "rc4_start", state, chance.randbytes(size))
        assert isinstance(result, str) == refused


def test_rc4_skip(crypto, chance):
    for count in OFFSETS:
        compare(crypto, "rc4_skip", state_of(chance), count)
    compare(crypto, "rc4_skip", state_of(chance), -1)
    compare(crypto, "rc4_skip", state_of(chance)[:257], 1)


def test_rc4_crypt(crypto, chance):
    for start in OFFSETS:
        end = start + chance.randrange(60)
        buffer = bytearray(chance.randbytes(end + chance.randrange(4)))
        compare(crypto, "rc4_crypt", state_of(chance), buffer, start, end)
        compare(crypto, "_crypt", state_of(chance), buffer, start, end)
    for start, end in ((-1, 4), (0, 5), (5, 300)):
        compare(crypto, "rc4_crypt", state_of(chance), bytearray(4), start, end)


def test_find_byte(crypto, chance):
    for start in OFFSETS:
        end = start + chance.randrange(60)
        buffer = bytes(chance.choices(range(40), k=end + 2))
        compare(crypto, "find_byte", buffer, start, end, chance.randrange(41))
    compare(crypto, "find_byte", bytes(4), -1, 4, 1)
    compare(crypto, "find_byte", bytes(4), 0, 5, 1)


def test_base64_encoding(crypto, chance):
    for start in OFFSETS:
        end = start + chance.randrange(50)
        source = chance.randbytes(end + chance.randrange(3))
        at = chance.choice(OFFSETS)
        target = bytearray(at + (end - start + 2) // 3 * 4 + chance.randrange(3))
        compare(crypto, "b64_encode", source, start, end, target, at)
    for start, end, size, at in ((-1, 3, 8, 0), (2, 1, 8, 0), (0, 4, 8, 0), (0, 3, 8, 5)):
        compare(crypto, "b64_encode", b"abc", start, end, bytearray(size), at)
    compare(crypto, "b64_encode", b"abc", 0, 3, bytearray(8), -1)


def test_base64_decoding(crypto, chance):
    refused = 0
    for start in OFFSETS:
        digits = bytearray(chance.choices(ovms_crypto.ALPHABET, k=chance.randrange(60)))
        if digits and start % 3 == 0:
            digits[chance.randrange(len(digits))] = chance.choice(ANY_BYTE)
        text = digits + b"=" * chance.randrange(3)
        source = bytearray(chance.randbytes(start)) + text + b"A"
        at = chance.choice(OFFSETS)
        target = bytearray(at + len(text))
        end = start + len(text)
        result, _ = compare(crypto, "b64_decode", source, start, end, target, at)
        refused += result == -1
    assert 30 < refused < 200
    for start, end, size, at in ((-1, 4, 8, 0), (2, 1, 8, 0), (0, 5, 8, 0), (0, 4, 2, 0)):
        compare(crypto, "b64_decode", b"YWJj", start, end, bytearray(size), at)
    compare(crypto, "b64_decode", b"YWJj", 0, 4, bytearray(8), -1)


def test_every_character_in_base64_decoding(crypto):
    for character in ANY_BYTE:
        compare(crypto, "b64_decode", bytes([65, character, 65, 65]), 0, 4, bytearray(3), 0)


def test_differences(crypto, chance):
    for size in OFFSETS:
        left = chance.randbytes(size)
        right = bytearray(left)
        if size and size % 2:
            right[chance.randrange(size)] ^= 1 << chance.randrange(8)
        compare(crypto, "_differences", left, right, size)


class Chip:
    """A chip with random answers, among them interrupts that come while it is in use."""

    def __init__(self, seed):
        self._chance = random.Random(seed)
        self.receiver = None
        self.log = []

    def is_line_high(self):
        self.log.append("line")
        return self._chance.random() < 0.04

    def select(self, level):
        self.log.append(level)
        if self._chance.random() < 0.05:
            self.receiver.drain(None)

    def transfer(self, command, answer):
        self.log.append(bytes(command))
        answer[:] = self._chance.randbytes(len(answer))
        if command[0] == 0x03:
            answer[2] = self._chance.choice((*[1, 2, 3, 0xDF] * 5, 0, 0x20, 0x21, 0x23))
        elif self._chance.random() < 0.8:
            answer[2] &= 0xE0

    def on_error(self):
        self.log.append("error")
        return self._chance.random() < 0.7


def story(receiver_class, seed, turns):
    """What a receiver does to its caller's memory and to the chip, step by step."""
    chance = random.Random(seed)
    chip = Chip(seed)
    # Full counts wrap soon.
    counts = [0x3FFFFFF0, 0x3FFFFFE0, 0x3FFFFFF8]
    numbers = array("i", [0, 0, 0, 0, 0, 1, *counts])
    wanted = bytearray(chance.randbytes(256))
    receiver = chip.receiver = receiver_class(
        numbers, wanted, chip.is_line_high, chip.select, chip.transfer, chip.on_error
    )
    steps = []
    for _ in range(turns):
        if chance.random() < 0.1:
            # In use, or closed, for one call.
            place = chance.choice((3, 5))
            numbers[place] ^= 1
            receiver.drain(None)
            numbers[place] ^= 1
        # Eight are more than the ring has room for.
        for _ in range(chance.choice((1, 1, 1, 8))):
            receiver.drain(None)
            steps.append((None, numbers.tolist()))
        for _ in range(chance.choice((1, 5, 10, 60))):
            frame = [0, bytearray(chance.randbytes(8)), 0, 7]
            is_frame = receiver.take(frame)
            steps.append((is_frame, frame, numbers.tolist()))
            if not is_frame:
                break
    return steps, chip.log


def test_receiver(modules):
    frames = lost = 0
    for seed in range(SEED, SEED + 3):
        expected = story(ovms_can.Receiver, seed, 50)
        assert story(modules["ovms_can"].Receiver, seed, 50) == expected
        frames += sum(step[0] is True for step in expected[0])
        lost += expected[0][-1][-1][8] != 0x3FFFFFF8
    assert frames > 500 and lost
    assert modules["ovms_can"].no_line() == ovms_can.no_line()


class Controller:
    """A TWAI controller with random answers, among them a timer that comes while it is in use."""

    def __init__(self, seed):
        self._chance = random.Random(seed)
        self.receiver = None
        self.log = []

    def fetch(self, slot):
        chance = self._chance
        status = chance.choice((*[0x05] * 40, 0x04, 0x04, 0x07, 0x06, 0x85, 0x105, 0x205, 0x405))
        slot[:] = chance.randbytes(len(slot))
        if chance.random() < 0.9:
            slot[0] &= 0x0F
        self.log.append(status)
        if chance.random() < 0.05:
            self.receiver.drain(None)
        return status

    def on_trouble(self, status):
        self.log.append(status)
        return self._chance.random() < 0.7

    def ticks_us(self):
        return self._chance.choice((10, 5000, 0x3FFFFFFF))


def twai_story(receiver_class, seed, turns):
    """As `story`."""
    chance = random.Random(seed)
    controller = Controller(seed)
    numbers = array("i", [0, 0, 0, 0, 0, 1, 0x3FFFFFF0, 0x3FFFFFE0, 0x3FFFFFF8, *[0] * 7, 6000])
    wanted = bytearray(chance.randbytes(256))
    receiver = controller.receiver = receiver_class(
        numbers, wanted, controller.fetch, controller.on_trouble, controller.ticks_us
    )
    steps = []
    for _ in range(turns):
        if chance.random() < 0.1:
            place = chance.choice((3, 5))
            numbers[place] ^= 1
            receiver.drain(None)
            numbers[place] ^= 1
        for _ in range(chance.choice((1, 1, 1, 8))):
            receiver.drain(None)
            steps.append((None, numbers.tolist()))
        for _ in range(chance.choice((1, 5, 10, 60))):
            frame = [0, bytearray(chance.randbytes(8)), 0, 7]
            is_frame = receiver.take(frame)
            steps.append((is_frame, frame, numbers.tolist()))
            if not is_frame:
                break
    return steps, controller.log


def test_twai_receiver(modules):
    frames = lost = troubles = 0
    for seed in range(SEED, SEED + 3):
        expected = twai_story(ovms_twai.Receiver, seed, 60)
        assert twai_story(modules["ovms_twai"].Receiver, seed, 60) == expected
        frames += sum(step[0] is True for step in expected[0])
        lost += expected[0][-1][-1][8] != 0x3FFFFFF8
        troubles += sum(status & 0xE80 > 0 for status in expected[1])
    assert frames > 300 and lost and troubles > 30


# The tests of the modules as they are.
TESTS = [
    (tests, name)
    for tests in (test_ovms_can, test_ovms_crypto, test_twai_port)
    for name, _ in inspect.getmembers(tests, inspect.isfunction)
    if name.startswith("test_")
]


@pytest.mark.parametrize("tests, name", TESTS, ids=[name for _, name in TESTS])
def test_again(modules, monkeypatch, tests, name):
    if tests is test_ovms_crypto:
        monkeypatch.setattr(tests, "ovms_crypto", modules["ovms_crypto"])
    elif tests is test_twai_port:
        monkeypatch.setattr(tests, "Port", modules["twai_port"].Port)
    else:
        monkeypatch.setattr(tests, "Receiver", modules["ovms_can"].Receiver)
        monkeypatch.setattr(tests, "no_line", modules["ovms_can"].no_line)
    getattr(tests, name)()


# What the emulation itself must notice.


def test_store_outside_a_buffer_is_found(crypto, chance):
    with pytest.raises(machine.MachineError, match="outside the buffers"):
        crypto._crypt(state_of(chance), bytearray(8), 0, 9)


def test_store_to_a_constant_is_found(crypto, chance):
    with pytest.raises(machine.MachineError, match="constant"):
        crypto._crypt(state_of(chance), bytes(8), 0, 8)


def test_pointer_to_nowhere_is_found(crypto):
    with pytest.raises(machine.MachineError, match="status -11"):
        crypto._differences(0x600, b"abc", 3)


def test_wrong_number_of_arguments_is_refused(crypto):
    with pytest.raises(TypeError):
        crypto.find_byte(b"abc", 0, 3)


def test_machine_code_without_an_end_is_found(crypto, chance, monkeypatch):
    monkeypatch.setattr(machine, "_PATIENCE_S", 0.05)
    with pytest.raises(machine.MachineError, match="without an end"):
        crypto.rc4_skip(state_of(chance), 0x3FFFFFFF)
