"""Commands to the car by SMS: what it did, could not do, or does not know, in exact words."""

from host_tests.services.sms_bench import PASSWORD, STRANGER, Bench
from host_tests.shims.expect import run
from ovms.vehicle.base import FAILED, OK, UNIMPLEMENTED, UNSUPPORTED, Vehicle
from ovms.vehicle.demo.car import Demo

# Text, protocol command and arguments, reply (module-behaviour 2.5).
ACTIONS = (
    ("LOCK 1234", 20, "1234", "Vehicle lock requested"),
    ("UNLOCK 1234", 22, "1234", "Vehicle unlock requested"),
    ("VALET 1234", 21, "1234", "Valet mode requested"),
    ("UNVALET 1234", 23, "1234", "Valet mode cancel requested"),
    ("HOMELINK 2", 24, "2", "Homelink activated"),
    ("CHARGEMODE RANGE", 10, "3", "Charge mode change requested"),
    ("CHARGESTART", 11, "", "Charge start requested"),
    ("CHARGESTOP", 12, "", "Charge stop requested"),
    ("COOLDOWN", 25, "", "Cooldown requested"),
)
DENIED = "Permission denied"


class Car(Vehicle):
    """Answers each command with what the test says, OK without a text otherwise."""

    def __init__(self, state, config):
        super().__init__(state, config)
        self.calls = []
        self.answers = {}

    async def command(self, code, arguments):
        self.calls.append((code, arguments))
        answer = self.answers.get(code, (OK, ""))
        if isinstance(answer, Exception):
            raise answer
        return answer


def made(code=None, answer=None):
    bench = Bench(car_class=Car)
    bench.car.answers[code] = answer
    return bench


def test_what_the_car_did():
    for text, code, arguments, reply in ACTIONS:
        bench = made()
        assert bench.send(text) == reply
        assert bench.car.calls == [(code, arguments)], text


def test_word_forms():
    for text, code, _, reply in ACTIONS:
        for sent in (
            text.lower(),
            "  " + text.replace(" ", "   ") + " \r\n",
            "\t" + text + "\t",
            text.replace(" ", "\xa0") + "\xa0",
            text[0] + text[1:].lower(),
        ):
            bench = made()
            assert bench.send(sent) == reply, sent
            assert [code for code, _ in bench.car.calls] == [code], sent


def test_words_behind_what_a_command_takes_are_left_out():
    bench = made()
    for text in ("LOCK 1234 please", "CHARGESTART now", "CHARGEMODE STA 13 A"):
        bench.send(text)
    assert bench.car.calls == [(20, "1234"), (11, ""), (10, "0"), (15, "13")]


def test_what_the_car_says_about_its_success_follows():
    assert made(20, (OK, "", "LOCKED to max kph=6")).send("LOCK") == (
        "Vehicle lock requested\nLOCKED to max kph=6"
    )
    assert made(25, (OK, "12 C\rwithin 5 min.", "Pump on")).send("COOLDOWN") == (
        "Cooldown requested\n12 C\nwithin 5 min.\nPump on"
    )


def test_what_the_car_refuses():
    for text, code, _, _ in ACTIONS:
        word = text.split()[0]
        for answer, reply in (
            ((FAILED, "Wrong PIN, try again"), " failed: Wrong PIN, try again"),
            ((FAILED, ""), " failed: the car does not say why."),
            ((FAILED, "ERROR 0031", "UNLOCKED"), " failed: ERROR 0031"),
            ((UNSUPPORTED, ""), " is not supported by this car."),
            ((UNIMPLEMENTED, ""), " is not supported by this car."),
            (None, " is not supported by this car."),
            (ValueError("No write access to CAN"), " failed: No write access to CAN"),
            (OSError("The car is asleep."), " failed: The car is asleep."),
        ):
            bench = made(code, answer)
            assert bench.send(text) == word + reply, (text, answer)
            assert len(bench.car.calls) == 1


def test_a_car_without_any_command_of_its_own():
    for text, _, _, _ in ACTIONS:
        reply = text.split()[0] + " is not supported by this car."
        assert Bench().send(text) == reply


def test_a_question_does_nothing():
    bench = made()
    for text, usage in (
        ("LOCK?", "LOCK [<pin>]"),
        ("lock ?", "LOCK [<pin>]"),
        ("UNLOCK?", "UNLOCK [<pin>]"),
        ("VALET? 1234", "VALET [<pin>]"),
        ("UNVALET?", "UNVALET [<pin>]"),
        ("HOMELINK?", "HOMELINK <0..2>"),
        ("HOMELINK", "HOMELINK <0..2>"),
        ("CHARGEMODE?", "CHARGEMODE <mode> [<amperes>]"),
        ("CHARGEMODE", "CHARGEMODE <mode> [<amperes>]"),
        ("CHARGESTART?", "CHARGESTART"),
        ("CHARGESTOP?", "CHARGESTOP"),
        ("COOLDOWN?", "COOLDOWN"),
    ):
        assert bench.send(text) == "Invalid command\n Use: " + usage, text
    assert bench.car.calls == []


def test_words_that_only_start_like_a_command():
    bench = made()
    for text in ("LOCKME", "LOCK1234", "CHARGESTARTS", "UNVALETED", "COOLDOWN."):
        assert bench.send(text) == "Unknown command. Send HELP for a list.", text
    assert bench.car.calls == []


def test_charge_modes_by_three_letters():
    for word, mode in (
        ("STANDARD", "0"),
        ("sta", "0"),
        ("Storage", "1"),
        ("STO", "1"),
        ("ranger", "3"),
        ("PERFORMANCE", "4"),
        ("per", "4"),
    ):
        bench = made()
        assert bench.send("CHARGEMODE " + word) == "Charge mode change requested"
        assert bench.car.calls == [(10, mode)], word


def test_charge_mode_with_a_current():
    bench = made()
    assert bench.send("CHARGEMODE STO 13") == "Charge mode change requested"
    assert bench.car.calls == [(10, "1"), (15, "13")]


def test_an_unknown_charge_mode_changes_nothing():
    bench = made()
    for word in ("FAST", "ST", "S", "0", "3", "-", "?x"):
        assert bench.send("CHARGEMODE " + word) == (
            "Charge modes are STANDARD, STORAGE, RANGE and PERFORMANCE."
        ), word
    for word, reply in (
        ("x", "That is not a whole number."),
        ("13A", "That is not a whole number."),
        ("1.5", "That is not a whole number."),
        ("-13", "A current is not negative."),
    ):
        assert bench.send("CHARGEMODE STA " + word) == reply, word
    assert bench.car.calls == []


def test_a_mode_that_counts_although_the_current_does_not():
    bench = made(15, (FAILED, "Parameter out of range"))
    assert bench.send("CHARGEMODE STA 99") == (
        "Charge mode changed. Setting the current failed: Parameter out of range"
    )
    bench = made(15, None)
    assert bench.send("CHARGEMODE STA 13") == (
        "Charge mode changed. Setting the current is not supported by this car."
    )
    bench = made(10, (FAILED, "Parameter out of range"))
    assert bench.send("CHARGEMODE STA 13") == "CHARGEMODE failed: Parameter out of range"
    assert bench.car.calls == [(10, "0")]


def test_a_module_password_opens_no_door():
    """Friends have it for STAT; these are the owner's alone (module-behaviour 2.3, mode 2)."""
    for text, code, arguments, reply in ACTIONS:
        word, _, rest = text.partition(" ")
        for sent in (text, word, "%s %s %s" % (word, PASSWORD, rest), "%s? %s" % (word, PASSWORD)):
            bench = made()
            assert bench.send(sent, STRANGER) == DENIED, sent
            assert bench.send(sent, STRANGER) is None, sent
            assert bench.car.calls == []
            assert "sms_wrong_password" not in bench.status.counts, "no password was asked for"
        assert bench.send("STAT " + PASSWORD, STRANGER).startswith("Not charging")
        assert bench.send(text) == reply
        assert bench.car.calls == [(code, arguments)], text


def test_a_car_may_put_its_own_command_in_the_place_of_a_common_one():
    class Own(Car):
        async def sms_lock(self, arguments, is_query):
            return "LOCKED to max kph=%s" % arguments[0]

        def sms_commands(self):
            return (("LOCK", self.mode, type(self).sms_lock),)

    for mode in (1, 2, 3):
        Own.mode = mode
        own_lock(Bench(car_class=Own))


def own_lock(bench):
    """The owner's alone it is, whatever the car's table says."""
    assert bench.send("LOCK 20") == "LOCKED to max kph=20"
    assert bench.send("LOCK %s 20" % PASSWORD, STRANGER) == DENIED
    assert bench.send("UNLOCK") == "Vehicle unlock requested"
    assert bench.car.calls == [(22, "")]


def test_inside_protocol_command_7():
    bench = made(20, (FAILED, "Wrong PIN, try again"))
    assert run(bench.commander.execute(7, "LOCK 1234")) == [
        "c7,1,LOCK failed: Wrong PIN; try again"
    ]
    assert run(bench.commander.execute(7, "UNLOCK 1234")) == ["c7,0,Vehicle unlock requested"]
    assert bench.car.calls == [(20, "1234"), (22, "1234")]


def test_the_end_of_a_charge_that_was_stopped_is_no_news():
    bench = made()
    told = []
    bench.commander.on_charge_request = told.append
    bench.send("CHARGESTOP")
    bench.send("CHARGESTART")
    assert told == [False, True]
    bench.car.answers = {11: (FAILED, "No"), 12: (FAILED, "No")}
    bench.send("CHARGESTOP")
    bench.send("CHARGESTART")
    assert told == [False, True]


def test_a_conversation_with_the_demonstration_car():
    bench = Bench(car_class=Demo)
    state = bench.state
    for text, reply in (
        ("UNLOCK", "UNLOCK failed: PIN missing"),
        ("UNLOCK 0000", "UNLOCK failed: Wrong PIN"),
        ("UNLOCK 1234", "Vehicle unlock requested"),
    ):
        assert bench.send(text) == reply
    assert not state.is_locked
    assert bench.send("lock 1234") == "Vehicle lock requested"
    assert state.is_locked
    assert bench.send("VALET 1234") == "Valet mode requested"
    assert state.is_valet
    assert bench.send("UNVALET 1234") == "Valet mode cancel requested"
    assert not state.is_valet
    assert bench.send("HOMELINK 3") == "HOMELINK failed: Parameter out of range"
    assert bench.send("HOMELINK x") == "HOMELINK failed: Invalid syntax"
    assert bench.send("HOMELINK 0") == "Homelink activated"
    assert bench.send("CHARGESTOP") == (
        "CHARGESTOP failed: Cannot stop charge (charge not in progress)"
    )
    assert bench.send("CHARGEMODE RANGE 16") == "Charge mode change requested"
    assert (state.charge_mode, state.charge_limit_a) == (3, 16)
    assert bench.send("CHARGESTART") == "Charge start requested"
    assert state.is_charging
    assert bench.send("STAT").startswith("Range - Charging\n 230V/16A\n")
    assert bench.send("CHARGESTOP") == "Charge stop requested"
    assert not state.is_charging
    assert bench.send("COOLDOWN") == "Cooldown requested"
    assert state.is_cooling
