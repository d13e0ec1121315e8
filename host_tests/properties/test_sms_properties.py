"""Any SMS from anybody: nothing escapes, strangers get what the rule gives them. CPython only."""

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from host_tests.services.console_bench import Desk
from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench
from host_tests.shims.expect import run
from ovms.protocol.phone import normal_phone
from ovms.services.sms.commands import names
from ovms.services.sms.parts import parts

services = st.sampled_from(["Vodafone", "22922", "OVMS", "1"])
REFUSALS = (None, "Permission denied")
SECRETS = (PASSWORD, "ApnSecret", "NetSecret")

words = st.sampled_from(
    names(Bench().sms)[0] + ["?", "-", "OVMS", "9", "-1", "1.2.3.4", "x", " ", "\r\n", "P"]
)
sentences = st.lists(words, max_size=8).map(" ".join)
any_bytes = st.binary(max_size=200).map(lambda data: data.decode("latin-1"))
any_text = st.one_of(sentences, any_bytes, st.text(st.characters(), max_size=200))
callers = st.one_of(
    st.sampled_from([STRANGER, "NOPHONE", "", OWNER[:-1], OWNER + "0", "+" + OWNER]),
    st.text(st.characters(), max_size=30),
)


def is_delivered(text):
    """Halves of surrogate pairs do not leave the modem's driver."""
    return not re.search("[\ud800-\udfff]", text)


def bench():
    made = Bench()
    made.config.apply({7: "ApnSecret", 9: "NetSecret"})
    return made


def snapshot(made):
    return [made.config.get(n) for n in range(32)] + [made.config.feature(n) for n in range(16)]


async def send_all(made, messages):
    return [(await made.sms.execute(caller, text))[1] for caller, text in messages]


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.tuples(callers, any_text), max_size=6))
def test_strangers_get_one_denial_and_change_nothing(messages):
    made = bench()
    before = snapshot(made)
    messages = [m for m in messages if normal_phone(m[0]) != OWNER]
    messages = [m for m in messages if PASSWORD not in m[1]]
    replies = run(send_all(made, messages))
    denied = {}
    for (caller, _), reply in zip(messages, replies):
        assert reply in REFUSALS
        if reply:
            denied[caller] = denied.get(caller, 0) + 1
    assert all(count == 1 for count in denied.values())
    assert snapshot(made) == before
    assert made.status.take_requests() == 0


@settings(max_examples=1000, deadline=None)
@given(
    services | callers.filter(is_delivered),
    any_text.filter(is_delivered),
    st.sampled_from(SECRETS),
    any_text.filter(is_delivered),
)
def test_what_is_forwarded_has_no_secret_and_is_one_line(caller, head, secret, tail):
    made = bench()
    made.status.is_server_connected = True
    for text in (head + tail, head + secret + tail):
        made.send(text, caller)
    for kind, text in made.pushes:
        assert kind == "A" and len(text) < 200
        assert text.startswith("SMS FROM: ")
        assert "\r" not in text and "\n" not in text
        assert all(secret.lower() not in text.lower() for secret in SECRETS)
        # No number of more than three digits behind the sender's.
        assert not re.search("[0-9]{4}", text.partition(" - MSG: ")[2])


@settings(max_examples=1000, deadline=None)
@given(any_text)
@example("PARAMS " + "- " * 600)
@example("FEATURE 9 \u0661")
@example("\ud800 \udfff")
def test_the_owner_always_gets_text_without_secrets(text):
    made = bench()
    _, reply = run(made.sms.execute(OWNER, text))
    assert isinstance(reply, str)
    # Whatever was stored can be stored again: it went through the checks.
    for n in range(32):
        made.config.set(n, made.config.get(n))
    for secret in SECRETS:
        assert secret not in reply or secret in text
    for part in parts(reply):
        assert len(part) <= 160


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["STAT", "REGISTER x"])), max_size=60)
)
def test_the_table_of_callers_is_bounded(messages):
    made = bench()
    run(send_all(made, [("+4915000%04d" % n, text) for n, text in messages]))
    assert len(made.sms.records) <= 9


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=60), max_size=10))
def test_the_console_takes_any_bytes(chunks):
    console = Desk().console

    async def main():
        for chunk in chunks:
            console.receive(chunk, len(chunk))
            while console._waiting:
                text, is_input = console._waiting.pop(0)
                output = await console.handle(text) if is_input else text
                assert all(
                    line.startswith("# ") or line in ("", "#.") for line in output.split("\r\n")
                )

    run(main())


@given(st.text(max_size=3000))
def test_parts_lose_nothing_but_what_separates_them(text):
    pieces = parts(text)
    for piece in pieces:
        assert len(piece) <= 160
    kept = "".join([piece[4:] for piece in pieces]) if len(pieces) > 1 else text
    assert len(pieces) <= 9
    squeezed = "".join(kept.split())
    assert "".join(text.split()).startswith(squeezed)
    if len(pieces) < 9:
        assert squeezed == "".join(text.split())
