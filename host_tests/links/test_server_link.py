"""The server link talks: dialogues, bursts, pings; against an independent server."""

from host_tests.links.server_module import TOKEN, CompleteModule, Module, play
from host_tests.shims import expect
from tools.simulated_board.fakes.v2_server import Connection, Server


def letters(lines):
    return "".join([line[0] for line in lines])


def test_dialogue_v12():
    """module-behaviour 11, V12: Z1, then a ping, then a command."""

    async def scenario(module):
        connection = module.server.last
        assert connection.welcome == (
            "MP-C 0 QWERTYuiopASDFGHjkl012 J9bzk2o79uPsOhWG/oID1A== TESTCAR"
        )
        assert module.server.attempts == [("ovms.example", 6867)]
        assert letters(connection.take_lines()) == "SDLWFV"
        connection.say("Z1")
        await module.time.advance(1)
        lines = connection.take_lines()
        assert letters(lines) == "SDLWFV"
        assert lines[0].startswith("S60.0,K,0,0.0,done,standard,")
        assert lines[5] == "VC1-7,C40-41,C49"
        assert module.status.peers == 1
        connection.say("AFA")
        await module.time.advance(1)
        assert connection.take_lines() == ["a"]
        connection.say("C7,STAT")
        await module.time.advance(2)
        assert connection.take_lines() == ["c7,0,Not charging\rSOC: 80%; 70 km"]

    play(CompleteModule(), scenario)


def test_dialogue_survives_any_split():
    async def scenario(module):
        connection = module.server.last
        connection.take_lines()
        connection.say("Z1", "AFA", "C99", "C7,STAT")
        await module.time.advance(10)
        lines = connection.take_lines()
        assert "a" in lines
        # Answers come before data, also before what of an update has not been sent yet.
        assert "SDLWFV" in letters(lines).replace("c", "")
        answers = [line for line in lines if line[0] == "c"]
        assert answers == ["c99,3", "c7,0,Not charging\rSOC: 80%; 70 km"]

    for piece in (1, 3, 7):
        play(CompleteModule(server=Server(piece=piece)), scenario)


def test_update_leaves_in_few_bursts():
    async def scenario(module):
        # Behind the welcome: as much of the full update in each write as fits.
        writes = module.server.last.writes[1:]
        assert len(writes) == 2
        assert max(writes) <= 512 < sum(writes)

    play(CompleteModule(), scenario)


def test_command_is_answered_within_half_a_second():
    async def scenario(module):
        connection = module.server.last
        connection.take_lines()
        connection.say("C1")
        for _ in range(2):
            module.time.now_ms += 250
            await module.time.settle()
        assert len(connection.take_lines()) == 16

    play(CompleteModule(), scenario)


def test_parked_hour_costs_little():
    async def scenario(module):
        connection = module.server.last
        module.state.parked_s = 1
        before = len(connection.writes)
        for _ in range(350):
            await module.time.advance(10, 2000)
            # The server answers the ping.
            if "A" in connection.take_lines():
                connection.say("a")
        sizes = connection.writes[before:]
        assert 15 <= len(sizes) <= 20
        assert sum(sizes) < 500
        assert module.count("server_reconnects") == 0

    play(CompleteModule(), scenario)


def test_login_and_end_reach_status_and_outbox():
    async def scenario(module):
        assert module.status.is_server_connected
        assert module.count("server_logins") == 1
        module.server.last.hang_up()
        await module.time.advance(4)
        assert not module.status.is_server_connected
        assert module.outbox.told == ["login", "Z0", "closed"]
        assert module.server.last.is_closed
        assert module.count("server_closes") == 1

    play(Module(), scenario)


def test_messages_are_reported_as_sent_after_they_left():
    async def scenario(module):
        connection = module.server.last
        connection.is_stuck = True
        module.outbox.waiting = [("S", b"1"), ("D", b"2")]
        await module.time.advance(3)
        assert "sent S" not in module.outbox.told
        connection.is_stuck = False
        await module.time.advance(1)
        assert connection.take_lines() == ["S1", "D2"]
        assert module.outbox.told[-2:] == ["sent S", "sent D"]

    play(Module(), scenario)


def test_messages_longer_than_the_burst():
    async def scenario(module):
        connection = module.server.last
        module.outbox.waiting = [("P", b"A" * 600), ("P", b"B" * 1500), ("P", b"C" * 300)]
        await module.time.advance(2)
        assert connection.take_lines() == ["P" + "A" * 600, "P" + "B" * 1500, "P" + "C" * 300]
        assert module.outbox.told[-3:] == ["sent P"] * 3

    play(Module(), scenario)


def test_silence_is_asked_about():
    async def scenario(module):
        connection = module.server.last
        await module.time.advance(195)
        assert connection.take_lines() == []
        await module.time.advance(10)
        assert connection.take_lines() == ["A"]
        connection.say("a")
        await module.time.advance(195)
        assert connection.take_lines() == []
        assert module.status.is_server_connected
        await module.time.advance(10)
        assert connection.take_lines() == ["A"]
        assert module.outbox.told == ["login", "Z0", "a"]

    play(Module(), scenario)


def test_fake_server_agrees_with_published_vectors():
    """The fake's own cipher, against module-behaviour 11 V4 and V5."""
    server = Server()
    server.greeting = ""
    connection = Connection(server, 1000)
    token = TOKEN.decode()

    async def whole():
        await connection.write(("MP-C 0 %s J9bzk2o79uPsOhWG/oID1A== TESTCAR\r\n" % token).encode())
        view = memoryview(bytearray(1000))
        n = await connection.readinto(view)
        welcome = b"MP-S 0 zyxwvutsrqponmlkjihgfe Rs+re4X4yGpsRb2AtNzIlg==\r\n"
        assert bytes(view[:n]) == welcome
        connection.say("Z1", "AFA", "C7,STAT")
        n = await connection.readinto(view)
        assert bytes(view[:n]) == b"jbmh+ZjU8g==\r\nXsEXmPgGazA=\r\n2qVPKpWAkEJ7VBYu\r\n"
        await connection.write(
            b"jbmh+Zjd+yO9cYToax1d85oMf5mw0w9GZDYIbPnlG10B2ZKSFdDc+WOMVqJb6MvM2XE97qKE1rmRc/jdcVUm"
            b"ZroNhZ8c7SRbue/J4wsp9Kn+IieAg3iGWKyQa+4T9fF70Vt0+JRk\r\n"
        )
        assert connection.lines == [
            "S80,K,0,0,done,standard,128,110,0,0,0,0,0,4,0,0,0,-1,0.00,-1,-1,0,0,-1,0,0,"
            "-1,-1,-1,0,0,0.0,0.0,0"
        ]

    expect.run(whole())
