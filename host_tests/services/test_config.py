"""Parameters and features: defaults, every check, storage, all or nothing."""

from host_tests.shims.expect import raises
from ovms import parameter_rules
from ovms import parameters as names
from ovms import status as requests
from ovms.config import Config
from ovms.parameters import FROM_OWNER, integer
from ovms.protocol.phone import normal_phone

NOTIFICATIONS = "Notifications: SMS or IP or SMSIP or - for none; SMS!IP for reports by IP only."


class FakeStore:
    """Keeps the record in RAM; `error` is what the next save raises."""

    def __init__(self, data=None):
        self.data = data
        self.load_error = ""
        self.error = None
        self.saves = 0

    def load(self):
        return self.data

    def save(self, data):
        if self.error:
            raise self.error
        self.data = data
        self.saves += 1


def fresh():
    return Config(FakeStore())


def reloaded(config):
    return Config(config.store)


def refused(n, text):
    config = fresh()
    before = config.get(n)
    sentence = str(raises(ValueError, config.set, n, text))
    assert config.get(n) == before
    assert config.store.saves == 0
    assert sentence.endswith(".") and len(sentence) < 80
    return sentence


def test_factory_content():
    config = fresh()
    assert config.get(names.PHONE) == "NOPHONE"
    assert config.get(names.PASSWORD) == "OVMS"
    assert config.get(names.UNITS) == "K"
    assert [n for n in range(32) if config.get(n)] == [0, 1, 2]
    assert [config.feature(n) for n in range(16)] == [0] * 16
    assert config.load_error == ""
    assert config.revision == 0


def test_numbers_out_of_range():
    config = fresh()
    assert config.get(32) == "" and config.get(-1) == ""
    assert config.feature(16) == 0 and config.feature(-1) == 0
    raises(ValueError, config.set, 32, "x")
    raises(ValueError, config.set, -1, "x")
    raises(ValueError, config.set_feature, 16, 1)
    raises(ValueError, config.set_feature, -1, 1)


def test_stored_and_read_back():
    config = fresh()
    config.apply({0: "+491701234567", 1: "SECRET", 4: "example.org", 8: "TWIZY42", 24: "3"})
    again = reloaded(config)
    for n in range(32):
        assert again.get(n) == config.get(n), n
    assert again.feature(8) == 3
    # Text that a person can read on the module, and short.
    assert config.store.data == b"0=+491701234567\n1=SECRET\n4=example.org\n8=TWIZY42\n24=3\n"


def test_a_value_back_at_its_default_takes_no_room():
    config = fresh()
    config.set(names.UNITS, "M")
    config.set(names.UNITS, "K")
    assert config.store.data == b""
    assert reloaded(config).get(names.UNITS) == "K"


def test_values_with_equals_signs_and_quotes():
    config = fresh()
    config.apply({9: "a=b=c", 1: '"x=1"'})
    assert reloaded(config).get(9) == "a=b=c"
    assert reloaded(config).get(1) == '"x=1"'


def test_length_and_characters():
    config = fresh()
    config.set(9, "x" * 31)
    assert reloaded(config).get(9) == "x" * 31
    assert refused(9, "x" * 32) == "Parameter 9 is too long."
    for text in ("a\nb", "a\rb", "a\x00b", "\x7f", "\u00e4", "\U0001f600", "\x1a"):
        refused(9, text)
    # Half of a Twizy profile.
    config.set(16, "A" * 43 + "=")
    assert reloaded(config).get(16) == "A" * 43 + "="
    refused(16, "A" * 45)
    refused(15, "A" * 32)
    refused(22, "1" * 32)


def test_dns():
    config = fresh()
    for text in ("8.8.8.8", "192.168.178.1", "1.0.0.1", "223.255.255.255", ""):
        config.set(names.DNS, text)
        assert reloaded(config).get(names.DNS) == text
    config.set(names.DNS, "9.9.9.9")
    bad = "8.8.8 8.8.8.8.8 8.8.8.256 8.8.8. .8.8.8 8..8.8 08.8.8.8 0.0.0.0 255.255.255.255"
    bad += " 224.0.0.1 dns.google 8.8.8.x -1.8.8.8 8,8,8,8 \u0668.8.8.8 2001:db8::1 8.8.8.8/24"
    bad += " 1e1.8.8.8 +8.8.8.8 8.8.8.8888 8 1..2"
    for text in bad.split() + ["8.8.8.8 ", " "]:
        refused(names.DNS, text)
        assert config.get(names.DNS) == "9.9.9.9", text


def test_a_server_of_digits_is_an_address():
    config = fresh()
    for text in ("1.2.3.4", "tls://1.2.3.4:6870", "1und1.de", "3.example", "10.0.0.1:6867"):
        config.set(names.SERVER, text)
    for text in ("1.2.3", "1.2.3.400", "tls://300.1.1.1", "1234", "1.2.3.4.5:6867", "..."):
        assert refused(names.SERVER, text) == "That is no IP address.", text


def test_a_mask_is_no_value():
    for n in (1, 7, 9, 0, 4, 8, 11, 32):
        for text in ("****", "new****", "****\u0020", "*****", "a****b"):
            refused(n, text)
    config = fresh()
    config.apply({9: "***", 7: "a*b*c*d*"})
    assert (config.get(9), config.get(7)) == ("***", "a*b*c*d*")
    sentence = str(raises(ValueError, config.apply, {8: "CAR", 1: "****", 9: "x"}))
    assert sentence == "**** only stands for a password that is set. Send the password itself."
    assert (config.get(8), config.get(9)) == ("", "***")
    # What an older firmware took is the password: the factory's in its place would let all in.
    assert Config(FakeStore(b"1=****\n8=CAR\n")).get(1) == "****"


def test_notifications_as_command_3_shows_them():
    config = fresh()
    for text in ("SMS;IP", "sms,ip", "IP;SMS", "SMS+IP"):
        config.set(3, text)
        assert config.wants_ip and config.wants_sms


def test_no_refusal_quotes_a_password():
    for n in (1, 7, 9):
        for text in ("hidden\n", "hidden" * 9, "hidden\u20ac"):
            assert "hidden" not in refused(n, text)


def test_phone():
    config = fresh()
    for text in ("+49 170 1234567", "0049-170-1234567", "+491701234567", "00491701234567"):
        config.set(0, text)
        assert config.get(0) == "+491701234567"
    config.set(0, "0170 123")
    assert config.get(0) == "0170123"
    config.set(0, "NOPHONE")
    for text in ("", "12", "Renault", "+49x", "+" * 5, "1" * 21, "nophone"):
        assert refused(0, text) == "A phone number has 3 to 20 digits."


def test_normal_phone():
    assert normal_phone("00 49-1") == "+491"
    assert normal_phone("+12") == ""
    assert normal_phone("") == ""
    assert normal_phone("++123") == ""
    assert normal_phone("1234\u0661") == ""
    assert normal_phone("000123") == "+0123"


def test_password():
    assert refused(1, "") == "The module password must not be empty."
    refused(1, "two words")
    config = fresh()
    config.set(1, "lower-Case,1")
    assert config.get(1) == "lower-Case,1"


def test_units():
    config = fresh()
    config.set(2, "m")
    assert config.get(2) == "M" and config.is_miles
    config.set(2, "")
    assert config.get(2) == "K" and not config.is_miles
    assert refused(2, "X") == "Units are K for km or M for miles."


def test_notify():
    config = fresh()
    for text, sms, ip in (
        ("SMSIP", True, True),
        ("sms,ip", True, True),
        ("IP", False, True),
        ("SMS", True, False),
        ("", False, False),
        # Alerts only; who reads it is `notifier_events.request`.
        ("sms!ip", True, True),
        ("IP,SMS!", True, True),
        ("IP!", False, True),
    ):
        config.set(3, text)
        assert (config.wants_sms, config.wants_ip) == (sms, ip), text
    for text in ("EMAIL", "!", "!SMS", "SMS!!", "SM!S"):
        assert refused(3, text) == NOTIFICATIONS, text


def test_server_and_network_names():
    config = fresh()
    for text in ("54.243.136.230", "ovms.example-server.org", "localhost:6867", ""):
        config.set(4, text)
        assert config.get(4) == text
    for text in ("a b", 'a"b', "a,b", "a/b", "a;b"):
        refused(4, text)
    for n in (5, 6, 7, 13, 22):
        refused(n, 'x"')
    refused(22, "8.8.8.8;8.8.4.4")
    config.set(22, "8.8.8.8")
    refused(5, "two words")


def test_vehicle_id_type_and_groups():
    config = fresh()
    config.apply({8: "Twizy42", 14: "rt", 11: "My group"})
    assert config.get(8) == "Twizy42"
    assert config.get(14) == "RT"
    assert config.get(11) == "My group"
    refused(8, "A B")
    refused(8, "A,B")
    refused(11, "A,B")
    refused(12, "A,B")


def test_paranoid():
    config = fresh()
    for text, is_paranoid in (("P", True), ("p", True), ("PARANOID", True), ("N", False)):
        config.apply({10: text}, True, FROM_OWNER)
        assert config.is_paranoid == is_paranoid, text
    config.apply({10: ""}, True, FROM_OWNER)
    assert not config.is_paranoid


def test_timezone():
    config = fresh()
    for text, stored in (
        ("1:30", "01:30"),
        ("08:00", "08:00"),
        ("-8:00", "-08:00"),
        ("+2", "02:00"),
        ("5", "05:00"),
        ("", ""),
    ):
        config.set(23, text)
        assert config.get(23) == stored
    for text in ("15:00", "1:60", "a", "-", "1:2:3", "+-8:00", ":30", "001:00", "1:001"):
        refused(23, text)


def test_permanent_features():
    config = fresh()
    for value in (0, 1, -128, 255, 200):
        config.set_feature(8, value)
        assert config.feature(8) == value
        assert reloaded(config).feature(8) == value
    config.set_feature(15, "1")
    assert config.get(31) == "1"
    config.set(26, "7")
    assert config.feature(10) == 7
    config.set(26, "")
    assert config.feature(10) == 0
    for text in ("256", "-129", "x", "1_0", " 1", "1e3", "+1", "9" * 30, "1.", "1.x", "\u0661"):
        raises(ValueError, config.set_feature, 8, text)


def test_features_that_are_a_percentage_or_a_distance():
    for n, highest in ((9, 100), (10, 100), (11, 255), (12, 255)):
        config = fresh()
        for value in (0, 1, highest, "", "55.5"):
            config.set_feature(n, value)
        for value in (-1, highest + 1, -128, 256):
            raises(ValueError, config.set_feature, n, value)
            raises(ValueError, config.apply, {n + 16: str(value)})
        assert config.feature(n) == 55
    sentence = str(raises(ValueError, config.set_feature, 10, 200))
    assert sentence == "Feature 10 is a number from 0 to 100."


def test_a_capacity_with_decimals_stays_text():
    config = fresh()
    config.set_feature(13, "97.52")
    assert config.get(29) == "97.52"
    assert config.feature(13) == 97
    assert reloaded(config).get(29) == "97.52"


def test_volatile_features():
    config = fresh()
    config.set_feature(6, 1)
    assert config.feature(6) == 1
    assert config.store.saves == 0
    assert config.revision == 1
    assert reloaded(config).feature(6) == 0
    raises(ValueError, config.set_feature, 6, 300)


def test_integer():
    assert [integer(t) for t in ("0", "-5", "007")] == [0, -5, 7]
    for text in ("", "-", "--1", "1 ", "0x1", "1_0", "1234567890", "\u0663"):
        raises(ValueError, integer, text)


def test_all_or_nothing():
    config = fresh()
    raises(ValueError, config.apply, {4: "good.host", 8: "bad id"})
    assert config.get(4) == ""
    assert config.revision == 0
    config.store.error = OSError(28, "full")
    raises(OSError, config.apply, {4: "good.host"})
    assert config.get(4) == ""
    assert config.revision == 0


def test_one_write_and_one_revision_for_one_apply():
    config = fresh()
    config.apply({8: "CAR", 5: "apn", 6: "user"})
    assert (config.store.saves, config.revision) == (1, 1)
    config.apply({8: "CAR"})
    assert (config.store.saves, config.revision) == (1, 1)
    # What makes somebody the owner is in both generations of the file.
    config.apply({1: "pw", 5: "other"})
    assert (config.store.saves, config.revision) == (3, 2)


def test_shown_masks_passwords():
    config = fresh()
    shown = parameter_rules.shown(config)
    assert [shown[n] for n in (1, 7, 9)] == ["****", "", ""]
    config.apply({7: "a", 9: "b", 4: "host"})
    shown = parameter_rules.shown(config)
    assert [shown[n] for n in (1, 4, 7, 9)] == ["****", "host", "****", "****"]
    assert [config.get(n) for n in (1, 7, 9)] == ["OVMS", "a", "b"]


def test_what_a_change_calls_for():
    config = fresh()
    reconnect = requests.REQUEST_RECONNECT
    assert config.set(names.UNITS, "M") == 0
    for n in (4, 5, 6, 7, 8, 9, 10, 22):
        assert config.set(n, "9.9.9.9" if n == names.DNS else "P") == reconnect
        # Unchanged, too: that is how users ask for it.
        assert config.set(n, "9.9.9.9" if n == names.DNS else "P") == reconnect
    assert config.set(names.GSM_LOCK, "net") == requests.REQUEST_MODEM_RESTART
    assert config.set(names.VEHICLE_TYPE, "RT") == requests.REQUEST_VEHICLE_RESTART
    assert config.set(names.VEHICLE_TYPE, "rt") == 0
    assert config.set_feature(15, 1) == requests.REQUEST_VEHICLE_RESTART
    assert config.set_feature(15, 1) == config.set_feature(9, 5) == config.set_feature(3, 1) == 0
    # The key of paranoid messages is made of the module password.
    assert config.set(names.PASSWORD, "other") == reconnect
    assert config.set(names.PASSWORD, "other") == 0
    config.apply({names.PARANOID: ""}, True, FROM_OWNER)
    assert config.set(names.PASSWORD, "third") == 0


def test_store_error_is_passed_on():
    store = FakeStore(b"8=CAR\n1=secret\n")
    store.load_error = "config was damaged: the settings before it are used."
    assert Config(store).load_error == store.load_error


def test_unusable_lines_leave_the_default_and_say_so():
    config = Config(FakeStore(b"2=X\n4=host\n99=a\nfoo\n1=secret\n9=\xff\n"))
    assert config.get(4) == "host"
    assert config.get(2) == "K" and config.get(1) == "secret" and config.get(9) == ""
    assert config.load_error == "Some stored settings were unusable and are at their defaults."
    # But the factory's password is no default of one that was lost.
    for lines in (b"1=\n", b"1=two words\n", b"\xff=secret\n", b"1=\xff\n", b"99=a\n"):
        config = Config(FakeStore(b"0=+491701234567\n" + lines))
        assert config.get(1) == " " and config.get(0) == "+491701234567", lines


def test_presets_count_although_flash_does_not_take_them():
    config = fresh()
    config.store.error = OSError(28, "full")
    assert raises(OSError, config.apply, {4: "good.host"}).args == (
        "The settings could not be stored.",
    )
    assert config.get(4) == ""
    config.apply({4: "good.host"}, False)
    assert config.get(4) == "good.host"
    assert config.load_error == "The settings could not be stored."
    assert reloaded(config).get(4) == ""


def test_no_broker_is_sent_a_password_that_was_given_for_another():
    server, user, word = names.MQTT_SERVER, names.MQTT_USER, names.MQTT_PASSWORD
    for changes, left in (
        ({server: "b.example"}, ["", ""]),
        ({server: "b.example", user: "bob"}, ["bob", ""]),
        ({server: "b.example", word: "bobs"}, ["", "bobs"]),
        ({server: "a.example"}, ["anna", "annas"]),
        ({user: "bob"}, ["bob", "annas"]),
        ({names.MQTT_HA: "ON"}, ["anna", "annas"]),
    ):
        config = fresh()
        config.apply({server: "a.example", user: "anna", word: "annas"})
        config.apply(changes)
        assert [config.get(user), config.get(word)] == left, changes
    config.apply({names.MQTT_HA: "ON"})
    assert config.get(names.MQTT_HA) == "ON"
    # What Home Assistant was told of this car stays.
    config.apply({names.MQTT_HA: "ON CAR7 1f"})
    config.apply({names.MQTT_HA: "ON"})
    assert config.get(names.MQTT_HA) == "ON CAR7 1f"
    config.apply({names.MQTT_HA: ""})
    assert config.get(names.MQTT_HA) == ""


def test_a_feature_is_0_to_15_and_one_that_is_not_stored_is_no_success():
    config = fresh()
    for n in (-1, 16):
        raises(ValueError, config.set_feature, n, 1)
    assert config.set_feature(0, 1) == 0 and config.feature(0) == 1
    config.store.error = OSError(28)
    raises(OSError, config.set_feature, 15, 1)
    assert config.feature(15) == 0
