"""TLS where the server offers it: tried first, remembered, never given up for clear text again."""

import asyncio

from host_tests.links.server_module import SETTINGS, Module, play
from host_tests.shims import expect
from ovms import status as ways
from ovms.config import Config
from ovms.parameters import FROM_CABLE, FROM_OWNER, FROM_PASSWORD, FROM_SERVER, SERVER, SERVER_TLS
from ovms.protocol.errors import RemoteProtocolError

PLAIN = (6867, False)
CHECKED = (6870, True)
UNCHECKED = (6870, ways.TLS_UNCHECKED)
REFUSED = OSError(111)
FOREIGN = ValueError("TLS: The server's certificate is not trusted.")
HOUR_S = 3600
WEEK_S = 7 * 86400


async def _for_ever():
    await asyncio.Event().wait()


class Silent:
    """A stream whose other side says nothing: no handshake ends."""

    async def write(self, data):
        await _for_ever()

    async def readinto(self, view):
        await _for_ever()

    async def close(self):
        pass


class WayModule(Module):
    """A module whose server answers at ports as the test says.

    at: {(port, TLS): what comes instead of a stream}: an exception, "silent" (nobody answers the
    call), "mute" (a stream on which nothing comes), "bug". asked: (port, TLS) of each call.
    ready: what the board says about TLS. has_network: else nobody is called.
    expected: what else a scenario has to know.
    """

    def __init__(self, ready=ways.WAY_NO_CA, settings=SETTINGS, at=None, expected=None):
        super().__init__(settings)
        self.at = at or {}
        self.expected = expected
        self.asked = []
        self.needed = []
        self.ready = ready
        self.has_network = True
        self.link.open_stream = self.open_stream
        self.link.tls_ready = self.tls_ready

    def tls_ready(self, is_needed):
        self.needed.append(is_needed)
        return self.ready

    async def open_stream(self, host, port, is_tls):
        self.asked.append((port, is_tls))
        if not self.has_network:
            raise OSError("The modem has no network.")
        self.status.is_dialled = True
        answer = self.at.get((port, is_tls))
        if answer == "silent":
            await _for_ever()
        elif answer == "mute":
            return Silent()
        elif answer is not None:
            raise answer
        return await self.server.open_stream(host, port)

    async def reconnect(self, seconds=12):
        """Log in anew; returns what was asked for it."""
        self.asked = []
        self.link.reconnect(0)
        await self.time.advance(seconds)
        return self.asked

    async def rest(self, seconds):
        """No connection for so long; returns what was asked for the next one."""
        self.link.is_resting = True
        await self.time.advance(3)
        await self.time.advance(seconds, seconds * 1000)
        self.asked = []
        self.link.is_resting = False
        await self.time.advance(12)
        return self.asked

    def is_on(self, way):
        return self.status.is_server_connected and self.status.server_way == way


def played(module, scenario):
    """`play`; returns the module."""
    play(module, scenario)
    return module


def test_tls_is_tried_first_and_remembered():
    async def scenario(module):
        assert module.asked == [UNCHECKED] and module.is_on(ways.WAY_NO_CA)
        assert module.config.get(SERVER_TLS) == "E ovms.example"
        # Over a restart: what is in flash.
        assert Config(module.config.store).get(SERVER_TLS) == "E ovms.example"
        # The same connection goes on.
        await module.time.advance(20)
        assert module.asked == [UNCHECKED] and module.needed == [False]

    module = played(WayModule(), scenario)
    assert module.count("server_tls_trials") == 0


def test_who_cuts_the_port_never_gets_clear_text():
    """Whatever it looks like, in this run and after a restart, for days."""
    for cut in (
        REFUSED,
        OSError(113),
        OSError("No connection by the modem: CONNECT FAIL"),
        OSError("The TLS handshake failed: 5."),
        OSError(12),
        RemoteProtocolError("wrong_digest"),
        FOREIGN,
        "silent",
        "mute",
    ):

        async def scenario(module):
            if module.status.is_server_connected:
                module.at[UNCHECKED] = module.expected
                module.server.last.hang_up()
            # A week and more, in which it is tried each time.
            for _ in range(10):
                assert set(await module.rest(86400)) == {UNCHECKED}
            assert not module.status.is_server_connected
            module.at = {}
            assert await module.rest(HOUR_S + 60) == [UNCHECKED]
            assert module.is_on(ways.WAY_NO_CA)

        module = played(WayModule(expected=cut), scenario)
        after = WayModule(at={UNCHECKED: cut})
        after.config.apply({SERVER_TLS: module.config.get(SERVER_TLS)})
        played(after, scenario)


def test_a_server_without_tls_costs_one_attempt():
    async def scenario(module):
        assert module.asked == [UNCHECKED, PLAIN] and module.is_on(ways.WAY_NOT_OFFERED)
        assert module.config.get(SERVER_TLS) == ""
        for _ in range(5):
            assert await module.reconnect() == [PLAIN]
        assert await module.rest(WEEK_S - 200) == [PLAIN]
        assert await module.rest(200) == [UNCHECKED, PLAIN]
        assert await module.reconnect() == [PLAIN]
        # By then it has learnt it.
        module.at = {}
        assert await module.rest(WEEK_S) == [UNCHECKED]
        assert module.is_on(ways.WAY_NO_CA)

    module = played(WayModule(at={UNCHECKED: REFUSED}), scenario)
    assert module.count("server_tls_trials") == 2


def test_a_firewall_that_is_silent_costs_seconds():
    for answer, seconds in (("silent", 15), ("mute", 30)):

        async def scenario(module):
            await module.time.advance(module.expected - 4)
            assert not module.status.is_server_connected
            await module.time.advance(4)
            assert module.asked == [UNCHECKED, PLAIN] and module.is_on(ways.WAY_NOT_OFFERED)
            assert await module.reconnect() == [PLAIN]

        play(WayModule(at={UNCHECKED: answer}, expected=seconds), scenario)


def test_time_for_the_network_is_no_time_of_the_trial():
    """A SIM800 attaches first, for minutes."""
    module = WayModule()
    plain = module.open_stream

    async def slow(host, port, is_tls):
        module.status.is_dialled = False
        await module.time.sleep_ms(120_000)
        return await plain(host, port, is_tls)

    module.link.open_stream = slow

    async def scenario(module):
        await module.time.advance(121)
        assert module.asked == [UNCHECKED] and module.is_on(ways.WAY_NO_CA)

    play(module, scenario)


def test_without_a_network_nothing_is_learnt():
    module = WayModule()
    module.has_network = False

    async def scenario(module):
        await module.time.advance(HOUR_S, 5000)
        assert set(module.asked) == {UNCHECKED}
        assert module.status.server_error == "The modem has no network."
        module.has_network = True
        await module.time.advance(250)
        assert module.is_on(ways.WAY_NO_CA)

    play(module, scenario)


def test_a_server_that_is_down_is_asked_for_tls_once_an_hour():
    async def scenario(module):
        await module.time.advance(6 * HOUR_S, 5000)
        trials = len([1 for port, _ in module.asked if port == 6870])
        assert 5 <= trials <= 7 and len(module.asked) > 80
        # It is back, so it is asked again with the next connection after the hour.
        module.at = {}
        await module.time.advance(300)
        assert module.status.is_server_connected
        await module.time.advance(HOUR_S, 5000)
        await module.reconnect()
        assert module.is_on(ways.WAY_NO_CA)

    play(WayModule(at={UNCHECKED: REFUSED, PLAIN: REFUSED}), scenario)


def test_what_may_be_the_network_is_tried_again_soon():
    """No way to the host, or no name: with the next attempt, not in an hour."""

    async def scenario(module):
        assert module.asked[:2] == [UNCHECKED, PLAIN]
        module.at = {}
        await module.time.advance(12)
        assert module.asked[2:] == [UNCHECKED] and module.is_on(ways.WAY_NO_CA)

    play(WayModule(at={UNCHECKED: OSError(-2), PLAIN: OSError(-2)}), scenario)


def test_a_checked_certificate_has_to_be_good_for_ever():
    async def scenario(module):
        assert module.asked == [CHECKED] and module.is_on(ways.WAY_CHECKED)
        assert module.config.get(SERVER_TLS) == "C ovms.example"
        # A relay with a certificate of its own, and the file of the CA taken away.
        module.at[CHECKED] = FOREIGN
        module.ready = ways.WAY_NO_CA
        module.asked = []
        module.server.last.hang_up()
        await module.time.advance(HOUR_S, 5000)
        for _ in range(10):
            assert set(await module.rest(86400)) == {CHECKED}
        assert set(module.asked) == {CHECKED} and not module.status.is_server_connected

    play(WayModule(ways.WAY_CHECKED), scenario)


def test_the_file_of_another_ca_does_not_lock_out():
    async def scenario(module):
        assert module.asked == [CHECKED, UNCHECKED] and module.is_on(ways.WAY_OTHER_CA)
        assert module.config.get(SERVER_TLS) == "E ovms.example"
        # Once a start is enough.
        assert await module.reconnect() == [UNCHECKED]

    play(WayModule(ways.WAY_CHECKED, at={CHECKED: FOREIGN}), scenario)

    # Neither certificate nor TLS: clear text, as by any other server.
    async def without(module):
        await module.time.advance(3)
        assert module.asked == [CHECKED, UNCHECKED, PLAIN]
        assert module.is_on(ways.WAY_NOT_OFFERED)

    play(WayModule(ways.WAY_CHECKED, at={CHECKED: FOREIGN, UNCHECKED: REFUSED}), without)


def test_a_check_that_becomes_possible_is_made():
    """With the date, or the file."""
    for ready in (ways.WAY_NO_DATE, ways.WAY_NO_CA):

        async def scenario(module):
            assert module.asked == [UNCHECKED] and module.is_on(module.expected)
            module.ready = ways.WAY_CHECKED
            assert await module.reconnect() == [CHECKED]
            assert module.is_on(ways.WAY_CHECKED)
            assert module.config.get(SERVER_TLS) == "C ovms.example"

        play(WayModule(ready, expected=ready), scenario)


def test_a_check_that_fails_for_the_network_is_no_reason_to_go_without():
    async def scenario(module):
        module.ready = ways.WAY_CHECKED
        module.at[CHECKED] = REFUSED
        assert set(await module.reconnect(60)) == {CHECKED}

    play(WayModule(), scenario)


def test_tls_takes_memory():
    # The board has none: nothing is tried.
    async def scenario(module):
        assert module.asked == [PLAIN] and module.is_on(ways.WAY_NO_MEMORY)
        # More of it later: with the next connection.
        module.ready = ways.WAY_NO_CA
        assert await module.reconnect() == [UNCHECKED]

    play(WayModule(ways.WAY_NO_MEMORY), scenario)

    # It runs out on the way.
    for error in (OSError(12), MemoryError()):

        async def out_of_it(module):
            assert module.asked == [UNCHECKED, PLAIN] and module.is_on(ways.WAY_NO_MEMORY)
            assert module.status.take_requests() & ways.REQUEST_ROOM
            assert await module.reconnect() == [PLAIN]
            assert module.is_on(ways.WAY_NO_MEMORY)

        play(WayModule(at={UNCHECKED: error}), out_of_it)

    # Where it has worked, memory is no reason for clear text, and what is there is tried with.
    async def needed(module):
        await module.reconnect(60)
        assert module.needed[1:] and set(module.needed[1:]) == {True}
        assert set(module.asked) == {UNCHECKED}
        assert module.status.server_error == "There is no memory for the connection."

    module = WayModule()

    async def learn(module):
        module.at[UNCHECKED] = OSError(12)
        await needed(module)

    play(module, learn)


def test_a_bug_is_no_answer_of_the_server():
    module = WayModule(at={UNCHECKED: TypeError("bug")})

    async def scenario():
        await module.start()
        await module.task

    assert expect.raises(TypeError, expect.run, scenario())
    assert module.asked == [UNCHECKED]


def test_what_the_owner_has_set_is_done():
    for text, way, asked in (
        ("a.b:6867", ways.WAY_AS_SET, (6867, False)),
        ("a.b:6870", ways.WAY_AS_SET, (6870, False)),
        ("tls://a.b", ways.WAY_CHECKED, CHECKED),
        ("tls://a.b:7001", ways.WAY_CHECKED, (7001, True)),
    ):

        async def scenario(module):
            way, asked = module.expected
            assert module.asked == [asked] and module.is_on(way)
            assert module.config.get(SERVER_TLS) == ("C a.b" if asked[1] else "")

        settings = dict(SETTINGS)
        settings[SERVER] = text
        play(WayModule(settings=settings, expected=(way, asked)), scenario)


def test_tls_that_was_asked_for_is_no_trial():
    async def scenario(module):
        await module.time.advance(HOUR_S, 5000)
        assert set(module.asked) == {CHECKED}

    settings = dict(SETTINGS)
    settings[SERVER] = "tls://ovms.example"
    play(WayModule(ways.WAY_CHECKED, settings, {CHECKED: FOREIGN}), scenario)


def test_another_server_is_another_question():
    async def scenario(module):
        assert module.is_on(ways.WAY_NOT_OFFERED)
        module.asked = []
        module.at = {}
        module.config.apply({SERVER: "other.example"}, True, FROM_OWNER)
        await module.time.advance(20)
        assert module.asked == [UNCHECKED]
        assert module.config.get(SERVER_TLS) == "E other.example"

    play(WayModule(at={UNCHECKED: REFUSED}), scenario)


CLEAR = "This server has spoken TLS: only the owner may have it spoken to in clear."


def test_only_the_owner_allows_clear_text():
    async def scenario(module):
        config = module.config
        for text in ("ovms.example:6867", "OVMS.example:1"):
            error = expect.raises(ValueError, config.apply, {SERVER: text}, True, FROM_SERVER)
            assert error.args == (CLEAR,)
        # To another server and back the same holds.
        config.apply({SERVER: "other.example:6867"}, True, FROM_SERVER)
        error = expect.raises(
            ValueError, config.apply, {SERVER: "ovms.example:6867"}, True, FROM_SERVER
        )
        assert error.args == (CLEAR,)
        config.apply({SERVER: "OVMS.example"}, True, FROM_SERVER)
        assert config.get(SERVER_TLS) == "E ovms.example"
        module.at[UNCHECKED] = REFUSED
        assert set(await module.reconnect(60)) == {UNCHECKED}
        config.apply({SERVER: "ovms.example:6867"}, True, FROM_OWNER)
        await module.time.advance(12)
        assert module.is_on(ways.WAY_AS_SET) and config.get(SERVER_TLS) == ""

    play(WayModule(), scenario)
    for origin in (FROM_CABLE, FROM_PASSWORD):
        module = WayModule()
        module.config.apply({SERVER_TLS: "C ovms.example"})
        # The same once more is no other.
        module.config.apply({SERVER: "ovms.example"}, True, origin)
        assert module.config.get(SERVER_TLS) == "C ovms.example"
        module.config.apply({SERVER: "other.example"}, True, origin)
        assert module.config.get(SERVER_TLS) == ""


def test_a_login_that_is_refused_inside_tls_teaches_nothing_for_good():
    """Who has not shown the server password is not the server."""

    async def scenario(module):
        assert module.asked[:2] == [UNCHECKED, PLAIN]
        assert module.config.get(SERVER_TLS) == ""

    module = WayModule()
    module.server.proof_password = b"other"
    play(module, scenario)
