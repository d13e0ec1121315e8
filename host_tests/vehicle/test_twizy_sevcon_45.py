"""CFG on a Twizy 45: the guide's macros with its own stock values (Twizy facts 7.5, 7.15, 9.6)."""

from host_tests.vehicle.sevcon_bench import Bench, Objects, cfg_on
from host_tests.vehicle.test_twizy_sevcon_macros import COMMIT, CYCLE
from host_tests.vehicle.test_twizy_sevcon_macros import STOCK as STOCK_80

STOCK = dict(STOCK_80)
STOCK.update(
    {
        0x101802: 0x0712301B,
        0x291C02: 300,
        0x292003: 209,
        0x292004: 209,
        0x292005: 5814,
        0x292007: 2083,
        0x381333: 6500,
        0x381334: 7200,
        0x381335: 7200,
        0x38133B: 8500,
        0x38133C: 6300,
        0x607600: 33000,
        0x461111: 195,
        0x461112: 6000,
    }
)
TORQUES = (520, 520, 437, 363, 314, 279, 247, 226)
for _n in range(8):
    STOCK[0x461101 + 2 * _n] = TORQUES[_n]
# The end of its flux map: 36 Nm and 10 kW.
FLUX_END_NM16 = 576
POWER_MAX_W = 10_000


def run_cfg(text, values=None):
    return cfg_on(STOCK, text, values)


def values_of(text):
    return [value for _, value in run_cfg(text)[1]]


def test_defaults_are_the_stock_values():
    for text in ("SPEED", "TORQUE", "RECUP", "RAMPS", "SMOOTH", "TSMAP", "POWER", "RESET"):
        reply, writes = run_cfg(text, {0x292005: 7000, 0x461112: 7000, 0x461111: 100})
        assert reply.startswith("OK"), reply
        if text == "TORQUE":
            # It keeps the end that the speed has, and only that.
            writes = [entry for entry in writes if entry[0] != 0x461111]
        assert len(writes) > 0
        for key, value in writes:
            assert (key, value) == COMMIT or value == STOCK[key], (text, hex(key), value)


def test_reset_writes_every_default():
    tuned = {key: value // 2 for key, value in STOCK.items() if key < 0x700000 and key > 0x290000}
    reply, writes = run_cfg("RESET", tuned)
    assert reply == "OK fwd=5814 pow=1000 ntr=209"
    final = dict(writes)
    for key in set(final) - {0x464101, 0x291001}:
        assert final[key] == STOCK[key], hex(key)


def test_speed():
    reply, writes = run_cfg("SPEED 60 65")
    assert reply == CYCLE + " fwd=7752 wrn=7457"
    assert writes == [
        (0x292005, 7752),
        (0x381333, 7752 + 686),
        (0x381335, 7752 + 1386),
        (0x38133B, 7752 + 2686),
        (0x381334, 8357),
        (0x38133C, 8357 - 900),
        (0x461112, 7752),
        (0x461111, 195 * 6000 // 7752),
        COMMIT,
    ]


def test_speed_limits():
    """No speed beyond those that a Twizy 80 is limited to."""
    values = dict(run_cfg("SPEED 77 77")[1])
    assert values[0x292005] == 5814 * 77 // 45 < 10000
    assert values[0x381333] < values[0x381335] == values[0x38133B] == 10900
    assert values[0x381334] == 9900
    # Power at the end stays that of the stock map.
    assert values[0x461111] * values[0x461112] <= 195 * 6000
    for text in ("SPEED 78", "SPEED 111 111", "SPEED 45 78", "SPEED 5"):
        reply, writes = run_cfg(text)
        assert reply.startswith("ERROR 003") and not writes, text


def test_torque():
    """100 % is the end of the flux map; the peak is half a newton metre above the map."""
    values = dict(run_cfg("TORQUE 100")[1])
    assert (values[0x607600], values[0x461101]) == (36500, FLUX_END_NM16)
    assert values[0x461111] * values[0x461111 - 2] > 0
    values = dict(run_cfg("TORQUE 50")[1])
    assert values[0x607600] == 32500 * 50 // 90 + 500
    assert [values[0x461101 + 2 * n] for n in range(8)] == [x * 50 // 90 for x in TORQUES]
    assert values[0x461111] == 195 * (32500 * 50 // 90) // 32500
    values = dict(run_cfg("TORQUE 10")[1])
    assert values[0x607600] == 5500 and values[0x461111] == 80, "5 Nm are left"


def test_power_stays_within_the_motors():
    """At every point of the map, with all torque and all speed: T * rpm / 9549."""
    peer = Objects(STOCK)
    bench = Bench(peer)
    assert "OK" in bench.cfg("TORQUE 100")
    assert "OK" in bench.cfg("SPEED 77")
    speeds = (0, 2050, 2500, 3000, 3500, 4000, 4500, 5000, peer.values[0x461112])
    for n in range(9):
        torque_nm16 = peer.values[0x461101 + 2 * n]
        assert torque_nm16 * speeds[n] * 1000 // 16 // 9549 <= POWER_MAX_W, n


def test_recup():
    """Twizy facts 9.6."""
    assert values_of("RECUP 25 40") == [248, 398]
    assert values_of("RECUP 65") == [646, 646]
    assert values_of("RECUP 100") == [995, 995]
    assert values_of("RECUP") == [209, 209]


def test_ramps():
    """Twizy facts 9.6; the start of the guide is in percent."""
    assert values_of("RAMPS") == [300, 2083, 2000, 4000, 4000]
    assert values_of("RAMPS 4 50") == [400, 4959, 2000, 4000, 4000]


def test_levels_are_those_of_a_twizy_80():
    assert run_cfg("POWER 80")[1] == [(0x292001, 800)]
    assert values_of("SMOOTH 50") == [6, 571]
    assert values_of("TSMAP B 100 60 40 20") == [32767, 19660, 13106, 6553]
    assert run_cfg("BRAKELIGHT 20 10")[1] == [
        (0x381305, 102),
        (0x381306, 204),
        (0x291001, 0x220C),
    ]
