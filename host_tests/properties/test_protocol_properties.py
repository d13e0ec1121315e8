"""Random cross-checks of the whole protocol against the desk's own half of it.

CPython only: the far end is `tools/desk/ovms` (its cipher is `cryptography`'s), and hypothesis
chooses the cases (it prints the failing one, and how to repeat it).
"""

import asyncio
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from host_tests.links.server_module import CompleteModule, Module
from host_tests.properties.states import states
from host_tests.shims import expect
from host_tests.vehicle.contract import Settings
from ovms.protocol.errors import RemoteProtocolError
from ovms.protocol.v2 import (
    messages,
    optional_reports,
    provision,
    reports,
)
from ovms.protocol.v2 import session as v2
from ovms.protocol.v2.paranoid import NEVER_WRAPPED, Paranoid
from ovms.services import protocol_commands
from ovms.status import Status
from ovms.vehicle.demo.car import Demo
from ovms.vehicle.state import VehicleState
from tools.desk.ovms import fields, wire
from tools.desk.ovms.tyres import parse_tyres

QUICK = settings(max_examples=60, deadline=None)
SLOW = settings(max_examples=15, deadline=None)

SECRET = "a shared secret"
CODES = st.sampled_from("SDLFWVXYgPHhcaAEZCTf")
# What a relay carries: no line feed, which ends a message, and no blank in front.
PAYLOADS = st.binary(max_size=300).filter(lambda data: b"\n" not in data)
MESSAGES = st.lists(st.tuples(CODES, PAYLOADS), max_size=5)
CUTS = st.lists(st.integers(0, 10**6), max_size=10)


def pieces_of(stream, cuts):
    edges = [0, *sorted({cut % (len(stream) + 1) for cut in cuts}), len(stream)]
    return [stream[a:b] for a, b in zip(edges, edges[1:], strict=False)]


def take(session, stream, cuts):
    """Feed `stream` in pieces; the messages that come out."""
    found = []
    for piece in pieces_of(stream, cuts):
        session.receive(memoryview(piece), len(piece))
        while (event := session.next_event()) != v2.NEED_DATA:
            if event == v2.MESSAGE:
                found.append((session.code, bytes(session.payload)))
    return found


def pair(is_scheme_1):
    """(session, the desk server's codec, its welcome line), the first line exchanged."""
    session = v2.Session(bytes)
    if is_scheme_1:
        line = session.welcome("TESTCAR", "password", "me")
        assert line == b"MP-C 1 me password TESTCAR\r\n"
        return session, wire.PlainLines(), b"MP-S 1 me TESTCAR TESTCAR\r\n"
    words = session.welcome("TESTCAR", SECRET).decode().split()
    assert words[:2] == ["MP-C", "0"] and wire.digest_matches(SECRET, words[2], words[3])
    token = "theServersOwnToken0001"
    codec = wire.EncryptedLines(wire.session_key(SECRET, token, words[2]))
    return session, codec, f"MP-S 0 {token} {wire.digest(SECRET, token)}\r\n".encode()


@QUICK
@given(MESSAGES, MESSAGES, CUTS, st.booleans())
def test_both_ways_survive_any_split(to_car, from_car, cuts, is_scheme_1):
    session, server, greeting = pair(is_scheme_1)
    # A server's line ends are its own; those of a text inside a message are CRs.
    to_car = [(code, payload.rstrip(b"\r")) for code, payload in to_car]
    stream = greeting + b"".join(
        server.encode(code + payload.decode("latin-1")) for code, payload in to_car
    )
    assert take(session, stream, cuts) == to_car
    for code, payload in from_car:
        line = bytes(session.send(code, payload))
        assert line.endswith(b"\r\n") and line.count(b"\n") == 1
        expected = (code.encode() + payload).decode("latin-1")
        if is_scheme_1:
            expected = expected.rstrip("\r")
        assert server.decode(line) == expected


@QUICK
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=31),
    PAYLOADS,
    CODES,
)
def test_paranoid_messages_open_at_the_desk(password, payload, code):
    paranoid = Paranoid(bytes)
    token = paranoid.enable(password)[1:].decode()
    sent_code, sent = paranoid.wrap(code, payload)
    if code in NEVER_WRAPPED:
        assert (sent_code, sent) == (code, payload)
        return
    text = bytes(sent).decode()
    assert (sent_code, text[:2]) == ("E", "M" + code)
    assert wire.paranoid_decrypt(password, token, text[2:]) == payload.decode("latin-1")
    back = wire.paranoid_encrypt(password, token, payload.decode("latin-1"))
    assert paranoid.unwrap(f"M{code}{back}".encode()) == (code, payload)


@QUICK
@given(
    st.lists(
        st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=31),
        min_size=1,
        max_size=32,
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=22),
)
def test_provisioning_records_of_the_desk(values, secret):
    line = wire.provisioning_reply(secret, wire.new_token(), " ".join(values)).encode()
    assert len(line) <= provision.REPLY_MAX
    expected = {n: "" if text == "-" else text for n, text in enumerate(values)}
    assert provision.parse_reply(line, secret) == expected


def decoded(code, payload, is_miles=False):
    """{name of the desk's table: text}; checks that every field of the table is there."""
    text = payload.decode("ascii")
    values = fields.decode(code, text, "miles" if is_miles else "km")
    assert len(values) == len(fields.MESSAGE_FIELDS[code])
    for value in values:
        # No reader takes the GPS mode for a number.
        assert value.text or value.name == "GPS mode", "the app stops at an empty field"
    assert len(text) <= messages.MAX_PAYLOAD
    return {value.name: value.text for value in values}


def near(text, value, digits=0, factor=1.0):
    """Whether a field is `value` (None: 0) times `factor`, rounded to so many decimals."""
    assert len(text.partition(".")[2]) == digits, text
    return abs(float(text) - (value or 0) * factor) <= 0.5 * 10**-digits + 1e-6


def per_unit(is_miles):
    return 1 / 1.609344 if is_miles else 1.0


@QUICK
@given(states(), st.booleans())
def test_state_message(state, is_miles):
    s = decoded("S", reports.state_message(state, is_miles), is_miles)
    unit = per_unit(is_miles)
    assert s["distance unit"] == ("M" if is_miles else "K")
    soc_pct100 = state.soc_pct100 or 0
    # Nearly full must not read as full.
    assert near(s["SOC"], soc_pct100 if soc_pct100 >= 10000 else min(soc_pct100, 9990), 1, 0.01)
    assert near(s["line voltage"], state.line_v)
    assert near(s["charge current"], state.charge_a10, 1, 0.1)
    assert near(s["ideal range"], state.ideal_range_km, 0, unit)
    assert near(s["estimated range"], state.estimated_range_km, 0, unit)
    assert near(s["maximum ideal range"], state.max_range_km, 0, unit)
    assert near(s["range limit"], state.range_limit_km, 0, unit)
    assert near(s["charged energy"], state.charge_wh, 1, 0.001)
    assert near(s["CAC"], state.cac_ah100, 2, 0.01)
    assert near(s["SOH"], state.soh_pct)
    assert near(s["battery voltage"], state.battery_mv, 1, 0.001)
    assert near(s["battery current"], state.battery_ma, 1, 0.001)
    assert near(s["grid energy this session"], state.charge_grid_wh, 2, 0.001)
    assert near(s["grid energy total"], state.charge_grid_total_wh, 2, 0.001)
    assert near(s["usable capacity"], state.capacity_wh, 2, 0.001)
    assert int(s["charge duration"]) == state.charge_s // 60
    assert int(s["charge state number"]) == state.charge_state
    assert int(s["charge mode number"]) == state.charge_mode
    for name, minutes in (
        ("time to full", state.full_min),
        ("time to range limit", state.range_limit_min),
        ("time to SOC limit", state.soc_limit_min),
    ):
        assert int(s[name]) == (-1 if minutes is None else minutes)
    ahead = [n for n in (state.range_limit_min, state.soc_limit_min) if n is not None]
    assert int(s["time to limit"]) == (min(ahead) if ahead else -1)


@QUICK
@given(states(), st.booleans())
def test_environment_message(state, is_miles):
    d = decoded("D", reports.environment_message(state, is_miles), is_miles)
    unit = per_unit(is_miles)
    doors = " + ".join(d[f"doors {n}"] for n in range(1, 6))
    for flag, is_set in (
        ("front left door", state.open_doors[0]),
        ("front right door", state.open_doors[1]),
        ("rear left door", state.open_doors[2]),
        ("rear right door", state.open_doors[3]),
        ("bonnet", state.open_doors[4]),
        ("trunk", state.open_doors[5]),
        ("charge port", state.is_charge_port_open),
        ("pilot", state.has_pilot),
        ("hand brake", state.is_handbrake_on),
        ("car on", state.is_on),
        ("locked", state.is_locked),
        ("valet", state.is_valet),
        ("headlights", state.are_headlights_on),
        ("awake", state.is_awake),
        ("alarm", state.is_alarm_on),
        ("12 V charging", state.is_12v_charging),
        ("HVAC", state.is_hvac_on),
    ):
        assert (flag in doors.split(" + ")) == is_set, flag
    assert d["lock state"] == ("4" if state.is_locked else "5")
    assert near(d["trip"], state.trip_m, 1, unit / 1000)
    assert near(d["odometer"], state.odometer_m, 1, unit / 1000)
    assert near(d["speed"], state.speed_kmh10, 0, unit / 10)
    assert near(d["12 V voltage"], state.supply_mv, 1, 0.001)
    assert near(d["12 V current"], state.supply_ma, 1, 0.001)
    for name, temp in (("PEM", state.pem_temp_c), ("cabin", state.cabin_temp_c)):
        assert int(d[f"{name} temperature"]) == (temp or 0)
    ambient = state.ambient_temp_c or 0
    assert int(d["ambient temperature"]) == ambient
    age_s = state.temps_age_s
    assert int(d["temperatures stale"]) == (-1 if age_s is None else int(age_s < 120))


@QUICK
@given(states(), st.booleans())
def test_location_message(state, is_miles):
    found = decoded("L", messages.location_message(state, is_miles), is_miles)
    unit = per_unit(is_miles)
    assert near(found["latitude"], state.latitude_udeg, 6, 1e-6)
    assert near(found["longitude"], state.longitude_udeg, 6, 1e-6)
    assert int(found["direction"]) == (state.course_deg or 0)
    assert int(found["altitude"]) == (state.altitude_m or 0)
    assert int(found["GPS lock"]) == state.has_gps_lock
    assert near(found["speed"], state.speed_kmh10, 0, unit / 10)
    assert near(found["trip"], state.trip_m, 1, unit / 1000)
    assert int(found["drive mode"], 16) == state.drive_mode
    assert near(found["battery power"], state.battery_w, 1, 0.001)
    assert near(found["energy used"], state.energy_used_wh, 3, 0.001)
    assert near(found["energy recovered"], state.energy_recovered_wh, 3, 0.001)
    assert int(found["satellites"]) == state.satellites


@QUICK
@given(states())
def test_tyres_in_both_layouts(state):
    w = decoded("W", reports.tyres_message(state))
    wheels = ("front left", "front right", "rear left", "rear right")
    for wheel, kpa, temp in zip(wheels, state.tyre_kpa, state.tyre_temp_c, strict=True):
        text = w[f"{wheel} pressure"]
        assert text == "0" if kpa is None else near(text, kpa, 1, 0.1450377)
        assert int(w[f"{wheel} temperature"]) == (temp or 0)
    y = optional_reports.tyres_message(state)
    if None in state.tyre_kpa and None in state.tyre_temp_c:
        assert y == b""
        return
    tyres = parse_tyres(y.decode())
    assert tyres.wheels == ["FL", "FR", "RL", "RR"]
    for section, values in (("pressure", state.tyre_kpa), ("temperature", state.tyre_temp_c)):
        expected = [] if None in values else [str(value) for value in values]
        assert tyres.values[section] == expected
    assert "" not in y.decode().split(",")


TEXTS = st.text(max_size=30)


@QUICK
@given(states(), TEXTS, st.integers(0, 31) | st.just(99), st.booleans())
def test_firmware_and_group_messages(state, text, csq, is_miles):
    status = Status("BOARD")
    status.csq_told = csq
    status.operator = text
    status.link_name = "GPRS"
    made = reports.firmware_message(state, status, "4.0/RT", "RT" + text, 1)
    parts = made.decode().split(",")
    assert len(parts) == len(fields.F) and "\n" not in made.decode()
    assert (parts[2], parts[3], parts[8], parts[9]) == (str(csq % 99), "1", "BOARD", "GPRS")
    # The server puts the vehicle in front before it hands a group message on.
    made = b"TESTCAR," + reports.group_message(text or "G", state, is_miles)
    parts = made.decode().split(",")
    assert len(parts) == len(fields.G) and near(parts[8], state.latitude_udeg, 6, 1e-6)


@QUICK
@given(states(), st.booleans())
def test_export_message(state, is_miles):
    x = decoded("X", optional_reports.export_message(state, is_miles), is_miles)
    assert int(x["generating"]) == state.is_exporting
    power_w = state.line_v * state.charge_a10 / 10 if state.is_exporting else 0
    assert abs(float(x["power"]) * 1000 - power_w) <= 51
    assert near(x["grid energy"], state.export_wh, 2, 0.001)
    assert near(x["grid energy total"], state.export_total_wh, 2, 0.001)
    assert int(x["time"]) == state.export_s


RANGES = st.lists(st.tuples(st.integers(200, 250), st.integers(0, 5)), max_size=4)


@QUICK
@given(RANGES)
def test_capabilities_message(ranges):
    text = ",".join(f"C{first}-{first + more}" if more else f"C{first}" for first, more in ranges)
    found = set()
    for part in reports.capabilities_message(text).decode().split(","):
        assert part[0] == "C"
        first, _, last = part[1:].partition("-")
        found.update(range(int(first), int(last or first) + 1))
    own = {code for first, more in ranges for code in range(first, first + more + 1)}
    assert found == own | {1, 2, 3, 4, 5, 6, 7, 40, 41, 49}


GARBAGE = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\r", b"A" * 1200, b"====", b"MP-0 A", b"MP-S 0 x y", b"MP-S 1 a b c"]),
    st.text(alphabet="ABCxyz019+/= ", max_size=80).map(str.encode),
)


@QUICK
@given(GARBAGE, st.booleans(), st.booleans())
def test_a_garbage_line_raises_only_remote_protocol_errors(garbage, is_welcomed, is_scheme_1):
    session, _, greeting = pair(is_scheme_1)
    if is_welcomed:
        take(session, greeting, [])
    with suppress(RemoteProtocolError):
        take(session, garbage + b"\r\n", [])
        # What is no garbage after all must not have broken the session.
        assert session.state in (v2.GREETING, v2.TALKING)
        return
    assert session.state == v2.FAILED
    with suppress(RemoteProtocolError):
        session.next_event()
        raise AssertionError("a failed session goes on failing")


@SLOW
@given(st.lists(GARBAGE, min_size=1, max_size=3), CUTS)
def test_garbage_ends_the_link_by_the_rules(lines, cuts):
    async def scenario():
        module = Module()
        await module.start()
        first = module.server.last
        for piece in pieces_of(b"".join(line + b"\r\n" for line in lines), cuts):
            first.say_raw(piece)
            await module.time.settle()
        await module.time.advance(10)
        assert not module.task.done(), "nothing in a line may end the link's task"
        if first.is_closed:
            assert module.count("protocol_errors") == 1
            assert module.server.last is not first, "and it connects anew"
            assert module.server.last.welcome
        await module.stop()

    expect.run(scenario(), 30000)


@SLOW
@given(st.lists(st.tuples(CODES, st.binary(max_size=120)), max_size=6))
def test_no_message_of_the_server_disturbs_the_services(sent):
    async def scenario():
        module = CompleteModule()
        await module.start()
        server = module.server.last
        for code, payload in sent:
            text = (code.encode() + payload.replace(b"\n", b"").replace(b"\r", b"")).decode(
                "latin-1"
            )
            module.link.outbox.on_message(code, memoryview(text[1:].encode("latin-1")))
        await module.time.advance(3)
        server.take_lines()
        server.say("A")
        await module.time.advance(2)
        assert "a" in [line[0] for line in server.take_lines()]
        assert not module.task.done() and not module.worker.done()
        await module.stop()

    expect.run(scenario(), 30000)


class Modem:
    async def send_sms(self, number, text):
        return True

    async def ussd(self, code):
        return code

    async def command(self, line, level):
        return line


class Commander:
    """What `protocol_commands.answer` needs of its Commander."""

    def __init__(self):
        self.config = CompleteModule().config
        self.status = Status("BOARD")
        self.car = Demo(VehicleState(), Settings())
        self.modem = Modem()
        self.sms_service = self
        self.clock = asyncio
        self.ussd_code = ""

    async def execute_as_owner(self, text):
        return False, None


COMMANDS = st.one_of(
    st.binary(max_size=60),
    st.tuples(st.integers(0, 300), st.text(alphabet="0123456789,-x ", max_size=12)).map(
        lambda command: f"{command[0]},{command[1]}".encode()
    ),
    st.integers(0, 70000).map(lambda code: str(code).encode()),
)


@QUICK
@given(COMMANDS, st.booleans())
def test_every_command_gets_its_answer(payload, is_refused):
    answers, _, bug = asyncio.run(protocol_commands.answer(Commander(), payload, is_refused))
    assert bug is None
    # As text: CPython's blanks of a text are more than those of bytes.
    number = payload.decode("utf-8", "replace").partition(",")[0].strip()
    code = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
    replies = [text for text in answers if text[0] == "c"]
    assert len(replies) == {1: 16, 3: 32}.get(code, 1)
    for text in replies:
        words = text[1:].split(",")
        assert words[0] == str(code) and words[1] in "0123"
    assert len(answers) - len(replies) <= (code == 6)
