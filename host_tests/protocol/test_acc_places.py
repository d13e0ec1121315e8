"""Places of ACC: their text in a parameter, the words that change them, and the list."""

from host_tests.shims.expect import raises
from ovms.protocol import acc_places

HOME = "52.520008 13.404954 100 ON"


def changed(words, text=HOME, is_miles=False):
    found = acc_places.read(text)
    acc_places.change(found, words.split(), is_miles)
    return acc_places.written(found)


def test_text():
    for text in (
        HOME,
        "-33.900000 151.200000 5000 OFF",
        HOME + " COOLDOWN PLUGIN HOMELINK=1 MODE=3 A=13 SOC=80 RANGE=240",
        HOME + " AT=01:30 RANGE=150M",
        HOME + " BY=07:00 A=80",
    ):
        assert acc_places.written(acc_places.read(text)) == text


def test_what_is_no_place():
    for text in (
        "",
        "52.520008 13.404954",
        "52.520008 13.404954 100",
        "52.520008 13.404954 100 MAYBE",
        "52.520008 13.404954 20 ON",
        "0 0 100 ON",
        HOME + " WHAT",
        HOME + " AT=25:00",
        HOME + " AT=01:60",
        HOME + " AT=0130",
        HOME + " AT=1:3",
        HOME + " SOC=\u00b2",
        HOME + " MODE=2",
        HOME + " MODE=5",
        HOME + " A=5",
        HOME + " A=81",
        HOME + " SOC=101",
        HOME + " SOC=",
        HOME + " HOMELINK=0",
        HOME + " RANGE=M",
    ):
        raises(ValueError, acc_places.read, text)


def test_words():
    for words, more in (
        ("COOLDOWN", " COOLDOWN"),
        ("cooldown nocooldown", ""),
        ("HOMELINK 3", " HOMELINK=3"),
        ("HOMELINK 3 NOHOMELINK", ""),
        ("CHARGEPLUGIN", " PLUGIN"),
        ("CHARGEAT 1:30", " AT=01:30"),
        ("CHARGEBY 07:00", " BY=07:00"),
        ("CHARGEPLUGIN CHARGEAT 01:30", " AT=01:30"),
        ("CHARGEAT 01:30 CHARGEPLUGIN", " PLUGIN"),
        ("CHARGEBY 07:00 NOCHARGE", ""),
        ("LIMIT 13", " A=13"),
        ("LIMIT 13a LIMIT 0", ""),
        ("MODE RANGE", " MODE=3"),
        ("MODE perf", " MODE=4"),
        ("MODE RAN MODE STANDARD", ""),
        ("STOPSOC 80%", " SOC=80"),
        ("STOPSOC 80 STOPSOC 0", ""),
        ("STOPRANGE 240", " RANGE=240"),
    ):
        assert changed(words) == HOME + more, words
    assert changed("RADIUS 250") == HOME.replace("100", "250")
    assert changed("STOPRANGE 150 RADIUS 600'", is_miles=True) == (
        HOME.replace("100", "200") + " RANGE=150M"
    )


def test_words_that_are_refused():
    for words, text in (
        ("HOMELINK", "HOMELINK takes a button from 1 to 3."),
        ("HOMELINK 0", "HOMELINK takes a button from 1 to 3."),
        ("CHARGEAT", "CHARGEAT takes a time such as 01:30."),
        ("CHARGEAT 24:00", "CHARGEAT takes a time such as 01:30."),
        ("CHARGEBY soon", "CHARGEBY takes a time such as 07:00."),
        ("LIMIT 5", "LIMIT takes 6 to 80 (A), or 0 for as the car is set."),
        ("LIMIT 1000000", "LIMIT takes 6 to 80 (A), or 0 for as the car is set."),
        ("MODE fast", "MODE takes STANDARD, STORAGE, RANGE or PERFORMANCE."),
        ("STOPSOC 101", "STOPSOC takes 1 to 100 (%), or 0 for none."),
        ("STOPRANGE -1", "STOPRANGE takes an ideal range from 1 to 999, or 0 for none."),
        ("RADIUS 20", "RADIUS takes 50 to 5000 m, or 150 to 15000 feet."),
    ):
        assert str(raises(ValueError, changed, words)) == text, words
    assert str(raises(ValueError, changed, "STOPSOC 80 WHAT")).startswith("ACC PARAMS takes ")


def test_list():
    text = HOME + " COOLDOWN HOMELINK=2 BY=07:00 MODE=3 A=13 SOC=80 RANGE=240"
    assert acc_places.shown(2, acc_places.read(text), False) == (
        "ACC #2\r\n 52.520008, 13.404954\r\n Enabled\r\n Cooldown\r\n Homelink #2"
        "\r\n Charge by time 07:00:00\r\n Mode: Range (13A)\r\n Stop at SOC 80%"
        "\r\n Stop at range 240km\r\n Radius 100m"
    )
    assert acc_places.shown(1, acc_places.read("-1.5 2 100 OFF PLUGIN RANGE=150M"), True) == (
        "ACC #1\r\n -1.500000, 2.000000\r\n Disabled\r\n Charge at plugin"
        "\r\n Mode: Standard (0A)\r\n Stop at range 150miles\r\n Radius 300'"
    )
    assert "Charge at time 01:30:00" in acc_places.shown(
        1, acc_places.read(HOME + " AT=01:30"), False
    )
    assert acc_places.shown(4, None, True) == "ACC #4 - No ACC defined here"


def test_a_range_keeps_its_number_in_the_other_unit():
    for miles in range(1, 400):
        found = acc_places.read("%s RANGE=%dM" % (HOME, miles))
        km = (miles * 1609 + 500) // 1000
        assert "Stop at range %dkm" % km in acc_places.shown(1, found, False)
        # As the Roadster rounds the range it tells in miles.
        assert found.stop_km() == miles * 1609 // 1000


def test_radius():
    found = acc_places.read(HOME)
    # 0.001 degrees north are 111 m.
    assert found.is_at(52520008 + 890, 13404954)
    assert not found.is_at(52520008 + 920, 13404954)
    assert found.is_at(52520008 + 920, 13404954, 50)
