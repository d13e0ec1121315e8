"""The owner was told when the SMS has left, and not when it waits."""

from host_tests.services.owner_bench import Module
from host_tests.shims.expect import run
from ovms.config import Config
from ovms.parameters import DAMAGE, FROM_SERVER, PASSWORD, PHONE, SERVER, SPENT
from ovms.services.guard_news import to_phone
from ovms.services.notifier_events import send_sms


def changed():
    module = Module()
    module.config.apply({SERVER: "evil.example"}, True, FROM_SERVER)
    return module


def queue(module, seconds=40):
    """Time passes in which no SMS leaves."""
    for _ in range(seconds):
        module.clock.now_s += 1
        module.notifier.tick()
    return len(module.notifier.sms)


def untold(module):
    """By what is in flash."""
    return Config(module.store).untold


def test_a_restart_before_the_sms_has_left_tells_it_again():
    module = changed()
    assert queue(module, 4000) == 1, "once"
    assert untold(module)
    module.restart()
    assert len(module.told()) == 1
    assert not untold(module) and not module.config.untold
    assert queue(module, 4000) == 0


def test_what_could_not_be_sent_is_sent_later():
    module = changed()
    assert queue(module) == 1
    module.modem.failures = 1000
    run(send_sms(module.notifier))
    assert module.status.counts["alerts_not_sent"] == 1 and untold(module)
    assert queue(module, 599 - 40) == 0
    module.modem.failures = 0
    assert len(module.told(100)) == 1 and not untold(module)


def test_what_the_budget_does_not_allow_is_sent_later():
    module = changed()
    # So many alerts that no other may leave for now.
    module.status.sms_sent[module.config.get(PHONE)] = [60, module.clock.uptime_s(), True]
    assert module.told(60) == [] and untold(module)
    assert len(module.told(1200)) == 1 and not untold(module)


def test_what_changes_meanwhile_is_told_as_well():
    module = changed()
    assert queue(module) == 1
    module.config.apply({PASSWORD: "N3w"}, True, FROM_SERVER)
    sent = module.told(60)
    assert len(sent) == 2
    assert "server." in sent[0][1] and "module password." in sent[1][1]
    assert not untold(module)


def test_damage_is_news_until_it_has_left():
    module = Module()
    module.config.apply({DAMAGE: "1"})
    assert queue(module) == 1 and untold(module)
    number, text = module.told()[0]
    assert number == module.config.get(PHONE) and "damaged" in text
    assert not untold(module) and module.config.get(DAMAGE) == ""


def test_what_becomes_news_while_damage_is_told_is_told_as_well():
    module = Module()
    module.config.apply({DAMAGE: "1"})
    assert queue(module) == 1
    module.config.apply({SPENT: "20000,40!"})
    sent = module.told(60)
    assert len(sent) == 2 and "damaged" in sent[0][1] and "command 40" in sent[1][1]
    assert not untold(module) and module.config.get(SPENT) == "20000,40"
    # Both at once are one text, in two SMS.
    module.config.apply({DAMAGE: "1", SPENT: "20001,41!"})
    sent = module.told(60)
    assert len(sent) == 2 and "damaged" in sent[0][1] and "command 41" in sent[0][1]
    assert not untold(module)


def test_a_modem_that_never_knows_whether_it_left_runs_up_no_bill():
    module = changed()
    sent = []

    async def send_sms(number, text):
        sent.append(number)

    module.modem.send_sms = send_sms
    module.told(86_000)
    # Six attempts each, after 10, 20, 40, 80, 160 and then every 320 minutes.
    assert len(sent) == 6 * 9 and untold(module)


def test_who_waits_for_no_outcome_is_sent_as_well():
    """As of updates and of safe mode, to a number that is its own."""
    module = changed()
    module.told()
    module.notifier.sms.insert(0, to_phone("+4911", "Updated to 4.0.1.\tReally, and so on."))
    assert module.told() == [("+4911", "Updated to 4.0.1.\tReally, and so on.")]
