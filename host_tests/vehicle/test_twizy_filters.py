"""The Twizy's acceptance filters: all it wants passes, of the rest of its bus hardly a frame."""

from ovms.vehicle.twizy.car import Twizy

# Every id the Twizy's bus is known to carry, with milliseconds between two frames, 0 for an event
# (Twizy facts 1.2).
BUS = (
    (0x080, 20),
    (0x081, 0),
    (0x155, 10),
    (0x196, 10),
    (0x19F, 10),
    (0x423, 100),
    (0x424, 100),
    (0x425, 100),
    (0x426, 100),
    (0x436, 100),
    (0x554, 1000),
    (0x556, 100),
    (0x557, 1000),
    (0x55E, 1000),
    (0x55F, 1000),
    (0x581, 0),
    (0x597, 100),
    (0x599, 100),
    (0x59B, 100),
    (0x59E, 100),
    (0x5D7, 100),
    (0x601, 0),
    (0x627, 100),
    (0x628, 100),
    (0x629, 100),
    (0x659, 3000),
    (0x69F, 1000),
    (0x700, 1000),
    (0x701, 500),
)


def passes(arbitration_id):
    mask_0, filters_0, mask_1, filters_1 = Twizy.FILTERS
    return arbitration_id & mask_0 in filters_0 or arbitration_id & mask_1 in filters_1


def test_shape():
    mask_0, filters_0, mask_1, filters_1 = Twizy.FILTERS
    assert len(filters_0) == 2 and len(filters_1) == 4
    for mask, filters in ((mask_0, filters_0), (mask_1, filters_1)):
        assert 0 <= mask <= 0x7FF
        assert not [value for value in filters if value & ~mask]


def test_everything_the_car_decodes_passes():
    refused = ["%03X" % i for i in Twizy.RX_IDS if not passes(i)]
    assert not refused, "find new FILTERS with `python -m tools.can_filters`: %s" % refused


def test_the_rest_of_the_bus_does_not():
    foreign = [(i, period) for i, period in BUS if i not in Twizy.RX_IDS and passes(i)]
    frames_per_s = sum([1000 / period for _, period in foreign if period])
    assert frames_per_s < 1, "find better FILTERS with `python -m tools.can_filters`"
