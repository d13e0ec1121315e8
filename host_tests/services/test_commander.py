"""Commands of the apps and their answers (protocol guide 2.6.2, module-behaviour 4.9)."""

import asyncio

from host_tests.services.commander_bench import Module, answers, settle
from host_tests.shims import expect
from ovms import status as requests
from ovms.vehicle.demo.car import Demo
from ovms.vehicle.state import VehicleState


def test_nothing_is_said_unasked():
    assert answers() == []


def test_features_are_a_complete_list():
    module = Module()
    module.config.set_feature(15, 1)
    module.config.set_feature(13, "98.5")
    module.config.set_feature(0, -5)
    rows = expect.run(module.talk("1"))
    assert len(rows) == 16
    assert rows[0] == "c1,0,0,16,-5"
    assert rows[9] == "c1,0,9,16,0"
    assert rows[13] == "c1,0,13,16,98"
    assert rows[15] == "c1,0,15,16,1"


def test_parameters_are_a_complete_list_without_secrets():
    module = Module()
    module.config.apply({1: "SECRET1", 3: "SMS,IP", 7: "SECRET7", 8: "CAR", 9: "SECRET9"})
    rows = expect.run(module.talk("3"))
    assert len(rows) == 32
    assert rows[0] == "c3,0,0,32,NOPHONE"
    assert rows[1] == "c3,0,1,32,****"
    assert rows[3] == "c3,0,3,32,SMS;IP"
    assert rows[7] == "c3,0,7,32,****"
    assert rows[9] == "c3,0,9,32,****"
    assert rows[31] == "c3,0,31,32,"
    assert "SECRET" not in "".join(rows)


def test_secret_that_is_not_set_is_not_masked():
    assert expect.run(Module().talk("3"))[9] == "c3,0,9,32,"


def test_list_is_of_one_moment():
    module = Module()

    async def scenario():
        task = asyncio.create_task(module.commander.run())
        module.commander.accept(b"1")
        await settle()
        first = module.commander.poll()
        module.config.set_feature(1, 42)
        second = module.commander.poll()
        task.cancel()
        return first[1], second[1]

    assert expect.run(scenario()) == (b"1,0,0,16,0", b"1,0,1,16,0")


def test_set_feature():
    module = Module()
    assert expect.run(module.talk("2,9,25")) == ["c2,0"]
    assert module.config.feature(9) == 25
    assert module.status.take_requests() == 0
    assert expect.run(module.talk("2,15,1")) == ["c2,0"]
    assert module.status.take_requests() == requests.REQUEST_VEHICLE_RESTART


def test_set_feature_refuses():
    for command, answer in (
        ("2,16,1", "c2,1,Parameter out of range"),
        ("2,-1,1", "c2,1,Parameter out of range"),
        ("2", "c2,1,Invalid syntax"),
        ("2,9", "c2,1,Invalid syntax"),
        ("2,x,1", "c2,1,Invalid syntax"),
    ):
        assert answers(command) == [answer]
    reply = answers("2,9,lots")[0]
    assert reply.startswith("c2,1,") and len(reply) > 10


def test_set_parameter():
    module = Module()
    assert expect.run(module.talk("4,2,M", "4,3,SMS,IP")) == ["c4,0", "c4,0"]
    assert (module.config.get(2), module.config.get(3)) == ("M", "SMS,IP")
    assert module.status.take_requests() == 0
    expect.run(module.talk("4,14,RT"))
    assert module.status.take_requests() == requests.REQUEST_VEHICLE_RESTART
    expect.run(module.talk("4,10,P"))
    assert module.status.take_requests() == requests.REQUEST_RECONNECT


def test_the_settings_of_a_server_wait_for_each_other():
    for command in ("4,8,MYCAR", "4,4,other.example", "4,9,NEW", "4, 9 , NEW "):
        module = Module()
        assert expect.run(module.talk(command)) == ["c4,0"]
        assert module.status.take_requests() == requests.REQUEST_MOVE


def test_who_cuts_himself_off_is_told():
    for command in ("4,3,SMS", "4,3,-", "4,3,", "4,4,-", "4,8,", "4,9,-", "4,5,-"):
        module = Module()
        module.config.apply({3: "IP", 4: "a.example", 5: "apn", 8: "CAR", 9: "PW"})
        reply = expect.run(module.talk(command))[0]
        assert reply.startswith("c4,0,Without ") and reply.endswith("."), command
        assert reply.count(",") == 2
    for command in ("4,3,SMSIP", "4,4,b.example", "4,5,web", "4,2,M", "4,22,-"):
        assert answers(command) == ["c4,0"], command


def test_minus_is_empty_as_in_sms():
    module = Module()
    module.config.apply({5: "apn", 11: "GROUP", 23: "02:00"})
    expect.run(module.talk("4,5,-", "4,11, -", "4,23,-"))
    assert [module.config.get(n) for n in (5, 11, 23)] == ["", "", ""]
    assert answers("4,1,-", "4,0,-") == ["c4,1,Parameter out of range"] * 2


def test_a_mask_is_no_value():
    """An app offers what it was shown, `3,9,32,****`, for saving."""
    module = Module()
    module.config.apply({1: "SECRET1", 7: "SECRET7", 9: "SECRET9"})
    revision = module.config.revision
    for command in ("4,9,****", "4,1, **** ", "4,7,****", "4,8,x****", "4,9,******", "4,11,****"):
        reply = expect.run(module.talk(command))[0]
        assert reply.startswith("c4,1,**** only stands for a password"), command
    assert module.config.revision == revision and not module.status.take_requests()
    assert expect.run(module.talk("4,9,a***b")) == ["c4,0"]


def test_what_is_behind_the_arguments_is_ignored():
    module = Module()
    asked = ("2,9,20,30", " 2 , 10 , 40 ,x", "2,11,7,", "1,x", "4, 12,A;B", "5,now")
    said = expect.run(module.talk(*asked))
    assert said[:3] == ["c2,0"] * 3 and said[3] == "c1,0,0,16,0" and said[-2:] == ["c4,0", "c5,0"]
    assert [module.config.feature(n) for n in (9, 10, 11)] == [20, 40, 7]
    assert module.config.get(12) == "A;B"
    module = Module()
    asked = ("20,1234,x", "10, 0", "16, 3 ,16,9", "12,7", "203,1", "204, 55 , 80,0,0")
    expect.run(module.talk(*asked))
    assert module.car.calls == [
        (20, "1234"),
        (10, "0"),
        (16, "3,16"),
        (12, ""),
        (203, "1"),
        (204, "55,80,0,0"),
    ]


def test_set_parameter_refuses():
    for command, answer in (
        ("4,24,1", "c4,1,Parameter out of range"),
        ("4,0,", "c4,1,Parameter out of range"),
        ("4,1,", "c4,1,Parameter out of range"),
        ("4,99999999999,1", "c4,1,Invalid syntax"),
        ("4,8", "c4,1,Invalid syntax"),
    ):
        module = Module()
        assert expect.run(module.talk(command)) == [answer]
        assert module.config.revision == 0


def test_reboot_comes_after_its_answer_has_left():
    module = Module()

    async def scenario():
        task = asyncio.create_task(module.commander.run())
        module.commander.accept(b"5")
        await settle()
        assert module.status.take_requests() == 0
        assert module.commander.poll() == ("c", b"5,0")
        await settle()
        assert module.status.take_requests() == 0
        module.commander.on_sent()
        task.cancel()

    expect.run(scenario())
    assert module.status.take_requests() == requests.REQUEST_REBOOT


def test_full_flash_is_told_in_words():
    module = Module()

    def full(data):
        raise OSError(28)

    module.config.store.save = full
    assert expect.run(module.talk("2,9,33")) == ["c2,1,The settings could not be stored."]
    assert module.config.feature(9) == 0


def test_charge_alert_answers_and_then_pushes():
    module = Module()
    assert expect.run(module.talk("6")) == ["c6,0", "PANot charging\rSOC: 80%, ok"]
    assert module.sms.calls == ["STAT"]
    module.car.stat_text = lambda: "Charging\rFull: 84 min."
    assert expect.run(module.talk("6")) == ["c6,0", "PACharging\rFull: 84 min."]
    module.config.set_feature(14, 8)
    asked = len(module.sms.calls)
    assert expect.run(module.talk("6")) == ["c6,1,Alerts are suppressed by feature 14."]
    assert len(module.sms.calls) == asked
    module.config.set_feature(14, 0xF7 - 256)
    assert expect.run(module.talk("6"))[0] == "c6,0"


def test_sms_command_gives_its_whole_output():
    module = Module()
    assert expect.run(module.talk("7,MODULE?")) == ["c7,0,Module:\r VehicleID:A;B\r Units:K"]
    assert expect.run(module.talk("7,RESET")) == ["c7,0"]
    assert expect.run(module.talk("7,AP x")) == ["c7,1,Permission denied; really"]
    assert expect.run(module.talk("7,NONSENSE 1,2")) == ["c7,1"]
    assert module.sms.calls == ["MODULE?", "RESET", "AP x", "NONSENSE 1,2"]


def test_car_commands():
    module = Module()
    assert expect.run(module.talk("12")) == [
        "c12,1,Cannot stop charge (charge not in progress)",
    ]
    assert expect.run(module.talk("201")) == ["c201,0,80,4"]
    assert expect.run(module.talk("20,1234")) == ["c20,2"]
    assert expect.run(module.talk("26,1")) == ["c26,2"]
    assert module.car.calls == [(12, ""), (201, ""), (20, "1234"), (26, "1")]


def test_a_car_may_push_a_text_behind_its_answer():
    assert answers("205", "201") == ["c205,0", "PAVolts: OK\rTemps: OK, too", "c201,0,80,4"]


def test_car_command_with_an_alert_behind_its_answer():
    assert answers("206", "20") == ["c206,0", "PABattery OK, 52V", "c20,2"]


def test_what_home_assistant_sends_to_the_demonstration_car():
    """The forms of server-and-clients 4.4. No PIN: only where feature 10 allows it."""
    module = Module()
    state = VehicleState()
    module.commander.car = Demo(state, module.config)

    def ask(command):
        return expect.run(module.talk(command))

    state.is_locked = False
    for command in ("20", "21", "22", "23"):
        assert ask(command) == ["c%s,1,PIN missing" % command]
    assert not (state.is_locked or state.is_valet)
    module.config.set_feature(10, 2)
    assert ask("20") == ["c20,0"] and state.is_locked
    assert ask("21") == ["c21,0"] and state.is_valet
    assert ask("22") == ["c22,0"] and not state.is_locked
    assert ask("23") == ["c23,0"] and not state.is_valet
    mode = state.charge_mode
    assert ask("16,50") == ["c16,0"] and state.soc_limit_pct == 50
    assert ask("16,100") == ["c16,0"] and state.soc_limit_pct == 100
    assert ask("16,49") == ["c16,1,Invalid syntax"] and state.soc_limit_pct == 100
    # With a current behind it the same command is the guide's.
    assert ask("16,3,10") == ["c16,0"]
    assert (state.charge_mode, state.charge_limit_a, state.soc_limit_pct) == (3, 10, 100)
    assert mode != 3
    assert ask("17,1,23,30") == ["c17,0"]
    assert (state.timer_mode, state.timer_start_min) == (1, 23 * 60 + 29)
    assert ask("17,1,0,0") == ["c17,0"] and state.timer_start_min == 1439
    assert ask("17,0") == ["c17,0"] and state.timer_mode == 0
    for command in ("15,16", "18", "19,2", "24,0", "24,1", "24,2", "25", "26,1", "2,8,60"):
        assert ask(command) == ["c%s,0" % command.split(",")[0]], command
    assert state.is_cooling and state.is_hvac_on and state.is_awake


def test_unknown_commands():
    asked = ("8", "9", "27", "42", "50", "199", "202", "65535", "", "x", "-1", "\xff,1")
    said = ["c8,3", "c9,3", "c27,3", "c42,3", "c50,3", "c199,3", "c202,3", "c65535,3"]
    said += ["c0,3", "c0,3", "c-1,3", "c0,3"]
    for command, answer in zip(asked, said):
        assert answers(command) == [answer], command


def test_bytes_that_are_no_text():
    module = Module()

    async def scenario():
        task = asyncio.create_task(module.commander.run())
        module.commander.accept(b"7,\xff\xfe")
        await settle()
        task.cancel()
        return module.drain()

    assert expect.run(scenario()) == ["c7,1,Invalid syntax"]


def test_bytes_that_are_no_text_do_not_shorten_a_list():
    module = Module()

    async def scenario():
        task = asyncio.create_task(module.commander.run())
        for command in (b"4,8,\xc3", b" 2 ,\xff", b"1,\xff\xfe", b"\xff4,8,x"):
            module.commander.accept(command)
        sent = []
        for _ in range(60):
            await asyncio.sleep_ms(0)
            sent += module.drain()
        task.cancel()
        return sent

    sent = expect.run(scenario())
    assert sent[:2] == ["c4,1,Invalid syntax", "c2,1,Invalid syntax"]
    assert len(sent) == 19 and sent[2] == "c1,0,0,16,0" and sent[18] == "c0,3"


def test_answers_keep_the_order():
    asked = ("2,9,1", "20,1", "7,STAT", "1", "12", "99")
    said = answers(*asked)
    assert said[:3] == ["c2,0", "c20,2", "c7,0,Not charging\rSOC: 80%; ok"]
    assert said[3:19] == ["c1,0,%d,16,%d" % (n, n == 9) for n in range(16)]
    assert said[19:] == ["c12,1,Cannot stop charge (charge not in progress)", "c99,3"]


def test_slow_command_holds_the_others_back():
    module = Module()

    async def scenario():
        task = asyncio.create_task(module.commander.run())
        for command in (b"11", b"99"):
            module.commander.accept(command)
        await settle()
        assert module.drain() == []
        module.car.go.set()
        sent = []
        for _ in range(10):
            await settle()
            sent += module.drain()
        task.cancel()
        return sent

    assert expect.run(scenario()) == ["c11,0", "c99,3"]


def test_full_queue_refuses_in_its_turn_and_still_lists():
    module = Module()

    async def scenario():
        task = asyncio.create_task(module.commander.run())
        module.commander.accept(b"11")
        await settle()
        for n in range(12):
            module.commander.accept(b"4,8,%0125d" % n)
        module.commander.accept(b"1")
        module.car.go.set()
        sent = []
        for _ in range(60):
            await asyncio.sleep_ms(0)
            sent += module.drain()
        task.cancel()
        return sent

    sent = expect.run(scenario())
    assert sent[0] == "c11,0"
    assert sent[1:9] == ["c4,1,Parameter 8 is too long."] * 8
    assert sent[9:13] == ["c4,1,Too many commands"] * 4
    assert sent[13] == "c1,0,0,16,0" and len(sent) == 29
    assert module.status.counts["commands_refused"] == 4


def test_short_commands_all_have_their_turn():
    """As an app sends them that was typed into while the connection hung."""
    sent = expect.run(Module().talk(*["2,9,%d" % n for n in range(40)]))
    assert sent == ["c2,0"] * 40


def test_flood_asks_for_a_new_connection():
    module = Module()
    for _ in range(40):
        module.commander.accept(b"2,9,1")
    assert module.status.take_requests() == 0
    module.commander.accept(b"2,9,1")
    assert module.status.take_requests() == requests.REQUEST_RECONNECT
    assert module.status.counts["commands_lost"] == 1


def test_answers_do_not_outlive_their_connection():
    """A `c` before the first `C` of a connection makes the server deaf."""
    module = Module()

    async def scenario():
        task = asyncio.create_task(module.commander.run())
        module.commander.accept(b"11")
        module.commander.accept(b"99")
        await settle()
        module.commander.on_closed()
        module.car.go.set()
        await settle()
        assert module.drain() == []
        # Half a list was taken when the line broke.
        module.commander.accept(b"1")
        await settle()
        assert module.commander.poll() and module.commander.poll()
        module.commander.on_closed()
        await settle()
        assert module.drain() == []
        module.commander.accept(b"98")
        await settle()
        assert module.drain() == ["c98,3"]
        task.cancel()

    expect.run(scenario())


def test_bug_in_a_car_is_answered_and_comes_out():
    module = Module()

    async def scenario():
        module.commander.accept(b"210")
        try:
            await module.commander.run()
        except KeyError:
            return module.drain()
        raise AssertionError("the bug was swallowed")

    assert expect.run(scenario()) == ["c210,1,Internal error"]
    # Started again it goes on.
    assert expect.run(module.talk("99")) == ["c99,3"]


def test_console_may_execute_without_a_server():
    module = Module()
    assert expect.run(module.commander.execute(2, "15,1")) == ["c2,0"]
    assert module.status.take_requests() == requests.REQUEST_VEHICLE_RESTART
    assert expect.run(module.commander.execute(6, ""))[1].startswith("PANot charging")
    assert len(expect.run(module.commander.execute(3, ""))) == 32
    assert expect.run(module.commander.execute(99, "")) == ["c99,3"]
    # Nothing of it goes to the server.
    assert module.drain() == []


def test_who_would_report_the_end_of_a_charge_hears_of_the_request():
    module = Module()
    told = []
    module.commander.on_charge_request = told.append
    expect.run(module.talk("12"))
    assert told == []
    module.car.state.is_charging = True
    assert expect.run(module.talk("12")) == ["c12,0"]
    assert told == [False]
    module.car.go.set()
    assert expect.run(module.talk("11")) == ["c11,0"]
    assert told == [False, True]
