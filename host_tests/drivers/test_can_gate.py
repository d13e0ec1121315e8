"""The gate to the bus that all drivers share, without a driver: what passes it, and what not."""

from host_tests.shims.expect import raises
from ovms.drivers import can_bus
from ovms.drivers.can_bus import CANBus


class Bus(CANBus):
    """Notes what the gate lets out."""

    def __init__(self):
        super().__init__()
        self.let_out = []

    def _transmit(self, arbitration_id, data):
        self.let_out.append((arbitration_id, data))
        return True


def test_the_states_have_the_numbers_of_machine_can():
    assert [can_bus.STOPPED, can_bus.ACTIVE, can_bus.WARNING] == [0, 1, 2]
    assert [can_bus.PASSIVE, can_bus.BUS_OFF] == [3, 4]


def test_only_what_is_permitted_leaves():
    bus = Bus()
    assert not bus.send(0x601, bytes(8)) and bus.refused == 1
    bus.permit([(0x601, 8), (0, 2)], False)
    assert bus.send(0x601, bytes(8)) and bus.send(0, b"\x01\x01")
    for arbitration_id, size in ((0x601, 7), (0x602, 8), (0, 8), (0x7DF, 8)):
        assert not bus.send(arbitration_id, bytes(size))
    assert bus.refused == 5 and len(bus.let_out) == 2
    bus.is_bus_off = True
    assert not bus.send(0x601, bytes(8)) and bus.refused == 6
    bus.is_bus_off = False
    bus.permit([(0x601, 8)], True)
    assert not bus.send(0x601, bytes(8)) and len(bus.let_out) == 2


def test_only_standard_data_frames_can_be_permitted():
    for frame in ((0, 0), (0x7FF, 8), (0x7FF, 0), (0, 8)):
        bus = Bus()
        bus.permit([frame], False)
        assert bus.send(frame[0], bytes(frame[1]))
    for frame in ((0x800, 8), (-1, 8), (0x601, 9), (0x601, -1)):
        bus = Bus()
        bus.permit([(0x601, 8)], False)
        raises(ValueError, bus.permit, [(0x602, 8), frame], False)
        for arbitration_id in (0x601, 0x602):
            assert not bus.send(arbitration_id, bytes(8)), "nothing may leave then"


def test_what_was_refused_stays_a_small_number():
    bus = Bus()
    bus.refused = 0x3FFFFFFE
    bus.send(1, b"")
    assert bus.refused == 0x3FFFFFFF
    bus.send(1, b"")
    assert bus.refused == 0


def test_a_driver_says_itself_what_it_can():
    bus = CANBus()
    assert bus.sleep() is False
    bus.permit([(0x601, 8)], False)
    raises(NotImplementedError, bus.send, 0x601, bytes(8))
