"""Every command of the framework in every form in which people type it, and by everybody."""

from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench
from ovms.parameters import STORED
from ovms.services.sms.commands import names
from ovms.vehicle.demo.car import Demo

DENIED = "Permission denied"
UNKNOWN = "Unknown command. Send HELP for a list."

# What asks: any form is answered alike.
QUESTIONS = (
    "REGISTER?",
    "PASS?",
    "GPS",
    "STAT",
    "PARAMS?",
    "MODULE?",
    "VEHICLE?",
    "GPRS?",
    "GSMLOCK?",
    "MQTT?",
    "WIFI?",
    "REMOTE?",
    "SUPPORT?",
    "ALERT?",
    "HOME?",
    "POWERSAVE?",
    "LOG?",
    "UPDATE?",
    "SIM?",
    "SERVER?",
    "DIAG",
    "SELFTEST",
    "FEATURES?",
    "VERSION",
    "CTP",
    "TEMPS",
    "SUMMARY",
    "HELP",
)
# Of these the answer is the owner's, too.
OWNERS_QUESTIONS = ("ACC?",)
# What acts, who may, and a reply; None where the question is a command of its own.
OWNER_ONLY, ANYBODY = 2, 3
USE = "Invalid command\n Use: "
ACTIONS = (
    ("PASS NewPass", OWNER_ONLY, "Module password has been changed.", None),
    ("PARAMS M SMS", OWNER_ONLY, "Parameters have been set.", None),
    ("MODULE ID M", OWNER_ONLY, "Module:\r\n VehicleID:ID\r\n Units:M", None),
    ("VEHICLE RT", OWNER_ONLY, "Vehicle:\r\n VehicleType:RT", None),
    ("GPRS net user pw", OWNER_ONLY, "GPRS:\n APN:net\n User:user\n Password:****", None),
    ("GSMLOCK o2-de", OWNER_ONLY, "GSMLOCK: o2-de\r\n", None),
    ("SIM 1234 HOME", OWNER_ONLY, "SIM:\r\n State:unknown\r\n PIN:****\r\n Roaming:HOME", None),
    (
        "SERVER host pw P",
        OWNER_ONLY,
        "Server:\r\n IP:host\r\n Password:****\r\n Paranoid:P\r\n Link:none, TLS is tried first",
        None,
    ),
    ("FEATURE 9 20", OWNER_ONLY, "Feature has been set.", "FEATURE <0..15> <value>"),
    ("HOMELINK 1", OWNER_ONLY, "Homelink activated", "HOMELINK <0..2>"),
    ("LOCK 1234", OWNER_ONLY, "Vehicle lock requested", "LOCK [<pin>]"),
    ("UNLOCK 1234", OWNER_ONLY, "Vehicle unlock requested", "UNLOCK [<pin>]"),
    ("VALET 1234", OWNER_ONLY, "Valet mode requested", "VALET [<pin>]"),
    ("UNVALET 1234", OWNER_ONLY, "Valet mode cancel requested", "UNVALET [<pin>]"),
    (
        "CHARGEMODE STO 16",
        OWNER_ONLY,
        "Charge mode change requested",
        "CHARGEMODE <mode> [<amperes>]",
    ),
    ("CHARGESTART", OWNER_ONLY, "Charge start requested", "CHARGESTART"),
    ("CHARGESTOP", OWNER_ONLY, "CHARGESTOP failed: Cannot stop charge", "CHARGESTOP"),
    ("COOLDOWN", OWNER_ONLY, "Cooldown requested", "COOLDOWN"),
    ("WIFI Home 12345678", OWNER_ONLY, "WIFI:\r\n 1:Home (key ****)\r\n State: looking", None),
    ("MQTT b.example", OWNER_ONLY, "MQTT:\r\n Broker:b.example", None),
    ("REMOTE SAFE", OWNER_ONLY, "REMOTE: SAFE", None),
    ("SUPPORT ON", OWNER_ONLY, "SUPPORT: ON", None),
    ("ALERT SOC 80", OWNER_ONLY, "ALERT: MOVED ON, HOME OFF, DOORS OFF, SOC 80", None),
    ("ACC clear", OWNER_ONLY, "ACC configuration cleared", None),
    ("HOME 52.5 13.4", OWNER_ONLY, "HOME: 52.500000,13.400000 within 200 m", None),
    ("POWERSAVE transport", OWNER_ONLY, "POWERSAVE: TRANSPORT", None),
    ("LOG start 155 60s", OWNER_ONLY, "CAN log: start 155 60s", None),
    ("UPDATE http://a/x", OWNER_ONLY, "There are no updates here.", None),
    ("UNDO", OWNER_ONLY, "Nothing was changed within a day.", "UNDO"),
    ("RESET", ANYBODY, "", "RESET"),
)
# The first argument is always the password.
BY_PASSWORD = (
    ("REGISTER " + PASSWORD, "Your phone has been registered as the owner."),
    ("AP %s - NewPass M" % PASSWORD, ""),
    (
        "FACTORY %s %s" % (PASSWORD, PASSWORD),
        "All settings are those of the factory. The module starts anew: send REGISTER OVMS.",
    ),
)


def made():
    return Bench(car_class=Demo)


def forms(text):
    """`text` as phones and people change it."""
    word, blank, rest = text.partition(" ")
    rest = blank + rest
    return (
        word.lower() + rest,
        word[:1] + word[1:].lower() + rest,
        "  " + text,
        "\r\n\t" + text,
        text + "   ",
        text + "\n",
        text + "\r\n",
        text + "\t",
        word + rest.replace(" ", "    "),
        word + rest.replace(" ", "\t"),
        word + rest.replace(" ", "\xa0") + "\xa0",
        "\u201c" + text + "\u201d",
        "\u201e" + word + "\u201c" + rest,
        "\xab\u202f" + text + "\u202f\xbb",
        '"' + text + '"',
        "\u2018" + word + "\u2019" + rest,
        "\ufeff" + word + "\u200b" + rest.replace(" ", "\u3000"),
    )


def left(bench):
    """Settings, car and requests after a conversation."""
    state = bench.state
    return (
        [bench.config.get(n) for n in range(STORED)],
        [bench.config.feature(n) for n in range(16)],
        (state.is_locked, state.is_valet, state.is_charging, state.charge_mode, state.is_cooling),
        bench.status.take_requests(),
    )


def replied(text, caller=OWNER):
    """(reply, what is left) of a module that gets this text only."""
    bench = made()
    reply = bench.send(text, caller)
    if "SUMMARY" in text.upper():
        # Memory goes up and down.
        reply = reply.partition("Memory:")[0]
    return reply, left(bench)


def test_the_lists_are_complete():
    listed = list(QUESTIONS + OWNERS_QUESTIONS) + [text.split()[0] for text, _, _, _ in ACTIONS]
    listed += [text.split()[0] for text, _ in BY_PASSWORD]
    assert sorted(listed) == sorted(names(Bench().sms)[0])


def test_questions():
    untouched = left(made())
    for text in QUESTIONS + OWNERS_QUESTIONS:
        plain = replied(text)
        assert plain[0] and plain[1] == untouched
        word = text.rstrip("?")
        sent = list(forms(text)) + [
            word + " ?",
            word + "?",
            word + "??",
            word.lower() + "? please",
        ]
        if text == "CTP":
            sent.pop()
        # A word with a meaning of its own without the mark, GSMLOCK even without an argument.
        if word + "?" != text or word == "FEATURES":
            sent.append(word)
        for form in sent:
            assert replied(form) == plain, form


def test_actions():
    for text, _, reply, _ in ACTIONS:
        plain = replied(text)
        assert plain[0].startswith(reply), text
        for form in forms(text):
            assert replied(form) == plain, form


def test_a_question_with_the_name_of_an_action_does_nothing():
    untouched = left(made())
    for text, _, _, usage in ACTIONS:
        word, blank, rest = text.partition(" ")
        for form in (word + "?" + blank + rest, word.lower() + " ? " + rest, word + "??"):
            reply, after = replied(form)
            assert after == untouched, form
            if usage is not None:
                assert reply == USE + usage, form


def test_by_password():
    for text, reply in BY_PASSWORD:
        for caller in (OWNER, STRANGER):
            plain = replied(text, caller)
            assert plain[0] == reply
            for form in forms(text):
                assert replied(form, caller) == plain, form


def test_a_longer_word_is_another_word():
    untouched = left(made())
    for text in (
        list(QUESTIONS + OWNERS_QUESTIONS)
        + [row[0] for row in ACTIONS]
        + [row[0] for row in BY_PASSWORD]
    ):
        word, blank, rest = text.partition(" ")
        for form in ("X" + word, word.rstrip("?") + "X", word + "!", "." + word):
            assert replied(form + blank + rest) == (UNKNOWN, untouched), form


def test_strangers():
    untouched = left(made())
    for text in QUESTIONS:
        word, blank, rest = text.partition(" ")
        assert replied(text, STRANGER) == (DENIED, untouched)
        assert replied("%s wrong %s" % (word, rest), STRANGER) == (DENIED, untouched)
        assert replied("%s %s%s" % (word, PASSWORD, blank + rest), STRANGER) == replied(text)
    for text in OWNERS_QUESTIONS:
        for sent in (text, "%s %s" % (text, PASSWORD), text + " wrong"):
            assert replied(sent, STRANGER) == (DENIED, untouched)
    for text, who, _, _ in ACTIONS:
        word, blank, rest = text.partition(" ")
        assert replied(text, STRANGER) == (DENIED, untouched), text
        assert replied("%s wrong %s" % (word, rest), STRANGER) == (DENIED, untouched)
        with_password = replied("%s %s%s" % (word, PASSWORD, blank + rest), STRANGER)
        assert with_password == (replied(text) if who == ANYBODY else (DENIED, untouched)), text
    for text, _ in BY_PASSWORD:
        word = text.split()[0]
        for sent in (word, word + " wrong", word + " wrong - x M"):
            assert replied(sent, STRANGER) == (DENIED, untouched)
