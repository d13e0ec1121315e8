"""The log: masked, printable, cut."""

from host_tests.services.sms_bench import PASSWORD, Bench, FakeClock
from ovms.log import Log


def new_log(config=None):
    lines = []
    log = Log(lines.append, FakeClock())
    log.config = config
    return log, lines


def test_time_level_and_values():
    log, lines = new_log()
    log.info("csq %d", 18)
    log.error("%s of %s", "a", "b")
    log.error("100%")
    assert lines == ["100 I csq 18", "100 E a of b", "100 E 100%"]


def test_lines_are_cut_and_printable():
    log, lines = new_log()
    log.info("x" * 200)
    log.info("a\r\nb\x00\x1b[2J")
    log.info("\u00e9")
    assert lines == ["100 I " + "x" * 80, "100 I a..b..[2J", "100 I .."]


def test_passwords_never_appear():
    config = Bench().config
    config.apply({7: "apn", 9: PASSWORD + "-long"})
    log, lines = new_log(config)
    log.error("login %s/%s via apn", PASSWORD, PASSWORD + "-long")
    # Changed later; and across the cut at 80 characters.
    config.set(1, "Changed")
    log.info("x" * 75 + "Changed")
    assert lines == ["100 E login ****/**** via ****", "100 I " + "x" * 75 + "****"]


def test_the_factory_password_is_an_ordinary_word():
    log, lines = new_log(Bench(is_new=True).config)
    log.info("OVMS 4.0.0")
    assert lines == ["100 I OVMS 4.0.0"]
