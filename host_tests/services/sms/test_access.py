"""Who may do what: numbers, passwords, denials, locks."""

from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench
from ovms.services.sms.access import is_same

DENIED = "Permission denied"
FACTORY = (
    "The factory password is accepted for REGISTER and PASS only."
    "\nSend REGISTER OVMS, then PASS <new password>, then this with the new password."
)
REGISTERED = "Your phone has been registered as the owner."


def caller(number):
    return "+4916000000%02d" % number


def test_the_owners_number_in_every_notation():
    bench = Bench()
    for number in (OWNER, "00491701234567", "+49 170 123-4567", "0049-170 1234567"):
        assert bench.send("SERVER?", number).startswith("Server:"), number


def test_numbers_are_compared_whole():
    for number in (OWNER + "9", OWNER[:-1], "01701234567", OWNER[1:], "", "NOPHONE", "++" + OWNER):
        assert Bench().send("SERVER?", number) == DENIED, number


def test_nophone_is_nobody():
    bench = Bench(is_new=True)
    assert bench.send("SERVER?", "NOPHONE") == DENIED


def test_passwords_are_compared_whole():
    for word in (PASSWORD + "x", PASSWORD[:-1], PASSWORD.lower(), "", "x" * 50, "\u00e9"):
        bench = Bench()
        assert bench.send("SERVER? " + word, STRANGER) == DENIED, word
        assert bench.config.get(4) == ""
    assert Bench().send("SERVER? " + PASSWORD, STRANGER).startswith("Server:")


def test_is_same():
    assert is_same("abc", "abc")
    for text in ("", "ab", "abcd", "abcabc", "abd", "ABC", "ab\u0163"):
        assert not is_same(text, "abc")


def test_control_commands_want_the_owners_phone():
    for text in ("PASS x", "PARAMS K", "MODULE x", "GPRS x", "SERVER x", "FEATURE 9 1"):
        word, rest = text.split(" ", 1)
        for sent in (text, "%s %s %s" % (word, PASSWORD, rest), word):
            bench = Bench()
            before = [bench.config.get(n) for n in range(32)]
            assert bench.send(sent, STRANGER) == DENIED, sent
            assert [bench.config.get(n) for n in range(32)] == before


def test_a_right_password_is_answered_once_and_without_a_denial():
    bench = Bench()
    assert bench.send("STAT " + PASSWORD, STRANGER).startswith("Not charging")


def test_the_owner_needs_no_password_but_register_does():
    bench = Bench()
    assert bench.send("REGISTER wrong") == DENIED
    assert bench.send("REGISTER wrong") == DENIED
    assert bench.send("AP wrong -") == DENIED


def test_a_new_owner_takes_the_place_of_the_old_one():
    bench = Bench()
    assert bench.send("REGISTER wrong", STRANGER) == DENIED
    assert bench.send("REGISTER?", OWNER) == "Registered number: " + OWNER
    assert bench.send("REGISTER " + PASSWORD, STRANGER) == REGISTERED
    assert bench.send("REGISTER?", STRANGER) == "Registered number: " + STRANGER
    for text in ("STAT", "PASS mine", "REGISTER?"):
        assert bench.send(text, OWNER) in (DENIED, None)
    assert bench.config.get(1) == PASSWORD
    # With the password he is back.
    assert bench.send("REGISTER " + PASSWORD, OWNER) == REGISTERED
    assert bench.send("PASS mine", STRANGER) in (DENIED, None)
    assert bench.send("PASS mine", OWNER) == "Module password has been changed."
    # Known to both until now.
    assert bench.send("REGISTER " + PASSWORD, STRANGER) is None
    assert bench.send("REGISTER?") == "Registered number: " + OWNER


def test_one_denial_an_hour_for_each_stranger():
    bench = Bench()
    assert bench.send("STAT", STRANGER) == DENIED
    for text in ("STAT", "SERVER x", "REGISTER no", "STAT no"):
        assert bench.send(text, STRANGER) is None
    assert bench.status.counts["sms_denied"] == 5
    assert bench.send("STAT", caller(1)) == DENIED
    bench.clock.now_s += 3599
    assert bench.send("STAT", STRANGER) is None
    bench.clock.now_s += 3601
    assert bench.send("STAT", STRANGER) == DENIED


def test_feature_14_silences_denials():
    for bits, reply in ((2, None), (4, None), (1, DENIED), (6, None)):
        bench = Bench()
        bench.config.set_feature(14, bits)
        assert bench.send("STAT", STRANGER) == reply


def test_five_wrong_passwords_lock_the_caller_for_an_hour():
    bench = Bench()
    for _ in range(5):
        bench.send("REGISTER wrong", STRANGER)
    assert bench.status.counts["sms_wrong_password"] == 5
    assert bench.status.counts["sms_locked"] == 1
    assert bench.send("REGISTER " + PASSWORD, STRANGER) is None
    assert bench.config.get(0) == OWNER
    # Somebody else may, and the owner notices nothing.
    assert bench.send("STAT " + PASSWORD, caller(1)) is not None
    assert bench.send("STAT").startswith("Not charging")
    bench.clock.now_s += 3600
    assert bench.send("REGISTER " + PASSWORD, STRANGER) == REGISTERED


def test_attempts_during_the_lock_do_not_prolong_it():
    bench = Bench()
    for _ in range(5):
        bench.send("STAT wrong", STRANGER)
    bench.clock.now_s += 3000
    bench.send("STAT wrong", STRANGER)
    bench.clock.now_s += 600
    assert bench.send("REGISTER " + PASSWORD, STRANGER) == REGISTERED
    assert bench.status.counts["sms_wrong_password"] == 5


def test_each_guess_keeps_the_memory_of_a_caller_for_an_hour():
    bench = Bench()
    bench.send("STAT wrong", STRANGER)
    assert not bench.sms.alert
    bench.clock.now_s += 3000
    for _ in range(4):
        bench.send("STAT wrong", STRANGER)
    bench.clock.now_s += 3599
    assert bench.send("STAT " + PASSWORD, STRANGER) is None
    bench.clock.now_s += 1
    assert bench.send("STAT " + PASSWORD, STRANGER) is not None


def test_after_a_right_password_there_are_five_guesses_again():
    bench = Bench()
    bench.send("STAT wrong", STRANGER)
    assert bench.send("STAT " + PASSWORD, STRANGER) is not None
    for count in range(5):
        assert "sms_locked" not in bench.status.counts, count
        bench.send("STAT wrong", STRANGER)
    assert bench.status.counts["sms_locked"] == 1


def guess_beyond_the_table(bench, count):
    """The table is full; then `count` more callers, from 10 on, guess once each."""
    for n in range(8):
        bench.send("STAT wrong", caller(n))
    bench.sms.alert = ""
    for n in range(10, 10 + count):
        bench.send("STAT wrong", caller(n))


def test_the_owner_hears_of_many_guessers_once():
    bench = Bench()
    guess_beyond_the_table(bench, 4)
    assert not bench.sms.alert
    bench.send("STAT wrong", caller(20))
    assert "more than 8 numbers" in bench.sms.alert
    bench.sms.alert = ""
    bench.send("STAT wrong", caller(21))
    assert not bench.sms.alert
    # Who guesses then does not keep the others waiting.
    bench.clock.now_s += 3000
    bench.send("STAT wrong", caller(22))
    bench.clock.now_s += 600
    bench.send("STAT", caller(23))
    assert [record.name for record in bench.sms.records] == [caller(23)]


def test_of_too_many_guessers_the_one_silent_for_longest_is_forgotten():
    bench = Bench()
    guess_beyond_the_table(bench, 0)
    for _ in range(4):
        bench.send("STAT wrong", caller(90))
    for _ in range(4):
        bench.send("STAT wrong", caller(91))
    for n in range(10, 57):
        bench.send("STAT wrong", caller(n))
    others = bench.sms.records[8].others
    assert len(others) == 48 and max(others) < 1 << 29, "small integers on every port"
    bench.send("STAT wrong", caller(91))
    assert bench.status.counts["sms_locked"] == 1
    bench.send("STAT wrong", caller(90))
    assert bench.status.counts["sms_locked"] == 1
    assert bench.send("STAT " + PASSWORD, caller(90)) is not None


def test_a_right_password_clears_the_count():
    bench = Bench()
    for _ in range(3):
        for _ in range(4):
            bench.send("STAT wrong", STRANGER)
        assert bench.send("STAT " + PASSWORD, STRANGER) is not None


def test_a_command_without_password_is_no_wrong_password():
    bench = Bench()
    for _ in range(9):
        bench.send("STAT", STRANGER)
        bench.send("SERVER x", STRANGER)
    assert bench.send("STAT " + PASSWORD, STRANGER) is not None


def test_the_table_is_bounded_and_who_finds_no_room_shares_one_record():
    bench = Bench()
    replies = [bench.send("STAT wrong", caller(n)) for n in range(50)]
    assert replies[:8] == [DENIED] * 8
    assert [r for r in replies[8:] if r] == [DENIED]
    assert len(bench.sms.records) == 9
    assert bench.sms.alert == "Wrong passwords from more than 8 numbers within an hour."
    for n in range(50, 99):
        bench.send("STAT wrong", caller(n))
    assert len(bench.sms.records[8].others) == 48
    assert bench.send("STAT") is not None
    bench.clock.now_s += 3601
    assert bench.send("STAT " + PASSWORD, caller(60)) is not None
    bench.send("STAT", caller(61))
    assert len(bench.sms.records) == 1


def test_guesses_of_many_numbers_lock_out_none_who_knows_the_password():
    for count in (13, 40, 97):
        bench = Bench()
        for n in range(count):
            bench.send("REGISTER guess%d" % n, caller(n))
        # A friend who never wrote before, one who mistyped it, and one of the guessers.
        assert bench.send("STAT " + PASSWORD, STRANGER) is not None
        bench.send("STAT oops", caller(98))
        assert bench.send("STAT " + PASSWORD, caller(98)) is not None
        assert bench.send("STAT " + PASSWORD, caller(count - 1)) is not None
        assert "sms_locked" not in bench.status.counts


def test_each_number_has_but_five_guesses_also_beyond_the_table():
    bench = Bench()
    for n in range(20):
        for guess in range(5):
            bench.send("REGISTER guess%d" % guess, caller(n))
    assert bench.status.counts["sms_locked"] == 20
    assert bench.sms.alert == "5 wrong passwords from %s: locked for an hour." % caller(19)
    for n in range(20):
        assert bench.send("REGISTER " + PASSWORD, caller(n)) is None, n
    assert bench.config.get(0) == OWNER
    assert bench.send("STAT " + PASSWORD, caller(21)) is not None
    # A right one clears the own count, not that of others.
    for _ in range(4):
        bench.send("STAT wrong", caller(30))
    assert bench.send("STAT " + PASSWORD, caller(30)) is not None
    for _ in range(4):
        bench.send("STAT wrong", caller(30))
    assert bench.send("STAT " + PASSWORD, caller(30)) is not None
    assert bench.send("STAT " + PASSWORD, caller(12)) is None
    bench.clock.now_s += 3601
    assert bench.send("STAT " + PASSWORD, caller(12)) is not None


def test_as_long_as_there_is_no_owner_every_attempt_is_answered():
    bench = Bench(is_new=True)
    first = "Unknown command. Begin with REGISTER and the module password, as in REGISTER OVMS."
    for text, reply in (
        ("REGISTER 0VMS", DENIED),
        ("REGISTER ovms", DENIED),
        ("STAT", DENIED),
        ("REGISTER", DENIED),
        ("REGISTR OVMS", first),
        ("Registrer OVMS", first),
        ("STATS?", first),
        ("STAT OVMS", FACTORY),
        ("SERVER? OVMS", FACTORY),
        ("PASS new", DENIED),
    ):
        assert bench.send(text, STRANGER) == reply, text
    # What is no attempt is not, nor is a service.
    assert bench.send("Welcome to our network!", STRANGER) is None
    assert bench.send("STATS?", "Vodafone") is None
    assert bench.send("STATS?", "22922") is None
    for _ in range(3):
        bench.send("REGISTER wrong", STRANGER)
    assert bench.send("REGISTER OVMS", STRANGER) == (
        "Too many wrong passwords: try again in an hour."
    )
    bench.clock.now_s += 3600
    assert bench.send("REGISTER OVMS", STRANGER) == REGISTERED
    assert bench.send("REGISTR OVMS", caller(1)) is None
    bench.config.set_feature(14, 2)
    bench.config.set(0, "NOPHONE")
    assert bench.send("REGISTER wrong", caller(1)) is None


def test_senders_without_a_number_do_not_share_a_record():
    bench = Bench()
    for _ in range(5):
        bench.send("REGISTER wrong", "Spam")
    assert bench.send("STAT " + PASSWORD, "Bank") is not None
    assert bench.send("STAT wrong", "") == DENIED
    assert bench.send("STAT wrong", STRANGER) == DENIED


def test_the_factory_password_opens_register_and_pass_only():
    bench = Bench(is_new=True)
    for text in ("STAT OVMS", "SERVER? OVMS", "AP OVMS +4999999 X", "PARAMS? OVMS"):
        bench.clock.now_s += 4000
        assert bench.send(text, STRANGER) == FACTORY, text
    assert bench.config.get(0) == "NOPHONE"
    assert bench.send("PASS? OVMS", STRANGER) == "Module password: ****"
    assert bench.send("REGISTER OVMS", STRANGER) == REGISTERED
    assert bench.send("PASS mine", STRANGER) == "Module password has been changed."
    # From then on it is a wrong password like any other.
    assert bench.send("REGISTER OVMS", OWNER) == DENIED


def test_the_factory_answer_counts_as_the_hours_denial():
    bench = Bench(is_new=True)
    bench.config.set(0, OWNER)
    assert bench.send("STAT OVMS", STRANGER) == FACTORY
    assert bench.send("STAT OVMS", STRANGER) is None
    assert bench.send("STAT x", STRANGER) is None
