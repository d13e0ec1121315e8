"""History records from the car to the server's acknowledgement, over cuts and restarts."""

from host_tests.fakes.fake_flash import FakeFlash
from host_tests.services.history_bench import DAY_S, UTC_S, Module
from host_tests.shims import expect
from ovms.drivers.ring_store import RingStore
from ovms.parameters import SERVER
from ovms.services.history import LASTING, ROUTINE, UNKEPT, History


def span(first, last):
    return list(range(first, last + 1))


def test_form_of_a_message():
    module = Module()
    module.history.add("*-Log-Drive", 0, 31536000, "1,2,three\nlines")
    module.wait(7)
    assert module.history.poll() == ("h", b"1,-7,*-Log-Drive,0,31536000,1,2,three\rlines")


def test_five_in_flight_and_the_rest_after_acknowledgements():
    module = Module()
    for n in range(1, 9):
        module.add(n)
    taken = module.take()
    assert [number for _, _, number in taken] == span(1, 5)
    assert len({code for code, _, _ in taken}) == 5
    # In another order than sent.
    module.ack([taken[2]])
    assert module.numbers() == []
    module.ack([taken[0], taken[1]])
    assert module.numbers() == span(6, 8)


def test_acknowledged_at_once_never_touches_flash():
    module = Module(utc_s=UTC_S)
    for n in range(300):
        module.add(n)
        module.wait(1)
        assert module.drain() == [n]
    assert module.fs.files == {}


def test_two_records_of_one_second_reach_the_server_in_two():
    """The server's key is type, number and second: of two it keeps the later alone."""
    module = Module(utc_s=UTC_S)
    for priority in (None, LASTING):
        for _ in range(3):
            module.add(7, priority=priority)
        module.add(8, priority=priority)
        seconds = []
        for _ in range(9):
            for code, difference, number in module.take():
                seconds.append((number, module.clock.now_s + difference))
                module.history.on_ack(str(code).encode())
            module.wait(1)
        apart = sorted([second for number, second in seconds if number == 7])
        assert len(seconds) == 4
        # The server's seconds may begin elsewhere: two apart are never one.
        assert apart[1] - apart[0] == apart[2] - apart[1] == 2
    assert len(module.history.made_s) < 3


def test_records_of_many_seconds_are_dated_as_they_were_made():
    module = Module(utc_s=UTC_S)
    made = []
    for _ in range(5):
        module.add(7)
        made.append(module.clock.now_s)
        module.wait(2)
    assert [module.clock.now_s + taken[1] for taken in module.take()] == made


def test_flush_interval():
    module = Module()
    module.add(1)
    module.wait(19)
    assert module.fs.written == 0
    module.wait(1)
    assert module.fs.written > 0
    again = Module(module.fs, UTC_S)
    assert again.numbers() == [1]


def test_lasting_records_are_in_flash_within_a_second():
    module = Module()
    module.add(1, 31536000)
    module.add(2, DAY_S, LASTING)
    module.wait(1)
    assert sorted(Module(module.fs, UTC_S).numbers()) == [1, 2]
    # And what would not last goes the other way.
    module.add(3, 31536000, ROUTINE)
    module.wait(1)
    assert sorted(Module(module.fs, UTC_S).numbers()) == [1, 2]


def test_no_second_writes_more_than_one_ring_but_before_a_restart():
    module = Module()
    module.add(1, DAY_S, LASTING)
    module.add(2, DAY_S, ROUTINE)
    waiting = []
    for _ in range(3):
        waiting.append([len(ring.fresh) for ring in module.rings])
        module.wait(1)
    assert waiting == [[1, 1], [0, 1], [0, 0]]
    module.add(3, DAY_S, LASTING)
    module.add(4, DAY_S, ROUTINE)
    module.history.flush()
    assert sorted(Module(module.fs, UTC_S).numbers()) == [1, 2, 3, 4]


def test_many_records_at_once_are_written_early():
    module = Module()
    for n in range(60):
        module.add(n)
    assert module.fs.written > 0
    assert module.rings[1].fresh_bytes < 1200
    assert module.drain() == list(range(60))
    assert module.status.counts == {}


def test_unacknowledged_is_sent_again_after_a_minute_and_then_rarer():
    module = Module()
    module.add(1)
    first = module.take()
    times = []
    for second in range(1, 1000):
        module.wait(1)
        for code, difference, number in module.take():
            assert (code, number) == (first[0][0], 1)
            assert difference == -second
            times.append(second)
    assert times == [60, 180, 420, 900]
    module.ack(first)
    module.wait(4000)
    assert module.take() == []


def test_unacknowledged_is_sent_again_after_each_login():
    module = Module()
    for n in range(1, 8):
        module.add(n)
    taken = module.take()
    module.ack(taken[1:3])
    module.history.on_closed()
    module.wait(3)
    again = module.take()
    assert [number for _, _, number in again] == [1, 4, 5]
    assert {difference for _, difference, _ in again} == {-3}
    module.ack(again)
    assert module.drain() == [6, 7]


def test_odd_acknowledgements_are_counted_and_ignored():
    module = Module()
    module.add(1)
    taken = module.take()
    for text in (b"", b"x", b"0", b"-1", b"99", b"1x", b"\xff", b"99999999999"):
        module.history.on_ack(memoryview(text))
    assert module.status.counts["history_acks_unknown"] == 8
    module.ack(taken)
    module.ack(taken)
    assert module.status.counts["history_acks_unknown"] == 9
    assert module.rings[1].is_empty


def test_what_was_not_sent_cannot_be_acknowledged():
    """Records behind those in flight have no code, those that were released one that none has."""
    module = Module()
    for n in range(1, 9):
        module.add(n)
    taken = module.take()
    assert [number for _, _, number in taken] == span(1, 5)
    # A hole in the window: released, and still there.
    module.ack([taken[2]])
    for text in (b"0", b"-1", b"-0", b"00", b"6", b"7"):
        module.history.on_ack(text)
    assert module.status.counts["history_acks_unknown"] == 6
    module.ack([taken[0], taken[1], taken[3], taken[4]])
    assert module.numbers() == span(6, 8)


def test_records_survive_a_restart_with_their_time():
    module = Module(utc_s=UTC_S)
    module.wait(10)
    module.add(1)
    module.wait(30)
    again = Module(module.fs, UTC_S + 1000)
    again.wait(5)
    assert [entry[1:] for entry in again.take()] == [(-995, 1)]


def test_time_told_after_the_record_was_made():
    module = Module()
    module.add(1)
    module.wait(60)
    module.clock.utc_offset_s = UTC_S
    module.wait(30)
    again = Module(module.fs, UTC_S + 500)
    assert [entry[1:] for entry in again.take()] == [(-500, 1)]


def test_a_record_of_an_earlier_run_waits_for_the_time():
    module = Module(utc_s=UTC_S)
    module.add(1)
    module.wait(30)
    again = Module(module.fs)
    again.add(2)
    again.wait(100)
    assert again.take() == []
    again.clock.utc_offset_s = UTC_S + 900
    assert [entry[1:] for entry in again.take()] == [(-1000, 1), (-100, 2)]


def test_runs_that_never_knew_the_time_keep_their_order():
    fs = FakeFlash()
    for number in (1, 2):
        module = Module(fs)
        module.add(number * 10)
        module.wait(40)
        module.add(number * 10 + 1)
        module.wait(25)
    module = Module(fs)
    module.wait(7)
    module.add(30)
    # They wait for the time of day, and what is behind them with them.
    assert module.take() == []
    module.clock.utc_offset_s = UTC_S
    # The last sign of life of a run counts as its end.
    assert [entry[1:] for entry in module.take()] == [
        (-87, 10),
        (-47, 11),
        (-47, 20),
        (-7, 21),
        (0, 30),
    ]


def test_records_of_earlier_runs_do_not_wait_for_ever():
    module = Module()
    module.add(1)
    module.wait(40)
    again = Module(module.fs)
    again.wait(DAY_S - 1)
    assert again.take() == []
    again.wait(1)
    assert [entry[1:] for entry in again.take()] == [(-DAY_S, 1)]


def test_difference_is_never_positive():
    module = Module(utc_s=UTC_S)
    module.add(1)
    module.wait(30)
    # The clock of the next run is an hour slow.
    again = Module(module.fs, UTC_S - 3600)
    assert [entry[1:] for entry in again.take()] == [(0, 1)]


def test_a_wrong_time_drops_nothing():
    # A network is 8 days ahead, a modem's own clock years; nobody else knows the time yet.
    for ahead_s in (8 * DAY_S, 3000 * DAY_S, -8 * DAY_S, -3000 * DAY_S):
        fs = FakeFlash()
        module = Module(fs, UTC_S)
        for n in range(60):
            module.add(n)
        module.wait(40)
        wrong = Module(fs, UTC_S + 600 + ahead_s, is_sure=False)
        wrong.wait(5)
        first = wrong.take()
        assert [number for _, _, number in first] == span(0, 4)
        # Whatever the clock says, they were made before this run.
        assert all(difference <= -5 for _, difference, _ in first)
        wrong.history.on_closed()
        # A receiver has found its satellites: what waits is as old as it is.
        wrong.clock.utc_offset_s -= ahead_s
        wrong.clock.is_sure = True
        wrong.wait(5)
        assert [entry[1:] for entry in wrong.take()][0] == (-610, 0)
        wrong.history.on_closed()
        assert wrong.drain() == list(range(60)) and "history_aged" not in wrong.status.counts


def test_a_run_that_was_told_a_wrong_time_loses_nothing_later():
    for ahead_s in (8 * DAY_S, -8 * DAY_S):
        fs = FakeFlash()
        module = Module(fs, UTC_S + ahead_s, is_sure=False)
        module.add(1)
        module.wait(40)
        # The power is cut before anybody corrected it.
        again = Module(fs, UTC_S + 100)
        again.wait(3)
        taken = again.take()
        assert [number for _, _, number in taken] == [1] and taken[0][1] <= -3
        again.history.on_closed()
        again.wait(40)
        later = Module(fs, UTC_S + 2 * DAY_S)
        assert later.numbers() == [1]


def test_lasting_before_routine():
    module = Module()
    module.add(1)
    module.add(2)
    module.add(3, 31536000)
    assert module.numbers() == [3, 1, 2]


def test_lost_acknowledgements_of_one_ring_do_not_stop_the_other():
    module = Module()
    for n in range(5):
        module.add(n)
    assert module.numbers() == list(range(5))
    module.add(9, 31536000)
    assert module.numbers() == []
    module.wait(60)
    taken = module.take()
    assert [number for _, _, number in taken] == list(range(5))
    module.ack(taken)
    assert module.numbers() == [9]


def test_routine_records_do_not_push_out_lasting_ones():
    module = Module()
    module.add(7, 31536000)
    for n in range(300):
        module.add(n)
        module.wait(10)
    module.wait(20)
    assert module.status.counts["history_overwritten"] > 200
    again = Module(module.fs, UTC_S)
    numbers = again.drain()
    assert numbers[0] == 7
    assert numbers[1:] == span(300 - len(numbers[1:]), 299)
    assert module.status.counts["history_overwritten"] + len(numbers) == 301


def test_unkept_records_go_once():
    module = Module()
    module.history.add("*-OVM-DebugCrash", 0, 2592000, "4.0.0,1", UNKEPT)
    assert module.history.poll() == ("H", b"*-OVM-DebugCrash,0,2592000,4.0.0,1")
    assert module.history.poll() is None
    for n in range(6):
        module.add(n, DAY_S, UNKEPT)
    taken = []
    for _ in range(4):
        taken.append(module.history.poll()[1].split(b",")[1])
    assert taken == [b"2", b"3", b"4", b"5"]
    assert module.history.poll() is None
    assert module.status.counts["history_dropped"] == 2
    module.wait(30)
    assert module.fs.written == 0


def test_what_the_server_could_not_store_is_refused():
    module = Module()
    module.history.add("T" * 33, 0, DAY_S, "x")
    module.history.add("RT-X", 0, DAY_S, "x" * 480)
    assert module.status.counts["history_refused"] == 2
    module.history.add("T" * 32, 0, DAY_S, "x" * 430)
    assert len(module.take()) == 1


def test_without_a_server_nothing_is_kept():
    module = Module()
    module.config.set(SERVER, "")
    module.add(1)
    module.wait(40)
    assert module.take() == [] and module.fs.written == 0


def test_failing_flash_is_counted_and_recovers():
    module = Module()
    for n in range(3):
        module.add(n)
    module.fs.fail_after(10, OSError)
    module.wait(70)
    assert module.status.counts["history_write_failures"] >= 2
    module.fs.fail_after(-1)
    module.wait(30)
    assert sorted(set(Module(module.fs, UTC_S).drain())) == [0, 1, 2]
    assert sorted(set(module.drain())) == [0, 1, 2]


def test_damage_is_counted():
    module = Module()
    for n in range(4):
        module.add(n)
    module.wait(30)
    for path in module.fs.files:
        if path.startswith("routine"):
            module.fs.files[path][5] ^= 0x10
    again = Module(module.fs, UTC_S)
    assert again.drain() == [1, 2, 3]
    again.wait(30)
    assert again.status.counts["history_damaged"] == 1


def test_before_the_first_tick():
    module = Module()
    module.add(1)
    module.wait(30)
    rings = (RingStore("lasting", module.fs, 2, 1000), RingStore("routine", module.fs, 4, 1000))
    history = History(rings, module.config, module.clock, module.status)
    history.add("RT-GPS-Log", 2, DAY_S, "x")
    assert history.poll() is None
    history.flush()
    # One ring each time.
    history.tick()
    assert history.poll() is None
    history.tick()
    module.history = history
    module.rings = rings
    module.clock.utc_offset_s = UTC_S
    assert module.drain() == [1, 2]


def test_acknowledgement_codes_stay_apart():
    module = Module()
    seen = set()
    for n in range(10050):
        if n > 9990 or n < 5:
            module.add(n)
            code = module.take()[0][0]
            assert 0 < code <= 9999
            module.history.on_ack(memoryview(b"%d" % code))
            seen.add(code)
            if n == 4:
                module.history._code = 9990
    assert 9999 in seen and 1 in seen


def test_idle_poll_takes_no_heap():
    module = Module()
    assert not expect.allocates(module.history.poll)
    for n in range(8):
        module.add(n)
    module.take()
    assert not expect.allocates(module.history.poll)


def test_what_is_put_off_is_in_flash_in_time():
    """Many of one second are dated up to a minute ahead, and yet written within 20 s."""
    module = Module(utc_s=UTC_S)
    for _ in range(20):
        module.add(7)
    module.wait(21)
    reborn = Module(fs=module.fs, utc_s=UTC_S + 120)
    reborn.wait(120)
    assert reborn.drain().count(7) == 20
