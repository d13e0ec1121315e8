"""GSMLOCK: the network that the modem is to take."""

from host_tests.services.sms_bench import Bench
from ovms.status import (
    REQUEST_MODEM_RESTART,
)


def test_gsmlock():
    bench = Bench()
    bench.status.operator = "E-Plus"
    assert bench.send("GSMLOCK?") == "GSMLOCK: (none)\r\nCurrent: E-Plus"
    assert bench.send("GSMLOCK o2-de") == "GSMLOCK: o2-de\r\nCurrent: E-Plus"
    assert bench.status.take_requests() == REQUEST_MODEM_RESTART
    assert bench.send("GSMLOCK") == "GSMLOCK: (none)\r\nCurrent: E-Plus"
    assert bench.config.get(13) == ""


class _Searching:
    """A modem that lists networks, or fails to."""

    def __init__(self, answer):
        self.answer = answer

    async def command(self, text):
        assert text == "AT+COPS=?"
        if not self.answer:
            raise OSError("The modem is not ready.")
        return self.answer


def test_gsmlock_names_the_networks_in_reach():
    bench = Bench()
    bench.status.operator = "E-Plus"
    bench.commander.modem = _Searching(
        '+COPS: (1,"Telekom.de","TDG","26201"),(2,"E-Plus","E-Plus","26203")'
        ',(3,"Vodafone.de","Voda","26202"),,(0-4),(0-2)\nOK'
    )
    for text, lock in (
        ("GSMLOCK T-Mobile D", "T-Mobile D"),
        ('GSMLOCK "T-Mobile D"', "T-Mobile D"),
        ("GSMLOCK Nobody", "Nobody"),
    ):
        assert bench.send(text) == (
            "GSMLOCK: %s\r\nCurrent: E-Plus\r\nNot in reach, so any is taken."
            " In reach: Telekom.de, E-Plus" % lock
        )
        assert bench.config.get(13) == lock
    for lock in ("e-plus", "Telekom.de", "TDG", "26202"):
        assert bench.send("GSMLOCK " + lock) == "GSMLOCK: %s\r\nCurrent: E-Plus" % lock
    bench.commander.modem = _Searching("")
    assert bench.send("GSMLOCK x y") == "GSMLOCK: x y\r\nCurrent: E-Plus"
    assert bench.send("GSMLOCK -") == "GSMLOCK: (none)\r\nCurrent: E-Plus"
