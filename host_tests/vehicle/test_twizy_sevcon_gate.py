"""What may be written to the motor controller, when and for whom; issue of safety, A.1.

Twizy guide 1.2.0, "Macro commands" and "Low level commands"; Twizy facts 7.3 and 7.16.
"""

from binascii import unhexlify

from host_tests.vehicle.contract import Noise, feed
from host_tests.vehicle.sevcon_bench import GO, KEY_OFF, KEY_ON, NEUTRAL, STANDING, Bench, Objects
from host_tests.vehicle.test_twizy_sevcon_macros import STOCK
from ovms.parameters import CAN_WRITE_FROM, FROM_CABLE, FROM_OWNER, FROM_PASSWORD, FROM_SERVER
from ovms.vehicle.twizy.decode import LIVE_GEAR, LIVE_KEY, LIVE_SPEED
from ovms.vehicle.twizy.sevcon import gate

FAST = "599 00 00 04 B8 FF 49 17 70"
CREEPING = "599 00 00 04 B8 FF 49 00 1E"
NO_SPEED = "599 00 00 04 B8 FF 49 FF FF"
FORWARD = "59B 80 04 65 00 64 72 00 90"
REVERSE = "59B 08 04 65 00 64 72 00 90"
GO_NEUTRAL = "59B 20 0C 65 00 44 72 00 90"

NEEDS_STOP = (
    "WRITE 2800 0 1",
    "WRITE 2800 0 0",
    "WRITE 2920 3 1000",
    "WRITE 3008 2 7",
    "WRITE 5000 2 19423",
    "PRE",
    "OP",
    "SPEED 90",
    "TORQUE 80",
    "TSMAP D 90",
    "BRAKELIGHT 50",
    "RESET",
    "RESTORE",
    "RESTORE ALL",
)
UNDER_WAY = ("POWER 73", "RECUP 31 44", "RAMPS 7 33 21 41 42", "SMOOTH 55")


def full():
    peer = Objects(STOCK)
    peer.values[0x300802] = 1
    peer.values[0x500002] = peer.values[0x280000] = 0
    return peer


def driven(*frames):
    """(bench, peer) of a car logged in, with a command to undo, that then says `frames`."""
    peer = full()
    bench = Bench(peer)
    bench.cfg("POWER 90")
    bench.seconds(2)
    del peer.writes[:]
    del bench.sent[:]
    feed(bench.car, *frames)
    return bench, peer


def written(bench):
    """Objects of the writes that left, but for the login."""
    found = []
    for arbitration_id, data in bench.sent:
        if arbitration_id == 0:
            found.append(0)
        elif data[0] & 0xE0 == 0x20:
            found.append(data[2] << 16 | data[1] << 8 | data[3])
    return found


def test_what_needs_a_stop_needs_it_from_every_command():
    cases = ((FAST,), (CREEPING,), (GO,), (GO_NEUTRAL,), (FORWARD,), (REVERSE,), (FAST, GO))
    for frames in cases:
        bench, peer = driven(*frames)
        for text in NEEDS_STOP:
            reply = bench.cfg(text)
            assert "ERROR 0020 NOT IN STOP" in reply, (frames, text, reply)
        assert bench.msg(209, "2")[0] == 1
        bench.seconds(20)
        assert not written(bench) and not peer.writes, frames


def test_the_macros_that_the_guide_allows_under_way():
    for frames in ((FAST, GO), (GO,), (CREEPING, FORWARD)):
        bench, peer = driven(*frames)
        for text in UNDER_WAY:
            assert ": OK" in bench.cfg(text), text
        assert peer.writes and {key for key, _ in peer.writes} <= set(gate._UNDER_WAY)


def test_values_of_old_are_no_reason_to_write():
    """Each sender alone falls silent, or tells that it does not know."""
    for silent in (0x597, 0x599, 0x59B):
        bench, peer = driven()
        del bench._last[silent]
        assert "ERROR" not in bench.cfg("WRITE 3008 2 7"), "young enough"
        bench.seconds(2)
        del bench.sent[:]
        for text in NEEDS_STOP:
            reply = bench.cfg(text)
            assert "ERROR" in reply, (silent, text)
        assert not written(bench), hex(silent)
        if silent == 0x597:
            assert "SEVCON OFFLINE" in bench.cfg("POWER 80")
        else:
            assert "ERROR 002C SPEED OR GEAR UNKNOWN" in bench.cfg("WRITE 3008 2 9")
            assert ": OK" in bench.cfg("POWER 80"), "may be written under way"
        if silent == 0x599:
            feed(bench.car, STANDING)
        elif silent == 0x59B:
            feed(bench.car, NEUTRAL)
        else:
            feed(bench.car, KEY_ON)
        assert "ERROR" not in bench.cfg("WRITE 3008 2 9"), "heard again"
    bench, peer = driven()
    bench._last.clear()
    feed(bench.car, KEY_ON, NEUTRAL, NO_SPEED)
    bench.seconds(2)
    assert "ERROR 002C" in bench.cfg("WRITE 3008 2 11")
    assert not peer.writes


def test_a_speed_never_seen_is_no_standstill():
    peer = full()
    bench = Bench(peer, is_awake=False)
    feed(bench.car, NEUTRAL, KEY_ON)
    assert "ERROR 002C" in bench.cfg("PRE")
    assert peer.values[0x511000] == 5


def test_the_gear_of_a_controller_in_pre_operational_need_not_be_heard():
    """It sends no process data there, and drives no motor."""
    bench, peer = driven()
    assert bench.cfg("PRE") == "CFG PRE: OK"
    del bench._last[0x59B]
    bench.seconds(5)
    assert "NEW: 8" in bench.cfg("WRITE 3008 2 8")
    assert bench.cfg("OP") == "CFG OP: OK"
    bench, peer = driven()
    bench.cfg("PRE")
    del bench._last[0x599]
    bench.seconds(5)
    assert "ERROR 002C" in bench.cfg("WRITE 3008 2 8")
    assert "ERROR 002C" in bench.cfg("OP")
    assert peer.values[0x511000] == 0x7F


def test_a_car_that_starts_to_roll_in_the_middle():
    """The macro ends at the first write behind; the way back waits for the standstill."""
    for at in range(8):
        peer = full()
        bench = Bench(peer)
        bench.seconds(2)
        take = peer.feed

        def feeding(arbitration_id, data):
            if len(peer.writes) == at:  # noqa: B023
                feed(bench.car, CREEPING)  # noqa: B023
            return take(arbitration_id, data)  # noqa: B023

        peer.feed = feeding
        reply = bench.cfg("SPEED 100 110")
        assert "ERROR 0020 NOT IN STOP" in reply, reply
        assert len(peer.writes) <= at + 1
        if at:
            assert peer.values[0x511000] == 0x7F, "still"
        peer.feed = take
        bench.seconds(10)
        feed(bench.car, STANDING)
        bench.seconds(8)
        assert peer.values[0x511000] == 5


def test_whose_word_counts():
    """An app and the server may write when the owner or the cable switched feature 15 on; someone
    who knows the module password may read.
    """
    for origin, by, is_fine in (
        (FROM_OWNER, "", True),
        (FROM_CABLE, "", True),
        (FROM_SERVER, "", False),
        (FROM_SERVER, "SMS", True),
        (FROM_SERVER, "CABLE", True),
        (FROM_PASSWORD, "", False),
        (FROM_PASSWORD, "SMS", False),
    ):
        bench, peer = driven()
        bench.car.config.parameters[CAN_WRITE_FROM] = by
        for text in ("POWER 41", "WRITE 2920 1 420", "SPEED 90", "PRE", "OP", "RESTORE"):
            reply = bench.cfg(text, origin)
            assert ("ERROR" not in reply and "owner" not in reply) == is_fine or not is_fine
            if not is_fine:
                assert "FEATURE 15 1 by SMS" in reply or "Only the owner" in reply, reply
        assert bool(peer.writes) == is_fine, (origin, by)
        assert "0x3008.02" in bench.cfg("READ 3008 2", origin)
    bench, peer = driven()
    peer.values.update({0x411002: 3, 0x520001: 1, 0x520002: 2})
    assert bench.msg(209, "2") == (
        1,
        "Send FEATURE 15 1 by SMS first: an app or the server cannot allow it.",
    )
    assert bench.msg(210, "2,5") == (0, "2,0")
    bench.car.config.parameters[CAN_WRITE_FROM] = "SMS"
    assert bench.msg(209, "2") == (0, "2,3")


def test_who_asks_by_sms_reaches_the_command():
    bench, peer = driven()
    from host_tests.shims.expect import run

    method = [row[2] for row in bench.car.sms_commands() if row[0] == "CFG"][0]
    bench.car.asked_from = FROM_PASSWORD
    pending = method(bench.car, ["POWER", "41"], False)
    # Somebody else asks before the first is carried out.
    bench.car.asked_from = FROM_OWNER
    assert "Only the owner" in run(pending, 20000)
    assert not peer.writes


def test_a_feature_below_zero_writes_nothing():
    for value in (-1, -128, 0):
        peer = full()
        bench = Bench(peer, {15: value})
        feed(bench.car, "701 7F")
        bench.press(0, 600, 600)
        bench.seconds(30)
        for text in NEEDS_STOP + UNDER_WAY + ("READ 2920 1",):
            assert bench.cfg(text) == "Error: CAN bus in read only mode"
        assert not bench.sent


def test_permits_and_reasons_are_different_things():
    assert len({gate.LOOK, gate.WRITE, gate.UNDER_WAY}) == 3
    reasons = {gate.MOVING, gate.NOT_LIVE, gate.NOT_ALLOWED, gate.NO_KEY}
    assert len(reasons) == 4 and 0 not in reasons


def test_a_write_under_way_wants_the_permit_for_it():
    """Each parameter of the macros that need no stop, and the key in any case."""
    bench, _ = driven(FAST, GO)
    for key in gate._UNDER_WAY:
        data = bytes((0x22, key >> 8 & 0xFF, key >> 16, key & 0xFF, 1, 0, 0, 0))
        assert gate.refusal(bench.car, gate.UNDER_WAY, 0x601, data) == 0
        assert gate.refusal(bench.car, gate.WRITE, 0x601, data) == gate.MOVING
        assert gate.refusal(bench.car, gate.LOOK, 0x601, data) == gate.NOT_ALLOWED
    bench, _ = driven(KEY_OFF)
    bench.car.decoder.live[LIVE_KEY] = 0
    for permit in (gate.UNDER_WAY, gate.WRITE):
        assert gate.refusal(bench.car, permit, 0x601, data) == gate.NO_KEY


def test_what_selects_an_entry_to_read_is_no_write():
    """User and password, entry of a log, fault, group: Twizy facts 7.2 and 7.11. No neighbours."""
    bench, _ = driven(FAST, GO)
    allowed = (0x500002, 0x500003, 0x530002, 0x411100, 0x410100, 0x561001)
    for key in allowed:
        for other in (key - 1, key, key + 1):
            data = bytes((0x22, other >> 8 & 0xFF, other >> 16, other & 0xFF, 1, 0, 0, 0))
            is_out = gate.refusal(bench.car, gate.LOOK, 0x601, data) == 0
            assert is_out == (other in allowed), hex(other)


def test_the_footbrake_is_no_gear():
    bench, _ = driven()
    bench.car.decoder.status |= 1
    assert gate.standstill_refusal(bench.car) == 0
    for bit in (2, 4, 8):
        bench.car.decoder.status = bit
        assert gate.standstill_refusal(bench.car) == gate.MOVING


def test_every_kind_of_frame():
    """Of random frames a session that looks lets out what writes nothing, and no other."""
    bench, _ = driven(FAST, GO)
    car = bench.car
    data = bytearray(8)
    noise = Noise(4711)
    passed = 0
    for command in range(256):
        for _ in range(4):
            noise.fill(data)
            data[0] = command
            is_out = gate.refusal(car, gate.LOOK, 0x601, data) == 0
            assert is_out == (command & 0xE0 in (0x40, 0x60, 0x80)), command
            assert gate.refusal(car, gate.WRITE, 0x601, data) == 0 if is_out else True
            passed += is_out
    assert passed == 4 * 96
    for key in (0x280000, 0x280001, 0x292005, 0x464101, 0x500001, 0x411001):
        data[0], data[1], data[2], data[3] = 0x22, key >> 8 & 0xFF, key >> 16, key & 0xFF
        for permit in (gate.LOOK, gate.WRITE, gate.UNDER_WAY):
            assert gate.refusal(car, permit, 0x601, data), hex(key)
    for nmt in (b"\x01\x01", b"\x80\x01", b"\x02\x01", b"\x81\x00", b"\x01\x00"):
        assert gate.refusal(car, gate.WRITE, 0, nmt)
    feed(car, STANDING, NEUTRAL)
    assert gate.refusal(car, gate.LOOK, 0, b"\x01\x01") == 0
    assert gate.refusal(car, gate.WRITE, 0, b"\x80\x01")


def test_when_feature_15_may_be_switched_on():
    parked = Bench(full(), is_awake=False)
    assert parked.car.write_refusal() == ""
    bench = Bench(full(), {15: 0})
    bench.seconds(2)
    assert bench.car.write_refusal() == ""
    feed(bench.car, FAST, GO)
    bench.seconds(1)
    assert "standstill" in bench.car.write_refusal()
    feed(bench.car, STANDING, GO)
    bench.seconds(1)
    assert bench.car.write_refusal() == "", "at a traffic light"
    feed(bench.car, FAST, KEY_OFF)
    assert bench.car.state.is_awake and not bench.car.decoder.has_key()
    assert "standstill" in bench.car.write_refusal(), "rolls on without its key"
    feed(bench.car, STANDING, KEY_ON)
    del bench._last[0x599]
    bench.seconds(3)
    assert "turn the key off" in bench.car.write_refusal()
    feed(bench.car, KEY_OFF, "597 00 E4 00 D1 29 00 01 35")
    bench.seconds(2)
    assert bench.car.write_refusal() == ""


class Switching(Objects):
    """Feature 15 becomes `value` while the controller gets frame number `at`, counted from 1."""

    bench = None

    def __init__(self, value, at):
        super().__init__(full().values)
        self.change = (at, value)

    def feed(self, arbitration_id, data):
        at, value = self.change
        if self.bench and len(self.bench.sent) == at:
            self.bench.car.config.features[15] = value
        return super().feed(arbitration_id, data)


def test_feature_15_that_goes_off_in_the_middle_of_a_command():
    """Nothing more leaves, not even the way back; whoever switches it on again gets that."""
    for change in [(value, at) for value in (0, -1) for at in range(1, 12)]:
        peer = Switching(*change)
        bench = Bench(peer)
        bench.seconds(2)
        del bench.sent[:]
        peer.bench = bench
        reply = bench.cfg("SPEED 90")
        assert "ERROR" in reply and len(bench.sent) == change[1], (change, reply)
        bench.seconds(20)
        assert len(bench.sent) == change[1], change
        peer.bench = None
        bench.car.config.features[15] = 1
        # Its heartbeat.
        feed(bench.car, "701 %02X" % peer.values[0x511000])
        bench.seconds(20)
        assert peer.values[0x511000] == 5, change


def test_a_session_that_only_looks_writes_nothing_even_at_a_standstill():
    """But login, what selects an entry to read, and the way back to operational."""
    bench, _ = driven()
    car = bench.car
    assert gate.standstill_refusal(car) == 0

    def refusal(permit, text):
        return gate.refusal(car, permit, 0x601, unhexlify(text.replace(" ", "")))

    for allowed in (
        "40 20 29 01 00 00 00 00",
        "60 00 00 00 00 00 00 00",
        "80 20 29 01 00 00 00 00",
        "22 00 50 02 DF 4B 00 00",
        "22 00 50 03 00 00 00 00",
        "22 10 56 01 81 46 00 00",
        "22 00 28 00 00 00 00 00",
    ):
        assert refusal(gate.LOOK, allowed) == 0, allowed
    for write in (
        "22 00 28 00 01 00 00 00",
        "22 00 28 00 7F 00 00 00",
        "22 20 29 01 00 00 00 00",
        "22 20 29 01 84 03 00 00",
        "22 08 30 02 00 00 00 00",
        "22 10 10 01 73 61 76 65",
    ):
        assert refusal(gate.LOOK, write) == gate.NOT_ALLOWED, write
        assert refusal(gate.WRITE, write) == refusal(gate.UNDER_WAY, write) == 0, write
    # No download in segments or blocks, whoever asks.
    for other in ("00 00 00 00 00 00 00 00", "A0 20 29 01 00 00 00 00", "C2 20 29 01 00 00 00 00"):
        for permit in (gate.LOOK, gate.WRITE, gate.UNDER_WAY):
            assert refusal(permit, other) == gate.NOT_ALLOWED, other


def test_either_sign_of_pre_operational_stands_for_the_gear():
    """The module has put it there, or its heartbeat tells; neither stands for the speed."""
    for is_configuring, nmt_state, expected in (
        (False, 5, gate.NOT_LIVE),
        (True, 5, 0),
        (False, 0x7F, 0),
        (True, 0x7F, 0),
    ):
        bench, _ = driven()
        car = bench.car
        for live in (LIVE_GEAR, LIVE_SPEED):
            car.state.is_controller_configuring = is_configuring
            car.sevcon.nmt_state = nmt_state
            car.decoder.live[live] = 0
            wanted = expected if live == LIVE_GEAR else gate.NOT_LIVE
            assert gate.standstill_refusal(car) == wanted, (is_configuring, nmt_state)
