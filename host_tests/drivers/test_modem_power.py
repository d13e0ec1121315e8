"""The modem's power lines, as a list of levels and times (hardware facts 4.1 and 6.1)."""

import asyncio

from host_tests.shims.expect import run
from ovms.drivers import modem_switch
from ovms.drivers.modem_power import ModemPower
from ovms.links.modem.sim800.details import SIM800Details


class Lines:
    """Pins that write (name, level) into one log, and a sleep that writes its time."""

    def __init__(self):
        self.log = []

    def pin(self, name):
        lines = self

        class Pin:
            def value(self, level):
                lines.log.append((name, level))

        return Pin()

    def play(self, coroutine):
        """The log of a coroutine that sleeps in no time."""
        self.log.clear()
        original = asyncio.sleep_ms

        async def sleep_ms(ms):
            self.log.append(ms)

        asyncio.sleep_ms = sleep_ms
        try:
            run(coroutine)
        finally:
            asyncio.sleep_ms = original
        return self.log


def test_the_constructor_presses_nothing():
    lines = Lines()
    ModemPower(lines.pin("key"), lines.pin("reset"), lines.pin("supply"), lines.pin("dtr"))
    assert sorted(lines.log) == [("dtr", 0), ("key", 1), ("reset", 1), ("supply", 1)]
    lines.log.clear()
    ModemPower(lines.pin("key"))
    assert lines.log == [("key", 1)]


def test_on_is_one_second_of_the_key():
    lines = Lines()
    power = ModemPower(lines.pin("key"), None, lines.pin("supply"))
    log = lines.play(modem_switch.start(power, SIM800Details(None)))
    assert log == [("supply", 1), ("key", 1), 100, ("key", 0), 1000, ("key", 1)]


def test_reset_takes_the_hardest_means_there_is():
    lines = Lines()
    power = ModemPower(lines.pin("key"), lines.pin("reset"), lines.pin("supply"))
    log = lines.play(modem_switch.restart(power, SIM800Details(None)))
    assert log[:3] == [("supply", 0), 6000, ("supply", 1)] and ("key", 0) in log
    power = ModemPower(lines.pin("key"), lines.pin("reset"))
    log = lines.play(modem_switch.restart(power, SIM800Details(None)))
    assert log == [("reset", 0), 150, ("reset", 1)]
    log = lines.play(modem_switch.restart(ModemPower(lines.pin("key")), SIM800Details(None)))
    assert log == [("key", 1), 100, ("key", 0), 1500, ("key", 1)]


def test_the_key_is_released_when_the_caller_is_cancelled():
    async def scenario():
        lines = Lines()
        task = asyncio.create_task(ModemPower(lines.pin("key")).start(SIM800Details(None)))
        while ("key", 0) not in lines.log:
            await asyncio.sleep_ms(10)
        task.cancel()
        await asyncio.sleep_ms(10)
        assert lines.log[-1] == ("key", 1)

    run(scenario())


def test_another_modem_wants_other_times():
    class Times:
        on_pulse_ms = 50
        off_pulse_ms = 2500
        reset_pulse_ms = 2000
        supply_off_ms = 500

    lines = Lines()
    power = ModemPower(lines.pin("key"))
    assert lines.play(modem_switch.start(power, Times)) == [
        ("key", 1),
        100,
        ("key", 0),
        50,
        ("key", 1),
    ]
    assert lines.play(modem_switch.restart(power, Times))[3] == 2500
    power = ModemPower(lines.pin("key"), lines.pin("reset"))
    assert lines.play(modem_switch.restart(power, Times)) == [("reset", 0), 2000, ("reset", 1)]
    power = ModemPower(lines.pin("key"), None, lines.pin("supply"))
    assert lines.play(modem_switch.restart(power, Times))[1] == 500
