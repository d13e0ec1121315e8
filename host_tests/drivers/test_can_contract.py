"""The contract suite on every CAN driver of the firmware."""

from host_tests.drivers import can_contract as contract
from host_tests.drivers.mcp2515_bench import MCP2515Bench
from host_tests.drivers.twai_bench import TWAIBench


def _without_interrupt():
    return MCP2515Bench(has_interrupt=False)


def _without_timer():
    return TWAIBench(has_timer=False)


def _unheard():
    """A board that names its crystal, and a bus of which nothing was heard yet."""
    bench = MCP2515Bench(is_sure=False)
    bench.model.port.us_per_byte = 50
    return bench


DRIVERS = (MCP2515Bench, _without_interrupt, TWAIBench, _without_timer)


def _may_speak_first(make):
    """A bus that is silent until somebody asks, of which the link has checked that it is."""
    bench = contract.opened(make, is_silent=False)
    contract.elapse(bench)
    assert bench.bus.check()
    for n in range(3):
        assert bench.bus.send(contract.TX_ID, contract.DATA)
        contract.elapse(bench)
        assert bench.sent == [(contract.TX_ID, contract.DATA, False, False)] * (n + 1)
        contract.deliver(bench, contract.WANTED, contract.DATA)
        assert bench.received() == [(contract.WANTED, contract.DATA)]
        assert bench.bus.check()


def _on_all(function):
    for make in DRIVERS:
        function(make)


def test_has_the_gate_of_all():
    _on_all(contract.has_the_gate_of_all)


def test_is_closed_until_opened():
    _on_all(contract.is_closed_until_opened)


def test_silent_is_silent():
    _on_all(contract.silent_is_silent)


def test_wanted_ids_arrive_alone():
    _on_all(contract.wanted_ids_arrive_alone)


def test_every_length_arrives():
    _on_all(contract.every_length_arrives)


def test_extended_and_remote_frames_do_not():
    _on_all(contract.extended_and_remote_frames_do_not)


def test_order_is_kept():
    _on_all(contract.order_is_kept)


def test_service_finds_what_no_interrupt_told():
    _on_all(contract.service_finds_what_no_interrupt_told)


def test_full_ring_loses_the_oldest():
    _on_all(contract.full_ring_loses_the_oldest)


def test_overrun_is_counted():
    _on_all(contract.overrun_is_counted)


def test_only_the_list_leaves():
    _on_all(contract.only_the_list_leaves)


def test_the_list_is_of_standard_frames():
    _on_all(contract.the_list_is_of_standard_frames)


def test_ids_are_standard():
    _on_all(contract.ids_are_standard)


def test_the_list_is_a_copy():
    _on_all(contract.the_list_is_a_copy)


def test_one_frame_waits_at_a_time():
    _on_all(contract.one_frame_waits_at_a_time)


def test_may_speak_first():
    _on_all(_may_speak_first)
    _may_speak_first(_unheard)


def test_nobody_listens():
    _on_all(contract.nobody_listens)


def test_bus_off_is_silent_until_restart():
    _on_all(contract.bus_off_is_silent_until_restart)


def test_restart_on_a_blocked_bus():
    _on_all(contract.restart_on_a_blocked_bus)


def test_restart_of_a_sound_bus_changes_nothing():
    _on_all(contract.restart_of_a_sound_bus_changes_nothing)


def test_check_finds_a_reset():
    _on_all(contract.check_finds_a_reset)


def test_check_finds_a_loose_wire():
    _on_all(contract.check_finds_a_loose_wire)


def test_without_a_controller():
    _on_all(contract.without_a_controller)


def test_on_a_blocked_bus():
    _on_all(contract.on_a_blocked_bus)


def test_open_forgets_all_but_the_counts():
    _on_all(contract.open_forgets_all_but_the_counts)


def test_close_and_open_again():
    _on_all(contract.close_and_open_again)


def test_counts_are_above_0():
    _on_all(contract.counts_are_above_0)


def test_never_allocates():
    _on_all(contract.never_allocates)
