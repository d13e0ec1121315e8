"""What happens by itself: login, return to operational, faults, three presses; and what may leave.

Twizy guide 1.2.0, "SERV lamp", "CFG RESET without network connectivity"; Twizy facts 7.10, 7.16.
"""

from binascii import hexlify

from host_tests.shims.expect import run
from host_tests.vehicle.contract import feed
from host_tests.vehicle.sevcon_bench import (
    BUTTON,
    GO,
    KEY_OFF,
    KEY_ON,
    NEUTRAL,
    STANDING,
    Bench,
    Objects,
)
from host_tests.vehicle.test_twizy_sevcon_macros import STOCK

CLOSING = "597 00 E4 00 D1 29 00 01 35"
PRE_OP_BEAT = "701 7F"


def test_login_after_switch_on():
    bench = Bench(Objects(STOCK), is_awake=False)
    bench.seconds(3)
    assert not bench.sent, "nothing is sent while the key is off"
    feed(bench.car, NEUTRAL, STANDING, KEY_ON)
    bench.seconds(1)
    assert bench.car.state.is_controller_logged_in
    sent = len(bench.sent)
    bench.seconds(5)
    assert len(bench.sent) == sent, "once"
    feed(bench.car, KEY_OFF, CLOSING)
    bench.seconds(1)
    assert not bench.car.state.is_controller_logged_in


def test_login_is_tried_again():
    peer = Objects(STOCK)
    product = peer.values.pop(0x101802)
    bench = Bench(peer)
    bench.seconds(10)
    assert not bench.car.state.is_controller_logged_in
    requests = [data for _, data in bench.sent if data[0] == 0x40]
    assert 3 <= len(requests) <= 5, "every few seconds"
    peer.values[0x101802] = product
    bench.seconds(3)
    assert bench.car.state.is_controller_logged_in


def test_silent_without_permission():
    for value in (0, -1):
        bench = Bench(Objects(STOCK), {15: value, 3: 1})
        feed(bench.car, PRE_OP_BEAT)
        bench.press(0, 600, 600)
        bench.seconds(30)
        assert not bench.sent, value


def test_a_button_while_a_command_is_under_way_is_none():
    """A controller that changes its state reports as if a button had been pressed."""

    class Reporting(Objects):
        def feed(self, arbitration_id, data):
            bench.now_ms += 700
            feed(bench.car, BUTTON)
            assert bench.car.sevcon.presses <= 0, hexlify(data)
            return super().feed(arbitration_id, data)

    bench = Bench(Reporting(STOCK))
    assert bench.cfg("POWER 90").startswith("CFG POWER: OK")
    assert len(bench.sent) > 5
    bench.press(700)
    assert bench.car.sevcon.presses == 1


def test_return_from_pre_operational_at_switch_on():
    peer = Objects(STOCK)
    peer.values[0x511000] = 0x7F
    bench = Bench(peer)
    bench.seconds(1)
    assert peer.values[0x511000] == 5
    assert not bench.car.state.is_controller_configuring


def test_return_when_the_heartbeat_tells():
    """A command that was cut off leaves the state behind while the key stays on."""
    peer = Objects(STOCK)
    bench = Bench(peer)
    bench.seconds(2)
    peer.values[0x511000] = 0x7F
    feed(bench.car, PRE_OP_BEAT)
    bench.seconds(3)
    assert peer.values[0x511000] == 5


def test_a_wanted_state_stays_until_the_next_switch_on():
    peer = Objects(STOCK)
    bench = Bench(peer)
    bench.cfg("PRE")
    feed(bench.car, PRE_OP_BEAT)
    bench.seconds(10)
    assert peer.values[0x511000] == 0x7F
    feed(bench.car, KEY_OFF, CLOSING)
    bench.seconds(3)
    feed(bench.car, KEY_ON)
    bench.seconds(1)
    assert peer.values[0x511000] == 5


def test_nmt_when_the_request_is_ignored():
    class Stubborn(Objects):
        """Does not leave by SDO."""

        def feed(self, arbitration_id, data):
            if arbitration_id == 0:
                assert data == b"\x01\x01"
                self.values[0x511000] = 5
                return []
            answers = super().feed(arbitration_id, data)
            if data[:4] == b"\x22\x00\x28\x00":
                self.values[0x511000] = 0x7F
            return answers

    peer = Stubborn(STOCK)
    peer.values[0x511000] = 0x7F
    bench = Bench(peer)
    bench.seconds(1)
    assert (0, b"\x01\x01") in bench.sent
    assert peer.values[0x511000] == 5


def test_fault_is_told_once():
    peer = Objects(STOCK)
    peer.values[0x561001] = 0
    peer.values[0x561002] = int.from_bytes(b"HOT!", "little")
    peer.values[0x532000] = 0x4681
    bench = Bench(peer)
    bench.seconds(12)
    assert bench.events == [("A", "SEVCON ALERT 0x4681 HOT!")]
    assert peer.values[0x561001] == 0x4681
    bench.seconds(30)
    assert len(bench.events) == 1
    peer.values[0x532000] = 0x4C11
    del peer.values[0x561002]
    bench.seconds(11)
    assert bench.events[1:] == [("A", "SEVCON ALERT 0x4C11")]
    peer.values[0x532000] = 0
    bench.seconds(11)
    peer.values[0x532000] = 0x4C11
    bench.seconds(11)
    assert len(bench.events) == 3, "gone and come again"


def tuned():
    peer = Objects(STOCK)
    peer.values[0x292005] = 9000
    return peer


def test_three_presses_reset():
    peer = tuned()
    bench = Bench(peer)
    bench.seconds(2)
    bench.press(0, 600)
    bench.seconds(2)
    assert peer.values[0x292005] == 9000
    bench.press(0)
    bench.seconds(1)
    # To the owner whatever he wants to hear of.
    assert bench.events == [("S", "CFG RESET: OK fwd=7250 pow=1000 ntr=182")]
    assert bench.car.sevcon.presses == 0


def test_presses_that_no_hand_makes():
    """Within a second, in a flood, or too far apart: no reset, however many."""
    for pauses in (
        (0, 0, 0),
        (0, 450, 450),
        (0, 250, 749),
        (0,) + (150,) * 40,
        (0,) + (4200,) * 6,
    ):
        peer = tuned()
        bench = Bench(peer)
        bench.seconds(2)
        bench.press(*pauses)
        bench.seconds(3)
        assert peer.values[0x292005] == 9000 and not bench.events, pauses


def test_quick_presses_need_one_more():
    peer = tuned()
    bench = Bench(peer)
    bench.press(0, 300, 300)
    bench.seconds(1)
    assert peer.values[0x292005] == 9000
    bench.press(0)
    bench.seconds(1)
    assert peer.values[0x292005] == 7250


def test_the_milliseconds_wrap_between_two_presses():
    peer = tuned()
    bench = Bench(peer)
    bench.now_ms = 0x3FFFFFFF - 900
    bench.press(0, 600, 600)
    bench.seconds(1)
    assert peer.values[0x292005] == 7250


def test_presses_in_a_rolling_car():
    """The owner is told; the values stay."""
    peer = tuned()
    bench = Bench(peer)
    feed(bench.car, "599 00 00 04 B8 FF 49 01 90")
    bench.press(0, 600, 600)
    bench.seconds(2)
    assert peer.values[0x292005] == 9000
    assert bench.events[0][0] == "S" and "ERROR 0020 NOT IN STOP" in bench.events[0][1]


def test_presses_do_not_add_up_over_switch_off():
    peer = tuned()
    bench = Bench(peer)
    bench.press(0, 800)
    bench.seconds(1)
    feed(bench.car, KEY_OFF, CLOSING)
    bench.seconds(1)
    feed(bench.car, KEY_ON)
    bench.press(0)
    bench.seconds(2)
    assert peer.values[0x292005] == 9000


def test_reset_may_fail_and_be_asked_for_again():
    peer = tuned()
    bench = Bench(peer)
    bench.seconds(2)
    peer.fails_at = 3
    bench.press(0, 600, 600)
    bench.seconds(1)
    assert bench.events[0][1].startswith("CFG RESET: ERROR 0009 SDO ABORT")
    peer.fails_at = None
    bench.press(0, 600, 600)
    bench.seconds(4)
    assert bench.events[-1] == ("S", "CFG RESET: OK fwd=7250 pow=1000 ntr=182")


def test_buttons_can_be_disabled():
    peer = tuned()
    bench = Bench(peer, {15: 3})
    bench.press(0, 600, 600)
    bench.seconds(5)
    assert peer.values[0x292005] == 9000 and not bench.events


def test_no_buttons_in_go():
    peer = tuned()
    bench = Bench(peer)
    feed(bench.car, GO)
    bench.press(0, 600, 600)
    bench.seconds(3)
    assert peer.values[0x292005] == 9000 and not bench.events


COMMANDS = (
    "SPEED 100 110",
    "TORQUE 90",
    "POWER 80",
    "RECUP 20 30",
    "TSMAP DNB 90 80 70 60",
    "RAMPS 5 30",
    "SMOOTH 60",
    "BRAKELIGHT 20 10",
    "PRE",
    "OP",
    "READ 2920 1",
    "WRITE 2920 1 500",
    "RESTORE",
    "RESTORE ALL",
    "RESET",
    "NONSENSE",
)


def test_only_requests_and_nmt_to_node_1_leave():
    """Every internal path: commands that succeed, fail or meet silence, by SMS and by the server,
    and the watch.
    """
    for fails_at in (None, 2):
        peer = tuned()
        peer.values[0x511000] = 0x7F
        peer.values[0x532000] = 0x4681
        bench = Bench(peer)
        bench.seconds(13)
        for text in COMMANDS:
            peer.fails_at = None if fails_at is None else len(peer.writes) + fails_at
            bench.cfg(text)
        for code in range(256):
            run(bench.car.command(code, "1"), 20000)
        peer.fails_at = None
        bench.press(0, 600, 600)
        bench.seconds(5)
        for arbitration_id, data in bench.sent:
            assert (arbitration_id, len(data)) in bench.car.TX_FRAMES
            if arbitration_id == 0:
                assert data == b"\x01\x01", "start, node 1"
            else:
                assert data[0] in (0x22, 0x40, 0x60, 0x70, 0x80)
        assert len(bench.sent) > 200


def test_a_moving_car_is_left_alone():
    """Between the check and the write nobody else gets a turn, so a start in between is seen."""
    peer = Objects(STOCK)
    bench = Bench(peer)
    feed(bench.car, GO)
    for text in ("SPEED", "TORQUE", "TSMAP", "BRAKELIGHT", "RESET", "PRE"):
        reply = bench.cfg(text)
        assert "ERROR 0020" in reply and "NOT IN STOP" in reply, reply
    assert not peer.writes
    assert (0x601, b"\x22\x00\x28\x00\x01\x00\x00\x00") not in bench.sent
    assert bench.cfg("RECUP 20").startswith("CFG RECUP: OK"), "needs no stop"


def test_one_at_a_time():
    """A second command waits for the first, in vain when that never ends."""
    bench = Bench(Objects(STOCK))
    bench.car.sevcon.is_busy = True
    reply = bench.cfg("READ 2920 1")
    assert reply == "CFG READ: ERROR 000A SDO 0x0000.00: 0x0000"
    assert not bench.sent
    assert bench.car.sevcon.is_busy, "still the other's"
    assert 40_000 <= bench.now_ms <= 50_000
