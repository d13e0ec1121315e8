"""SMS command SIM: the PIN stays secret, and a refused one is not simply replaced."""

from host_tests.services.sms_bench import Bench
from ovms import parameters as names
from ovms import status as requests
from ovms.config import Config


def test_the_pin_is_set_and_never_shown():
    bench = Bench()
    reply = bench.send("SIM 4321 HOME")
    assert reply == "SIM:\r\n State:unknown\r\n PIN:****\r\n Roaming:HOME"
    assert bench.config.get(names.SIM_PIN) == "4321"
    assert bench.config.get(names.ROAMING) == "HOME"
    assert bench.status.take_requests() & requests.REQUEST_MODEM_RESTART
    assert "4321" not in bench.send("PARAMS?") + bench.send("SIM?") + bench.send("SUMMARY")


def test_the_pin_survives_a_restart():
    bench = Bench()
    bench.send("SIM 4321")
    bench.config.apply({names.SIM_PIN: "4321+"})
    again = Config(bench.config.store)
    assert again.get(names.SIM_PIN) == "4321+" and again.load_error == ""


def test_words_that_are_no_pin_change_nothing():
    bench = Bench()
    bench.send("SIM 4321")
    for text in ("SIM 123", "SIM 123456789", "SIM abcd", "SIM 1234+", "SIM 12.4"):
        reply = bench.send(text)
        assert "A PIN has 4 to 8 digits." in reply, reply
    assert bench.config.get(names.SIM_PIN) == "4321"
    bench.send("SIM - ROAM")
    assert bench.config.get(names.SIM_PIN) == "" == bench.config.get(names.ROAMING)


def test_a_sim_that_does_not_count_its_tries_gets_no_second_pin():
    bench = Bench()
    bench.config.apply({names.SIM_PIN: "1111x"})
    assert "(refused)" in bench.send("SIM?")
    assert "Unlock the SIM in a phone first" in bench.send("SIM 2222")
    assert bench.config.get(names.SIM_PIN) == "1111x"
    bench.send("SIM -")
    bench.send("SIM 2222")
    assert bench.config.get(names.SIM_PIN) == "2222"


def test_leds_of_the_sim():
    bench = Bench()
    for state, error, leds in (
        (0x10, "", "RED Led:0\n GRN Led:9"),
        (0x10, "There is no SIM.", "RED Led:3\n GRN Led:9"),
        (0x11, "The SIM wants its PIN, see command SIM.", "RED Led:4\n GRN Led:8"),
    ):
        bench.status.net_state = state
        bench.status.modem_error = error
        assert leds in bench.send("DIAG"), state


def test_what_is_wrong_with_the_sim_is_told():
    bench = Bench()
    bench.status.modem_error = "There is no SIM."
    for text in ("SIM?", "GPRS?", "DIAG", "SUMMARY"):
        assert "There is no SIM." in bench.send(text), text
