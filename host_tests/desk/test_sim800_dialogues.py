"""The modem engine plays the modem's part of the dialogues D1 to D20 (CPython only)."""

from host_tests.desk.at_dialogues import load
from tools.desk.modem.fault_switches import apply_fault
from tools.desk.modem.profile import Profile
from tools.desk.modem.rig import NUMBER, Rig

DIALOGUES = load()
UTC_SMS_S = 1787559630  # 2026-08-24 08:20:30, the stamp of D8 and D14
UTC_NITZ_S = 1787561600  # 2026-08-24 08:53:20, the time of D18


def boot_until(rig, urc):
    """Start with verbose errors and without echo; stop when `urc` is out."""
    rig.modem.saved.echo = 0
    rig.modem.saved.cmee = 2
    rig.modem.power_on()
    assert rig.scheduler.advance_until(lambda: urc in b"".join(rig.chunks), 20000)


def test_d1_autobaud():
    profile = Profile(is_autobaud=True, has_boot_noise=True)
    rig = Rig(profile, boot_sync_ms=1800, boot_call_ready_ms=6700, boot_sms_ready_ms=900)
    rig.modem.power_on()
    rig.play(DIALOGUES["D1"][0])
    assert (rig.modem.saved.baud, rig.modem.saved.echo) == (115200, 0)


def test_d2_fixed_rate():
    rig = Rig()
    rig.modem.power_on()
    rig.play(DIALOGUES["D2"][0])


def test_d3_identify_with_urc_inside_an_answer():
    rig = Rig(Profile(registered_stat=2)).boot()
    run = DIALOGUES["D3"][0]
    urc_index = run.index(("M", b"\r\n+CREG: 1\r\n", 0, "URC"))
    rig.play(run, {urc_index: lambda: rig.modem.network.set_coverage(1, "cs")})


def test_d4_sim_missing():
    rig = Rig(Profile(has_sim=False))
    boot_until(rig, b"+CFUN: 1\r\n")
    rig.play(DIALOGUES["D4"][0])


def test_d4_sim_busy_then_pin():
    rig = Rig(Profile(sim_pin="1234"), sim_busy_ms=900)
    boot_until(rig, b"+CPIN: SIM PIN\r\n")
    rig.play(DIALOGUES["D4"][1])


def test_d4_third_wrong_pin_asks_for_puk():
    rig = Rig(Profile(sim_pin="1234"))
    rig.modem.sim.pin_tries = 1
    boot_until(rig, b"+CPIN: SIM PIN\r\n")
    rig.play(DIALOGUES["D4"][2], {0: lambda: rig.modem.feed(b'AT+CPIN="9999"\r')})


def test_d5_no_network_then_denied():
    rig = Rig(Profile(registered_stat=2, csq_rssi=99))
    rig.boot("AT+CMEE=2;+CREG=1;+CGREG=1")

    def deny_later():
        rig.modem.tasks.later(30000, lambda: rig.modem.network.set_coverage(3, "cs"))

    rig.play(DIALOGUES["D5"][0], {2: deny_later})


def test_d6_connect_and_exchange():
    rig = Rig(ciicr_ms=2400, connect_ms=1900, ack_ms=800, downlink_ms=600).boot()
    run = DIALOGUES["D6"][0]

    def answer():
        peer = rig.dialler.connections[-1]
        assert bytes(peer.sent) == b"HELLO\r\n"
        peer.events.on_data(b"WORLD 42\n")

    rig.play(run, {run.index(("M", b"\r\n+CIPRXGET: 1\r\n", 600, "")): answer})


def test_d7_sms_while_sending():
    rig = Rig(prompt_ms=70, ack_ms=920, downlink_ms=900, sms_part_ms=0)
    peer = rig.connect("AT+CIPRXGET=1")
    for _ in range(2):
        rig.modem.sms.submit(NUMBER, "earlier")
    rig.advance(10)

    def sms():
        rig.modem.sms.submit(NUMBER, "STAT")

    rig.play(
        DIALOGUES["D7"][0], {1: sms, 4: sms, 5: lambda: peer.events.on_data(b"MP-0 pong\r\n")}
    )
    assert bytes(peer.sent) == b"MP-0 ping\r\n"


def test_d8_direct_sms_that_imitates_the_modem():
    rig = Rig().boot("AT+CMGF=1;+CNMI=2,2,0,0,0;+CSDH=1")
    rig.set_utc(UTC_SMS_S)
    text = "STAT\r\nOK\r\nEND"
    rig.play(DIALOGUES["D8"][0], {0: lambda: rig.modem.sms.submit(NUMBER, text)})


def test_d9_peer_closes_idle():
    rig = Rig()
    peer = rig.connect()
    rig.play(DIALOGUES["D9"][0], {0: peer.events.on_closed})


def test_d9_peer_closes_during_send():
    rig = Rig(ack_ms=5000, downlink_ms=300)
    peer = rig.connect()
    rig.play(DIALOGUES["D9"][1], {3: peer.events.on_closed})
    rig.advance(20000)
    assert rig.take() == b""
    assert rig.command("AT") == b"\r\nOK\r\n"


def test_d9_peer_closes_with_unread_data():
    rig = Rig()
    peer = rig.connect("AT+CIPRXGET=1")

    def goodbye():
        peer.events.on_data(b"bye\n")
        peer.events.on_closed()

    rig.play(DIALOGUES["D9"][2], {0: goodbye})


def test_d10_bearer_lost():
    rig = Rig(cipshut_ms=1500)
    peer = rig.connect()
    rig.play(DIALOGUES["D10"][0], {0: rig.modem.ip.deactivate})
    assert peer.is_abandoned and not peer.is_closed
    assert rig.command('AT+CSTT="internet","",""') == b"\r\nOK\r\n"


def test_d11_connect_failures():
    rig = Rig(failures={"nosuch.example": "dns", "203.0.113.7": "unreachable"})
    rig.boot('AT+CSTT="internet","",""', "AT+CIICR")
    rig.command("AT+CIFSR", 500)
    rig.play(DIALOGUES["D11"][0])


def test_d11_second_start():
    rig = Rig()
    rig.connect()
    again = b'AT+CIPSTART="TCP","server.test",6867\r'
    rig.play(DIALOGUES["D11"][1], {0: lambda: rig.modem.feed(again)})


def test_d11_wrong_apn():
    rig = Rig(Profile(valid_apn="m2m")).boot("AT+CMEE=2", 'AT+CSTT="internet","",""')
    rig.play(DIALOGUES["D11"][2])


def test_d12_push_mode():
    rig = Rig(downlink_ms=5)
    peer = rig.connect("AT+CIPHEAD=1")
    rig.play(
        DIALOGUES["D12"][0],
        {
            0: lambda: peer.events.on_data(b"A\r\nOK\r\nB> \x1a"),
            1: lambda: peer.events.on_data(b"xyz"),
            2: lambda: rig.modem.urc("+CSQN: 12,0"),
        },
    )


def test_d13_send_sms():
    rig = Rig(Profile(first_message_reference=34), sms_send_ms=3500, sms_refused_ms=30000)
    rig.boot()
    run = DIALOGUES["D13"][0]
    fail_index = run.index(("H", b"hi\x1a", 0, "or 500"))
    rig.play(run, {fail_index: lambda: apply_fault(rig.modem, "sms_fail", 38)})
    assert [(m.number, m.text) for m in rig.messages] == [(NUMBER, "SOC: 79%")]


def test_d14_read_delete_full():
    rig = Rig(sms_delete_ms=200, sms_delete_all_ms=4000).boot("AT+CMGF=1;+CSDH=1")
    rig.modem.sms.submit(NUMBER, "one")
    rig.modem.sms.submit(NUMBER, "two")
    rig.advance(2000)
    rig.set_utc(UTC_SMS_S)
    run = DIALOGUES["D14"][0]
    rig.play(
        run,
        {
            0: lambda: rig.modem.sms.submit(NUMBER, "STAT"),
            run.index(("H", b"AT+CPMS?\r", 0, "full")): lambda: apply_fault(
                rig.modem, "store_full"
            ),
        },
    )
    assert rig.modem.sms.store.used == 0


def test_d15_incoming_call():
    rig = Rig().boot("AT+CLIP=1")
    rig.play(DIALOGUES["D15"][0], {0: lambda: rig.modem.calls.incoming(NUMBER)})
    rig.advance(10000)
    assert rig.take() == b""


def test_d15_caller_hangs_up():
    rig = Rig().boot("AT+CLIP=1")
    rig.modem.calls.incoming(NUMBER)
    rig.play(DIALOGUES["D15"][1], {0: rig.modem.calls.remote_hang_up})


def test_d15_ussd():
    rig = Rig(ussd_ms=4000).boot()
    rig.play(DIALOGUES["D15"][2])


def test_d16_brown_out():
    rig = Rig()
    peer = rig.connect()
    rig.modem.faults.brown_out_after_bytes = 300
    actions = {
        0: lambda: rig.modem.set_supply_mv(3450),
        4: lambda: rig.modem.feed(bytes(300)),
    }
    rig.play(DIALOGUES["D16"][0], actions, quiet_ms=0)
    rig.play(DIALOGUES["D2"][0][1:])
    assert peer.is_abandoned and bytes(peer.sent) == b""


def test_d16_supply_too_low():
    rig = Rig().boot()
    rig.play(DIALOGUES["D16"][1], {0: lambda: rig.modem.set_supply_mv(3300)})
    assert rig.command("AT") == b""


def test_d17_sleep_and_wake():
    rig = Rig().boot()
    rig.play(DIALOGUES["D17"][0], {2: lambda: rig.advance(6000)})


def test_d18_network_time():
    rig = Rig().boot()
    rig.set_utc(UTC_NITZ_S)
    rig.play(
        DIALOGUES["D18"][0],
        {0: rig.modem.network.send_time, 4: lambda: rig.advance(1000)},
    )


def test_d18_clock_never_set():
    rig = Rig()
    rig.modem.saved.echo = 0
    rig.modem.power_on()
    rig.advance(40000)
    rig.play(DIALOGUES["D18"][1], {0: lambda: rig.modem.feed(b"AT+CCLK?\r")})


def dial_ppp(rig):
    rig.boot('AT+CGDCONT=1,"IP","internet"')
    rig.command("ATD*99***1#", 2000)


def test_d19_ppp():
    rig = Rig().boot()
    rig.play(DIALOGUES["D19"][0])


def test_d19_network_drop():
    rig = Rig()
    dial_ppp(rig)
    rig.play(DIALOGUES["D19"][1], {0: rig.modem.ip.deactivate})
    assert rig.command("AT") == b"\r\nOK\r\n"


def test_d19_back_to_commands():
    rig = Rig()
    dial_ppp(rig)
    rig.modem.feed(b"\x7e\xff AT\r+++\x7e")
    rig.advance(50)
    rig.play(DIALOGUES["D19"][2])


def test_d20_flight_mode_and_back():
    rig = Rig()
    rig.connect()
    rig.play(DIALOGUES["D20"][0])
    rig.advance(10000)
    assert rig.command("AT+CREG?") == b"\r\n+CREG: 0,1\r\n\r\nOK\r\n"
