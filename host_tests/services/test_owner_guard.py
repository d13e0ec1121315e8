"""Who is the master of the module: the old owner hears of it, and takes it back within a day."""

from host_tests.services.owner_bench import Module
from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER
from ovms.config import Config
from ovms.parameters import FROM_CABLE, FROM_OWNER

DENIED = "Permission denied"
SAFE = "REMOTE SAFE: only the owner's phone may change this."
NOTHING = "Nothing was changed within a day."


def told_text(who, what):
    return "Changed by %s: %s. If that was not you, UNDO within a day restores it." % (who, what)


def test_register_over_an_owner_tells_the_old_one():
    module = Module()
    module.config.set_feature(14, 0x3E)
    module.send("REGISTER " + PASSWORD, STRANGER)
    assert module.config.get(0) == STRANGER
    assert module.told() == [(OWNER, told_text("SMS with the password", "owner"))]
    assert module.told() == []
    module.config.set_feature(14, 0)
    assert module.send("UNDO", OWNER).startswith("Restored: owner. ")
    assert module.config.get(0) == OWNER
    assert module.send("UNDO", STRANGER) == DENIED
    assert module.send("UNDO", OWNER) == NOTHING


def test_every_way_to_the_throne_is_told_once_and_taken_back():
    for change, who, what in (
        (lambda m: m.server(4, "0," + STRANGER), "the server or an app", "owner"),
        (lambda m: m.server(4, "1,mine"), "the server or an app", "module password"),
        (lambda m: m.server(4, "4,evil.example"), "the server or an app", "server"),
        (lambda m: m.server(4, "9,evil"), "the server or an app", "server password"),
        (lambda m: m.server(4, "10,P"), "the server or an app", "paranoid mode"),
        (lambda m: m.server(7, "PASS mine"), "the server or an app", "module password"),
        (
            lambda m: m.send("AP %s %s mine" % (PASSWORD, STRANGER), STRANGER),
            "SMS with the password",
            "owner, module password",
        ),
        (lambda m: m.config.apply({1: "x"}, True, FROM_CABLE), "the cable", "module password"),
        (
            lambda m: m.send("FACTORY %s %s" % (PASSWORD, PASSWORD), STRANGER),
            "SMS with the password",
            "owner, module password, server, server password",
        ),
    ):
        module = Module()
        module.config.apply({4: "good.example", 9: "NET"}, True, FROM_OWNER)
        module.told()
        module.send("PASS " + PASSWORD)
        before = list(module.config.values)[:32]
        change(module)
        assert module.told() == [(OWNER, told_text(who, what))], what
        assert module.send("UNDO", "0049 170 1234567") == (
            "Restored: %s. If somebody else knows the module password, send PASS <new>." % what
        )
        for n in (0, 1, 4, 9, 10):
            assert module.config.get(n) == before[n], n


def test_changes_that_follow_each_other_are_one_sms_and_all_are_taken_back():
    module = Module()
    module.config.apply({4: "good.example", 9: "NET"}, True, FROM_OWNER)
    module.told()
    # The owner's own, an hour before: it stays.
    module.send("PASS before")
    for n, text in ((0, STRANGER), (1, "evil"), (4, "evil.example"), (9, "EVIL")):
        module.server(4, "%d,%s" % (n, text))
        module.clock.now_s += 2
    sent = module.told()
    assert len(sent) == 1 and sent[0][0] == OWNER and len(sent[0][1]) <= 160
    assert "owner, module password, server, server password" in sent[0][1]
    module.server(4, "1,again")
    module.server(4, "0,+4999999999")
    assert [number for number, _ in module.told()] == [OWNER]
    assert module.send("UNDO", STRANGER) == DENIED
    assert module.send("UNDO", OWNER).startswith("Restored: owner, module password, server, ")
    assert [module.config.get(n) for n in (0, 1, 4, 9)] == [
        OWNER,
        "before",
        "good.example",
        "NET",
    ]


def test_the_owner_is_not_told_what_he_did_himself():
    module = Module()
    for text in ("PASS other", "SERVER host pw P", "REMOTE SAFE", "REMOTE OPEN"):
        module.send(text)
    assert module.told() == []
    # But where the module is silent, somebody with his number for a name could.
    module.config.set_feature(14, 4)
    module.send("PASS more")
    assert module.told() == [(OWNER, told_text("the owner's phone", "module password"))]
    # Others of the settings are nobody's business.
    module.server(4, "2,M")
    module.server(2, "9,20")
    assert module.told() == []


def test_a_first_owner_has_nobody_before_him():
    module = Module()
    module.config.apply({0: "NOPHONE"})
    module.told()
    module.config.values[36] = ""
    module.send("REGISTER " + PASSWORD, STRANGER)
    module.server(4, "1,mine")
    assert module.told() == [(STRANGER, told_text("the server or an app", "module password"))]
    assert module.send("UNDO", OWNER) == DENIED


def test_the_day_is_over():
    for has_time in (True, False):
        module = Module()
        if not has_time:
            module.config.utc_s = None
        module.send("REGISTER " + PASSWORD, STRANGER)
        module.told()
        module.clock.now_s += 86500
        module.clock.utc += 86500
        assert module.send("UNDO", OWNER) == DENIED
        assert module.config.get(0) == STRANGER
        # The next one is a new day.
        module.server(4, "0,+4999999999")
        if has_time:
            assert [number for number, _ in module.told()] == [STRANGER]
            assert module.send("UNDO", STRANGER).startswith("Restored: owner.")


def test_a_restart_forgets_nothing():
    module = Module()
    module.server(4, "0," + STRANGER)
    module.restart()
    assert module.told() == [(OWNER, told_text("the server or an app", "owner"))]
    module.restart()
    assert module.told() == []
    assert module.send("UNDO", OWNER).startswith("Restored: owner.")


def test_without_a_network_it_waits():
    module = Module()
    module.status.is_registered = False
    module.server(4, "0," + STRANGER)
    assert module.told(600) == []
    module.status.is_registered = True
    assert len(module.told()) == 1


def test_remote_safe():
    module = Module()
    assert module.send("REMOTE?") == "REMOTE: OPEN"
    assert module.server(4, "9,pw") == "c4,0"
    module.told()
    assert module.send("REMOTE safe") == "REMOTE: SAFE"
    for n, text in ((0, STRANGER), (1, "x"), (4, "evil"), (9, "evil"), (10, "P")):
        assert module.server(4, "%d,%s" % (n, text)) == "c4,1," + SAFE, n
    assert module.server(2, "15,1") == "c2,1," + SAFE
    for text in ("PASS x", "SERVER evil", "REMOTE OPEN", "FEATURE 15 1"):
        assert module.server(7, text).startswith("c7,1," + SAFE), text
    assert module.server(7, "FACTORY %s %s" % (PASSWORD, PASSWORD)) == "c7,1," + SAFE
    assert module.server(7, "UNDO").startswith("c7,1,")
    assert module.config.get(1) == PASSWORD and module.told() == []
    # The rest is as before.
    assert module.server(4, "2,M") == "c4,0"
    assert module.server(2, "9,20") == "c2,0"
    # Owner and cable may.
    assert module.send("PASS other") == "Module password has been changed."
    module.config.apply({9: "NET"}, True, FROM_CABLE)
    assert module.send("REMOTE x") == "REMOTE is SAFE or OPEN."
    assert module.send("REMOTE SAFE", STRANGER) == DENIED
    module.restart()
    assert module.server(4, "4,evil") == "c4,1," + SAFE
    assert module.send("REMOTE OPEN") == "REMOTE: OPEN"
    assert module.server(4, "4,other") == "c4,0"


def test_factory_reset_takes_the_password_twice():
    module = Module()
    for text in ("FACTORY " + PASSWORD, "FACTORY"):
        assert "FACTORY <password> <password>" in module.send(text) or module.send(text) == DENIED
    assert module.send("FACTORY %s wrong" % PASSWORD) == (
        "FACTORY takes the module password twice. Nothing was changed."
    )
    assert module.send("FACTORY? %s %s" % (PASSWORD, PASSWORD)).startswith("Invalid command")
    assert module.config.get(0) == OWNER
    module.send("FACTORY %s %s" % (PASSWORD, PASSWORD))
    assert module.config.get(0) == "NOPHONE" and module.config.get(1) == "OVMS"
    assert module.config.get(3) == "" and module.status.take_requests()


def test_a_damaged_note_is_none():
    module = Module()
    module.server(4, "0," + STRANGER)
    text = module.config.get(36)
    for bad in ("", "x", text[1:], text.split("\t")[0], text.replace("=", ":"), "1,2,3\t99=x"):
        module.store.data = module.store.data.replace(
            b"36=" + module.config.get(36).encode(), b"36=" + bad.encode()
        )
        config = Config(module.store)
        assert config.untold == 0 or bad == text[1:]
        module.config.values[36] = bad
        assert module.send("UNDO", OWNER) in (DENIED, None) or bad == text[1:]
        module.config.values[36] = text
