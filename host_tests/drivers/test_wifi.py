"""The WiFi driver on the simulated station, which knows nothing of it."""

import sys

from host_tests.shims.expect import run
from tools.simulated_board.board import network

sys.modules["network"] = network

from ovms.drivers.wifi import Station  # noqa: E402


class Air:
    """What is in reach, in the place of the desk's file."""

    def __init__(self, **networks):
        self.networks = networks
        network.in_reach = lambda: self.networks
        network.WLAN.looks = 0


def test_joins_and_notices_the_end():
    air = Air(Home="12345678", Guest="")
    station = Station()
    assert not station.is_joined()
    assert run(station.join("Home", "12345678")) and station.is_joined()
    air.networks = {}
    assert not station.is_joined()
    # It does not come back by itself: that would be looking for it on the road.
    looks = network.WLAN.looks
    air.networks = {"Home": "12345678"}
    for _ in range(20):
        assert not station.is_joined()
    assert network.WLAN.looks == looks
    assert run(station.join("Home", "12345678")) and station.is_joined()
    station.off()
    assert not station.is_joined()
    air.networks["Guest"] = ""
    assert run(station.join("Guest", ""))


def test_out_of_reach_and_another_key():
    Air(Home="12345678")
    station = Station()
    assert not run(station.join("Work", "12345678")) and not station.is_refused
    assert not run(station.join("Home", "87654321")) and station.is_refused
    assert not run(station.join("Home", "")) and station.is_refused
    assert run(station.join("Home", "12345678")) and not station.is_refused


def test_a_radio_that_fails_is_out_of_reach():
    Air(Home="12345678")
    station = Station()
    station.off()

    def fail(*arguments):
        raise OSError("WiFi Out of Memory")

    wlan = network.WLAN()
    wlan.connect = fail
    station._wlan = wlan
    assert not run(station.join("Home", "12345678")) and not station.is_refused
    wlan.disconnect = fail
    station.off()
    assert not wlan.active()


def test_names_of_any_letters():
    Air(**{"B\u00e4r & Co": "my long key"})
    station = Station()
    assert run(station.join("B\u00e4r & Co", "my long key"))
