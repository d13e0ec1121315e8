"""TLS on a board that does not know the date. CPython only: it patches a clock of the firmware."""

import time

import pytest

from host_tests.shims import expect
from ovms.drivers import tls_setup

NO_DATE = "TLS needs the date, and nobody has told it yet."


class Years:
    """`time` of a board that thinks it is such a year."""

    def __init__(self, year):
        self._year = year

    def gmtime(self, *moment):
        return (self._year, 1, 1, 0, 0, 0, 0, 1)


def refusal(monkeypatch, year, utc_s=None):
    """Why no connection is opened in a folder without a certificate."""

    async def open_plain(*address):
        raise AssertionError("opened")

    monkeypatch.setattr(tls_setup, "time", Years(year))
    with pytest.raises(OSError) as caught:
        expect.run(tls_setup.open_stream(open_plain, "ovms.example", 6870, utc_s))
    return caught.value.args[0]


@pytest.mark.parametrize("year", [1970, 2000, 2023])
def test_without_a_date_no_certificate_is_believed(monkeypatch, tmp_path, year):
    """As after power-on: by that date no certificate would be valid, or an old one again."""
    monkeypatch.chdir(tmp_path)
    assert refusal(monkeypatch, year) == NO_DATE


def test_a_date_that_may_be_right_is_taken(monkeypatch, tmp_path):
    """The board's own, or the module's, which the board's clock then follows."""
    monkeypatch.chdir(tmp_path)
    assert "ca.pem" in refusal(monkeypatch, 2024)
    monkeypatch.setattr(tls_setup, "set_clock", lambda utc_s: None)
    assert "ca.pem" in refusal(monkeypatch, 2000, int(time.time()))
