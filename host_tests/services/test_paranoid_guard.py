"""What paranoid mode hides, no server and no app opens; the owner does."""

from host_tests.shims import expect
from ovms.config import Config
from ovms.parameters import FROM_CABLE, FROM_OWNER, FROM_SERVER, FROM_UNDO, PARANOID
from tools.simulated_board.fakes.memory_store import MemoryStore

REFUSAL = "Paranoid mode: only the owner's phone or the cable may open what it hides."
STREAM = 24


def config():
    made = Config(MemoryStore())
    made.apply({PARANOID: "P"}, True, FROM_SERVER)
    assert made.is_paranoid, "a server may switch it on"
    return made


def test_a_server_cannot_switch_it_off():
    for text in ("", "N", "off"):
        made = config()
        for changes in ({PARANOID: text}, {PARANOID: text, 9: "x", 1: "y"}):
            error = expect.raises(ValueError, made.apply, changes, True, FROM_SERVER)
            assert error.args == (REFUSAL,)
        assert made.is_paranoid and made.get(1) == "OVMS"
        # In other words it stays on.
        made.apply({PARANOID: "PX"}, True, FROM_SERVER)
        for origin in (FROM_OWNER, FROM_CABLE, FROM_UNDO):
            made = config()
            made.apply({PARANOID: text}, True, origin)
            assert not made.is_paranoid


def test_a_server_cannot_have_the_place_streamed_in_clear():
    for value in ("2", "3", "2.5", "7"):
        made = config()
        error = expect.raises(ValueError, made.set_feature, 8, value, FROM_SERVER)
        assert error.args == (REFUSAL,) and made.feature(8) == 0
        expect.raises(ValueError, made.apply, {STREAM: value}, True, FROM_SERVER)
        made.set_feature(8, value, FROM_OWNER)
        # What the owner has allowed is no obstacle to other changes.
        made.apply({9: "x"}, True, FROM_SERVER)
        assert made.get(STREAM) == value
    for value in ("0", "1", "4", "60"):
        made = config()
        made.set_feature(8, value, FROM_SERVER)
        assert made.get(STREAM) == value
