"""Two machines that text each other, and what a number may cost at most."""

import asyncio

from host_tests.services.notifier_bench import Module
from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench, FakeModem
from host_tests.shims.expect import run
from ovms.services.sms import rhythm

UNKNOWN = "Unknown command. Send HELP for a list."


class Phone:
    """An owner's phone and a bench; `text` gives what one SMS brings back."""

    def __init__(self, bench=None, number=OWNER):
        self.bench = bench or Bench()
        self.number = number
        self.sent = 0

    def text(self, text, pause_s=5):
        self.bench.clock.now_s += pause_s

        async def main():
            modem = FakeModem([(self.number, text)])
            task = asyncio.create_task(self.bench.sms.run(modem))
            await modem.is_drained.wait()
            task.cancel()
            return modem.sent

        sent = run(main())
        self.sent += len(sent)
        return [text for _, text in sent]

    def auto_reply(self, first, answer, seconds, pause_s=5):
        """The phone answers every SMS by itself; what it got until nothing more came."""
        got = self.text(first, pause_s)
        fresh = len(got)
        for _ in range(seconds // pause_s):
            if not fresh:
                break
            fresh -= 1
            new = self.text(answer, pause_s)
            fresh += len(new)
            got += new
        return got


def test_an_auto_reply_ends_after_a_few_answers_and_says_so_once():
    for answer in (
        "I am driving and will answer later.",
        "Ich bin im Urlaub bis 3.8.",
        "\u6211\u5728\u5f00\u8f66",
        "",
    ):
        for pause_s in (2, 20, 100):
            phone = Phone()
            got = phone.auto_reply("STAT", answer, 3600, pause_s)
            assert got[1:] == [UNKNOWN] * 4 + [rhythm.NOTICE], (answer, pause_s)
            # The storm goes on, from another alert or another phone; no answer any more.
            for _ in range(50):
                assert phone.text(answer, pause_s) == []
            assert phone.bench.status.counts["sms_loop"] > 50
            # A real command is answered right after it, and does not start it again.
            assert phone.text("VEHICLE?", 1)[0].startswith("Vehicle:")
            assert phone.text(answer) == []
            assert phone.text("STAT")[0].startswith("Not charging")
            # A quiet hour, and it is forgotten.
            assert phone.text(answer, 3601) == [UNKNOWN]


def test_a_slow_one_is_found_as_well():
    phone = Phone()
    got = phone.auto_reply("STAT", "out of office", 36000, 900)
    assert got.count(UNKNOWN) <= 8 and got[-1] == rhythm.NOTICE


def test_an_answer_that_begins_with_the_word_of_a_command():
    for answer in ("Help is on the way, driving", "Stat later", "version 2 of me is driving"):
        phone = Phone()
        got = phone.auto_reply("HELP", answer, 3600)
        assert got[-1] == rhythm.NOTICE and len(got) < 40, len(got)
        assert phone.text("VEHICLE?")[0].startswith("Vehicle:")


def test_a_person_who_mistypes_is_answered():
    phone = Phone()
    for _ in range(6):
        for text in ("STATT", "hello?", "S TAT"):
            assert phone.text(text, 30) == [UNKNOWN]
        assert phone.text("STAT", 30) != []


def test_a_person_who_asks_a_lot_is_answered():
    """A dozen things and then the same again, with long answers, in a quarter of an hour."""
    phone = Phone()
    phone.bench.config.apply({4: "ovms.example.com", 5: "internet", 8: "TWIZY42", 11: "x" * 30})
    things = "STAT GPS? TEMPS CTP VERSION DIAG SUMMARY HELP PARAMS? GPRS? SERVER? FEATURES?"
    for thing in things.split():
        assert phone.text(thing, 40), thing
    for _ in range(12):
        assert phone.text("STAT", 31) != []
    assert "sms_over_budget" not in phone.bench.status.counts


def test_a_budget_for_each_number_and_hour():
    phone = Phone()
    texts = []
    for n in range(500):
        # Ever another text: nothing but the budget stops this.
        texts += phone.text("FEATURE 9 %d" % (n % 90), 7)
    assert 50 <= phone.sent <= 61
    assert texts.count("Feature has been set.") == phone.sent - 1
    assert len([text for text in texts if text.startswith("That are too many SMS")]) == 1
    assert phone.bench.config.feature(9) == 499 % 90, "carried out all the same"
    # Another number has its own.
    friend = Phone(phone.bench, STRANGER)
    assert friend.text("STAT " + PASSWORD) != []
    assert phone.text("STAT", 3600)[0].startswith("Not charging")


def test_the_memory_of_numbers_is_bounded():
    bench = Bench()
    sent = 0
    for n in range(300):
        sent += len(Phone(bench, "+49160000%04d" % n).text("STAT", 1))
    assert len(bench.status.sms_sent) <= 9 and sent <= 9
    for n in range(300):
        sent += len(Phone(bench, "+49160000%04d" % n).text("STAT " + PASSWORD, 1))
    assert len(bench.status.sms_sent) <= 9 and sent < 80
    # The owner's is his own, however many others there are.
    assert Phone(bench).text("STAT")[0].startswith("Not charging")
    assert bench.status.sms_sent[OWNER][0] == 1 and len(bench.status.sms_sent) == 10
    bench.clock.now_s += 20000
    assert Phone(bench, STRANGER).text("STAT " + PASSWORD) != []
    assert len(bench.status.sms_sent) == 1


def test_an_alert_has_a_reserve():
    module = Module("SMS")
    for n in range(70):
        module.notifier.notify("A", "alert %d" % n)
        module.run(2)
    assert len(module.take()[1]) == 60
    assert module.status.counts["sms_over_budget"] == 10
    module.run(720)
    module.notifier.notify("A", "later")
    module.run(3)
    assert module.take()[1] == ["later"]


def test_the_console_is_always_answered():
    bench = Bench()
    for _ in range(20):
        assert run(bench.sms.execute_as_owner("hello")) == (False, UNKNOWN)
