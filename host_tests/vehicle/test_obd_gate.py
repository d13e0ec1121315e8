"""What a car that is asked may send: on the bus, whatever it is told, only what reads.

Proof over all 2,048 ids through the driver, and over the content with a bus that answers noise.
"""

from host_tests.vehicle.contract import Noise
from host_tests.vehicle.obd_bench import Bus, engine
from ovms.vehicle.obd.car import Obd

STANDARD_IDS = 0x800
REQUESTS = (0x7DF,) + tuple(range(0x7E0, 0x7E8))
SEED = 20260715


def reads_only(arbitration_id, text):
    """Whether a frame is a request of service 01, 03, 07 or 09, or flow control, and no more."""
    length = int(text[:2], 16)
    if text in ("3000140000000000", "3200140000000000"):
        return 0x7E0 <= arbitration_id <= 0x7E7
    service = text[2:4]
    if arbitration_id == 0x7DF:
        return text == "0201000000000000"
    if length == 2:
        return service == "01" or text == "0209020000000000"
    return text in ("0103000000000000", "0107000000000000")


def test_of_all_ids_those_of_requests_leave():
    bus = Bus()
    driver = bus.bench.bus
    left = []
    for arbitration_id in range(STANDARD_IDS):
        for dlc in range(9):
            if driver.send(arbitration_id, bytes(dlc)):
                left.append((arbitration_id, dlc))
                bus.bench.pass_us(20_000)
    assert left == [(arbitration_id, 8) for arbitration_id in REQUESTS]
    assert set(left) == set(Obd.TX_FRAMES)


def test_without_feature_15_none_does():
    bus = Bus(feature=0)
    for arbitration_id in range(STANDARD_IDS):
        for dlc in range(9):
            assert not bus.bench.bus.send(arbitration_id, bytes(dlc))
    engine(bus)
    bus.is_awake = True
    bus.state.supply_mv = 12_000
    bus.seconds(100)
    bus.state.supply_mv = 14_000
    bus.seconds(100)
    assert bus.requests == [] and bus.bench.sent == [] and bus.bench.seen() == 0
    assert bus.bench.count("refused") == 9 * STANDARD_IDS, "the car does not even try"


def test_a_drive_only_reads():
    bus = Bus()
    engine(bus, {0x5B: "CC"})
    bus.is_awake = True
    bus.seconds(600)
    assert len(bus.requests) > 100
    for _, arbitration_id, text in bus.requests:
        assert reads_only(arbitration_id, text), (hex(arbitration_id), text)


def test_whatever_answers_makes_it_send_nothing_else():
    """Noise from all units, in single and first frames with right and wrong lengths."""
    print("seed", SEED)
    noise = Noise(SEED)
    bus = Bus()
    engine(bus)
    bus.is_awake = True
    data = bytearray(10)
    for _ in range(400):
        bus.seconds(1)
        for _ in range(5):
            noise.fill(data)
            first = (data[8] & 7, 0x10, 0x20 | data[8] & 15, data[0], 0x10)[data[9] % 5]
            text = "%02X" % first + "".join(["%02X" % byte for byte in data[1:8]])
            if data[9] & 0x40:
                # As if it were the answer to what was asked last.
                asked = bus.requests[-1][2] if bus.requests else "0201"
                text = "%02X%02X" % (first & 7, int(asked[2:4], 16) | 0x40) + asked[4:6] + text[6:]
            bus.hears("%03X %s" % (0x7E8 + (data[8] >> 5), text))
    for _, arbitration_id, text in bus.requests:
        assert reads_only(arbitration_id, text), (hex(arbitration_id), text)
    assert len(bus.requests) > 50
