"""What the owner's phone of `run` expects of each motor controller. Runs on CPython only."""

import pytest

from host_tests.vehicle.contract import feed
from host_tests.vehicle.sevcon_bench import GO, Bench
from tools.desk.phone_script import QUESTIONS, controller_steps
from tools.desk.sevcon_moods import MOODS, MotorController
from tools.desk.twizy_scenarios import SCENARIOS


class Peer:
    """A MotorController under a key that is on, as the bench wants it."""

    def __init__(self, mood):
        self.controller = MotorController(mood)
        self.controller.step(0, True)

    def feed(self, arbitration_id, data):
        return self.controller.receive(arbitration_id, data)

    def step(self, elapsed_ms):
        return self.controller.step(elapsed_ms, True)


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("is_standing", [True, False])
def test_every_answer_is_the_one_expected(mood, is_standing):
    bench = Bench(Peer(mood))
    if not is_standing:
        feed(bench.car, GO)
    steps = controller_steps(mood, is_standing)
    assert steps[0].text == "FEATURE 15 1"
    for step in steps[1:]:
        reply = bench.cfg(step.text.removeprefix("CFG "))
        assert step.expected in reply, (step, reply)


def test_every_mood_has_a_scenario_in_which_the_car_stands():
    moods = {scenario.sevcon for scenario in SCENARIOS.values()} - {""}
    assert moods == set(MOODS) - {"80"}
    for scenario in SCENARIOS.values():
        if scenario.sevcon:
            assert {step.action for step in scenario.steps} == {"park", "key"}


def test_questions_belong_to_scenarios():
    assert set(QUESTIONS) <= set(SCENARIOS)
