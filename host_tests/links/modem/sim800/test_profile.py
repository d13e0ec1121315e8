"""The SIM800's own lines and values."""

from host_tests.fixtures.at.digested import EVENTS
from ovms.links.modem.sim800.details import SIM800Details


def utc_s(line):
    return SIM800Details(None).utc_s(line)


def test_network_time():
    line = b'*PSUTTZ: 2026,8,24,8,53,20,"+8",1'
    assert utc_s(line) == 1787561600
    assert utc_s(b'*PSUTTZ: 26,8,24,8,53,20,"+8",1') == 1787561600
    assert utc_s(b"*PSUTTZ: 2026,8,24,8,53") is None
    assert utc_s(b"*PSUTTZ: 2026,8,a,8,53,20") is None
    assert utc_s(b'+CCLK: "26/08/24,10:53:21+08"') == 1787561601


def test_damaged_lines_raise_nothing():
    lines = [event[1] for runs in EVENTS.values() for run in runs for event in run if event[1:]]
    tried = 0
    for line in lines:
        for at in range(len(line)):
            for damaged in (line[:at], line[:at] + b"\xff" + line[at + 1 :], line[at:]):
                utc_s(damaged)
                tried += 1
    assert tried > 1000
