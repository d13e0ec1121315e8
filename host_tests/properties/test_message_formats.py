"""Every message of a car, with random contents, in the exact form that old apps and servers need.

CPython only. What the fields mean is checked in `test_protocol_properties.py`; here it is their
number and spelling (server-and-clients 0 and 5): the Android app drops the rest of a message at
the first number it cannot read, and the server stores no more than 255 characters.
"""

import re
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tests.properties.states import states
from host_tests.services.history_bench import Module
from ovms.config import Config
from ovms.parameters import GROUP1, SERVER, VEHICLE_ID
from ovms.protocol.v2 import messages, optional_reports, reports
from ovms.services.conversation import Conversation
from ovms.services.history import UNKEPT
from ovms.services.reporter import Reporter
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState
from tools.desk.ovms import history as desk_history

QUICK = settings(max_examples=100, deadline=None)

# Code: number of fields, and which of them are words instead of numbers.
FORMS = {
    "S": (42, {1, 4, 5}),
    "D": (21, set()),
    "L": (19, {8, 14}),
    "W": (9, set()),
    "F": (10, {0, 1, 4, 5, 8, 9}),
    "g": (9, {0}),
    "X": (24, {7, 8, 9}),
}
NUMBER = re.compile(r"-?\d+(\.\d+)?")
STORED_MAX = 255


def numbers_and_words(code, payload):
    text = payload.decode()
    count, words = FORMS[code]
    parts = text.split(",")
    assert len(parts) == count, text
    assert len(payload) <= STORED_MAX
    for index, part in enumerate(parts):
        assert part.isprintable() and (index == 14 or part), (index, text)
        if index not in words:
            assert NUMBER.fullmatch(part), (index, text)
            assert not re.fullmatch(r"-0(\.0+)?", part), (index, text)
    return parts


WORDS = st.text(st.characters(min_codepoint=1, max_codepoint=0x2FF), max_size=30)


@QUICK
@given(states(), st.booleans(), WORDS, st.sampled_from(["", "A", "D", "E", "N", "S"]))
def test_data_messages(state, is_miles, word, gps_mode):
    state.gps_mode = gps_mode
    state.vin = word[:17].strip()
    config = Config(SimpleNamespace(load=lambda: None, load_error="", save=lambda data: None))
    config.apply({GROUP1: "GROUP", 2: "M" if is_miles else "K"})
    status = Status("BOARD")
    status.operator, status.link_name = word.strip() or "x", "GPRS"
    car = Vehicle(state, config)
    for code in "SDWFg":
        limit = messages.MAX_PAYLOAD
        made = reports.payload_of(code, False, state, config, status, car, limit)
        assert len(made) <= limit
        if code != "F":
            numbers_and_words(code, made)
            continue
        # Unprintable words are the modem's; commas and line ends would be another message.
        parts = made.decode().split(",")
        assert len(parts) == FORMS["F"][0] and b"\n" not in made and b"\r" not in made
        for index in set(range(10)) - FORMS["F"][1]:
            assert NUMBER.fullmatch(parts[index]), made
    assert len(numbers_and_words("L", messages.location_message(state, is_miles))) == 19
    numbers_and_words("X", optional_reports.export_message(state, is_miles))


@QUICK
@given(
    st.from_regex(r"[A-Z]{2}-[A-Za-z-]{1,25}", fullmatch=True),
    st.integers(0, 10**6),
    st.integers(0, 10**7),
    st.text(st.characters(max_codepoint=0x2FF), max_size=120),
    st.booleans(),
)
def test_history_records_arrive_as_they_were_made(kind, number, lifetime_s, data, is_kept):
    module = Module()
    module.history.add(kind, number, lifetime_s, data, None if is_kept else UNKEPT)
    module.history.tick()
    code, payload = module.history.poll()
    assert len(payload) + 1 <= 512
    text = bytes(payload).decode()
    kept = []
    faults = []
    context = SimpleNamespace(
        utc_s=lambda: 10**9,
        store=SimpleNamespace(put_history=lambda *record: kept.append(record)),
        fault=lambda hub, sentence: faults.append(sentence),
    )
    hub = SimpleNamespace(vehicle_id="CAR")
    if is_kept:
        assert code == "h"
        ack = desk_history.keep_and_acknowledge(context, hub, text)
        module.history.on_ack(ack[1:].encode())
        assert module.history.poll() is None
    else:
        assert code == "H"
        desk_history.keep(context, hub, text)
    assert not faults
    vehicle_id, found_kind, found_number, found, _, expires_s = kept[0]
    assert (vehicle_id, found_kind, int(found_number)) == ("CAR", kind, number)
    assert found == data.replace("\n", "\r") and expires_s - 10**9 >= lifetime_s


@QUICK
@given(
    st.lists(
        st.tuples(st.sampled_from("AIE"), st.text(st.characters(max_codepoint=0x2FF))),
        max_size=8,
    )
)
def test_push_messages_leave_in_their_order(pushed):
    module = Module()
    module.config.apply({SERVER: "", VEHICLE_ID: "CAR"})
    state = VehicleState()
    car = Vehicle(state, module.config)
    reporter = Reporter(state, module.config, module.status, car)
    quiet = SimpleNamespace(poll=lambda: None)
    talk = Conversation(module.config, module.status, reporter, quiet, bytes)
    for kind, text in pushed:
        talk.push(kind, text)
    for kind, text in pushed:
        code, payload = talk.poll(0)
        talk.on_sent(code)
        assert (code, payload.decode()) == ("P", kind + text[:480])
