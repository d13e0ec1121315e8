"""Nonsense of a server, message by message and line by line: nothing of it stays in the heap."""

from host_tests.links.server_module import CompleteModule, play
from host_tests.shims.expect import heap_bytes

# Messages no app or server should send, and some that are only pointless.
WORDS = (
    "Z Zx Z-5 Z99999999999 Z1,2 Z0 f f3.0 T5 S80,K L \x00 q h h7 h-1 hx "
    "E ET ETabc EM EMC EMC!! EMCAAAA EMAxxxx C C, Cx C0 C-1 C65535 C99999999999 C2 C2, C2,99,1 "
    "C4,9 C7 C7,NOSUCH C40 C41 C49 C200,a,b a aa "
)
MESSAGES = WORDS.split() + ["a" * 700]
# Lines that end the connection.
LINES = (
    b"!!!!",
    b"QUJD",
    b"QUJDREVGR0hJSktMTU5P",
    b"MP-0 Z1",
    b"MP-S 0 x y",
    b"AP-X",
    b"\xff\x00\xfe",
    b"=",
    b"A" * 5000,
)
ROUNDS = 3
# Of a leak: less than one object for each message.
SLACK = 1000


async def settled(module, text):
    """Say one message and take what the car answers."""
    module.server.last.say(text)
    await module.time.advance(2)
    return module.server.last.take_lines()


def test_messages():
    module = CompleteModule()

    async def scenario(module):
        sizes = []
        for _ in range(ROUNDS):
            for text in MESSAGES:
                answers = [line for line in await settled(module, text) if line[0] == "c"]
                assert len(answers) == (text[0] == "C"), (text, answers)
            sizes.append(heap_bytes())
        assert module.count("server_logins") == 1
        assert sizes[-1] - sizes[1] < SLACK, sizes

    play(module, scenario)


def test_lines():
    module = CompleteModule()

    async def scenario(module):
        sizes = []
        for _ in range(ROUNDS):
            for line in LINES:
                # Long enough for a good connection, so that the next one comes soon.
                await module.time.advance(70)
                connection = module.server.last
                connection.say_raw(line + b"\r\n")
                await module.time.advance(25)
                assert connection.is_closed and module.status.is_server_connected, line
                # Not the module's.
                module.server.connections.remove(connection)
                module.server.attempts.clear()
            sizes.append(heap_bytes())
        assert module.count("protocol_errors") == ROUNDS * len(LINES)
        assert sizes[-1] - sizes[1] < SLACK, sizes

    play(module, scenario)
