"""GET, SET, BEGIN, APPLY and CANCEL at the DIAG console: a module set up without a SIM."""

from host_tests.services.console_bench import Desk, framed
from ovms.status import REQUEST_RECONNECT, REQUEST_VEHICLE_RESTART

SET_UP = (
    "0=0049 170 1234567",
    "1=Module1",
    "2=M",
    "3=SMSIP",
    "4=my.host",
    "5=internet",
    "6=a user",
    "7=a password",
    "8=TWIZY42",
    "9=net pass=1",
    "10=P",
    "14=rt",
)

MASKED = "**** only stands for a password that is set. Send the password itself."


def test_one_transaction_sets_everything():
    desk = Desk(is_new=True)
    revision = desk.config.revision
    assert desk.handle("begin") == framed("Now SET parameters, then APPLY or CANCEL.")
    for line in SET_UP:
        desk.handle("SET " + line)
    assert desk.config.get(8) == "" and desk.status.take_requests() == 0
    assert desk.handle("APPLY") == framed("Parameters have been set.")
    assert desk.config.revision == revision + 1
    assert desk.status.take_requests() == REQUEST_RECONNECT | REQUEST_VEHICLE_RESTART
    values = [desk.config.get(n) for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14)]
    assert values[:5] == ["+491701234567", "Module1", "M", "SMSIP", "my.host"]
    assert values[5:] == ["internet", "a user", "a password", "TWIZY42", "net pass=1", "P", "RT"]
    assert desk.handle("APPLY") == framed("There is nothing to apply.")


def test_reading_shows_no_password():
    desk = Desk(is_new=True)
    for line in SET_UP:
        assert desk.handle("SET " + line).endswith("\r\n#.\r\n")
    assert desk.handle("GET") == framed(
        *("0:+491701234567", "1:****", "2:M", "3:SMSIP", "4:my.host", "5:internet", "6:a user"),
        *("7:****", "8:TWIZY42", "9:****", "10:P", "14:RT"),
    )
    assert desk.handle("GET 9") == framed("9:****")
    assert desk.handle("get 22") == framed("22:")


def test_the_answer_to_set_tells_what_arrived():
    desk = Desk()
    assert desk.handle("SET 9 = net pass") == framed("9:**** (8 characters)")
    assert desk.config.get(9) == "net pass"
    assert desk.handle("SET 9=") == framed("9:")
    assert desk.handle("SET 14=rt") == framed("14:RT")
    desk.handle("BEGIN")
    assert desk.handle("SET 7=apnsecret") == framed("7:**** (9 characters)")
    assert desk.handle("SET 8=TWIZY42") == framed("8:TWIZY42")


def test_what_is_refused_is_one_sentence():
    desk = Desk()
    for line, sentence in (
        ("SET 2=X", "Units are K for km or M for miles."),
        ("SET 1=", "The module password must not be empty."),
        ("SET 1=two words", "Parameter 1 has a character that is not allowed."),
        ("SET 9=****", MASKED),
        ("SET 1 = **** ", MASKED),
        ("SET 99=x", "Parameters are numbered 0 to 31, 37 to 40 for MQTT, 44 to 49 for WiFi."),
        ("SET x=1", "That is not a whole number."),
        ("SET", "Use: SET n=value"),
        ("GET 32", "Parameters are numbered 0 to 31, 37 to 40 for MQTT, 44 to 49 for WiFi."),
        ("GET all", "That is not a whole number."),
        ("APPLY", "There is nothing to apply."),
        ("CANCEL", "There is nothing to cancel."),
        ("APPLY now", "Use: APPLY alone in its line."),
    ):
        assert desk.handle(line) == framed(sentence), line
    assert desk.status.take_requests() == 0


def test_all_or_nothing():
    refused = "Nothing was changed: "
    for bad, sentence in (
        ("SET 2=X", "Units are K for km or M for miles."),
        ("SET 9=****", MASKED),
        ("SET 32=x", "Parameters are numbered 0 to 31."),
        ("SET 3", "Parameters are numbered 0 to 31."),
    ):
        desk = Desk()
        before = [desk.config.get(n) for n in range(32)]
        for line in ("BEGIN", "SET 8=TWIZY42", bad, "SET 5=internet"):
            desk.handle(line)
        assert desk.handle("APPLY") == framed(refused + sentence), bad
        assert [desk.config.get(n) for n in range(32)] == before
        # The transaction is over, and its values are forgotten.
        assert desk.handle("APPLY") == framed("There is nothing to apply.")


def test_a_line_that_was_lost_spoils_the_transaction():
    desk = Desk()
    desk.handle("BEGIN")
    desk.handle("SET 8=TWIZY42")
    desk.type(b"SET 9=" + b"x" * 500 + b"\r", 1)
    assert desk.handle("APPLY").startswith("\r\n# Nothing was changed: ")
    desk.handle("BEGIN")
    desk.console.receive(b"SET 8=TWIZY42\r" * 9, 14 * 9)
    desk.type(b"", 8)
    assert desk.handle("APPLY").startswith("\r\n# Nothing was changed: ")
    assert desk.config.get(8) == ""


BROKER = ("37=tls://b.example", "38=me", "39=Br0kerPass", "40=on")


def test_the_broker_is_set_here_too():
    desk = Desk()
    before = desk.handle("GET")
    desk.handle("BEGIN")
    for line in BROKER:
        desk.handle("SET " + line)
    assert desk.handle("APPLY") == framed("Parameters have been set.")
    values = [desk.config.get(n) for n in (37, 38, 39, 40)]
    assert values == ["tls://b.example", "me", "Br0kerPass", "ON"]
    end = "\r\n#.\r\n"
    shown = ("37:tls://b.example", "38:me", "39:****", "40:ON")
    assert desk.handle("GET") == before[: -len(end)] + "\r\n# " + "\r\n# ".join(shown) + end
    assert desk.handle("GET 39") == framed("39:****")
    assert desk.handle("SET 39=Other123") == framed("39:**** (8 characters)")
    for line, sentence in (
        ("SET 37=b:x", "A port is a number from 1 to 65535."),
        ("SET 37=tls://me@b.example", "A broker is host or host:port or tls://host[:port]."),
        ("SET 38=a b", "A broker's user or password has a character that is not allowed."),
        ("SET 39=****", MASKED),
        ("SET 40=maybe", "Home Assistant is ON or -."),
        ("SET 36=x", "Parameters are numbered 0 to 31, 37 to 40 for MQTT, 44 to 49 for WiFi."),
        ("GET 41", "Parameters are numbered 0 to 31, 37 to 40 for MQTT, 44 to 49 for WiFi."),
    ):
        assert desk.handle(line) == framed(sentence), line


def test_another_broker_gets_no_password_of_the_last_and_on_forgets_nothing():
    desk = Desk()
    for line in BROKER:
        desk.handle("SET " + line)
    # What the module has told is behind it, and no business of the console.
    desk.config.apply({40: "ON RT 00ff"})
    assert desk.handle("GET 40") == framed("40:ON")
    assert desk.handle("SET 40=ON") == framed("40:ON")
    assert desk.config.get(40) == "ON RT 00ff"
    assert desk.handle("SET 37=tls://b.example") == framed("37:tls://b.example")
    assert desk.config.get(39) == "Br0kerPass"
    desk.handle("SET 37=other.example")
    assert [desk.config.get(n) for n in (38, 39)] == ["", ""]
    desk.handle("SET 40=")
    assert desk.config.get(40) == ""


def test_cancel():
    desk = Desk()
    desk.handle("BEGIN")
    desk.handle("SET 8=TWIZY42")
    assert desk.handle("CANCEL") == framed("Nothing was changed.")
    assert desk.config.get(8) == ""
    desk.handle("SET 8=TWIZY42")
    assert desk.config.get(8) == "TWIZY42"


def test_flash_that_takes_nothing():
    desk = Desk()
    desk.bench.store.error = OSError(28)
    desk.handle("BEGIN")
    desk.handle("SET 8=TWIZY42")
    assert desk.handle("APPLY") == framed("The settings could not be stored.")
    assert desk.config.get(8) == ""
    assert desk.status.counts["settings_not_stored"] == 1
