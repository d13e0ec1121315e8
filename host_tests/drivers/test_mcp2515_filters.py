"""Acceptance filters: everything wanted passes, and little else."""

from host_tests.shims.expect import raises
from ovms.drivers.mcp2515_filters import acceptance_filters

# What the OVMS v2 and v3 modules decode of the Twizy's frames (Twizy facts 1.2).
TWIZY = (0x081, 0x155, 0x196, 0x19F, 0x424, 0x425, 0x554, 0x556, 0x557, 0x55E) + (
    0x55F,
    0x581,
    0x597,
    0x599,
    0x59B,
    0x59E,
    0x5D7,
    0x628,
    0x69F,
    0x700,
)
# On the Twizy's bus, but of no use.
OTHERS = (0x080, 0x423, 0x426, 0x436, 0x601, 0x627, 0x629, 0x659, 0x701)


def passing(filters):
    """All standard ids the chip lets pass."""
    mask_0, filters_0, mask_1, filters_1 = filters
    return [i for i in range(0x800) if i & mask_0 in filters_0 or i & mask_1 in filters_1]


def check_shape(filters):
    mask_0, filters_0, mask_1, filters_1 = filters
    assert len(filters_0) == 2 and len(filters_1) == 4
    for mask, bank in ((mask_0, filters_0), (mask_1, filters_1)):
        assert 0 <= mask <= 0x7FF
        for value in bank:
            assert value & ~mask == 0


def test_up_to_six_ids_are_exact():
    ids = (0x700, 0x001, 0x155, 0x7FF, 0x080, 0x424)
    for count in range(1, 7):
        filters = acceptance_filters(ids[:count])
        check_shape(filters)
        assert passing(filters) == sorted(ids[:count])


def test_twizy():
    filters = acceptance_filters(TWIZY)
    check_shape(filters)
    passed = passing(filters)
    assert not [i for i in TWIZY if i not in passed]
    # An exhaustive search of all splits finds no set below 256.
    assert len(passed) <= 256
    assert len([i for i in OTHERS if i in passed]) <= 3


def test_foreign_ids_stay_out():
    """What the Twizy's bus carries often and the module has no use for."""
    foreign = (0x19F, 0x080, 0x423, 0x426, 0x436, 0x627, 0x628, 0x629)
    wanted = [i for i in TWIZY + (0x701,) if i not in foreign and i != 0x700]
    filters = acceptance_filters(wanted, foreign)
    check_shape(filters)
    passed = passing(filters)
    assert not [i for i in wanted if i not in passed]
    assert not [i for i in foreign if i in passed]
    assert [i for i in foreign if i in passing(acceptance_filters(wanted))]
    # No luck of this one set: without any one of its ids hardly more.
    count = 0
    for left_out in wanted:
        passed = passing(acceptance_filters([i for i in wanted if i != left_out], foreign))
        count += len([i for i in foreign if i in passed])
    assert count <= len(wanted) // 2


def test_an_id_may_be_wanted_and_foreign():
    assert acceptance_filters(TWIZY, TWIZY) == acceptance_filters(TWIZY)


def test_ids_the_v2_module_wants():
    ids = [i for i in TWIZY if i not in (0x19F, 0x425, 0x628, 0x700)]
    # The exhaustive search finds 80.
    assert len(passing(acceptance_filters(ids))) <= 160


def test_order_and_repetition_do_not_matter():
    expected = acceptance_filters(TWIZY)
    assert acceptance_filters(tuple(reversed(TWIZY)) + TWIZY[:7]) == expected
    assert acceptance_filters(iter(TWIZY)) == expected


def test_any_set_passes():
    # A fixed linear congruential generator: the same sets on every interpreter.
    seed = 12345
    for count in range(1, 31):
        ids = []
        for _ in range(count):
            seed = (seed * 1103 + 12345) % 1000003
            ids.append(seed % 0x800)
        filters = acceptance_filters(ids)
        check_shape(filters)
        passed = passing(filters)
        assert not [i for i in ids if i not in passed]


def test_neighbours_share_a_filter():
    assert passing(acceptance_filters(range(0x100, 0x140))) == list(range(0x100, 0x140))


def test_without_ids_one_that_nobody_sends_passes():
    assert passing(acceptance_filters(())) == [0x7FF]


def test_bad_ids():
    for ids in ((0x800,), (-1, 0x155), (0x18DAF110,)):
        assert "0x7FF" in str(raises(ValueError, acceptance_filters, ids))
