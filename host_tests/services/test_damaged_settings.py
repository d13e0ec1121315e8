"""Damage to the settings in flash: the factory's password never comes back, no stranger gets in.

Every bit of the file on CPython, a sample of them on the VMs.
"""

import sys

from host_tests.fakes.fake_flash import FakeFlash, PowerCutError
from host_tests.services.owner_bench import Module
from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER
from host_tests.shims.expect import raises, run
from ovms.config import Config
from ovms.drivers.store import Store
from ovms.parameters import FROM_CABLE, FROM_OWNER
from ovms.protocol.v2.paranoid import Paranoid
from ovms.services.console.lines import handle_line

FILE = "ovms.cfg"
OLD = FILE + ".old"
NEW = FILE + ".new"
LOCKED = " "
IS_VM = sys.implementation.name != "cpython"
DENIED = "Permission denied"
LOST = (
    "Stored settings were damaged and the module password is lost. Only this phone and the cable"
    " open the module: send PASS <new>, check PARAMS?"
)
BEFORE = (
    "Stored settings were damaged: those of before the last change are used. Please check PARAMS?"
)
CABLE = (
    "The settings of this module were damaged, its owner is not known. Set it up anew at the"
    " serial cable: FACTORY RESET, or SET 0=<phone> and SET 1=<password>."
)


def set_up():
    """The flash of a module as its owner sets it up."""
    flash = FakeFlash()
    config = Config(Store(FILE, flash))
    config.apply({0: OWNER}, True, FROM_OWNER)
    config.apply({1: PASSWORD}, True, FROM_OWNER)
    config.apply({5: "internet", 8: "TWIZY42"}, True, FROM_OWNER)
    config.apply({4: "ovms.example", 9: "NETPASS"}, True, FROM_OWNER)
    config.apply({3: "SMSIP"}, True, FROM_OWNER)
    return flash


def copy_of(flash):
    other = FakeFlash()
    for path in flash.files:
        other.files[path] = bytearray(flash.files[path])
    return other


def damaged(flash, path, bit):
    other = copy_of(flash)
    other.files[path][bit // 8] ^= 1 << bit % 8
    return other


def damaged_at_its_end(flash, path):
    """The check behind the lines, which themselves stay as they were."""
    return damaged(flash, path, len(flash.files[path]) * 8 - 11)


def config_of(flash):
    return Config(Store(FILE, flash))


class Started(Module):
    """A module that starts with the settings in `flash`."""

    def __init__(self, flash):
        super().__init__()
        self.store = Store(FILE, flash)
        self.restart()
        self.status.is_registered = True


def is_closed(flash):
    """No stranger gets in with the factory's password, whatever he sends."""
    module = Started(flash)
    phone = module.config.get(0)
    for text in ("REGISTER OVMS", "AP OVMS %s mine" % STRANGER, "FACTORY OVMS OVMS", "PASS mine"):
        module.send(text, STRANGER)
        assert module.config.get(0) == phone != STRANGER, text
    for text in ("STAT OVMS", "PASS? OVMS", "RESET OVMS", "UNDO", "STAT \u0020", 'STAT " "'):
        reply = module.send(text, STRANGER)
        assert reply in (DENIED, CABLE, "", None), (text, reply)
    assert module.config.get(1) not in ("OVMS", "mine")
    assert not module.status.take_requests()


def bits(data, step):
    return range(0, len(data) * 8, step if IS_VM else 1)


def test_any_bit_of_the_file():
    flash = set_up()
    data = flash.files[FILE]
    assert len(data) > 100
    for bit in bits(data, 61):
        other = damaged(flash, FILE, bit)
        config = config_of(other)
        assert (config.get(0), config.get(1)) == (OWNER, PASSWORD), bit
        # Both of a server's, too; only what came last and is no secret may be missing.
        assert [config.get(n) for n in (4, 5, 8, 9)] == [
            "ovms.example",
            "internet",
            "TWIZY42",
            "NETPASS",
        ]
        if bit % 97 == 0:
            is_closed(other)


def test_any_bit_where_only_one_generation_has_the_password():
    # As a firmware from before this test left it, and as a cut between the two writes leaves it.
    for old in (b"0=%s\n" % OWNER.encode(), b"", b"8=TWIZY42\n"):
        flash = FakeFlash()
        store = Store(FILE, flash)
        store.save(old)
        store.save(b"0=%s\n1=%s\n8=TWIZY42\n" % (OWNER.encode(), PASSWORD.encode()))
        for bit in bits(flash.files[FILE], 31):
            other = damaged(flash, FILE, bit)
            config = config_of(other)
            assert config.get(1) == LOCKED, bit
            assert config.get(0) == (OWNER if old.startswith(b"0=") else "NOPHONE")
            if bit % 41 == 0:
                is_closed(other)


def test_any_bit_of_the_only_file():
    flash = set_up()
    del flash.files[OLD]
    for bit in bits(flash.files[FILE], 61):
        other = damaged(flash, FILE, bit)
        config = config_of(other)
        assert (config.get(0), config.get(1)) == ("NOPHONE", LOCKED), bit
        assert config.feature(15) == 0 and config.load_error
        if bit % 97 == 0:
            is_closed(other)


def test_any_two_bits_of_the_two_files():
    flash = set_up()
    config_of(flash).set_feature(15, 1, FROM_OWNER)
    size = len(flash.files[OLD]) * 8
    # A number that is not the owner's is nobody's: of it, both files have to say the same.
    for bit in bits(flash.files[FILE], 61):
        other = damaged(damaged(flash, FILE, bit), OLD, (bit * 7 + 3) % size)
        config = config_of(other)
        assert config.get(0) in (OWNER, "NOPHONE"), bit
        assert config.get(1) == LOCKED and config.feature(15) == 0, bit
        assert config.get(8) in ("TWIZY42", "") and config.get(9) in ("NETPASS", "")
        if bit % 97 == 0:
            is_closed(other)
    config = config_of(damaged_at_its_end(damaged_at_its_end(flash, FILE), OLD))
    assert (config.get(0), config.get(8), config.get(9)) == (OWNER, "TWIZY42", "NETPASS")


def test_cut_short_and_emptied_files():
    flash = set_up()
    for size in range(0, len(flash.files[FILE]), 17 if IS_VM else 1):
        other = copy_of(flash)
        other.files[FILE] = other.files[FILE][:size]
        assert config_of(other).get(1) == PASSWORD
        if size >= len(flash.files[OLD]):
            continue
        other.files[OLD] = other.files[OLD][:size]
        config = config_of(other)
        assert config.get(1) == LOCKED and config.get(0) in (OWNER, "NOPHONE"), size
        if size % 31 == 0:
            is_closed(other)


def test_a_cut_while_the_password_is_changed():
    flash = set_up()
    for budget in range(0, 900, 53 if IS_VM else 3):
        other = copy_of(flash)
        config = config_of(other)
        other.fail_after(budget)
        try:
            config.apply({1: "N3w"}, True, FROM_OWNER)
            is_done = True
        except PowerCutError:
            is_done = False
        other.fail_after(-1)
        password = config_of(other).get(1)
        assert password == "N3w" if is_done else password in (PASSWORD, "N3w"), budget
        for bit in range(budget % 11, len(other.files.get(FILE, b"")) * 8, 211):
            password = config_of(damaged(other, FILE, bit)).get(1)
            assert password == "N3w" if is_done else password in (PASSWORD, "N3w"), (budget, bit)
    assert is_done


def test_what_was_confirmed_is_in_both_generations():
    for changes in ({1: "N3w"}, {0: STRANGER}, {9: "x"}, {35: "SAFE"}, {4: "other.example"}):
        flash = set_up()
        config_of(flash).apply(changes, True, FROM_OWNER)
        assert flash.files[FILE] == flash.files[OLD]
        config = config_of(damaged(flash, FILE, 9))
        for n in changes:
            assert config.get(n) == changes[n]
    # A second write that fails is told, and nothing is confirmed.
    flash = set_up()
    module = Started(flash)
    writes = []

    def save(data):
        writes.append(data)
        if len(writes) == 2:
            raise OSError(28)

    module.store.save = save
    assert module.send("PASS N3w") == "The settings could not be stored."
    assert len(writes) == 2 and writes[0] == writes[1]


def test_the_owner_is_told_and_a_change_does_not_hide_it():
    flash = damaged(set_up(), FILE, 100)
    module = Started(flash)
    assert "was damaged" in module.config.load_error
    module.status.is_registered = False
    assert module.told() == []
    # Nothing blocks it, and what is set meanwhile makes the file whole again.
    module.config.set_feature(14, 4)
    assert module.send("MODULE CAR") is not None
    module.restart()
    assert module.config.load_error == "" and module.config.get(8) == "CAR"
    assert module.told() == []
    module.status.is_registered = True
    assert module.told() + module.told() == [(OWNER, BEFORE)]
    module.restart()
    assert module.told() == []
    assert module.config.get(1) == PASSWORD


def test_beside_it_the_old_owner_is_told_of_a_change():
    flash = set_up()
    config_of(flash).apply({0: STRANGER}, True, FROM_CABLE)
    module = Started(damaged(flash, FILE, 100))
    sent = module.told() + module.told()
    assert sent[0] == (STRANGER, BEFORE)
    assert [number for number, _ in sent] == [STRANGER, OWNER]
    assert module.send("UNDO").startswith("Restored: owner.")


def locked():
    return damaged_at_its_end(damaged_at_its_end(set_up(), FILE), OLD)


def test_locked_to_the_owner():
    flash = locked()
    module = Started(flash)
    assert "The module password is lost" in module.config.load_error
    assert module.told() == [(OWNER, LOST)]
    for password in (PASSWORD, "OVMS", "wrong"):
        for _ in range(6):
            assert module.send("STAT " + password, STRANGER) in (DENIED, None, "")
    # Not the friend with the right password is locked out, nobody is.
    assert module.sms.alert == "" and not module.status.counts.get("sms_wrong_password")
    assert module.send("PASS?") == "Module password: ****"
    # The server, or who broke into it, does not open it; the phone does.
    for n, text in ((0, STRANGER), (1, "mine"), (4, "evil.example"), (35, "SAFE")):
        assert module.server(4, "%d,%s" % (n, text)).startswith("c4,1,"), n
    for text in ("PASS mine", "REGISTER mine", "SERVER evil.example", "FACTORY mine mine"):
        assert module.server(7, text).startswith("c7,1,"), text
    # Other settings change, and it stays locked.
    module.send("MODULE CAR")
    module.restart()
    assert module.config.get(1) == LOCKED and module.config.get(8) == "CAR"
    assert "The module password is lost" in module.config.load_error
    assert module.told() == []
    is_closed(flash)
    assert module.send("PASS N3w") == "Module password has been changed."
    assert module.config.load_error == ""
    module.restart()
    assert module.config.load_error == "" and module.config.get(1) == "N3w"
    assert module.send("STAT N3w", STRANGER) != DENIED


def test_nobody_can_send_what_is_stored_for_a_lost_password():
    config = config_of(set_up())
    for text in (LOCKED, "", "a b"):
        raises(ValueError, config.set, 1, text)
    assert config.get(1) == PASSWORD


def test_without_an_owner_it_asks_for_the_cable():
    flash = set_up()
    del flash.files[OLD]
    flash = damaged(flash, FILE, 33)
    module = Started(flash)
    assert module.send("REGISTER OVMS", STRANGER) == CABLE
    # Once an hour, for it may be anybody.
    assert module.send("REGISTER OVMS", STRANGER) is None
    assert module.told() == []

    class Console:
        app = module

    assert "FACTORY" in CABLE and "SET 0" in CABLE
    run(handle_line(Console, "S PASS N3w"))
    assert module.config.get(1) == "N3w" and module.config.load_error == ""
    assert module.send("REGISTER N3w", STRANGER).startswith("Your phone has been registered")
    # Now there is somebody to tell.
    assert (STRANGER, BEFORE) in module.told()
    module = Started(flash)
    Console.app = module
    run(handle_line(Console, "FACTORY RESET"))
    assert module.config.get(1) == "OVMS"
    assert module.send("REGISTER OVMS", OWNER).startswith("Your phone has been registered")


def test_a_new_module_is_open_as_ever():
    flash = FakeFlash()
    module = Started(flash)
    assert module.config.load_error == ""
    assert module.send("REGISTER OVMS", OWNER).startswith("Your phone has been registered")
    assert module.send("PASS " + PASSWORD) == "Module password has been changed."
    module.restart()
    assert module.told() == [] and module.config.get(1) == PASSWORD


def test_a_lost_password_is_no_key():
    def urandom(size):
        return b"k" * size

    sealed = []
    for password in (LOCKED, "k" * 16, PASSWORD):
        paranoid = Paranoid(urandom)
        paranoid.enable(password)
        sealed.append(paranoid.wrap("L", b"52.1,13.2")[1])
    # The key is what was drawn, which nobody else knows.
    assert sealed[0] == sealed[1] != sealed[2]
