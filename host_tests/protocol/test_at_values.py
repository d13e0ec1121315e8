"""Fields of a modem's lines, its clock, and texts as arguments of its commands."""

from host_tests.fixtures.at.digested import EVENTS
from host_tests.shims.expect import raises
from ovms.protocol.at import number
from ovms.protocol.at_values import quoted, utc_s


def test_number():
    for line, index, expected in (
        (b"+CSQ: 17,0", 0, 17),
        (b"+CSQ: 17,0", 1, 0),
        (b"+CSQ: 17,0", 2, None),
        (b'+CMTI: "SM",30', 1, 30),
        (b'+CPMS: "SM",3,30,"SM",3,30', 2, 30),
        (b"+CIPRXGET: 2,512,36", 2, 36),
        (b"+CFUN:", 0, None),
        (b"+CSQ", 0, None),
        (b"+CSQ: -3,0", 0, None),
        (b"+CSQ: 1\xb2,0", 0, None),
        (b"", 0, None),
    ):
        assert number(line, index) == expected, line


def test_quoted():
    assert quoted("server.example.org") == b'"server.example.org"'
    assert quoted("internet", "", "p w") == b'"internet","","p w"'


def test_no_argument_breaks_out_of_its_command():
    for bad in ('a"', 'x","y', "a\rAT", "a\n", "\x1a", "\x1b", "\x00", "\x7f", "\u00e4", "\u201c"):
        raises(ValueError, quoted, bad)
        raises(ValueError, quoted, "internet", bad, "")


def test_clock_is_utc():
    # 2026-08-24 08:53:21 UTC by `date -u -d ... +%s`.
    assert utc_s(b'+CCLK: "26/08/24,10:53:21+08"') == 1787561601
    assert utc_s(b'+CCLK: "26/08/24,08:53:21+00"') == 1787561601
    assert utc_s(b'+CCLK: "26/08/23,23:23:21-38"') == 1787561601
    # Never set: what to think of it is the clock's business.
    assert utc_s(b'+CCLK: "04/01/01,00:00:40+00"') == 1072915240
    assert utc_s(b'+CCLK: "80/01/06,00:00:40+00"') == 3471724840
    for bad in (b"", b'"26/13/24,10:53:21+08"', b'"26/08/24,25:53:21+08"', b'"26/08/24"'):
        assert utc_s(b"+CCLK: " + bad) is None
    for bad in (b'"2x/08/24,10:53:21+08"', b'"26/08/24,10:53:21+99"', b'"26/08/24,10:53:21*08"'):
        assert utc_s(b"+CCLK: " + bad) is None


def test_clock_knows_leap_years():
    # Each by `date -u -d ... +%s`.
    for text, expected in (
        (b"24/02/29,23:59:59", 1709251199),
        (b"24/03/01,00:00:00", 1709251200),
        (b"25/01/01,00:00:00", 1735689600),
        (b"27/12/31,23:59:59", 1830297599),
        (b"28/03/01,00:00:00", 1835481600),
        (b"99/12/31,00:00:00", 4102358400),
    ):
        assert utc_s(b'+CCLK: "' + text + b'+00"') == expected, text


def test_damaged_lines_raise_nothing():
    lines = [event[1] for runs in EVENTS.values() for run in runs for event in run if event[1:]]
    tried = 0
    for line in lines:
        for at in range(len(line)):
            for damaged in (line[:at], line[:at] + b"\xff" + line[at + 1 :], line[at:]):
                number(damaged, 1)
                utc_s(damaged)
                tried += 1
    assert tried > 1000
