"""10,000 random SMS and 10,000 random UART streams, here and on the 32-bit VM, from a known seed.

What must hold stands in `host_tests/fuzz`: no exception, no byte to the modem that is none of the
driver's, nothing for strangers but what the rule gives them, a driver that comes back. On the VM
the heap must stay as it is. CPython only; it starts the VM, which works while this process does.
"""

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from host_tests.fuzz import decode_run, jumping_time, looks, sms_run, stream_run
from host_tests.fuzz.peer import known_commands
from host_tests.fuzz.programs import Programs
from host_tests.fuzz.rng import Rng
from host_tests.fuzz.seed import current
from host_tests.fuzz.sms import COMMANDS, Message, random_message
from host_tests.services.sms_bench import OWNER, PASSWORD

SEED = current()
COUNT = 10_000
# So many of them are compared between the runtimes.
COMPARED = 1000
KNOWN = known_commands()
# Messages of one hypothesis example, and tests that share the work: none may be slow.
_MESSAGES = 20
_CHUNKS = 10


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Look less often."""
    patch = pytest.MonkeyPatch()
    looks.patch(patch)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The same on the VM, at the same time."""
    runs = [(kind, SEED, COUNT) for kind in ("sms", "streams", "gps", "can")]
    runs.append(("sms", SEED, COMPARED))
    started = Programs(tmp_path_factory.mktemp("tree"), runs)
    yield started
    started.stop()


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_random_streams(programs, chunk):
    count = COUNT // _CHUNKS
    assert stream_run.run(SEED + chunk * count, count) > count // 100, "some SMS get through"


WORDS = st.sampled_from(
    COMMANDS
    + ["?", "-", "OVMS", "9", PASSWORD, " ", "\r\n", "\x00", "\x1a", "\x1b", '"', "AT+CFUN=0"]
)
TEXTS = st.one_of(
    st.lists(WORDS, max_size=6).map(" ".join),
    st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=("Cs",)), max_size=170),
)
NUMBERS = st.one_of(
    st.sampled_from(["+491500001234", "00336123456", OWNER, OWNER[:-1], OWNER + "0", "", "OVMS"]),
    st.text("+0123456789 -", max_size=22),
    st.text(st.characters(max_codepoint=0x17F), max_size=20),
)
CODINGS = st.sampled_from((0, 4, 8, 0xF1, 255))


@st.composite
def messages(draw):
    if not draw(st.integers(0, 4)):
        # With parts of long ones, whose number and text have to be those of the message.
        return random_message(Rng(draw(st.integers(0, 10**6))))
    message = Message()
    message.number = draw(NUMBERS)
    message.text = draw(TEXTS)
    message.raw = message.number.encode()
    message.body = message.text.encode()
    message.length = len(message.body)
    message.octet, message.coding = draw(st.sampled_from((4, 4, 0x44))), draw(CODINGS)
    message.pdu = draw(st.binary(max_size=40)).hex().encode()
    message.date = b"26/08/24,10:20:30+08"
    message.is_honest = draw(st.booleans())
    if not message.is_honest:
        message.length = draw(st.integers(0, 2000))
        message.body = draw(st.binary(max_size=160))
    return message


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_random_sms(chunk):
    @seed(SEED * _CHUNKS + chunk)
    @settings(
        max_examples=COUNT // _CHUNKS // _MESSAGES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(messages(), min_size=_MESSAGES, max_size=_MESSAGES), st.integers(0, 1000))
    def check(batch, choices):
        jumping_time.run(live(batch, Rng(choices)))

    check()


async def live(batch, rng):
    module = sms_run.Module(rng, KNOWN)
    await module.start()
    try:
        for message in batch:
            await module.take(message, rng.chance(80), rng.pick((1, 60, 1700, 4000)))
    finally:
        await module.stop()


@pytest.mark.parametrize("kind", ["sms", "streams"])
def test_on_the_vm(programs, kind):
    assert programs.result(kind, SEED, COUNT)


@pytest.mark.parametrize("kind", ["gps", "can"])
def test_on_both(programs, kind):
    assert programs.result(kind, SEED, COUNT) == getattr(decode_run, kind)(SEED, COUNT)


def test_both_answer_sms_alike(programs):
    assert programs.result("sms", SEED, COMPARED) == sms_run.run(SEED, COMPARED)
