"""What may leave a Roadster's module: all 2,048 ids at the driver, all contents at the gate."""

from host_tests.shims.expect import raises, run
from host_tests.vehicle.contract import Noise
from host_tests.vehicle.roadster_bench import CHARGING, DRIVING, PLUGGED, Bus
from ovms.vehicle.roadster import gate
from ovms.vehicle.roadster.car import Roadster

SEED = 20261129
# As a reader of the car facts 1.5 writes them down: `a` is 0A to 46, `p` a PIN, `n` 0 to 2.
START = "0503000001000000"
STOP = "0503000000000000"
COMMANDS = tuple(range(10, 13)) + tuple(range(15, 26))


def is_known(text):
    """Whether the facts have such a frame, reckoned from its text and by no table of the gate."""
    if text in ("0A", START, STOP, "062C010000091000"):
        return True
    if text in ("06D0070000000040", "0600000000000040", "06D0070000800008"):
        return True
    if len(text) == 6:
        return text[:4] in ("0900", "0902") and text[4:] in ("00", "01", "02")
    if len(text) != 16:
        return False
    if text[:2] == "0B":
        pin = int(text[15] + text[12:14] + text[10:12] + text[8:10], 16)
        digits = int(text[14]) if text[14].isdigit() else 0
        is_pin = 1 <= digits <= 8 and len(str(pin)) <= digits
        return text[2:4] in ("00", "01", "02", "03") and text[4:8] == "0000" and is_pin
    if text[:2] != "05" or text[4:8] != "0000" or text[12:] != "0000":
        return False
    item, low, high = text[2:4], int(text[8:10], 16), int(text[10:12], 16)
    if item == "1A":
        return low < 24 and high < 60
    return not high and (
        (item == "02" and 10 <= low <= 70)
        or (item == "19" and low in (0, 1, 3, 4))
        or (item == "1B" and low < 2)
    )


def test_of_all_ids_three_frames_leave():
    bus = Bus(1)
    left = []
    for arbitration_id in range(0x800):
        for dlc in range(9):
            if bus.bench.bus.send(arbitration_id, bytes(dlc)):
                left.append((arbitration_id, dlc))
                bus.bench.pass_us(20_000)
    assert left == [(0x102, 1), (0x102, 3), (0x102, 8)]
    assert set(left) == set(Roadster.TX_FRAMES)


def test_without_feature_15_none_does():
    bus = Bus(0)
    for arbitration_id in range(0x800):
        for dlc in range(9):
            assert not bus.bench.bus.send(arbitration_id, bytes(dlc))
    refused = bus.bench.count("refused")
    for code in COMMANDS:
        bus.second(PLUGGED)
        answer = run(bus.car.command(code, "1"))
        assert answer == (1, "No write access to CAN"), code
    for frame in (DRIVING, PLUGGED, CHARGING):
        for _ in range(60):
            bus.second(frame, "100 95 01 05 64 57 02 0E 02")
    assert not bus.sent and bus.bench.seen() == 0
    assert bus.bench.count("refused") == refused, "the car does not even try"
    # Nor past the gate.
    assert str(raises(ValueError, gate.transmit, bus.car, 18, b"\x0a")) == "No write access to CAN"


def test_each_content_byte_by_byte():
    """Every frame that there is, with each of its bytes made each other value."""
    frames = ("0A", START, STOP, "062C010000091000", "06D0070000000040", "0600000000000040")
    frames += ("06D0070000800008",)
    frames += ("0502000020000000", "0519000003000000", "051B000001000000", "051A0000171E0000")
    frames += ("0B020000D2040040", "0B030000B17F3985", "090001", "090202")
    known = 0
    for text in frames:
        assert is_known(text), text
        data = bytearray([int(text[n : n + 2], 16) for n in range(0, len(text), 2)])
        for place in range(len(data)):
            before = data[place]
            for value in range(256):
                data[place] = value
                found = "".join(["%02X" % byte for byte in data])
                assert bool(gate.kind_of(data)) == is_known(found), found
                known += is_known(found)
            data[place] = before
    assert known > 500


def test_noise_is_no_frame():
    print("seed", SEED)
    noise = Noise(SEED)
    for dlc in range(9):
        data = bytearray(dlc)
        for _ in range(500):
            noise.fill(data)
            text = "".join(["%02X" % byte for byte in data])
            assert bool(gate.kind_of(data)) == is_known(text), text


def test_a_command_sends_its_own_frames_and_no_others():
    """Each frame on behalf of each command: what the table of 1.5 has, and no more."""
    frames = (
        ("0A", (10, 11, 12, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25)),
        ("062C010000091000", (18, 19, 25)),
        ("06D0070000800008", (25,)),
        ("06D0070000000040", (0,)),
        ("0600000000000040", (0,)),
        (START, (11, 25)),
        (STOP, (12, 25)),
        ("0502000020000000", (15, 16, 25)),
        ("0519000003000000", (10, 16, 25)),
        ("051B000001000000", (17,)),
        ("051A0000171E0000", (17,)),
        ("0B000000D2040040", (21,)),
        ("0B010000D2040040", (23,)),
        ("0B020000D2040040", (20,)),
        ("0B030000D2040040", (22,)),
        ("090001", (24,)),
        ("090201", (24,)),
    )
    bus = Bus(1)
    for text, commands in frames:
        data = bytes([int(text[n : n + 2], 16) for n in range(0, len(text), 2)])
        for code in range(30):
            bus.sent.clear()
            if code in commands:
                gate.transmit(bus.car, code, data)
                assert len(bus.sent) == 1
            else:
                error = raises(ValueError, gate.transmit, bus.car, code, data)
                assert str(error).startswith("This is none of the frames")
                assert not bus.sent, (text, code)


def test_feature_15_is_for_a_car_that_stands():
    bus = Bus(0)
    bus.second(PLUGGED, "100 89 00 DA 00 27 46")
    assert bus.car.write_refusal() == ""
    bus.second(DRIVING, "100 89 1D FF FF 7F FF")
    assert bus.car.write_refusal() == "Feature 15 can be switched on at a standstill only."
