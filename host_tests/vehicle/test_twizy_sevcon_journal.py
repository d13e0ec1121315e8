"""Old values survive: a cut at every write of a macro, a full flash, another controller."""

from host_tests.vehicle.contract import feed
from host_tests.vehicle.sevcon_bench import GO, Bench, Objects, Store
from host_tests.vehicle.test_twizy_sevcon_macros import STOCK

CHANGED = {0x292005: 8000, 0x292001: 900, 0x381307: 30000, 0x461111: 250}


def controller():
    peer = Objects(STOCK)
    peer.values.update(CHANGED)
    return peer


def settings(peer):
    return {key: peer.values[key] for key in STOCK}


def restarted(peer, store):
    """The module after a power cut, one second later."""
    peer.fails_at = None
    bench = Bench(peer, store=store)
    bench.seconds(1)
    return bench


def cut_everywhere(text, count):
    before = settings(controller())
    for fails_at in range(count):
        peer = controller()
        store = Store()
        peer.fails_at = fails_at
        reply = Bench(peer, store=store).cfg(text)
        assert "ERROR 0009" in reply, reply
        assert len(peer.writes) == fails_at
        bench = restarted(peer, store)
        kind, notice = bench.events[0]
        assert kind == "A"
        assert notice.startswith("CFG %s was interrupted" % text.split()[0]), notice
        assert len(notice) <= 160
        reply = bench.cfg("RESTORE")
        assert reply.startswith("CFG RESTORE: OK, "), reply
        assert settings(peer) == before
        assert peer.values[0x511000] == 5
        assert not restarted(peer, store).events, "said once it is done"


def test_cut_at_every_write_of_speed():
    cut_everywhere("SPEED 100 110", 9)


def test_cut_at_every_write_of_torque():
    cut_everywhere("TORQUE 90", 11)


def test_cut_at_some_writes_of_reset():
    cut_everywhere("RESET", 3)


def test_cut_while_restoring():
    """A restore that is cut is restored again, from wherever it was."""
    before = settings(controller())
    for second in range(9):
        peer = controller()
        store = Store()
        peer.fails_at = 8
        Bench(peer, store=store).cfg("SPEED 100 110")
        bench = restarted(peer, store)
        peer.fails_at = len(peer.writes) + second
        bench.cfg("RESTORE")
        bench = restarted(peer, store)
        assert bench.events
        assert bench.cfg("RESTORE").startswith("CFG RESTORE: OK")
        assert settings(peer) == before


def test_old_values_are_in_flash_before_the_first_write():
    peer = controller()
    store = Store()
    saved = []
    feed = peer.feed

    def watched(arbitration_id, data):
        if data[0] == 0x22 and data[2] in (0x29, 0x38, 0x46, 0x60):
            saved.append(min(store.saves, store.backup.saves))
        return feed(arbitration_id, data)

    peer.feed = watched
    Bench(peer, store=store).cfg("SPEED 100")
    assert len(saved) == 9 and min(saved) == 1
    assert store.saves == 2, "and one that says it is done"
    assert store.backup.saves == 1


def test_nothing_is_written_without_a_backup():
    peer = controller()
    store = Store()
    store.is_full = True
    reply = Bench(peer, store=store).cfg("SPEED 100")
    assert reply.startswith("CFG SPEED: ERROR: "), reply
    assert not peer.writes
    assert peer.values[0x511000] == 5
    bench = Bench(peer)
    bench.car.open_store = lambda name: None
    assert bench.cfg("POWER 50") == "CFG POWER: ERROR: no flash for the old values"
    assert bench.cfg("WRITE 2920 1 500") == (
        "CFG WRITE: OLD: SDO 0x2920.01: 0x0384 = 900ERROR: no flash for the old values"
    )
    assert not peer.writes


def test_undo_of_a_finished_command():
    peer = controller()
    bench = Bench(peer)
    bench.cfg("POWER 50")
    assert peer.values[0x292001] == 500
    reply = bench.cfg("RESTORE")
    assert reply == "CFG RESTORE: OK, 1 values, power cycle to activate!"
    assert peer.values[0x292001] == 900
    assert bench.cfg("RESTORE") == "CFG RESTORE: ERROR: nothing to restore"


def test_a_restore_that_may_not_begin_is_no_interruption():
    peer = controller()
    store = Store()
    bench = Bench(peer, store=store)
    bench.cfg("POWER 50")
    feed(bench.car, GO)
    assert "NOT IN STOP" in bench.cfg("RESTORE")
    assert not restarted(peer, store).events


def test_damage_is_told():
    store = Store()
    store.load_error = "sevcon.old is damaged and there is no earlier copy."
    assert restarted(controller(), store).events == [("A", store.load_error)]


def test_backup_keeps_the_first_values():
    peer = controller()
    before = settings(peer)
    bench = Bench(peer)
    for text in ("SPEED 100", "POWER 50", "POWER 60", "RESET", "TSMAP B 50", "WRITE 2920 2 300"):
        assert "ERROR" not in bench.cfg(text)
    assert settings(peer) != before
    assert bench.cfg("RESTORE ALL").startswith("CFG RESTORE: OK, ")
    assert settings(peer) == before
    assert bench.cfg("RESTORE ALL") == "CFG RESTORE: ERROR: nothing to restore"


def test_repeating_the_command_closes_the_journal():
    peer = controller()
    store = Store()
    before = settings(peer)
    peer.fails_at = 4
    Bench(peer, store=store).cfg("SPEED 100")
    bench = restarted(peer, store)
    assert bench.cfg("SPEED 100").startswith("CFG SPEED: OK")
    assert not restarted(peer, store).events
    bench.cfg("RESTORE")
    assert settings(peer) == before, "the values before both"


def test_another_command_leaves_the_journal_open():
    peer = controller()
    store = Store()
    before = settings(peer)
    peer.fails_at = 4
    Bench(peer, store=store).cfg("SPEED 100")
    bench = restarted(peer, store)
    assert bench.cfg("POWER 70").startswith("CFG POWER: OK")
    bench = restarted(peer, store)
    assert bench.events[0][1].startswith("CFG SPEED was interrupted")
    bench.cfg("RESTORE")
    assert settings(peer) == before


def test_another_controller_gets_no_foreign_values():
    peer = controller()
    store = Store()
    Bench(peer, store=store).cfg("POWER 50")
    other = controller()
    other.values[0x101804] = 78
    bench = Bench(other, store=store)
    assert bench.cfg("RESTORE") == ("CFG RESTORE: ERROR: the old values are of another controller")
    assert not other.writes
    bench.cfg("POWER 60")
    bench.cfg("RESTORE")
    assert other.values[0x292001] == 900


def test_a_controller_that_does_not_tell_its_serial_number_is_not_taken_for_another():
    """Silence at that moment must not cost the values of before; a refusal is an answer."""

    class Forgetful(Objects):
        is_mute = False

        def feed(self, arbitration_id, data):
            if self.is_mute and data[:4] == b"\x40\x18\x10\x04":
                return []
            return super().feed(arbitration_id, data)

    peer = Forgetful(STOCK)
    store = Store()
    bench = Bench(peer, store=store)
    bench.cfg("POWER 50")
    peer.is_mute = True
    for text in ("POWER 60", "RESTORE", "RESTORE ALL", "WRITE 2920 1 300"):
        assert "ERROR 0003" in bench.cfg(text), text
    assert peer.values[0x292001] == 500
    peer.is_mute = False
    assert bench.cfg("RESTORE ALL").startswith("CFG RESTORE: OK")
    assert peer.values[0x292001] == 1000
    del peer.values[0x101804]
    assert bench.cfg("POWER 60") == "CFG POWER: OK pow=600"


def test_a_damaged_record_counts_as_none():
    for data in (b"", b"SJ2", b"\x00" * 40, b"SJ2" + b"\xff" * 60):
        peer = controller()
        store = Store()
        store.data = store.backup.data = data
        bench = Bench(peer, store=store)
        bench.seconds(1)
        assert not bench.events
        assert bench.cfg("POWER 50").startswith("CFG POWER: OK")
        bench.cfg("RESTORE")
        assert peer.values[0x292001] == 900


def test_the_backup_is_bounded():
    values = {0x300000 + n: n for n in range(130)}
    peer = Objects(values)
    bench = Bench(peer)
    for n in range(128):
        assert "NEW" in bench.cfg("WRITE 3000 %x %d" % (n, n + 1))
    reply = bench.cfg("WRITE 3000 80 5")
    assert reply.endswith("ERROR: backup is full, CFG RESTORE ALL empties it"), reply
    assert peer.values[0x300080] == 128
    assert len(bench.store.backup.data) <= 4096
    assert bench.cfg("RESTORE ALL").startswith("CFG RESTORE: OK, 128 values")
    assert "NEW" in bench.cfg("WRITE 3000 80 5")
