"""The module's second hand and its watchdog, and tasks that fail. CPython only."""

import asyncio

import pytest

from host_tests import test_app
from ovms import app as app_module

flash = test_app.flash


class Watchdog:
    """fed: at which second of the module it was fed."""

    def __init__(self, second):
        self.second = second
        self.timeout_ms = None
        self.fed = []

    def start(self, timeout_ms):
        assert self.timeout_ms is None, "once"
        self.timeout_ms = timeout_ms
        return self

    def feed(self):
        self.fed.append(self.second.passed_s)
        self.second.do("feed")


class Life(test_app.Second):
    """Its second hand stops after five seconds. hangs_at: the second whose step never ends."""

    def __init__(self, monkeypatch, hangs_at=None):
        super().__init__(monkeypatch)
        self.passed_s = 0
        self.watchdog = Watchdog(self)
        self.app.board.watchdog = self.watchdog.start
        self._hangs_at = hangs_at

    async def _sleep_ms(self, ms):
        self.turns.append([])
        self.passed_s += ms == 1000
        if self.passed_s == self._hangs_at:
            self.app.in_turn(self._hang)
        if self.passed_s == 5:
            raise test_app.ResetError

    def _hang(self):
        raise test_app.ResetError


def test_the_watchdog_is_fed_every_second_and_waits_a_minute(flash, monkeypatch):
    """Longer than what may block, a name look-up's 15 s, and a module that hangs is back within
    two minutes.
    """
    life = Life(monkeypatch)
    life.run(lambda elapsed_ms: None)
    assert life.watchdog.fed == [0, 1, 2, 3, 4]
    assert 30_000 <= life.watchdog.timeout_ms <= 90_000


def test_a_second_that_does_not_end_feeds_no_watchdog(flash, monkeypatch):
    """It is fed behind what a second does, not before."""
    life = Life(monkeypatch, hangs_at=2)
    life.run(lambda elapsed_ms: None)
    assert life.watchdog.fed == [0, 1]
    life = Life(monkeypatch)
    turns = sum(life.run(lambda elapsed_ms: None), [])
    assert turns[: turns.index("feed")] == ["look", "hand over", "records", "keep"]


@pytest.mark.parametrize(
    "error", [ValueError("x"), OSError(5), TypeError(), KeyError(1), IndexError(), RuntimeError()]
)
def test_no_error_of_the_car_ends_the_second_hand(flash, monkeypatch, error):
    life = Life(monkeypatch)

    def poll(elapsed_ms):
        raise error

    turns = sum(life.run(poll), [])
    assert life.app.status.errors == {"tick": 5} and turns.count("records") == 5


@pytest.mark.parametrize("error", [ValueError("x"), OSError(5), TypeError(), RuntimeError()])
def test_every_failed_task_is_started_again(flash, monkeypatch, error):
    app = app_module.App(test_app.Board(), test_app.PRESETS)
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 9:
            raise test_app.ResetError

    async def task():
        raise error

    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(test_app.ResetError):
        asyncio.run(app.keep("can", task))
    assert app.status.errors == {"can": 9}
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
