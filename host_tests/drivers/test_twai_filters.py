"""The acceptance filter: everything wanted passes, and little else."""

from host_tests.drivers.twai_bench import TWAIBench
from host_tests.shims.expect import raises
from ovms.drivers.twai_filters import acceptance_filter
from tools.simulated_board.models.twai import ACCEPTED, AFM, MODE

TWIZY = (0x081, 0x155, 0x196, 0x424, 0x425, 0x554, 0x556, 0x557, 0x55E, 0x55F) + (
    0x581,
    0x597,
    0x599,
    0x59B,
    0x59E,
    0x5D7,
    0x69F,
)
FOREIGN = (0x19F, 0x080, 0x423, 0x426, 0x436, 0x627, 0x628, 0x629)


def passing(found):
    is_single, codes, masks = found
    passed = []
    for arbitration_id in range(0x800):
        words = arbitration_id >> 3, arbitration_id << 5 & 0xE0
        for n in (0,) if is_single else (0, 2):
            ignored = masks[n], masks[n + 1]
            if not (
                (words[0] ^ codes[n]) & ~ignored[0] & 0xFF
                or (words[1] ^ codes[n + 1]) & ~ignored[1] & 0xE0
            ):
                passed.append(arbitration_id)
                break
    return passed


def numbers(seed):
    while True:
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        yield seed >> 12


def random_sets(count, most, seed=3):
    source = numbers(seed)
    for _ in range(count):
        yield tuple([next(source) & 0x7FF for _ in range(1 + next(source) % most)])


def least(ids):
    """How many ids the best split lets pass, by trying all."""
    ids = sorted(set(ids))
    best = 0x800
    for split in range(1 << len(ids) - 1):
        groups = [ids[-1]], []
        for n in range(len(ids) - 1):
            groups[split >> n & 1].append(ids[n])
        passed = set()
        for group in groups:
            ignored = 0
            for arbitration_id in group:
                ignored |= arbitration_id ^ group[0]
            if group:
                passed.update(i for i in range(0x800) if not (i ^ group[0]) & ~ignored)
        best = min(best, len(passed))
    return best


def test_all_wanted_pass_and_two_are_exact():
    for ids in random_sets(40, 20):
        passed = passing(acceptance_filter(ids))
        assert not [i for i in ids if i not in passed]
    for ids in random_sets(40, 2):
        assert passing(acceptance_filter(ids)) == sorted(set(ids))


def test_as_good_as_trying_all():
    """For a few ids, where all can be tried."""
    worse = 0
    for ids in random_sets(12, 6):
        passed, best = len(passing(acceptance_filter(ids))), least(ids)
        assert best <= passed <= 2 * best
        worse += passed > best
    assert worse <= 2


def test_twizy():
    passed = passing(acceptance_filter(TWIZY, FOREIGN))
    assert not [i for i in TWIZY if i not in passed]
    assert len(passed) < 0x800


def test_foreign_ids_stay_out():
    found = acceptance_filter((0x155, 0x157, 0x424), (0x156, 0x154))
    assert not [i for i in (0x156, 0x154) if i in passing(found)]
    # Not at the price of one that is wanted.
    assert 0x155 in passing(acceptance_filter((0x155,), (0x155,)))


def test_without_ids():
    assert passing(acceptance_filter(())) == [0x7FF]


def test_ids_that_are_none():
    for ids in ((0x800,), (-1,), (0x155, 1 << 28)):
        assert "0x7FF" in str(raises(ValueError, acceptance_filter, ids))


def test_controller_filters_as_computed():
    """Both modes, all standard ids, through the registers; remote frames never."""
    modes = set()
    for ids in ((0x155,), (0x155, 0x6AA, 0x6AB), TWIZY):
        bench = TWAIBench(has_timer=False).open(ids, (), True, FOREIGN)
        modes.add(bench.model.read(MODE) & AFM)
        expected = passing(acceptance_filter(ids, FOREIGN))
        passed = []
        for arbitration_id in range(0x800):
            for data in (b"", b"\x00\xff", b"\xff" * 8):
                is_in = bench.model.bus_frame(arbitration_id, data) == ACCEPTED
                bench.bus.service()
                bench.received()
            if is_in:
                passed.append(arbitration_id)
            assert bench.model.bus_frame(arbitration_id, b"", False, True) != ACCEPTED
        assert passed == expected
    assert len(modes) == 2
