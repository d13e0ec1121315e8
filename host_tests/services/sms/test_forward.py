"""Texts that are no command: what the apps get to see, and what never leaves."""

from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench
from ovms.services.sms.commands import names
from ovms.services.sms.forward import is_service, masked
from ovms.vehicle.twizy.car import Twizy

BALANCE = "Ihr Guthaben betraegt 12,34 EUR. Mehr: www.example.com"


def made(is_new=False):
    bench = Bench(is_new, Twizy)
    bench.status.is_server_connected = True
    return bench


def forwarded(text, caller="22922"):
    """The text the apps get, None when they get none. Nobody is ever answered."""
    bench = made()
    assert bench.send(text, caller) is None
    assert bench.status.counts.get("sms_forwarded", 0) == len(bench.pushes)
    return bench.pushes[0][1] if bench.pushes else None


def test_a_text_of_a_service_goes_to_the_apps():
    bench = made()
    assert bench.send(BALANCE, "22922") is None
    assert bench.send(BALANCE, "o2-Info") is None
    assert bench.pushes == [
        ("A", "SMS FROM: 22922 - MSG: " + BALANCE),
        ("A", "SMS FROM: o2-Info - MSG: " + BALANCE),
    ]


def test_what_a_person_could_have_sent_stays_here():
    for caller in (STRANGER, OWNER, "01701234567", "1234567", "00491701", "+123", "", "0170/1"):
        bench = made()
        bench.send("Your lights are on!", caller)
        assert bench.pushes == [], caller


def test_the_owner_is_answered_instead():
    bench = made()
    assert bench.send(BALANCE) == "Unknown command. Send HELP for a list."
    assert bench.pushes == []


def test_who_has_no_telephone():
    for caller in ("Vodafone", "O2", "1", "123456", "2-Info", "A" * 11):
        assert is_service(caller), caller
    for caller in ("", "1234567", "+1234", "12 34", "12-34", "A" * 12, "\u0661\u0662"):
        assert not is_service(caller), caller


def test_feature_14_keeps_all_texts_here():
    bench = made()
    bench.config.set_feature(14, 0x80)
    bench.send(BALANCE, "22922")
    bench.config.set_feature(14, 0x7F)
    assert bench.pushes == []
    bench.send(BALANCE, "22922")
    assert len(bench.pushes) == 1


def test_without_the_server_a_text_is_gone():
    bench = made()
    bench.status.is_server_connected = False
    bench.send(BALANCE, "22922")
    bench.status.is_server_connected = True
    bench.send("", "22922")
    assert [text for _, text in bench.pushes] == ["SMS FROM: 22922 - MSG: "]


def test_what_looks_like_a_command_stays_here():
    for text in (
        "PASSWORD secret",
        "password: secret",
        "PAS secret",
        "PASSS secret",
        "PSAS secret",
        "REGSTER kangaroo",
        "Rigister kangaroo",
        " \n*PASS* kangaroo",
        "1. PASS kangaroo",
        "AP: kangaroo",
        "PARMS K SMSIP host net",
        "SEVER my.host kangaroo",
        "SERVER: my.host kangaroo",
        "GRPS net user kangaroo",
        "CHARGEMOD kangaroo",
        "Stats kangaroo",
        "CFG: kangaroo",
        "RANGES kangaroo",
    ):
        assert forwarded(text) is None, text
    bench = made()
    common, own = names(bench.sms)
    for name in common + own:
        name = name.rstrip("?")
        bench.send(name + "! kangaroo", "Web2SMS")
        # The shortest ones have too much in common with the rest of the world's words.
        if len(name) > 3:
            bench.send(name + "ing kangaroo", "Web2SMS")
    assert bench.pushes == []


def test_no_password_of_the_module_leaves():
    for secret in (PASSWORD, "ApnPw", "NetPw"):
        for form in ("Hi, %s is right", "It is %s", "%s", "abc%sdef"):
            for word in (secret, secret.lower(), secret.upper()):
                bench = made()
                bench.config.apply({7: "ApnPw", 9: "NetPw"})
                bench.send(form % word, "Web2SMS")
                assert bench.pushes == []
                assert bench.status.counts["sms_not_forwarded"] == 1
    bench = made(is_new=True)
    bench.send("The password is ovms", "Web2SMS")
    assert bench.pushes == []


def test_codes_are_masked():
    for text, shown in (
        ("Your code is 123456.", "Your code is ****."),
        ("Code 123-456 or 123 456", "Code **** or ****"),
        ("TAN:4711", "TAN:****"),
        ("Login kX9pQ2 now", "Login **** now"),
        ("Use xkcdPaSs", "Use ****"),
        ("Use kangarOo", "Use ****"),
        ("Use A1B2-C3D4!", "Use ****-****!"),
        ("PIN 123", "PIN 123"),
        ("12,34 EUR bis 31.12.2026", "12,34 EUR bis 31.12.****"),
        ("Guthaben 9.876,50 EUR", "Guthaben 9.876,50 EUR"),
        ("GUTHABEN: 1 GB", "GUTHABEN: 1 GB"),
        ("Gr\u00fc\u00dfe, Ihre M\u00fcller AG", "Gr\u00fc\u00dfe, Ihre M\u00fcller AG"),
        ("call 0800 1234567", "call ****"),
        ("", ""),
        ("-", "-"),
    ):
        assert masked(text) == shown, text


def test_a_long_text_of_several_lines_becomes_one_line():
    lines = "First line\r\nsecond\tline\n" + "more and more " * 30
    text = forwarded(lines, "News")
    assert text.startswith("SMS FROM: News - MSG: First line  second line more and more")
    assert len(text) == len("SMS FROM: News - MSG: ") + 155
