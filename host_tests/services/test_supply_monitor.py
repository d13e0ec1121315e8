"""The 12 V monitor minute by minute, against its rules in module-behaviour 6.3."""

from array import array

from ovms.services.supply_monitor import LOW, NOTHING, RECOVERED, reference_mv, step


def new():
    return array("h", [0, 0, 0])


def settled(supply_mv=12600):
    """Memory with a reference of `supply_mv`."""
    memory = new()
    for _ in range(16):
        assert step(memory, supply_mv, False, False) == NOTHING
    assert reference_mv(memory) == supply_mv
    return memory


def run(memory, *readings, is_on=False, is_charging=False):
    return [step(memory, mv, is_on, is_charging) for mv in readings]


def test_the_first_reading_counts_whole_and_the_others_half():
    memory = new()
    values = []
    for mv in (12640, 12000, 12000, 12049, 13951):
        step(memory, mv, False, False)
        values.append(memory[0])
    assert values == [126, 123, 122, 121, 131]


def test_reference_after_15_calm_minutes():
    memory = new()
    for minute in range(15):
        step(memory, 12600, False, False)
        assert memory[1] == minute + 1
        assert reference_mv(memory) is None
    step(memory, 12600, False, False)
    assert reference_mv(memory) == 12600


def test_the_key_starts_the_calm_minutes_anew():
    memory = new()
    run(memory, *[12600] * 10)
    run(memory, 12600, is_on=True)
    assert memory[1] == 0
    run(memory, *[12600] * 15)
    run(memory, 12600, is_on=True)
    assert reference_mv(memory) is None
    run(memory, *[12600] * 16)
    assert reference_mv(memory) == 12600


def test_a_charge_forgets_the_reference():
    memory = settled()
    run(memory, 14400, 14400, is_charging=True)
    assert reference_mv(memory) is None
    run(memory, *[13000] * 16)
    # Rounded up each time, so it stops a tenth above.
    assert reference_mv(memory) == 13100


def test_low_and_recovered_are_told_once_each():
    memory = settled()
    # Smoothed: 11.7, 11.3, 11.1, 11.0; the limit is 11.0 V.
    assert run(memory, *[10800] * 5) == [NOTHING, NOTHING, NOTHING, LOW, NOTHING]
    # 11.3, 11.5, 11.6; the limit is 11.6 V.
    assert run(memory, 11600, 11600, 11600, 11600) == [NOTHING, NOTHING, RECOVERED, NOTHING]
    assert LOW in run(memory, *[10000] * 3)


def test_limits_to_the_tenth():
    for supply_mv, outcome in ((11100, NOTHING), (11000, LOW)):
        memory = settled()
        memory[0] = supply_mv // 100
        assert run(memory, supply_mv) == [outcome]
    for supply_mv, outcome in ((11500, NOTHING), (11600, RECOVERED)):
        memory = settled()
        memory[2] = 1
        memory[0] = supply_mv // 100
        assert run(memory, supply_mv) == [outcome]


def test_the_key_ends_an_alert_silently():
    memory = settled()
    assert LOW in run(memory, *[10000] * 6)
    assert run(memory, 10000, is_on=True) == [NOTHING]
    assert memory[2] == 0
    # And it comes back when the car is left with a flat battery.
    assert run(memory, 10000) == [LOW]


def test_a_new_reference_ends_an_alert():
    memory = settled()
    assert LOW in run(memory, *[10000] * 6)
    run(memory, *[14000] * 5, is_charging=True)
    assert memory[2] == 1
    assert run(memory, *[12500] * 16) == [NOTHING] * 16
    assert memory[2] == 0


def test_no_reading_changes_nothing():
    memory = settled()
    before = list(memory)
    assert run(memory, None, None, is_charging=True) == [NOTHING, NOTHING]
    assert list(memory) == before
