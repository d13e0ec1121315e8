"""What every car must do, as functions on a car class; `test_contract.py` runs them on all."""

from binascii import unhexlify

from host_tests.shims.expect import allocates, run
from ovms.parameters import FIRST_FEATURE, FIRST_STORED_FEATURE
from ovms.protocol.v2.messages import STALE_AFTER_S, freshness
from ovms.vehicle.state import CHARGING, TOPPING_OFF, VehicleState

STANDARD_IDS = 0x800
FILLERS = (0x00, 0x55, 0xFF)

# What may stand behind the name of an SMS command of any car: letters, numbers, and the words of
# those commands that are lists of others.
LETTERS = "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z TD VD L5 HERE ALL ON OFF"
NUMBERS = "0 1 50 60% 255 -1 -"
VERBS = "RESET RESTORE PRE OP SET SAVE LOAD CLEAR WRITE SPEED POWER TORQUE RECUP RAMPS SMOOTH"
QUESTIONS = (
    ((),)
    + tuple((word,) for text in (LETTERS, NUMBERS, VERBS) for word in text.split())
    + tuple((word, "50") for word in VERBS.split())
    + (("60%", "30"), ("WRITE", "2920", "3", "1000"), ("RESTORE", "ALL"), ("TSMAP", "D", "90"))
)


class Settings:
    """The part of the Config contract that cars use: features and parameters by number, unit,
    revision.
    """

    def __init__(self, features=None, is_miles=False):
        self.parameters = {}
        self.features = features or {}
        self.is_miles = is_miles
        self.is_paranoid = False
        self.revision = 0

    def get(self, n):
        return self.parameters.get(n, "")

    def feature(self, n):
        return self.features.get(n, 0)

    def set_feature(self, n, value):
        self.features[n] = int(str(value).partition(".")[0])
        if n >= 8:
            self.parameters[n + 16] = str(value)
        self.revision += 1

    def apply(self, changes):
        for number, text in changes.items():
            self.set_feature(number - FIRST_FEATURE + FIRST_STORED_FEATURE, int(text))


def build(car_class, features=None, is_miles=False):
    """A car with a fresh state."""
    return car_class(VehicleState(), Settings(features, is_miles))


def feed(car, *frames):
    """Give a car frames written as in the documents: `155 05 96 E7 54 6D 58 00 6F`."""
    for text in frames:
        words = text.split()
        payload = unhexlify("".join(words[1:]))
        data = bytearray(8)
        data[: len(payload)] = payload
        car.on_frame(int(words[0], 16), data, len(payload))


def pass_seconds(car, seconds):
    """Let time go by as the firmware does, once a second."""
    for _ in range(seconds):
        car.state.tick(1)
        car.poll(1000)


def snapshot(state):
    """Every attribute of a state, lists copied."""
    values = {}
    for name in state.__dict__:
        value = getattr(state, name)
        values[name] = list(value) if isinstance(value, list) else value
    return values


def everything(thing, seen=None):
    """All that a car consists of, and its settings, as nested values to compare."""
    seen = set() if seen is None else seen
    if isinstance(thing, dict):
        found = []
        # What is in it twice is told once: as flashed, an attribute has all names that its short
        # one stands for.
        first = {}
        for key in sorted(thing, key=repr):
            value = thing[key]
            other = first.setdefault(id(value), key)
            found.append((key, everything(value, seen) if other is key else other))
        return found
    if isinstance(thing, (list, tuple)):
        return [everything(value, seen) for value in thing]
    if isinstance(thing, (int, str, bytes, bytearray, type(None))) or callable(thing):
        return repr(thing)
    if not hasattr(thing, "__dict__"):
        # Arrays and views.
        return bytes(thing) if hasattr(thing, "__len__") else ""
    if id(thing) in seen:
        return "seen"
    seen.add(id(thing))
    return everything(thing.__dict__, seen)


class Noise:
    """Repeatable random bytes on every runtime; `seed` is printed by the test that fails."""

    def __init__(self, seed):
        self._word = seed

    def fill(self, data):
        for index in range(len(data)):
            self._word = (self._word * 1103515245 + 12345) & 0x7FFFFFFF
            data[index] = self._word >> 16 & 0xFF


def declares_itself(car_class):
    car = build(car_class)
    ids = car_class.RX_IDS
    assert car.TYPE and car.type_text().startswith(car.TYPE)
    assert len(set(ids)) == len(ids), "an id is listed twice"
    assert all(0 <= arbitration_id < STANDARD_IDS for arbitration_id in ids)
    assert (car.BITRATE is None) == (not ids), "a car hears something if it has a bus"
    assert car.BITRATE in (None, 125_000, 250_000, 500_000, 1_000_000)


def sends_only_its_own(car_class, played=()):
    """The allow-list is exact, and no car imitates what it listens to, but for ids it plays."""
    frames = car_class.TX_FRAMES
    assert len(set(frames)) == len(frames)
    for arbitration_id, dlc in frames:
        assert 0 <= arbitration_id < STANDARD_IDS
        assert 0 <= dlc <= 8
        assert arbitration_id not in car_class.RX_IDS or arbitration_id in played


def names_its_commands(car_class):
    """Every SMS command has a function, and V lists codes or ranges of them."""
    for name, mode, method in build(car_class).sms_commands():
        assert name == name.upper() and mode in (1, 2, 3)
        assert callable(method), name
        assert car_class.SMS_NAME, "HELP has to call the car something."
    for part in car_class.CAPABILITIES.split(",") if car_class.CAPABILITIES else ():
        first, dash, last = part[1:].partition("-")
        assert part[0] == "C" and first.isdigit(), part
        assert not dash or int(last) > int(first), part


def asks_without_a_change(car_class, wake):
    """No SMS command that is a question changes the car, a setting or anything on the bus.

    wake: frames after which the car is awake. What it may write at all is allowed.
    """
    car = build(car_class, {10: 70, 11: 40, 12: 80, 15: 1})
    sent = []
    car.send = lambda arbitration_id, data: sent.append(bytes(data)) or True
    car.on_event = car.on_record = lambda *_: sent.append(_)

    async def sleep_ms(ms):
        pass

    car.sleep_ms = sleep_ms
    feed(car, *wake)
    pass_seconds(car, 2)
    sent.clear()
    before = everything(car)
    for name, _, method in car.sms_commands():
        for words in QUESTIONS:
            try:
                text = run(method(car, list(words), True))
                assert text is None or isinstance(text, str)
            except ValueError as error:
                # A sentence for the user.
                assert str(error).endswith((".", "!")), error
            assert everything(car) == before, (name, words)
            assert not sent, (name, words)


def survives_every_dlc(car_class, seed):
    car = build(car_class)
    noise = Noise(seed)
    data = bytearray(8)
    for _ in range(3):
        for arbitration_id in car_class.RX_IDS:
            for dlc in range(9):
                for filler in FILLERS:
                    for index in range(8):
                        data[index] = filler
                    car.on_frame(arbitration_id, data, dlc)
                noise.fill(data)
                car.on_frame(arbitration_id, data, dlc)
            pass_seconds(car, 1)


def refuses_empty_frames(car_class, seed):
    """A frame without bytes changes nothing, whatever the borrowed buffer still holds."""
    car = build(car_class)
    data = bytearray(8)
    Noise(seed).fill(data)
    before = snapshot(car.state)
    for arbitration_id in car_class.RX_IDS:
        car.on_frame(arbitration_id, data, 0)
    assert snapshot(car.state) == before


def ignores_foreign_ids(car_class, seed):
    car = build(car_class)
    data = bytearray(8)
    before = snapshot(car.state)
    noise = Noise(seed)
    for arbitration_id in range(STANDARD_IDS):
        if arbitration_id not in car_class.RX_IDS:
            noise.fill(data)
            car.on_frame(arbitration_id, data, 8)
    assert snapshot(car.state) == before


def never_allocates(car_class, seed):
    """Every id with every DLC, with fillers and noise, under a locked heap."""
    on_frame = build(car_class).on_frame
    data = bytearray(8)
    noise = Noise(seed)
    for arbitration_id in list(car_class.RX_IDS) + [0x7FF]:
        for filler in FILLERS + (None,):
            if filler is None:
                noise.fill(data)
            else:
                for index in range(8):
                    data[index] = filler

            def every_dlc():
                for dlc in range(9):
                    on_frame(arbitration_id, data, dlc)  # noqa: B023 - called at once

            assert not allocates(every_dlc), hex(arbitration_id)


class _Values:
    """What a car keeps: `Vehicle.keep` hands its values here, and takes them back from here."""

    def __init__(self, values=None):
        self.is_restored = values is not None
        self.values = values or {}
        self.keys = []

    def number(self, key, value):
        assert key not in self.keys, key
        assert all(letter.islower() or letter.isdigit() or letter == "_" for letter in key), key
        self.keys.append(key)
        if self.is_restored:
            return self.values.get(key, value)
        assert value is None or isinstance(value, (int, bool)), key
        if value is not None:
            self.values[key] = int(value)
        return value

    def text(self, key, value):
        self.keys.append(key)
        if self.is_restored:
            return self.values.get(key, value)
        assert isinstance(value, str) and "\n" not in value, key
        self.values[key] = value
        return value

    def numbers(self, key, values):
        self.keys.append(key)
        assert len(values) > 1, key
        if not self.is_restored:
            self.values[key] = list(values)
            return
        for i, value in enumerate(self.values.get(key, ())):
            if value is not None:
                values[i] = value

    def age(self, key, age_s, least_s=STALE_AFTER_S):
        kept_s = self.number(key, age_s)
        return kept_s if kept_s is None or not self.is_restored else max(kept_s, least_s)


def keeps_what_it_knows(car_class, wake):
    """What was told is known after a restart beside a silent bus, and nothing moves or flows.

    A car that makes its values up keeps none.
    """
    car = build(car_class)
    feed(car, *wake)
    pass_seconds(car, 1)
    state = car.state
    assert bool(wake) == (car_class.IS_KEPT and state.told_age_s == 0), "S and D wait for it"
    if not car_class.IS_KEPT:
        return
    seen = snapshot(state)
    saved = _Values()
    car.keep(saved)
    assert snapshot(state) == seen, "saving changes nothing"
    again = build(car_class)
    announced = []
    again.on_event = announced.append
    again.keep(_Values(saved.values))
    pass_seconds(again, STALE_AFTER_S)
    state = again.state
    for name in ("soc_pct100", "odometer_m", "battery_temp_c", "estimated_range_km", "vin"):
        assert getattr(state, name) == seen[name], name
    assert not (state.is_on or state.is_awake or state.is_charging or state.has_pilot)
    assert state.speed_kmh10 == 0 and not state.battery_w
    assert state.charge_state not in (CHARGING, TOPPING_OFF)
    assert freshness(state.temps_age_s) != 1 and freshness(state.told_age_s) != 1
    # And it is the same car when it wakes up.
    feed(again, *wake)
    pass_seconds(again, 1)
    assert state.is_awake == bool(wake)
    assert bool(wake) == (state.told_age_s == 0)


def goes_stale(car_class, wake):
    """After silence the car is off and still, yet what was measured stays, grown old.

    wake: frames after which the car is awake and moving, or () for a car that never is.
    """
    car = build(car_class)
    feed(car, *wake)
    pass_seconds(car, 1)
    state = car.state
    assert state.is_awake == bool(wake)
    seen = snapshot(state)
    pass_seconds(car, STALE_AFTER_S)
    assert not (state.is_on or state.is_awake or state.is_charging or state.has_pilot)
    assert state.speed_kmh10 == 0
    assert not state.battery_ma and not state.battery_w
    assert freshness(state.temps_age_s) != 1
    for name in ("soc_pct100", "odometer_m", "battery_temp_c", "battery_mv", "vin"):
        assert getattr(state, name) == seen[name], name
