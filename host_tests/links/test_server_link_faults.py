"""The server link in trouble: settings, retries, limits, broken peers, its own end."""

import asyncio

from host_tests.links.server_module import SETTINGS, Module, play
from host_tests.shims import expect
from ovms.parameters import SERVER, SERVER_PASSWORD, VEHICLE_ID


def test_waits_for_its_settings():
    module = Module(settings={SERVER: "ovms.example"})

    async def scenario(module):
        await module.time.advance(100)
        assert module.server.attempts == []
        module.config.set(VEHICLE_ID, "TESTCAR")
        await module.time.advance(5)
        assert module.server.attempts == []
        module.config.set(SERVER_PASSWORD, "NETPASS")
        await module.time.advance(5)
        assert module.status.is_server_connected
        assert module.outbox.told == ["login", "Z0"]

    play(module, scenario)


def test_retries_double_and_settle():
    module = Module()
    module.server.refusals = 99

    async def scenario(module):
        times = []
        while len(times) < 9:
            seen = len(module.server.attempts)
            await module.time.advance(1)
            if len(module.server.attempts) > seen:
                times.append(module.time.uptime_s())
        waits = [later - earlier for earlier, later in zip(times, times[1:])]
        # Each is the delay and up to 2 s to notice.
        for wait, delay in zip(waits, (10, 20, 40, 80, 160, 240, 240, 240)):
            assert delay <= wait <= delay + 3, waits
        assert module.count("server_io_errors") == module.count("server_reconnects")

    play(module, scenario)


def test_jitter_only_shortens():
    module = Module()
    module.link.urandom = lambda n: b"\xff" * n
    module.server.refusals = 99

    async def scenario(module):
        module.link.failures = 6
        await module.time.advance(600)
        # 240 s less a quarter.
        assert len(module.server.attempts) in (4, 5)

    play(module, scenario)


def test_back_within_five_minutes_after_a_long_outage():
    module = Module()
    module.server.refusals = 40

    async def scenario(module):
        await module.time.advance(7200, 2000)
        module.server.refusals = 0
        await module.time.advance(300)
        assert module.status.is_server_connected

    play(module, scenario)


def test_server_that_lets_us_in_and_hangs_up():
    """Be it a restart of the server now and then, or another module with our vehicle id."""

    async def scenario(module):
        for wait in (5, 10, 20, 40, 40, 40):
            module.server.last.hang_up()
            logins = module.count("server_logins")
            await module.time.advance(wait - 2)
            assert module.count("server_logins") == logins
            await module.time.advance(6)
            assert module.count("server_logins") == logins + 1

    play(Module(), scenario)


def test_long_connection_makes_the_next_retry_quick():
    """Also one on which the server, with nobody asking for the car, had nothing to say."""

    async def scenario(module):
        for _ in range(4):
            module.server.last.hang_up()
            module.server.refusals = 0
            await module.time.advance(100)
            assert module.status.is_server_connected
        module.server.last.hang_up()
        await module.time.advance(8)
        assert module.count("server_logins") == 6

    play(Module(), scenario)


def test_network_that_comes_back_is_used_soon():
    module = Module()
    open_stream = module.link.open_stream
    module.status.is_registered = False

    async def no_network(*address):
        raise OSError("The modem has no network.")

    async def scenario(module):
        module.server.last.hang_up()
        module.link.open_stream = no_network
        await module.time.advance(600, 1000)
        module.link.open_stream = open_stream
        await module.time.advance(23)
        assert module.status.is_server_connected

    play(module, scenario)


def test_connection_lost_during_a_login_is_no_refusal_yet():
    async def scenario(module):
        module.server.last.hang_up()
        module.server.is_mute = True
        await module.time.advance(8)
        assert len(module.server.attempts) == 2
        for wait, attempts in ((14, 3), (100, 3), (30, 4)):
            module.server.last.hang_up()
            await module.time.advance(wait)
            assert len(module.server.attempts) == attempts

    play(Module(), scenario)


def test_bad_credentials_are_tried_slowly():
    module = Module(settings={SERVER: "a.b", VEHICLE_ID: "TESTCAR", SERVER_PASSWORD: "WRONG"})

    async def scenario(module):
        assert module.count("bad_credentials") == 1
        assert module.status.server_error == (
            "The server refuses the login: check vehicle id and server password."
        )
        await module.time.advance(100)
        assert len(module.server.attempts) == 1
        await module.time.advance(30)
        assert len(module.server.attempts) == 2
        await module.time.advance(24 * 3600, 10000)
        assert 25 <= len(module.server.attempts) <= 30
        # The right password counts at once.
        module.config.set(SERVER_PASSWORD, "NETPASS")
        await module.time.advance(3)
        assert module.status.is_server_connected

    play(module, scenario)


def test_server_that_does_not_know_the_password():
    module = Module()
    module.server.proof_password = b"SOMETHING"

    async def scenario(module):
        assert not module.status.is_server_connected
        assert module.count("protocol_errors") == 1
        assert module.count("server_wrong_digest") == 1
        assert module.status.server_error == (
            "The server's answer does not fit our server password."
        )
        assert module.server.last.is_closed
        assert module.outbox.told == []
        await module.time.advance(100)
        assert len(module.server.attempts) == 1

    play(module, scenario)


class BlankVehicleID:
    """Settings as they may have been stored before blanks were refused."""

    revision = 0

    def get(self, n):
        return "TWO WORDS" if n == VEHICLE_ID else SETTINGS.get(n, "")


def test_vehicle_id_that_makes_no_welcome():
    module = Module()
    module.link.config = BlankVehicleID()

    async def scenario(module):
        assert module.count("bad_credentials") == 1
        assert module.server.last.is_closed
        assert not module.status.is_server_connected

    play(module, scenario)


def test_mute_server_times_out():
    module = Module()
    module.server.is_mute = True

    async def scenario(module):
        await module.time.advance(44)
        assert module.count("server_login_timeouts") == 1
        assert module.status.server_error == ("The server does not answer the login.")
        assert module.server.last.is_closed
        module.server.is_mute = False
        await module.time.advance(10)
        assert module.status.is_server_connected

    play(module, scenario)


def test_connect_that_hangs_times_out():
    module = Module()
    plain = module.server.open_stream

    async def hanging(*address):
        module.link.open_stream = plain
        while True:
            await asyncio.sleep_ms(0)

    module.link.open_stream = hanging

    async def scenario(module):
        await module.time.advance(160)
        assert module.count("server_open_timeouts") == 1
        assert module.status.server_error == (
            "The server cannot be reached: no answer to the connection."
        )
        assert module.status.is_server_connected

    play(module, scenario)


def test_dead_line_is_left_within_five_minutes():
    async def scenario(module):
        first = module.server.last
        await module.time.advance(237)
        assert module.server.last is first
        await module.time.advance(20)
        assert module.server.last is not first
        assert first.is_closed
        assert first.take_lines() == ["A"]
        assert module.count("server_silences") == 1
        assert module.status.is_server_connected

    play(Module(), scenario)


def test_write_that_hangs_is_noticed():
    async def scenario(module):
        first = module.server.last
        first.is_stuck = True
        module.outbox.waiting = [("S", b"1")]
        await module.time.advance(70)
        assert module.server.last is first
        await module.time.advance(20)
        assert module.count("server_write_timeouts") == 1
        assert first.is_closed
        assert module.server.last is not first
        assert module.status.is_server_connected
        assert "sent S" not in module.outbox.told

    play(Module(), scenario)


def test_broken_stream():
    async def scenario(module):
        for _ in range(3):
            module.server.last.fail(OSError("ECONNRESET"))
            await module.time.advance(200, 2000)
            assert module.status.is_server_connected
        assert module.count("server_io_errors") == 3
        assert module.outbox.told == ["login", "Z0"] + ["closed", "login", "Z0"] * 3

    play(Module(), scenario)


def test_garbage_ends_the_connection():
    async def scenario(module):
        garbage = (b"!!!\r\n", b"AAAA\r\n", b"x" * 3000)
        for number in range(len(garbage)):
            connection = module.server.last
            connection.say_raw(garbage[number])
            await module.time.advance(25)
            assert connection.is_closed
            assert module.count("protocol_errors") == number + 1
            assert module.count("server_logins") == number + 2
            assert module.status.is_server_connected
        assert module.count("server_line_too_long") == 1

    play(Module(), scenario)


def test_changed_server_is_taken_after_a_grace():
    async def scenario(module):
        first = module.server.last
        module.config.set_feature(9, 20)
        await module.time.advance(10)
        assert module.server.last is first
        module.config.set(SERVER, "other.example")
        await module.time.advance(3)
        assert not first.is_closed
        await module.time.advance(7)
        assert first.is_closed
        assert module.server.attempts[-1] == ("other.example", 6867)
        assert module.status.is_server_connected
        module.config.set(SERVER, "")
        await module.time.advance(100)
        assert not module.status.is_server_connected
        assert len(module.server.attempts) == 2

    play(Module(), scenario)


def test_change_that_is_taken_back_changes_nothing():
    async def scenario(module):
        first = module.server.last
        module.config.set(SERVER, "other.example")
        await module.time.advance(2)
        module.config.set(SERVER, "ovms.example")
        await module.time.advance(20)
        assert not first.is_closed

    play(Module(), scenario)


def test_reconnect_on_request():
    async def scenario(module):
        first = module.server.last
        module.link.reconnect()
        await module.time.advance(3)
        # What was asked for may be answered yet.
        assert not first.is_closed
        await module.time.advance(6)
        assert first.is_closed
        assert module.count("server_logins") == 2
        module.server.refusals = 99
        module.server.last.hang_up()
        await module.time.advance(600)
        module.server.refusals = 0
        module.link.reconnect()
        await module.time.advance(3)
        assert module.status.is_server_connected

    play(Module(), scenario)


def test_cancelled_link_closes_cleanly():
    module = Module()

    async def whole():
        await module.start()
        connection = module.server.last
        await module.stop()
        assert connection.is_closed
        assert not module.status.is_server_connected
        assert module.outbox.told == ["login", "Z0", "closed"]

    expect.run(whole())


def test_close_that_fails_is_counted():
    async def scenario(module):
        async def close():
            raise OSError("gone")

        module.server.last.close = close
        module.server.last.hang_up()
        await module.time.advance(10)
        assert module.count("server_close_failures") == 1
        assert module.status.is_server_connected

    play(Module(), scenario)


def test_bug_comes_out():
    module = Module()

    def on_message(code, payload):
        raise KeyError("a bug")

    module.outbox.on_message = on_message

    async def caught():
        try:
            await module.link.run()
        except KeyError:
            return "bug"

    async def whole():
        task = asyncio.create_task(caught())
        await module.time.settle()
        await module.time.advance(3)
        assert module.server.last.is_closed
        assert await task == "bug"

    expect.run(whole())
