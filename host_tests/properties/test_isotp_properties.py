"""ISO-TP against can-isotp as the independent end, and against any loss, order and repetition."""

import isotp
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tests.vehicle.obd_bench import Bus, engine
from ovms.protocol.isotp import DONE, GAP_MS, REPLY, Receiver, single_frame

SIZE = 64
# No time passes for it but its own: our pauses between frames are for real buses.
PARAMETERS = {"tx_padding": 0xAA, "tx_data_min_length": 8, "override_receiver_stmin": 0}


class Peer:
    """A control unit of can-isotp: requests in, answers out, frame by frame."""

    def __init__(self, parameters=None):
        self.inbox, self.outbox = [], []
        self.errors = []
        self.layer = isotp.TransportLayerLogic(
            rxfn=lambda timeout: self.inbox.pop(0) if self.inbox else None,
            txfn=self.outbox.append,
            address=isotp.Address(rxid=0x7E0, txid=0x7E8),
            params=PARAMETERS if parameters is None else parameters,
            error_handler=self.errors.append,
        )

    def take(self, data):
        """A frame for it; what it sends then."""
        self.inbox.append(isotp.CanMessage(arbitration_id=0x7E0, dlc=len(data), data=bytes(data)))
        return self.turn()

    def turn(self):
        for _ in range(20):
            self.layer.process()
        sent, self.outbox[:] = [bytes(message.data) for message in self.outbox], []
        return sent


def buffer_of(frame):
    data = bytearray(b"\xee" * 8)
    data[: len(frame)] = frame
    return data


def received(receiver, frame):
    return receiver.receive(buffer_of(frame), len(frame))


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=200), st.booleans())
def test_whatever_can_isotp_sends_arrives_or_is_refused(message, is_padded):
    peer = Peer(PARAMETERS if is_padded else {"override_receiver_stmin": 0})
    receiver = Receiver(SIZE)
    peer.layer.send(message)
    frames = peer.turn()
    whole = None
    while frames:
        frame = frames.pop(0)
        found = received(receiver, frame)
        if found == REPLY:
            frames += peer.take(receiver.reply)
        elif found == DONE:
            whole = bytes(receiver.content[: receiver.length])
    if len(message) <= SIZE:
        assert whole == message and not peer.errors
    else:
        assert whole is None and not receiver.is_receiving()
        assert [type(error).__name__ for error in peer.errors] == ["OverflowError"]
    assert len(receiver.content) == SIZE


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=7))
def test_can_isotp_understands_every_request(payload):
    peer = Peer()
    frame = bytearray(8)
    single_frame(frame, payload)
    peer.take(frame)
    assert peer.layer.recv() == payload and not peer.errors


def frames_of(message):
    """All frames of a message, as can-isotp sends them to one who says go."""
    peer = Peer()
    peer.layer.send(message)
    frames = peer.turn()
    if frames[0][0] >> 4 == 1:
        frames += peer.take(b"\x30\0\0\0\0\0\0\0")
    return frames


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_loss_order_or_repetition_makes_a_message_that_was_not_sent(data):
    """Frames of a message, each with bytes of its own, in any selection and order."""
    message = bytes(range(data.draw(st.integers(min_value=1, max_value=SIZE))))
    frames = frames_of(message)
    order = data.draw(st.lists(st.integers(0, len(frames) - 1), max_size=3 * len(frames)))
    receiver = Receiver(SIZE)
    for number in order:
        if received(receiver, frames[number]) == DONE:
            assert bytes(receiver.content[: receiver.length]) == message
        if data.draw(st.booleans()):
            receiver.poll(data.draw(st.sampled_from((10, GAP_MS, 1000))))
    # Whatever it is in the middle of ends by itself, and the next message arrives.
    receiver.poll(1000)
    receiver.poll(GAP_MS + 1)
    assert not receiver.is_receiving()
    found = [received(receiver, frame) for frame in frames_of(message)]
    assert found[-1] == DONE and bytes(receiver.content[: receiver.length]) == message


@settings(deadline=None, max_examples=300)
@given(st.lists(st.binary(max_size=8), max_size=60))
def test_noise_is_bounded(frames):
    receiver = Receiver(SIZE)
    for frame in frames:
        if received(receiver, frame) == DONE:
            assert 0 < receiver.length <= SIZE
    assert len(receiver.content) == SIZE and len(receiver.reply) == 8


def test_a_control_unit_of_can_isotp_tells_vin_and_codes_through_the_can_path():
    """From its transport layer through the register model, driver and car to the state."""
    bus = Bus()
    engine(bus)
    peer = Peer()
    answers = {
        b"\x09\x02": b"\x49\x02\x01SFZRE8B15B3999999",
        b"\x03": b"\x43\x06" + bytes(range(1, 13)),
    }

    def serve(text):
        def answer():
            frames = peer.take(bytes.fromhex(text))
            request = peer.layer.recv()
            if request is not None:
                peer.layer.send(answers[bytes(request)])
                frames += peer.turn()
            return ["7E8 " + frame.hex() for frame in frames]

        return answer

    for key in ("7E0 020902", "7E0 0103", "7E0 3000140000000000"):
        bus.answers[key] = serve(key[4:].ljust(16, "0"))
    bus.is_awake = True
    bus.seconds(40)
    assert bus.state.vin == "SFZRE8B15B3999999"
    assert bus.car.told == "P0102 P0304 P0506 P0708 P090A P0B0C"
    assert not peer.errors
