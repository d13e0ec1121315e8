"""`tools.setup`: its rules against the firmware's, its questions, its SMS, and what it writes."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from host_tests.services.console_bench import Desk
from host_tests.services.sms_bench import Bench, RAMStore
from ovms.config import Config
from tools.desk.console_client import END, Answer, ConsoleError, plain
from tools.setup import __main__ as program
from tools.setup import questions, rules, sms, writer
from tools.setup.questions import MASK, QUESTIONS, SetupError

NUMBERS = [question.number for question in QUESTIONS]
ANSWERS = {
    "phone": "0049 151 12345678",
    "vehicle_id": "TWIZY42",
    "notify": "smsip",
    "apn": "internet",
    "apn_user": "web",
    "server": "tls://my.host",
    "paranoid": True,
    "mqtt_server": "tls://b.example",
    "mqtt_user": "me",
    "home_assistant": "yes",
    "wifi_name": "My Home",
    "wifi_name_2": "Cafe",
}
PASSWORDS = {
    "module_password": "Module1",
    "apn_password": "a b",
    "server_password": "net,pass=1",
    "mqtt_password": "Br0kerPass,=1",
    "wifi_key": "my long=key",
}
_NETWORK = {4: "tls://my.host", 5: "internet", 6: "web", 7: "a b", 9: "net,pass=1", 10: "P"}
_BROKER = {37: "tls://b.example", 38: "me", 39: "Br0kerPass,=1", 40: "ON"}
_CAR = {0: "+4915112345678", 1: "Module1", 2: "K", 3: "SMSIP", 8: "TWIZY42", 14: "RT"}
_WIFI = {44: "My Home", 45: "my long=key", 46: "Cafe"}
STORED = {**_NETWORK, **_CAR, **_BROKER, **_WIFI}


def firmware(number, text):
    config = Config(RAMStore())
    if number in rules.WIFI_KEYS:
        config.apply({number - 1: "a name"})
    config.apply({number: text})
    return config.get(number)


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except ValueError as error:
        return error.args


TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.text("+0123456789 -", max_size=24),
    st.text("SMSIPsmip,+-KkMm", max_size=8),
    st.text("0123456789.", max_size=15),
    st.from_regex(r"(tls://|TLS://)?([a-z@._-]{0,9}@)?[a-zA-Z0-9._-]{0,60}(:[0-9:]{0,6})?"),
)


@settings(deadline=None)
@given(st.sampled_from(NUMBERS), TEXTS)
@example(rules.SERVER, "host:0")
@example(rules.SERVER, "host:65536")
@example(rules.SERVER, "tls://a@b:1")
@example(rules.SERVER, "a@b")
@example(rules.SERVER, "host\n")
@example(rules.SERVER, "host:")
@example(rules.SERVER, "host:\u0663")
@example(rules.SERVER, "x" * 64)
@example(rules.SERVER, "1.2.3.4")
@example(rules.SERVER, "tls://1.2.3")
@example(rules.SERVER, "1.2.3.04:6867")
@example(rules.SERVER, "224.0.0.1")
@example(rules.SERVER, "0.1.2.3")
@example(rules.MQTT_SERVER, "tls://me@b.example")
@example(rules.MQTT_SERVER, "b.example:0")
@example(rules.MQTT_SERVER, "TLS://b.example:8883")
@example(rules.MQTT_SERVER, "x" * 64)
@example(rules.MQTT_SERVER, "")
@example(rules.MQTT_USER, "x" * 64)
@example(rules.MQTT_USER, "a b")
@example(rules.MQTT_PASSWORD, "")
@example(rules.MQTT_PASSWORD, "\u00e4")
@example(rules.MQTT_HA, "on")
@example(rules.MQTT_HA, "off")
@example(44, "x" * 33)
@example(44, "\u00e4" * 16)
@example(44, "a\x7fb")
@example(45, "x" * 7)
@example(45, "x" * 8)
@example(45, "x y\u00e4" * 2)
@example(45, "x" * 63)
@example(45, "0aF" * 21 + "1")
@example(45, "0aF" * 21 + "g")
@example(45, "0aF" * 21 + "12")
@example(rules.PHONE, "\u0663\u0663\u0663")
@example(rules.PASSWORD, "")
@example(rules.NOTIFY, "-")
@example(rules.UNITS, "")
@example(rules.VEHICLE_TYPE, "XX")
@example(rules.VEHICLE_TYPE, "o2")
@example(rules.VEHICLE_TYPE, "OB")
@example(rules.VEHICLE_TYPE, "demo")
@example(rules.VEHICLE_TYPE, "NL7")
@example(rules.VEHICLE_TYPE, "r")
@example(rules.VEHICLE_TYPE, "")
def test_rules_are_the_firmwares(number, text):
    assert outcome(rules.stored, number, text) == outcome(firmware, number, text)


class Client:
    """A ConsoleClient without a cable: the firmware's own console answers. noise: a lost byte."""

    def __init__(self, is_new=True, noise=None):
        self.desk = Desk(is_new)
        self.sent = []
        self.noise = noise

    def send(self, line):
        self.sent.append(line)
        return self.desk.handle(line if line != self.noise else line[:-1])

    def ask(self, line):
        lines = [text for text in self.send(line).split("\r\n") if text]
        assert lines.pop() == END
        text = [plain(line) for line in lines]
        return Answer(text, not text[0].startswith(("Nothing", "Use", "Unknown")))


def settings_of(tmp_path, answers, current=None, is_sms=False, **named):
    path = tmp_path / "answers.json"
    path.write_text(json.dumps(answers))
    path.chmod(0o600)
    current = {0: "NOPHONE", 1: "OVMS", 2: "K"} if current is None else current
    return questions.from_file(path, current, is_sms, **named)


def test_answers_become_settings(tmp_path):
    client = Client()
    chosen = settings_of(tmp_path, {**ANSWERS, **PASSWORDS}, writer.read(client))
    assert chosen == STORED
    after = writer.write(client, chosen)
    assert {n: client.desk.config.get(n) for n in STORED} == STORED
    assert after == {n: MASK if n in rules.SECRETS else text for n, text in STORED.items()}
    assert client.desk.config.revision == 1


def test_what_is_lost_on_the_cable_changes_nothing(tmp_path):
    for line in ("SET 9=net,pass=1", "SET 8=TWIZY42", "SET 1=Module1", "SET 39=Br0kerPass,=1"):
        client = Client(noise=line)
        with pytest.raises(ConsoleError, match="did not arrive"):
            writer.write(client, STORED)
        assert client.sent[-1] == "CANCEL"
        assert client.desk.config.revision == 0


def test_what_the_module_refuses_changes_nothing():
    client = Client()
    with pytest.raises(ConsoleError, match="^Nothing was changed: Units are K for km"):
        writer.write(client, {**STORED, 2: "X"})
    assert client.desk.config.revision == 0


def test_questions(capsys):
    # 49 is too short, 0151 lacks the country, X is no unit; the vehicle id stays.
    typed = iter(
        ["49", "0151 1234", "+491511234", "", "X", "m", "-", "rt", "internet", "", "my.host", ""]
        # Of another broker than before, whose user alone stays; Home Assistant perhaps, then yes.
        + ["a@b", "b.example", "", "perhaps", "y", ""]
    )
    # The factory's, two that differ, one with a blank; no password at the APN; the server's; the
    # broker's, which is not the last one's.
    hidden = iter(["OVMS", "New1", "New2", "a b", "New1", "New1", "", "net", "net", "mq", "mq"])
    prompts = []

    def read(prompt):
        prompts.append(prompt)
        return next(typed)

    def read_secret(prompt):
        prompts.append(prompt)
        return next(hidden)

    current = {0: "NOPHONE", 1: "OVMS", 2: "K", 8: "OLD7", 10: "P"}
    current |= {37: "old.example", 38: "me", 39: MASK}
    chosen = questions.ask(current, False, read, read_secret)
    # No WiFi that was never there is taken away.
    assert not set(chosen) & set(range(44, 50))
    assert {n: text for n, text in chosen.items() if n < 4} == {
        0: "+491511234",
        1: "New1",
        2: "M",
        3: "",
    }
    assert [chosen[n] for n in (4, 5, 6, 7, 8, 9, 10, 14)] == [
        *("my.host", "internet", "", "", "OLD7", "net", "P", "RT")
    ]
    assert [chosen[n] for n in (37, 38, 39, 40)] == ["b.example", "me", "mq", "ON"]
    assert not list(typed) and not list(hidden)
    assert "[OLD7]" in "".join(prompts) and "[K]" in "".join(prompts)
    assert "New1" not in "".join(prompts) + capsys.readouterr().out


def test_passwords_that_stay_are_not_sent():
    current = {0: "+491511234", 1: MASK, 2: "M", 5: "internet", 7: MASK, 4: "my.host", 9: MASK}
    current |= {37: "b.example", 38: "me", 39: MASK, 40: "ON"}
    chosen = questions.ask(current, False, lambda prompt: "", lambda prompt: "")
    assert not set(chosen) & set(rules.SECRETS)
    assert chosen[0] == "+491511234" and chosen[2] == "M" and chosen[10] == ""
    assert [chosen[n] for n in (37, 38, 40)] == ["b.example", "me", "ON"]


def test_a_broker_that_goes_takes_its_password_with_it():
    current = {1: MASK, 37: "b.example", 38: "me", 39: MASK, 40: "ON"}

    def answered(broker, user):
        def read(prompt):
            return broker if "broker:" in prompt else user if "User at the b" in prompt else ""

        return questions.ask(current, False, read, lambda prompt: "")

    chosen = answered("-", "")
    assert [chosen[n] for n in (37, 38, 39, 40)] == ["", "", "", ""]
    chosen = answered("b.example", "-")
    assert [chosen[n] for n in (37, 38, 39, 40)] == ["b.example", "", "", "ON"]
    # Another user has another password, here none.
    chosen = answered("b.example", "you")
    assert [chosen[n] for n in (37, 38, 39)] == ["b.example", "you", ""]


def test_a_network_is_asked_for_with_its_key():
    current = {1: MASK, 44: "Home", 45: MASK, 46: "Old", 47: MASK}
    typed = {"used where": "", "network 2": "New", "network 3": "-"}
    hidden = []

    def read(prompt):
        return next((text for start, text in typed.items() if start in prompt), "")

    def read_secret(prompt):
        hidden.append(prompt)
        # Another network has another key: typed wrong, then twice.
        is_new = "WiFi network [-]" in prompt or "same again" in prompt
        return "" if not is_new else "short" if len(hidden) < 4 else "new-key1"

    chosen = questions.ask(current, False, read, read_secret)
    assert chosen[44] == "Home" and 45 not in chosen
    assert (chosen[46], chosen[47]) == ("New", "new-key1")
    assert 48 not in chosen and 49 not in chosen
    assert "WiFi network [unchanged]" in "".join(hidden)
    typed["used where"] = "-"
    chosen = questions.ask(current, False, read, lambda prompt: "")
    assert [chosen[n] for n in (44, 45, 46, 47)] == [""] * 4


def test_only_what_makes_sense_is_asked():
    asked = []

    def read(prompt):
        asked.append(prompt)
        return "-" if "APN" in prompt or "Server" in prompt else ""

    chosen = questions.ask({1: MASK}, False, read, lambda prompt: "")
    assert set(chosen) == {0, 2, 3, 4, 5, 8, 14}
    assert len(asked) == 9


@pytest.mark.parametrize(
    "answers, sentence",
    [
        ({"phon": "1"}, "unknown key, phon"),
        ({"apn": ["internet"]}, "does not hold keys with one value each"),
        (["internet"], "does not hold keys with one value each"),
        ({**ANSWERS, **PASSWORDS, "phone": "0151 1234"}, "Start the number with \\+ and the"),
        ({**ANSWERS, **PASSWORDS, "units": "X"}, "units cannot be used: Units are K"),
        ({**ANSWERS, **PASSWORDS, "paranoid": "perhaps"}, "paranoid cannot be used: Say yes"),
        ({**ANSWERS, **PASSWORDS, "module_password": "OVMS"}, "Everybody knows"),
        (ANSWERS, "lacks module_password, and there is nobody to ask"),
        ({**ANSWERS, "module_password": "x"}, "lacks server_password"),
        (
            {**ANSWERS, "module_password": "x", "server_password": "y"},
            "lacks mqtt_password, and there is nobody to ask",
        ),
        ({**ANSWERS, **PASSWORDS, "mqtt_server": "a b"}, "A broker is host or host:port or tls"),
    ],
)
def test_wrong_answers_are_one_sentence(tmp_path, answers, sentence):
    with pytest.raises(SetupError, match=sentence):
        settings_of(tmp_path, answers)


def test_answers_file(tmp_path):
    path = tmp_path / "a.toml"
    path.write_text('server_password = "net"')
    path.chmod(0o644)
    with pytest.raises(SetupError, match="chmod 600"):
        questions.from_file(path, {})
    path.write_text('server_password = "net')
    with pytest.raises(SetupError, match="no valid TOML") as raised:
        questions.from_file(path, {})
    assert '"net' not in str(raised.value)
    with pytest.raises(SetupError, match="cannot be read: No such file"):
        questions.from_file(tmp_path / "none.toml", {})


def test_sms_are_what_the_module_expects(tmp_path):
    """The guide's set-up sequence, literally, on the firmware."""
    chosen = settings_of(
        tmp_path, {**ANSWERS, "apn_password": "apnpw", "wifi_key": "x" * 8}, {}, True
    )
    bench = Bench(is_new=True)
    steps = sms.steps(chosen)
    assert [step.text for step in steps] == [
        "REGISTER OVMS",
        "PASS <module password>",
        "MODULE TWIZY42 K SMSIP RT",
        "GPRS internet web <APN password>",
        'WIFI "My Home" <WiFi key>',
        "WIFI Cafe",
        "SERVER tls://my.host <server password> P",
        "GPRS?",
        "MQTT tls://b.example me <MQTT password>",
        "MQTT HA ON",
        "VERSION",
        "STAT?",
    ]
    bench.status.is_server_connected = True
    for step in steps:
        text = step.text
        for name in sms.NAMES.values():
            text = text.replace(name, "Secret12")
        reply = bench.send(text).replace("\r\n", "\n").split("\n")
        for line in step.expected:
            start = line.removesuffix("...")
            assert any(got == line or (start != line and got.startswith(start)) for got in reply)
    assert [bench.config.get(n) for n in (1, 7, 9, 39, 45)] == ["Secret12"] * 5
    assert [bench.config.get(n) for n in (44, 46, 47)] == ["My Home", "Cafe", ""]
    assert [bench.config.get(n) for n in (37, 38, 40)] == ["tls://b.example", "me", "ON"]


def test_sms_without_network():
    chosen = questions.ask({}, True, lambda prompt: "-" if "APN" in prompt else "", pytest.fail)
    assert [step.text for step in sms.steps(chosen)][:3] == [
        "REGISTER OVMS",
        "PASS <module password>",
        "MODULE - K SMSIP RT",
    ]
    assert len(sms.steps(chosen)) == 5


def test_sms_cannot_carry_blanks(tmp_path):
    with pytest.raises(SetupError, match="apn_user cannot be used: What goes by SMS"):
        settings_of(tmp_path, {**ANSWERS, "apn_user": "a user"}, {}, True)


def test_program_without_anybody_to_ask(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert program.main(["--sms"]) == 2
    assert capsys.readouterr().err == "There is nobody to ask: use --answers FILE.\n"
    with pytest.raises(SystemExit):
        program.main([])
    assert capsys.readouterr().err.count("\n") == 1
    assert program.main(["--port", "/dev/none"]) == 2
    assert capsys.readouterr().err == "/dev/none cannot be opened: No such file or directory.\n"
