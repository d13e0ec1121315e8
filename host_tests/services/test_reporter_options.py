"""Y and X: messages that the reporter sends on request and on occasion only."""

from host_tests.services.test_reporter import Module


def full(module):
    """Codes of a full update with everything forgotten."""
    module.reporter.send_all()
    return "".join(module.send(0))


def exporting(module):
    state = module.state
    state.is_exporting = True
    state.line_v = 230
    state.charge_a10 = 100
    state.battery_w = 2500


def test_new_tyres_are_sent_beside_the_old_ones_when_asked_for():
    module = Module()
    module.state.tyre_kpa = [220, 221, 222, 223]
    module.state.tyre_temp_c = [20, 21, 22, 23]
    module.state.tyres_age_s = 1
    assert full(module) == "SDLWFV"
    module.config.set_feature(8, 4)
    assert full(module) == "SDLWFVY"
    assert module.send(1000) == []
    module.config.set_feature(8, 3)
    assert full(module) == "SDLWFV"


def test_an_interval_in_seconds_asks_for_no_new_tyres():
    """`2,8,60`: some clients take feature 8 for the seconds between two positions."""
    module = Module()
    module.state.tyre_kpa = [220, 221, 222, 223]
    module.state.tyre_temp_c = [20, 21, 22, 23]
    module.state.tyres_age_s = 1
    for value in (60, 30, 15, 12, 20, 100, 255, 9, -4, -128, 0):
        module.config.set_feature(8, value)
        assert full(module) == "SDLWFV", value
    for value in (4, 6, 7):
        module.config.set_feature(8, value)
        assert full(module) == "SDLWFVY", value


def test_tyres_never_seen_are_not_sent():
    """Neither in the new layout nor as zeros in the old one, which would be a flat tyre."""
    module = Module()
    state = module.state
    state.tyre_kpa, state.tyre_temp_c, state.tyres_age_s = [None] * 4, [None] * 4, None
    module.config.set_feature(8, 4)
    assert full(module) == "SDLFV"


def test_export_is_told_while_it_lasts_and_once_when_it_ends():
    module = Module()
    module.status.peers = 1
    assert full(module) == "SDLWFV"
    exporting(module)
    module.state.touch()
    assert "X" in module.send(1000), "with the change itself"
    # With the power of the battery L changes.
    assert module.wait(60) == [(59, ["S", "D", "L"])]
    module.state.export_wh = 500
    assert module.wait(60) == [(59, ["S", "D", "X"])]
    module.state.is_exporting = False
    module.state.touch()
    assert "X" in module.send(1000)
    assert module.wait(120) == [(58, ["S", "D"]), (118, ["S", "D"])]
    # A server that knows of no export hears of none.
    assert full(module) == "SDLWFV"


def test_an_export_is_as_busy_as_a_charge():
    module = Module()
    exporting(module)
    module.state.soc_pct100 = 5000
    assert [second for second, _ in module.wait(700)] == [600]
