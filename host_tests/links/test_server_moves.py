"""The server link when its settings change."""

from host_tests.links.server_module import CompleteModule, Module, play
from ovms import status as requests
from ovms.parameters import SERVER


def test_a_new_server_may_be_set_setting_by_setting():
    """Commands 4,4, 4,8 and 4,9 from an app, each a while after the one before."""
    module = CompleteModule()

    async def scenario(module):
        first = module.server.last
        for command in ("C4,4,other.example", "C4,8,NEWCAR", "C2,9,30", "C4,9,NEWPASS", "C4,8,X"):
            first.say(command)
            await module.time.advance(2)
            wanted = module.status.take_requests()
            assert not wanted & requests.REQUEST_RECONNECT
            if wanted & requests.REQUEST_MOVE:
                module.link.reconnect(60)
            # The second of them, set alone, would have locked the module out.
            await module.time.advance(4 if command[1] == "2" else 50)
            assert not first.is_closed
            assert first.take_lines()[-1] == "c" + command[1] + ",0"
        await module.time.advance(8)
        assert not first.is_closed
        await module.time.advance(8)
        assert first.is_closed
        assert module.server.attempts[-1] == ("other.example", 6867)

    play(module, scenario)


def test_a_reconnect_does_not_wait_for_more_settings():
    async def scenario(module):
        first = module.server.last
        module.config.set(SERVER, "other.example")
        module.link.reconnect(60)
        await module.time.advance(20)
        assert not first.is_closed
        module.link.reconnect()
        await module.time.advance(7)
        assert first.is_closed and module.server.attempts[-1] == ("other.example", 6867)
        # Nor does a connection that breaks.
        module.config.set(SERVER, "third.example")
        module.link.reconnect(60)
        await module.time.advance(3)
        module.server.last.hang_up()
        await module.time.advance(9)
        assert module.server.attempts[-1] == ("third.example", 6867)

    play(Module(), scenario)


def test_answers_leave_before_a_change_counts():
    async def scenario(module):
        first = module.server.last
        module.outbox.is_answering = lambda: True
        module.link.reconnect()
        await module.time.advance(9)
        assert not first.is_closed
        module.outbox.is_answering = lambda: False
        await module.time.advance(2)
        assert first.is_closed
        # But not for ever.
        module.outbox.is_answering = lambda: True
        module.link.reconnect()
        await module.time.advance(18)
        assert module.count("server_logins") == 3

    play(Module(), scenario)
