"""The whole CFG set against a SEVCON made with the `canopen` package. Runs on CPython only.

Firmware and node share no code: the package's SDO server judges every frame.
"""

import canopen
import pytest

from host_tests.vehicle.contract import feed
from host_tests.vehicle.sevcon_bench import GO, Bench, Store
from ovms.parameters import CAN_WRITE_FROM
from tools.desk import sevcon_node
from tools.desk.sevcon_node import SevconNode

MACROS = (
    "SPEED 100 110",
    "TORQUE 90",
    "POWER 80",
    "RECUP 25 40",
    "TSMAP DNB 90 80 70 60",
    "RAMPS 10 50 30 30 30",
    "SMOOTH 50",
    "BRAKELIGHT 20 10",
)


def test_every_macro_and_reset():
    node = SevconNode()
    stock = node.configuration()
    bench = Bench(node)
    replies = [bench.cfg(text) for text in MACROS]
    assert replies == [
        "CFG SPEED: OK, power cycle to activate! fwd=9062 wrn=9399",
        "CFG TORQUE: OK, power cycle to activate! trq=63461",
        "CFG POWER: OK pow=800",
        "CFG RECUP: OK ntr=252 brk=404",
        "CFG TSMAP: OK D4=19660 N4=19660 B4=19660",
        "CFG RAMPS: OK rstr=1000 racc=5000 rbrk=3000",
        "CFG SMOOTH: OK scrv=6 srmp=571",
        "CFG BRAKELIGHT: OK bon=204 flgs=220C",
    ]
    assert node.state == sevcon_node.OPERATIONAL
    assert node.configuration() != stock
    assert bench.cfg("RESET") == "CFG RESET: OK fwd=7250 pow=1000 ntr=182"
    assert node.configuration() == stock, "the defaults are the stock values"


def test_restore_all_gives_back_what_was_there():
    node = SevconNode()
    bench = Bench(node)
    bench.cfg("WRITE 2920 F 5000")
    bench.cfg("WRITE 2870 3 65236")
    stock = SevconNode().configuration()
    for text in MACROS:
        assert "ERROR" not in bench.cfg(text)
    assert bench.cfg("RESTORE ALL").startswith("CFG RESTORE: OK")
    assert node.configuration() == stock


def test_low_level():
    bench = Bench(SevconNode())
    assert bench.cfg("READ 2870 3") == "CFG READ:  SDO 0x2870.03: 0xFF38 = 65336"
    assert bench.cfg("READ 6075 0") == "CFG READ:  SDO 0x6075.00: 0x0006DDD0 = 450000"
    assert bench.cfg("READ 5FFF 0") == "CFG READ: ERROR 0002 SDO ABORT 0x5FFF.00: 0x06020000"
    assert bench.cfg("READ 2920 77") == "CFG READ: ERROR 0002 SDO ABORT 0x2920.77: 0x06090011"
    assert bench.cfg("READ 1008 0").startswith("CFG READ: ERROR 0004 SDO ABORT 0x1008.00")
    assert bench.cfg("WRITE 1018 1 5").endswith("ERROR 0008 SDO ABORT 0x1018.01: 0x06010002")
    assert bench.cfg("WRITE 4624 0 11500") == (
        "CFG WRITE: OLD: SDO 0x4624.00: 0x2AF8 = 11000ERROR 0008 SDO ABORT 0x4624.00: 0x08000004"
    )
    assert bench.cfg("PRE") == "CFG PRE: OK"
    assert bench.cfg("WRITE 4624 0 11500") == (
        "CFG WRITE: OLD: SDO 0x4624.00: 0x2AF8 = 11000 => NEW: 11500"
    )
    assert bench.cfg("OP") == "CFG OP: OK"


def test_guide_refusal():
    """65000 rpm is beyond the range: the code of Twizy facts 9.6."""
    bench = Bench(SevconNode())
    assert bench.cfg("WRITE 2920 5 65000") == (
        "CFG WRITE: OLD: SDO 0x2920.05: 0x1C52 = 7250ERROR 0008 SDO ABORT 0x2920.05: 0x0800000B"
    )


def test_type_45_has_its_own_stock_values():
    """Every macro of a Twizy 45, its RESET, and nothing of a Twizy 80 in between."""
    node = SevconNode(type=45)
    stock = node.configuration()
    bench = Bench(node)
    assert bench.cfg("RESET") == "CFG RESET: OK fwd=5814 pow=1000 ntr=209"
    assert node.configuration() == stock
    for text in MACROS:
        reply = bench.cfg(text if text != "SPEED 100 110" else "SPEED 60 65")
        assert reply.startswith(f"CFG {text.split()[0]}: OK"), reply
    assert node.value(0x2920, 5) == 5814 * 60 // 45
    assert node.configuration() != stock
    assert bench.cfg("RESET") == "CFG RESET: OK fwd=5814 pow=1000 ntr=209"
    assert node.configuration() == stock
    assert bench.cfg("SPEED 100") == "CFG SPEED: ERROR 0031 (Twizy 45)"
    assert bench.cfg("READ 2920 5") == "CFG READ:  SDO 0x2920.05: 0x16B6 = 5814"
    assert bench.cfg("RESTORE ALL").startswith("CFG RESTORE: OK")
    assert node.configuration() == stock
    assert node.state == sevcon_node.OPERATIONAL


def test_other_hardware_is_not_even_logged_into():
    node = SevconNode(type=1)
    bench = Bench(node)
    assert bench.cfg("POWER 50") == "CFG POWER: ERROR 0040 SDO 0x1018.02: 0x07123000"
    assert node.level == 0 and not node.writes


@pytest.mark.parametrize("delay_ms", [50, 150, 190])
def test_slow_controller(delay_ms):
    node = SevconNode()
    node.delay_ms = delay_ms
    bench = Bench(node)
    assert bench.cfg("SPEED 100 110").startswith("CFG SPEED: OK")
    assert node.value(0x2920, 5) == 9062
    assert bench.now_ms < 45_000


def test_too_slow_is_an_error_in_bounded_time():
    node = SevconNode()
    node.delay_ms = 2000
    bench = Bench(node)
    assert "ERROR" in bench.cfg("RESET")
    assert bench.now_ms < 2000
    assert not [write for write in node.writes if write[0] != 0x5000]


def test_slow_reset_ends_in_time():
    """A hundred accesses of 190 ms each are within the limit; the car is operational after all."""
    node = SevconNode()
    node.delay_ms = 190
    bench = Bench(node)
    assert bench.cfg("RESET") == "CFG RESET: OK fwd=7250 pow=1000 ntr=182"
    assert bench.now_ms < 45_000
    assert node.state == sevcon_node.OPERATIONAL


@pytest.mark.parametrize("missed", [1, 2])
def test_busy_controller_is_asked_again(missed):
    node = SevconNode()
    bench = Bench(node)
    bench.cfg("OP")
    # An abort that is not heard counts as a request, too.
    node.busy_requests = 2 * missed
    assert bench.cfg("POWER 70") == "CFG POWER: OK pow=700"


def test_busy_controller_ends_the_command():
    node = SevconNode()
    bench = Bench(node)
    bench.cfg("OP")
    node.busy_requests = 6
    reply = bench.cfg("POWER 70")
    assert reply == "CFG POWER: LOGIN FAILED ERROR 0013 SDO ABORT 0x5000.01: 0x05040000"
    assert bench.cfg("POWER 70") == "CFG POWER: OK pow=700", "issue the last command again"


def test_refusing_controller_stops_the_macro():
    node = SevconNode()
    node.refusals[0x3813, 0x35] = 13
    bench = Bench(node)
    assert bench.cfg("SPEED 100") == "CFG SPEED: ERROR 0008 SDO ABORT 0x3813.35: 0x0800000D"
    written = [(index, subindex) for index, subindex, _ in node.writes if index > 0x2800]
    assert (0x3813, 0x3B) not in written and (0x4641, 1) not in written
    assert node.state == sevcon_node.OPERATIONAL
    node.refusals.clear()
    assert bench.cfg("RESTORE").startswith("CFG RESTORE: OK")
    assert node.configuration() == SevconNode().configuration()


def test_wrong_password():
    node = SevconNode()
    node.refusals[0x5000, 2] = 9
    reply = Bench(node).cfg("POWER 70")
    assert reply == "CFG POWER: LOGIN FAILED ERROR 0018 SDO ABORT 0x5000.02: 0x08000009"


def test_states_that_do_not_change():
    node = SevconNode()
    node.keeps_op = True
    assert Bench(node).cfg("SPEED").startswith("CFG SPEED: ERROR 0020 NOT IN STOP SDO 0x5110")
    node = SevconNode()
    node.keeps_pre_op = True
    node.state = sevcon_node.PRE_OPERATIONAL
    bench = Bench(node)
    bench.seconds(2)
    assert node.state == sevcon_node.OPERATIONAL, "by NMT at last"


def test_in_go_only_what_may():
    node = SevconNode()
    bench = Bench(node)
    feed(bench.car, GO)
    assert "NOT IN STOP" in bench.cfg("SPEED 100")
    assert bench.cfg("RECUP 50") == "CFG RECUP: OK ntr=505 brk=505"
    assert node.state == sevcon_node.OPERATIONAL


def test_three_presses():
    node = SevconNode()
    bench = Bench(node)
    bench.cfg("RECUP 50")
    bench.seconds(2)
    for _ in range(3):
        bench.now_ms += 700
        for frame in node.press_button():
            bench.hear(*frame)
    bench.seconds(2)
    assert bench.events == [("S", "CFG RESET: OK fwd=7250 pow=1000 ntr=182")]
    bench.seconds(5)
    assert len(bench.events) == 1, "the reset's own emergency frames are no presses"


def test_fault_alert():
    node = SevconNode()
    bench = Bench(node)
    node.fault = 0x45C3
    bench.seconds(12)
    assert bench.events == [("A", "SEVCON ALERT 0x45C3 Low Battery")]


KEY_TIME = "RT-ENG-LogKeyTime,0,86400,1234,200"


@pytest.mark.parametrize(
    ("arguments", "reply", "records"),
    [
        ("", "1,2", ["RT-ENG-LogAlerts,0,86400,45C3,Low Battery"]),
        ("2", "2,3", ["RT-ENG-LogFaults,0,86400,488E,Sequence Fault,1200,17,1A,02,FF"]),
        ("2,2", "2,1", ["RT-ENG-LogFaults,2,86400,488E,Sequence Fault,1200,17,1A,02,FF"]),
        ("3", "3,0", []),
        ("4,9", "4,1", ["RT-ENG-LogCounts,9,86400,4681,Preop,1100,30,1,2,7"]),
        ("5", "5,2", ["RT-ENG-LogMinMax,0,86400,800,930,799,931,-300,450,-900,9100,-5,61"]),
        ("5,7", "5,0", []),
    ],
)
def test_log_records(arguments, reply, records):
    bench = Bench(SevconNode())
    assert bench.msg(210, arguments) == (0, reply)
    assert bench.records[: 1 + len(records)] == [KEY_TIME, *records]
    assert len(bench.records) == 1 + int(reply.split(",")[1])


def test_clearing_logs():
    bench = Bench(SevconNode())
    bench.car.config.parameters[CAN_WRITE_FROM] = "SMS"
    assert bench.msg(209, "2") == (0, "2,3")
    assert bench.msg(209, "2") == (0, "2,0")
    assert bench.msg(209, "99") == (0, "99,12")
    assert bench.msg(209) == (1, "ERROR 0031"), "alerts cannot be cleared"


def test_log_refusals():
    bench = Bench(SevconNode())
    for arguments in ("6", "99", "x", "1234", "-1"):
        assert bench.msg(210, arguments) == (1, "ERROR 0031")
    assert bench.msg(210, "1,x") == (1, "ERROR 0032")
    node = SevconNode()
    node.is_silent = True
    result, text = Bench(node).msg(210, "1")
    assert (result, text) == (1, "ERROR 0043 SDO ABORT 0x1018.02: 0x05040000")
    assert Bench(node, {15: 0}).msg(210)[1].startswith("ERROR 0041 NO CANWRITE")


class PowerCutError(Exception):
    pass


@pytest.mark.parametrize("text", [*MACROS, "RESET"])
def test_power_cut_at_every_write(text):
    """Car and module lose their supply with the nth write; the next start offers the way back."""
    before = _tuned().configuration()
    cut_at = 0
    while True:
        node = _tuned()
        store = Store()
        if not _cut(node, store, text, cut_at):
            break
        node.is_silent = False
        node.power_cycle()
        needs_stop = text.split()[0] not in ("POWER", "RECUP", "RAMPS", "SMOOTH")
        assert (node.state == sevcon_node.PRE_OPERATIONAL) == needs_stop, "left behind"
        bench = Bench(node, store=store)
        bench.seconds(2)
        assert node.state == sevcon_node.OPERATIONAL, "the car can be driven"
        kind, notice = bench.events[0]
        assert kind == "A" and notice.startswith(f"CFG {text.split()[0]} was interrupted")
        assert bench.cfg("RESTORE").startswith("CFG RESTORE: OK")
        assert node.configuration() == before
        cut_at += 1
    assert cut_at == len(_settings_written(text))


def _tuned():
    """A controller that is not quite stock, so that the defaults would be noticed."""
    node = SevconNode()
    for index, subindex, value in ((0x2920, 5, 8000), (0x2920, 1, 900), (0x3813, 7, 30000)):
        size = 2
        node._node.set_data(index, subindex, value.to_bytes(size, "little"))
    return node


def _cut(node, store, text, cut_at):
    """Run a command until write number `cut_at`; False when it has fewer."""
    seen = []

    def on_write(index, subindex, value):
        if index not in (0x2800, 0x5000, 0x5610):
            if len(seen) == cut_at:
                node.is_silent = True
                raise PowerCutError
            seen.append((index, subindex))

    node.on_write = on_write
    try:
        Bench(node, store=store).cfg(text)
    except PowerCutError:
        return True
    finally:
        node.on_write = None
    return False


def _settings_written(text):
    node = _tuned()
    Bench(node).cfg(text)
    return [write for write in node.writes if write[0] not in (0x2800, 0x5000)]


def test_the_packages_own_client_agrees():
    """A real CANopen master on a virtual bus reads what our client wrote."""
    node = SevconNode()
    bench = Bench(node)
    bench.cfg("SPEED 100 110")
    network = canopen.Network()
    network.connect(interface="virtual", channel="sevcon")
    try:
        master = canopen.RemoteNode(sevcon_node.NODE_ID, canopen.ObjectDictionary())
        network.add_node(master)

        def send_message(can_id, data, remote=False):
            for arbitration_id, answer in node.feed(can_id, bytes(data)):
                network.notify(arbitration_id, bytearray(answer), 0.0)

        network.send_message = send_message
        assert master.sdo.upload(0x2920, 5) == (9062).to_bytes(2, "little")
        assert master.sdo.upload(0x1008, 0) == b"Gen4 (Renault Twizy)11 November 2011 12"
        with pytest.raises(canopen.SdoAbortedError):
            master.sdo.upload(0x7777, 0)
    finally:
        network.disconnect()


def test_node_ignores_what_is_not_its_own():
    node = SevconNode()
    for arbitration_id in range(0x800):
        if arbitration_id not in (sevcon_node.SDO_REQUEST, sevcon_node.NMT):
            assert not node.feed(arbitration_id, bytes(8))
    assert not node.feed(sevcon_node.SDO_REQUEST, bytes(7))
    assert not node.feed(sevcon_node.NMT, b"\x80\x02"), "another node"
    assert node.feed(sevcon_node.NMT, b"\x80\x01"), "an emergency tells"
    assert node.state == sevcon_node.PRE_OPERATIONAL


def test_writes_need_login_and_state():
    node = SevconNode()
    write = bytes.fromhex("22 20 29 01 F4 01 00 00")
    assert node.feed(0x601, write)[0][1].hex() == "8020290100000008"
    reason = node.feed(0x601, bytes.fromhex("40 10 53 00 00 00 00 00"))
    assert reason == [(0x581, bytes.fromhex("4F 10 53 00 08 00 00 00"))], "access level too low"
    Bench(node).cfg("OP")
    assert node.feed(0x601, write)[0][1][0] == 0x60
    node.power_cycle()
    assert node.feed(0x601, write)[0][1][0] == 0x80


def test_heartbeat():
    node = SevconNode()
    assert node.step(499) == []
    assert node.step(1) == [(sevcon_node.HEARTBEAT, b"\x05")]
