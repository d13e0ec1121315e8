"""When the module reports what (module-behaviour 4.5 and 4.6)."""

from host_tests.fakes.known_car import make_known
from ovms.config import Config
from ovms.parameters import GROUP1, GROUP2, NOTIFY, PARANOID, UNITS
from ovms.protocol.v2 import reports
from ovms.services.reporter import Reporter
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState
from tools.simulated_board.fakes.memory_store import MemoryStore

S, D, L, W, F, V = "SDLWFV"
EVERYTHING = [S, D, L, W, F, V]


class Module:
    """A reporter with what it reads, logged in, its first update sent."""

    def __init__(self, notify="IP", is_started=True):
        self.config = Config(MemoryStore())
        self.config.set(NOTIFY, notify)
        self.state = VehicleState()
        make_known(self.state)
        self.status = Status("BOARD")
        car = Vehicle(self.state, self.config)
        self.reporter = Reporter(self.state, self.config, self.status, car)
        self.reporter.on_login()
        if is_started:
            self.send(0)

    def take(self, elapsed_ms):
        """Codes that are due, taken but not sent."""
        codes = []
        message = self.reporter.poll(elapsed_ms)
        while message is not None:
            codes.append(message[0])
            message = self.reporter.poll(0)
        return codes

    def send(self, elapsed_ms):
        """Codes that are due, after they left."""
        codes = self.take(elapsed_ms)
        for code in codes:
            self.reporter.on_sent(code)
        return codes

    def wait(self, seconds):
        """[(second, codes)] of what leaves in the next seconds."""
        sent = []
        for second in range(1, seconds + 1):
            codes = self.send(1000)
            if codes:
                sent.append((second, codes))
        return sent


def test_login_sends_everything_at_once():
    assert Module(is_started=False).send(0) == EVERYTHING


def test_nothing_leaves_unless_parameter_3_has_ip():
    for notify in ("", "SMS"):
        module = Module(notify, is_started=False)
        assert module.send(0) == []
        module.status.peers = 1
        module.state.touch()
        assert module.wait(120) == []
        module.config.set(NOTIFY, "SMSIP")
        assert module.send(1000) == EVERYTHING


def test_unchanged_messages_are_filtered():
    module = Module()
    module.state.is_on = True
    module.state.touch()
    assert module.send(1000) == [D]
    module.state.touch()
    assert module.wait(599) == []
    assert module.wait(600) == []


def test_intervals():
    for peers, is_on, is_charging, interval in (
        (1, False, False, 60),
        (3, True, True, 60),
        (0, True, False, 600),
        (0, False, True, 600),
        (0, False, False, 3600),
    ):
        module = Module()
        module.status.peers = peers
        module.state.is_on = is_on
        module.state.is_charging = is_charging
        module.send(0)
        for round_ in range(1, 3):
            module.state.soc_pct100 = 5000 + 100 * round_
            sent = module.wait(interval)
            assert len(sent) == 1, (interval, sent)
            second, codes = sent[0]
            assert second == interval
            assert codes[0] == S


def test_a_wavering_signal_is_no_news():
    module = Module()
    # Over WiFi the log-in comes first: the server hears of the signal as soon as it is known.
    module.status.csq = 16
    assert module.send(1000) == [F]
    module.status.peers = 1
    for csq in (20, 12, 18, 14, 16):
        module.status.csq = csq
        assert F not in module.send(60_000), csq
    for csq, told in ((21, 21), (17, 21), (16, 16), (20, 16), (99, 0)):
        module.status.csq = csq
        codes = []
        message = module.reporter.poll(60_000)
        while message is not None:
            codes.append(message[0])
            if message[0] == F:
                assert message[1].split(b",")[2] == b"%d" % told
            module.reporter.on_sent(message[0])
            message = module.reporter.poll(0)
        assert (F in codes) == (csq == told or csq == 99), csq
    module.status.csq = 14
    module.reporter.on_login()
    assert F in module.send(0) and module.status.csq_told == 14


def test_becoming_busy_is_noticed():
    module = Module()
    assert module.wait(1000) == []
    module.state.is_charging = True
    # Its last update is longer ago than the busy interval; D has the charging bit.
    assert module.wait(1) == [(1, [D])]


def test_peers_make_it_send_everything_unchanged_or_not():
    module = Module()
    module.reporter.send_all()
    assert module.send(0) == EVERYTHING
    assert module.send(0) == []


def test_change_of_the_car_sends_s_and_d_at_once():
    module = Module()
    module.state.is_on = True
    module.state.soc_pct100 = 4200
    module.state.touch()
    assert module.send(1) == [S, D]
    assert module.send(1) == []
    module.state.touch()
    # Nothing in it differs.
    assert module.send(1) == []


def test_changes_bundle():
    module = Module()
    for soc_pct100 in (1000, 2000, 3000):
        module.state.soc_pct100 = soc_pct100
        module.state.touch()
    assert module.send(1) == [S]


def test_stream():
    module = Module()
    state = module.state
    state.latitude_udeg = state.longitude_udeg = 0

    def moved():
        state.latitude_udeg += 10
        return [code for _, codes in module.wait(1) for code in codes]

    module.status.peers = 1
    state.speed_kmh10 = 300
    assert moved() == []
    module.config.set_feature(8, 1)
    assert moved() == [L]
    assert moved() == [L]
    # Bit field: 2 is the GPS log alone, 3 both.
    module.config.set_feature(8, 2)
    assert moved() == []
    module.config.set_feature(8, 3)
    assert moved() == [L]
    state.speed_kmh10 = 0
    assert moved() == []
    state.speed_kmh10 = 300
    module.status.peers = 0
    assert moved() == []


def test_stream_is_at_most_one_a_second():
    module = Module()
    module.status.peers = 1
    module.state.speed_kmh10 = 300
    module.config.set_feature(8, 1)
    sent = 0
    for step in range(100):
        module.state.latitude_udeg = step
        sent += len(module.send(100))
    assert sent == 10


def test_only_what_left_counts_as_sent():
    module = Module()
    module.state.soc_pct100 = 4200
    module.state.touch()
    assert module.take(0) == [S]
    # The connection broke before it left; the next login tells everything anyway.
    module.reporter.on_closed()
    assert module.send(0) == []
    module.reporter.on_login()
    assert module.send(0) == EVERYTHING


def test_value_that_changed_while_under_way_is_sent_again():
    module = Module()
    module.state.soc_pct100 = 4200
    module.state.touch()
    assert module.take(0) == [S]
    module.state.soc_pct100 = 4100
    module.state.touch()
    assert module.take(0) == [S]
    module.reporter.on_sent(S)
    module.reporter.on_sent(S)
    module.state.soc_pct100 = 4200
    module.state.touch()
    assert module.send(0) == [S]
    module.state.touch()
    assert module.send(0) == []


def test_groups_have_their_own_memory():
    module = Module()
    module.config.set(GROUP1, "FRIENDS")
    module.config.set(GROUP2, "CLUB")
    module.reporter.send_all()
    assert module.send(0) == [S, D, L, "g", "g", W, F, V]
    module.status.peers = 1
    assert module.wait(59) == []
    module.state.soc_pct100 = 100
    assert module.wait(1) == [(1, [S, D, "g", "g"])]
    module.config.set(GROUP2, "")
    module.state.soc_pct100 = 200
    assert module.wait(60) == [(60, [S, D, "g"])]


def test_groups_carry_their_names():
    module = Module()
    module.config.set(GROUP1, "FRIENDS")
    module.config.set(GROUP2, "CLUB")
    module.reporter.send_all()
    names = []
    message = module.reporter.poll(0)
    while message is not None:
        if message[0] == "g":
            names.append(message[1].split(b",")[0])
        message = module.reporter.poll(0)
    assert names == [b"FRIENDS", b"CLUB"]


def test_groups_get_nothing_in_paranoid_mode():
    """The server would act upon them, so they would leave in clear, with the place."""
    module = Module()
    module.config.set(GROUP1, "FRIENDS")
    module.config.set(PARANOID, "P")
    module.reporter.send_all()
    assert module.send(0) == [S, D, L, W, F, V]


def test_limit_is_kept():
    module = Module(is_started=False)
    whole = reports.state_message(module.state, False)
    assert len(whole) > 100
    module.reporter.limit = 100
    code, payload = module.reporter.poll(0)
    assert code == S
    assert whole.startswith(payload + b",")
    message = module.reporter.poll(0)
    while message is not None:
        assert len(message[1]) <= 100
        message = module.reporter.poll(0)


def test_units_are_the_users():
    module = Module()
    module.config.set(UNITS, "M")
    module.state.touch()
    code, payload = module.reporter.poll(0)
    assert code == S and payload.split(b",")[1] == b"M"


def test_a_change_of_the_settings_shows_at_once():
    module = Module()
    module.state.soc_pct100 = 5000
    module.state.soh_pct = 99
    module.state.odometer_m = 123456
    module.state.latitude_udeg = module.state.longitude_udeg = 1
    module.reporter.send_all()
    module.send(0)
    # What became known is news by itself.
    module.wait(3)
    module.config.set(UNITS, "M")
    # In the second that the car has to look at its settings.
    module.state.range_limit_km = 40
    assert module.wait(5) == [(3, [S, D])]
    for n in (9, 13, 14):
        module.config.set_feature(n, 30)
        module.state.soh_pct = 90 - n
        assert module.wait(5) == [(3, [S])], n
    module.config.set_feature(14, 0)
    assert module.wait(5) == [], "what is not seen in a message takes no bytes"
    # These show in no message of the car.
    module.config.set_feature(8, 1)
    module.state.soh_pct = 99
    assert module.wait(5) == []
