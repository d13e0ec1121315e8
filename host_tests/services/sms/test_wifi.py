"""WIFI by SMS, command 4 and console: rules, quotes, masks, and who may."""

from host_tests.services.console_bench import Desk, framed
from host_tests.services.owner_bench import Module
from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench
from ovms.parameters import FROM_OWNER, MQTT_SERVER
from ovms.services.sms.wifi import fields_of

NONE = "WIFI:\r\n No network is set: send WIFI <name> <key>."
SHOWN = "WIFI:\r\n 1:Home (key ****)\r\n State: looking"


def stored(bench):
    return [bench.config.get(n) for n in range(44, 50)]


def test_networks_come_and_go():
    bench = Bench()
    assert bench.send("WIFI?") == NONE
    assert bench.send("WIFI Home 12345678") == SHOWN
    assert bench.send("WIFI Guest").split("\r\n")[2] == " 2:Guest (open)"
    assert "\r\n 3:My Work (key ****)\r\n" in bench.send('WIFI "My Work" "a long key"')
    assert stored(bench) == ["Home", "12345678", "Guest", "", "My Work", "a long key"]
    full = "Three networks are kept. Remove one first: WIFI - <name>."
    assert bench.send("WIFI Fourth 12345678") == full
    # The same name is the same network.
    bench.send("WIFI Home 87654321")
    assert stored(bench)[:2] == ["Home", "87654321"]
    assert bench.send("WIFI - Home").startswith("WIFI:\r\n 1:Guest (open)\r\n 2:My Work")
    assert stored(bench) == ["Guest", "", "My Work", "a long key", "", ""]
    assert bench.send('WIFI - "My Work"').startswith("WIFI:\r\n 1:Guest (open)\r\n State")
    assert bench.send("WIFI - Home") == "There is no network of this name, see WIFI?"
    assert bench.send("WIFI -") == NONE and stored(bench) == [""] * 6


def test_blanks_stand_in_quotes_of_any_kind():
    for text, fields in (
        ('"My Home" key', ["My Home", "key"]),
        ("\u201eMy Home\u201c \u201da b\u201d", ["My Home", "a b"]),
        ("'My Home'  k'y", ["My Home", "k'y"]),
        ('ab"cd e"f', ['ab"cd', 'e"f']),
        ('"ab key', ['"ab', "key"]),
        ('"My "Home" key"', ['My "Home', 'key"']),
        ("My Home key", ["My", "Home", "key"]),
    ):
        assert fields_of(text) == fields, text
    bench = Bench()
    asked = 'Put quotes around a name or key with blanks: WIFI "My Home" <key>.'
    assert bench.send("WIFI My Home 12345678") == asked
    bench.send("WIFI \u201eMein B\u00fcro\u201c \u201c12 34 56 78\u201d")
    assert stored(bench)[:2] == ["Mein B\u00fcro", "12 34 56 78"]
    assert "1:Mein B\u00fcro (key ****)" in bench.send("wifi ?")


def test_what_is_refused_is_one_sentence():
    bench = Bench()
    length = "A WiFi key has 8 to 63 characters or is 64 hexadecimal digits."
    for text, sentence in (
        ("WIFI Home 1234567", length),
        ("WIFI Home " + "x" * 64, length),
        ("WIFI Home 12345678\u00e4", "The WiFi name or key has a character that is not allowed."),
        ('WIFI "" 12345678', 'Put quotes around a name or key with blanks: WIFI "My Home" <key>.'),
        ('WIFI "My Home', 'Put quotes around a name or key with blanks: WIFI "My Home" <key>.'),
        ("WIFI " + "x" * 33, "A WiFi name has at most 32 characters; umlauts count twice."),
        ("WIFI " + "\u00e4" * 17, "A WiFi name has at most 32 characters; umlauts count twice."),
        (
            "WIFI Home ****",
            "**** only stands for a password that is set. Send the password itself.",
        ),
    ):
        assert bench.send(text) == sentence, text
    assert stored(bench) == [""] * 6
    for key in ("a" * 63, "0123456789abcdefABCDEF" + "0" * 42, "12345678"):
        bench.send("WIFI " + "x" * 32 + " " + key)
        assert stored(bench)[:2] == ["x" * 32, key]


def test_state_of_the_link():
    class Link:
        ssid = refused = ""
        is_only = False
        is_looking = True
        is_good = True

        def is_usable(self):
            return self.is_good

    bench = Bench()
    bench.send("WIFI Home 12345678")
    link = bench.status.wifi = Link()

    def state():
        return bench.send("WIFI?").rpartition("State: ")[2]

    assert state() == "looking"
    link.is_looking = False
    assert state() == "none in reach"
    bench.status.is_car_on = True
    assert state() == "not looked for while the car is on"
    link.refused = "Home"
    assert state() == "Home refuses the key"
    assert "\n WiFi: Home refuses the key. Send WIFI <name> <key> anew." in bench.send("DIAG")
    link.refused, link.ssid = "", "Home"
    assert state() == "joined Home"
    link.is_good = False
    assert state() == "joined Home, but no server answers through it: GPRS is used"


def test_in_safe_mode_no_network_is_looked_for():
    bench = Bench()
    bench.status.count("safe_mode")
    assert bench.send("WIFI Home 12345678").endswith("State: off in safe mode")


def test_only_the_owner_sets_it():
    bench = Bench()
    assert bench.send("WIFI %s Evil 12345678" % PASSWORD, STRANGER) != SHOWN
    assert stored(bench) == [""] * 6
    bench.send("WIFI Home 12345678")
    assert bench.send("WIFI? " + PASSWORD, STRANGER) == SHOWN


def test_command_4():
    module = Module()
    assert module.server(4, "45,12345678") == (
        "c4,1,Set the name of the WiFi network first (parameter 44)."
    )
    assert module.server(4, "44,Caf\u00e9, upstairs") == "c4,0"
    assert module.server(4, "45,12,34,5678") == "c4,0"
    assert stored(module)[:2] == ["Caf\u00e9, upstairs", "12,34,5678"]
    assert module.server(4, "45,****").startswith("c4,1,**** only stands for")
    assert module.server(4, "45,1234").startswith("c4,1,A WiFi key has 8")
    # A network is not sent the key of another.
    assert module.server(4, "44,Other") == "c4,0" and stored(module)[:2] == ["Other", ""]
    for number in (43, 50, 2000):
        assert module.server(4, "%d,x" % number) == "c4,1,Parameter out of range"
    assert module.server(2, "44,1") == "c2,1,Parameter out of range"
    assert module.server(4, "44,-") == "c4,0" and stored(module) == [""] * 6


def test_who_was_the_owner_is_told_and_takes_it_back():
    module = Module()
    module.config.apply({44: "Home", 45: "12345678", 46: "Work", 47: "abcdefgh"}, True, FROM_OWNER)
    module.config.apply({36: ""})
    module.server(4, "44,Evil")
    module.server(4, "45,12345678")
    module.server(4, "47,evil-key")
    ((number, text),) = module.told()
    assert number == OWNER and "Changed by the server or an app: WiFi. If that" in text
    assert module.send("UNDO").startswith("Restored: WiFi.")
    assert stored(module) == ["Home", "12345678", "Work", "abcdefgh", "", ""]
    module.send("REMOTE SAFE")
    for command in ("44,Evil", "45,87654321", "48,Evil"):
        assert "REMOTE SAFE" in module.server(4, command)
    assert "REMOTE SAFE" in module.server(7, "WIFI Evil 12345678")
    assert stored(module) == ["Home", "12345678", "Work", "abcdefgh", "", ""]
    assert module.send("WIFI - Work").startswith("WIFI:\r\n 1:Home")


def test_undo_restores_a_key_that_stayed_the_same():
    """The stranger's network has the owner's key; so has his broker the owner's password."""
    module = Module()
    settings = {44: "Home", 45: "12345678", MQTT_SERVER: "b.example", 38: "me", 39: "Br0ker"}
    module.config.apply(settings, True, FROM_OWNER)
    module.config.apply({36: ""})
    settings[44] = "Evil"
    settings[MQTT_SERVER] = "e.example"
    module.config.apply(settings)
    assert module.send("UNDO").startswith("Restored: MQTT broker, WiFi.")
    assert stored(module)[:2] == ["Home", "12345678"]
    assert [module.config.get(n) for n in (37, 38, 39)] == ["b.example", "me", "Br0ker"]


def test_the_console():
    desk = Desk()
    assert desk.handle("SET 45=12345678") == framed(
        "Set the name of the WiFi network first (parameter 44)."
    )
    assert desk.handle("SET 44=My Home") == framed("44:My Home")
    assert desk.handle("SET 45=12345678") == framed("45:**** (8 characters)")
    assert desk.handle("GET 45") == framed("45:****")
    assert desk.handle("GET").endswith("# 44:My Home\r\n# 45:****\r\n#.\r\n")
    numbers = "Parameters are numbered 0 to 31, 37 to 40 for MQTT, 44 to 49 for WiFi."
    for n in (43, 50):
        assert desk.handle("GET %d" % n) == framed(numbers)
    assert desk.handle("S WIFI?").startswith("\r\n# WIFI:\r\n#  1:My Home (key ****)")
