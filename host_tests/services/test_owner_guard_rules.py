"""The rules of `owner_guard.py` one by one: what is guarded, for how long, what a note is."""

from host_tests.services.owner_bench import UTC_S, Module
from host_tests.services.sms_bench import OWNER, STRANGER
from host_tests.shims.expect import raises
from ovms import owner_guard, parameters
from ovms.parameters import DAMAGE, FROM_OWNER, PASSWORD, PHONE, SPENT, UNDO

NOTE = "5,3,2\t0=" + OWNER
BITS = (1 << len(owner_guard.GUARDED)) - 1


def test_what_is_guarded():
    wifi = list(range(parameters.FIRST_WIFI, parameters.LAST_WIFI + 1))
    assert (
        list(owner_guard.GUARDED)
        == [
            parameters.PHONE,
            parameters.PASSWORD,
            parameters.SERVER,
            parameters.SERVER_PASSWORD,
            parameters.PARANOID,
            parameters.REMOTE,
            parameters.CAN_WRITE,
            parameters.MQTT_SERVER,
            parameters.MQTT_USER,
            parameters.MQTT_PASSWORD,
            parameters.SUPPORT,
        ]
        + wifi
    )
    assert len(wifi) == 6


def test_places_of_acc_are_the_owners_under_remote_safe():
    text = "52.500000 13.400000 100 ON PLUGIN"
    for n in range(parameters.FIRST_ACC, parameters.LAST_ACC + 1):
        for origin in (parameters.FROM_SERVER, FROM_OWNER, parameters.FROM_CABLE):
            module = Module()
            config = module.config
            # While nothing was said a server may, and is not told of as if it were a password.
            config.apply({n: text}, True, parameters.FROM_SERVER)
            assert config.get(n) == text and not config.untold
            config.apply({parameters.REMOTE: "SAFE"}, True, FROM_OWNER)
            config.apply({parameters.UNITS: "M"}, True, parameters.FROM_SERVER)
            if origin == parameters.FROM_SERVER:
                error = raises(ValueError, config.apply, {n: ""}, True, origin)
                assert str(error) == "REMOTE SAFE: only the owner's phone may change this."
                assert config.get(n) == text
            else:
                config.apply({n: ""}, True, origin)
                assert config.get(n) == ""


def test_what_is_a_note():
    assert owner_guard.read(NOTE) == (5, 3, 2, {PHONE: OWNER})
    assert owner_guard.read(NOTE + "\t1=a=b\t4=") == (5, 3, 2, {0: OWNER, 1: "a=b", 4: ""})
    for text in (
        "",
        "5,3,2",
        "5,3\t0=" + OWNER,
        "5,3,2,1\t0=" + OWNER,
        "x,3,2\t0=" + OWNER,
        # No owner, no number, one that is not guarded, no mark.
        "5,3,2\t1=pass",
        NOTE + "\tx=1",
        NOTE + "\t99=x",
        NOTE + "\t2=M",
        NOTE + "\t1",
    ):
        assert owner_guard.read(text) is None, text
    for values in ({PHONE: OWNER}, {PHONE: OWNER, PASSWORD: "a", parameters.LAST_WIFI: "key"}):
        assert owner_guard.read(owner_guard.written(5, 3, 2, values)) == (5, 3, 2, values)


def test_a_note_lives_for_a_day():
    module = Module()
    config = module.config
    config.values[UNDO] = owner_guard.written(UTC_S, 1, 2, {PHONE: OWNER})
    for age_s, is_alive in ((0, True), (86399, True), (86400, False), (90000, False)):
        module.clock.utc = UTC_S + age_s
        assert (owner_guard.live(config) is not None) == is_alive
        # Where the time of day is known, the uptime says nothing.
        assert (owner_guard.live(config, 90000) is not None) == is_alive
    # Without it the uptime counts.
    for utc_s, now in ((0, UTC_S), (UTC_S, None)):
        module.clock.utc = now
        config.values[UNDO] = owner_guard.written(utc_s, 1, 2, {PHONE: OWNER})
        for uptime_s, is_alive in ((0, True), (86399, True), (86400, False)):
            assert (owner_guard.live(config, uptime_s) is not None) == is_alive
    config.utc_s = None
    assert owner_guard.live(config, 86399) and owner_guard.live(config, 86400) is None


def test_what_the_owner_is_to_be_told_of():
    values = Module().config.values
    values[UNDO] = values[DAMAGE] = values[SPENT] = ""
    assert owner_guard.untold(values) == 0
    values[UNDO] = NOTE
    assert owner_guard.untold(values) == 3
    told = set()
    values[UNDO] = ""
    for n, text in ((DAMAGE, "1"), (SPENT, "5!")):
        values[n] = text
        bit = owner_guard.untold(values)
        # One bit of its own, beside those of what is guarded.
        assert bit and bit & (bit - 1) == 0 and bit & BITS == 0 and bit < 1 << 30
        told.add(bit)
        values[n] = ""
    assert len(told) == 2
    values[UNDO] = NOTE
    values[SPENT] = "5"
    assert owner_guard.untold(values) == 3, "was told"
    values[SPENT], values[DAMAGE] = "5!", "1"
    assert owner_guard.untold(values) == 3 + sum(told)
    # Nobody is there to be told.
    for nobody in ("", "NOPHONE"):
        values[PHONE] = nobody
        assert owner_guard.untold(values) == 3


def test_passwords_of_once_do_not_stay_in_flash():
    module = Module()
    module.server(4, "1,mine")
    assert owner_guard.read(module.config.get(UNDO))[3][PASSWORD] == "S3cret"
    module.server(4, "2,M")
    assert module.config.get(UNDO), "still a way back"
    module.clock.utc += 86400
    # Whatever is changed then, and be it by nobody in particular.
    module.server(4, "2,K")
    assert module.config.get(UNDO) == ""


def test_of_settings_that_were_not_read_whole():
    for is_lost, password, is_locked in (
        (False, "mine", False),
        (False, "OVMS", True),
        (True, "mine", True),
    ):
        values = Module().config.values
        values[PASSWORD] = password
        kept = (parameters.CAN_WRITE, parameters.CAN_WRITE_FROM, parameters.SUPPORT)
        for n in kept:
            values[n] = "1"
        owner_guard.doubt(values, is_lost)
        assert values[DAMAGE] == "1"
        assert (values[PASSWORD] != password) == is_locked
        assert [values[n] for n in kept] == (["", "", ""] if is_lost else ["1", "1", "1"])


def test_what_the_owner_did_himself_is_where_a_strangers_change_is_taken_back_to():
    module = Module()
    module.config.apply({1: "first"}, True, FROM_OWNER)
    module.config.apply({1: "second"}, True, FROM_OWNER)
    module.server(4, "1,evil")
    record = owner_guard.read(module.config.get(UNDO))
    assert record[3] == {PHONE: OWNER, PASSWORD: "second"}
    assert record[1] == 2 and record[2] == parameters.FROM_SERVER
    # Of several strangers the last one is named.
    module.config.apply({1: "worse"}, True, parameters.FROM_PASSWORD)
    assert owner_guard.read(module.config.get(UNDO))[2] == parameters.FROM_PASSWORD
    # The stranger, now the owner, covers his tracks.
    module.config.apply({PHONE: STRANGER}, True, parameters.FROM_SERVER)
    module.config.apply({1: "more"}, True, FROM_OWNER)
    record = owner_guard.read(module.config.get(UNDO))
    assert record[3] == {PHONE: OWNER, PASSWORD: "second"}
    assert record[1] == 3 and record[2] == parameters.FROM_SERVER


def test_feature_15_is_told_of_by_somebody_else():
    module = Module()
    module.config.apply({31: "1"}, True, parameters.FROM_SERVER)
    record = owner_guard.read(module.config.get(UNDO))
    assert record[1] == 0 and record[3] == {PHONE: OWNER, parameters.CAN_WRITE: ""}


def test_what_was_told_is_noted_and_a_full_flash_is_no_error():
    for error in (None, OSError(28)):
        module = Module()
        config = module.config
        config.values[DAMAGE], config.values[SPENT] = "1", "5!"
        module.store.error = error
        config.note_told(NOTE, 3)
        assert [config.get(n) for n in (UNDO, DAMAGE, SPENT)] == [NOTE, "", "5"]
        assert config.untold == 3
        config.values[SPENT] = ""
        config.note_told("", 3)
        assert config.untold == 0
