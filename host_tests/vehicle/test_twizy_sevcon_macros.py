"""What each CFG macro writes and answers: Twizy guide 1.2.0, Twizy facts 7.13 and 9.6."""

from host_tests.vehicle.sevcon_bench import Bench, Objects, cfg_on

# Stock values of a Twizy 80 (Twizy facts 7.15) of everything the macros touch.
STOCK = {
    0x290A01: 8,
    0x290A03: 800,
    0x291001: 0x20C,
    0x291C02: 400,
    0x292001: 1000,
    0x292002: 500,
    0x292003: 182,
    0x292004: 182,
    0x292005: 7250,
    0x292007: 2500,
    0x29200B: 2000,
    0x29200D: 4000,
    0x29200E: 4000,
    0x381305: 1024,
    0x381306: 1024,
    0x381333: 7650,
    0x381334: 8050,
    0x381335: 8050,
    0x38133B: 8500,
    0x38133C: 7500,
    0x607600: 55000,
    0x461111: 273,
    0x461112: 7250,
}
TORQUES = (880, 880, 659, 608, 516, 421, 360, 307)
for _n in range(8):
    STOCK[0x461101 + 2 * _n] = TORQUES[_n]
for _n in range(4):
    STOCK[0x381324 + 2 * _n] = 32767
    STOCK[0x38131B + 2 * _n] = STOCK[0x381307 + 2 * _n] = (32767, 26214, 16383, 6553)[_n]
COMMIT = (0x464101, 1)


def run_cfg(text, values=None):
    return cfg_on(STOCK, text, values)


CYCLE = "OK, power cycle to activate!"


def test_speed():
    reply, writes = run_cfg("SPEED 100 110")
    assert reply == CYCLE + " fwd=9062 wrn=9399"
    assert writes == [
        (0x292005, 9062),
        (0x381333, 9462),
        (0x381335, 9862),
        (0x38133B, 10312),
        (0x381334, 9949),
        (0x38133C, 9399),
        (0x461112, 9062),
        (0x461111, 218),
        COMMIT,
    ]


def test_speed_default_is_stock():
    reply, writes = run_cfg("SPEED", {0x292005: 9062, 0x461112: 9062, 0x461111: 218})
    assert reply == CYCLE + " fwd=7250 wrn=7500"
    assert writes[:-1] == [(key, STOCK[key]) for key, _ in writes[:-1]]
    assert writes[-1] == COMMIT


def test_speed_limits():
    _, writes = run_cfg("SPEED 111 111")
    values = dict(writes)
    assert values[0x292005] == 10000, "forward"
    assert values[0x38133B] == 10900, "all overspeed limits"
    assert max(values[0x381333], values[0x381335], values[0x381334]) <= 10900
    _, writes = run_cfg("SPEED 6 6")
    values = dict(writes)
    assert values[0x292005] == 543
    assert values[0x38133B] == 1793, "and not 10900, which was meant as the upper limit"
    assert values[0x461112] == 7250, "the torque map keeps its end"
    assert values[0x38133C] == 0, "8050 * 6 // 89 - 550 would be below"


def test_speed_warn_only_takes_the_default_speed():
    _, writes = run_cfg("SPEED -1 80")
    values = dict(writes)
    assert values[0x292005] == 7250
    assert values[0x381334] == 8050 * 80 // 89


def test_torque():
    reply, writes = run_cfg("TORQUE 90")
    assert reply == CYCLE + " trq=63461"
    assert writes == [
        (0x607600, 63461),
        (0x461101, 1015),
        (0x461103, 1015),
        (0x461105, 760),
        (0x461107, 701),
        (0x461109, 595),
        (0x46110B, 485),
        (0x46110D, 415),
        (0x46110F, 354),
        (0x461111, 314),
        COMMIT,
    ]


def test_torque_limits():
    _, writes = run_cfg("TORQUE 100")
    values = dict(writes)
    assert values[0x607600] == 70125 and values[0x461101] == 1122
    _, writes = run_cfg("TORQUE 10")
    values = dict(writes)
    assert values[0x607600] == 10000 and values[0x46110F] == 160


def test_speed_follows_torque_and_torque_speed():
    """Set one after the other, both end points count."""
    peer = Objects(STOCK)
    bench = Bench(peer)
    bench.cfg("TORQUE 90")
    bench.cfg("SPEED 100")
    assert peer.values[0x461111] == 314 * 7250 // 9062
    peer = Objects(STOCK)
    bench = Bench(peer)
    bench.cfg("SPEED 100")
    bench.cfg("TORQUE 90")
    assert peer.values[0x461111] == 314 * 7250 // 9062


def test_power():
    assert run_cfg("POWER 80") == ("OK pow=800", [(0x292001, 800)])
    assert run_cfg("POWER", {0x292001: 500}) == ("OK pow=1000", [(0x292001, 1000)])


def test_recup():
    assert run_cfg("RECUP 25 40") == ("OK ntr=252 brk=404", [(0x292003, 252), (0x292004, 404)])
    assert run_cfg("RECUP 65")[1] == [(0x292003, 657), (0x292004, 657)]
    assert run_cfg("RECUP 100")[1] == [(0x292003, 1000), (0x292004, 1000)]
    assert run_cfg("RECUP")[1] == [(0x292003, 182), (0x292004, 182)]
    assert run_cfg("RECUP 0%")[1] == [(0x292003, 0), (0x292004, 0)]


def test_tsmap():
    reply, writes = run_cfg("TSMAP B 100 60 40 20")
    assert reply == "OK D4=32767 N4=6553 B4=6553"
    assert writes == [(0x381307, 32767), (0x381309, 19660), (0x38130B, 13106), (0x38130D, 6553)]
    reply, writes = run_cfg("tsmap dn 50")
    assert reply == "OK D4=32767 N4=6553 B4=6553"
    assert [value for _, value in writes] == [
        16383,
        32767,
        32767,
        32767,
        16383,
        26214,
        16383,
        6553,
    ]
    _, writes = run_cfg("TSMAP")
    assert [key for key, _ in writes] == [
        base + 2 * point for base in (0x381324, 0x38131B, 0x381307) for point in range(4)
    ]
    assert writes == [(key, STOCK[key]) for key, _ in writes]


def test_ramps():
    reply, writes = run_cfg("RAMPS")
    assert reply == "OK rstr=400 racc=2500 rbrk=4000"
    assert writes == [
        (0x291C02, 400),
        (0x292007, 2500),
        (0x29200B, 2000),
        (0x29200D, 4000),
        (0x29200E, 4000),
    ]
    _, writes = run_cfg("RAMPS 100 50 0")
    assert [value for _, value in writes] == [10000, 5000, 10, 4000, 4000]


def test_smooth():
    assert run_cfg("SMOOTH") == ("OK scrv=8 srmp=800", [(0x290A01, 8), (0x290A03, 800)])
    assert run_cfg("SMOOTH 50")[1] == [(0x290A01, 6), (0x290A03, 571)]
    assert run_cfg("SMOOTH 0")[1] == [(0x290A01, 1), (0x290A03, 0)]
    assert run_cfg("SMOOTH 100")[1] == [(0x290A01, 11), (0x290A03, 1000)]


def test_brakelight():
    reply, writes = run_cfg("BRAKELIGHT 20 10")
    assert reply == "OK bon=204 flgs=220C"
    assert writes == [(0x381305, 102), (0x381306, 204), (0x291001, 0x220C)]
    reply, writes = run_cfg("BRAKELIGHT", {0x291001: 0x220C})
    assert reply == "OK bon=1024 flgs=020C"
    assert writes == [(0x381305, 1024), (0x381306, 1024), (0x291001, 0x20C)]
    _, writes = run_cfg("BRAKELIGHT 5")
    assert writes[0] == (0x381305, 64), "one level sets both"


def test_reset_writes_every_default():
    tuned = {key: value // 2 for key, value in STOCK.items()}
    reply, writes = run_cfg("RESET", tuned)
    assert reply == "OK fwd=7250 pow=1000 ntr=182"
    settings = {key for key, _ in writes} - {0x464101}
    assert settings == set(STOCK) - {0x292002}
    final = dict(writes)
    for key in settings - {0x291001}:
        assert final[key] == STOCK[key], hex(key)
    assert final[0x291001] == STOCK[0x291001] // 2 & ~0x2000, "its other bits are not ours"


def test_an_unreadable_value_is_left_out():
    peer = Objects(STOCK)
    bench = Bench(peer)
    del peer.values[0x290A03]
    assert bench.cfg("SMOOTH 50") == "CFG SMOOTH: ERROR 0002 SDO ABORT 0x290A.03: 0x06020000"
    assert not peer.writes, "what cannot be read is not written"


def test_the_failing_map_is_named():
    peer = Objects(STOCK)
    peer.fails_at = 5
    reply = Bench(peer).cfg("TSMAP")
    assert reply == "CFG TSMAP: ERROR 0009 IN MAP N SDO ABORT 0x3813.1D: 0x05040000"
    assert len(peer.writes) == 5, "it stops there"
