"""10,000 random SMS and 10,000 random UART streams, here and on the 32-bit VM, from fixed seeds.

What must hold stands in `host_tests/fuzz`: no exception, no byte to the modem that is none of the
driver's, nothing for strangers but what the rule gives them, a driver that comes back. On the VM
the heap must stay as it is. CPython only; it starts the VM, which works while this process does.
"""

import os
import re
import subprocess

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from host_tests.fuzz import decode_run, jumping_time, looks, sms_run, stream_run
from host_tests.fuzz.peer import known_commands
from host_tests.fuzz.rng import Rng
from host_tests.fuzz.sms import Message, random_message
from host_tests.needs_vm import require
from host_tests.services.sms_bench import OWNER, PASSWORD
from ovms import overlay
from ovms.services.sms_commands import COMMANDS
from tools import build, vm

# OVMS_FUZZ=20 looks twenty times as long; OVMS_FUZZ_SEED makes it look elsewhere.
TIMES = int(os.environ.get("OVMS_FUZZ", "1"))
SEED = int(os.environ.get("OVMS_FUZZ_SEED", "1"))
COUNT = 10_000 * TIMES
# So many of them are compared between the runtimes.
COMPARED = 1000
# Bytes that the conservative collector may keep or not.
TOLERANCE = 3000
NAMES = ("result", "heap", "n_qstr")
KNOWN = known_commands()
_BITS = 32
# Messages of one hypothesis example, and tests that share the work: none may be slow.
_MESSAGES = 20
_CHUNKS = 5


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Import each overlay once, and look less often."""
    patch = pytest.MonkeyPatch()
    patch.setattr(overlay, "drop", lambda name: None)
    looks.patch(patch)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def on_vm(tmp_path_factory):
    """What the VM printed, by kind of input; both long programs run at the same time."""
    require(_BITS)
    tree = tmp_path_factory.mktemp("tree")
    build.compile_package(looks.coarse(build.firmware_sources()), tree)
    for source in build.MODULES.glob("*.py"):
        build.compile_file(source, tree / f"{source.stem}.mpy", source.name, vm.march(_BITS))
    program = str(vm.ROOT / "host_tests/fuzz/on_vm.py")
    processes = {}
    for kind, count in (
        ("sms", COUNT),
        ("streams", COUNT),
        ("gps", COUNT),
        ("can", COUNT),
        ("sms", COMPARED),
    ):
        processes[kind, count] = subprocess.Popen(
            [*vm.command(_BITS, heap_kib=512), program, str(tree), kind, str(SEED), str(count)],
            cwd=vm.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    yield processes
    for process in processes.values():
        process.kill()
        process.communicate()


@pytest.mark.parametrize("chunk", range(_CHUNKS))
def test_random_streams(on_vm, chunk):
    count = COUNT // _CHUNKS
    assert stream_run.run(SEED + chunk * count, count) > count // 100, "some SMS get through"


def test_random_gps_and_can():
    decode_run.gps(SEED, COUNT)
    decode_run.can(SEED, COUNT)


WORDS = st.sampled_from(
    [row[0] for row in COMMANDS]
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
    message = Message()
    message.number = draw(NUMBERS)
    message.text = draw(TEXTS)
    message.raw = message.number.encode()
    message.body = message.text.encode()
    message.length = len(message.body)
    message.octet, message.coding = draw(st.sampled_from((4, 4, 0x44))), draw(CODINGS)
    message.date = b"26/08/24,10:20:30+08"
    message.is_honest = draw(st.booleans())
    if not message.is_honest:
        message.length = draw(st.integers(0, 2000))
        message.body = draw(st.binary(max_size=160))
    # A part of a long one, and then what of it the modem prints.
    message.pdu = draw(st.binary(max_size=40)).hex().encode()
    if message.octet == 0x44 and message.is_honest:
        message.pdu = random_message(Rng(draw(st.integers(0, 10**6)))).pdu
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


def printed(process):
    """(result, heaps, counts of interned strings) of a program, once it is through."""
    text = process.communicate(timeout=100 * TIMES)[0]
    assert process.returncode == 0, text
    found = [[int(word) for word in re.findall(f"{name}[ =]([0-9]+)", text)] for name in NAMES]
    assert list(map(len, found)) == [1, 2, 2], text
    return found[0][0], found[1], found[2]


@pytest.mark.parametrize("kind", ["sms", "streams", "gps", "can"])
def test_the_heap_of_a_vm_stays_flat(on_vm, kind):
    result, heaps, interned = printed(on_vm[kind, COUNT])
    assert result
    assert abs(heaps[1] - heaps[0]) < TOLERANCE, heaps
    assert interned[1] == interned[0], interned
    if kind in ("gps", "can"):
        assert getattr(decode_run, kind)(SEED, COUNT) == result


def test_both_runtimes_answer_alike(on_vm):
    assert printed(on_vm["sms", COMPARED])[0] == sms_run.run(SEED, COMPARED)
