"""The SEVCON Gen4 motor controller: what its frames say, and what is due.

What talks to it is loaded when needed: `cfg` and `logs` for commands, `duties` for what happens
by itself. Frames and rules: Twizy facts 1.2, 7.2 and 7.10; three presses and return
from pre-operational: Twizy guide 1.2.0, "CFG RESET without network connectivity", "SERV lamp".
"""

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer
    from ovms.vehicle.twizy.car import Twizy
    from ovms.vehicle.twizy.decode import Decoder

# States as 701 and object 5110 report them.
OPERATIONAL = const(0x05)
PRE_OPERATIONAL = const(0x7F)

# `type` of a controller that is none of the Twizy's.
FOREIGN = const(-1)

# Object (index << 8 | subindex) that makes new torque maps count.
SDO_COMMIT = const(0x464101)

# What is due, as bits of `duty`.
DUTY_JOURNAL = const(1)
DUTY_LOGIN = const(2)
DUTY_FAULT = const(4)
DUTY_RESET = const(8)

_REQUEST = const(0x601)
# Room for answers of other clients' requests between two looks.
_SLOTS = const(4)
_PRESSES = const(3)
# A hand: so long from one press to the next, and from the first to the last.
_PRESS_MIN_MS = const(200)
_PRESS_MAX_MS = const(4000)
_PRESSES_MS = const(1000)
# The milliseconds of `Vehicle.ticks_ms` wrap.
_TICKS = const(0x3FFFFFFF)
_NO_BUTTONS = const(0x02)
_FAULT_PERIOD = const(10)
_LOGIN_PAUSE = const(3)
_READ_FAULT = b"\x40\x20\x53\x00\x00\x00\x00\x00"


class SevconError(Exception):
    """The controller did not do what a session asked.

    code: class and detail, see `session`. index, subindex: of the SDO that was exchanged
    last; sdo_text: the same as replies show it.
    """

    def __init__(self, code: int, index: int, subindex: int, sdo_text: str) -> None:
        super().__init__("%04X" % code)
        self.code = code
        self.index = index
        self.subindex = subindex
        self.sdo_text = sdo_text


class Sevcon:
    """type: 80, 45, FOREIGN, or 0 before the login of this trip. nmt_state: 0 when unknown.

    presses: generic errors in a row, as slow as a hand, which is what the gear buttons make before
    GO; -1 where the next one is no button.
    is_busy: somebody exchanges SDO frames. wants_pre_op: the user asked for pre-operational.
    fault: fault number last read, 0 for none. notice: (kind, text) of the last event.
    """

    def __init__(self, car: "Twizy") -> None:
        self._car = car
        self._slots = bytearray(8 * _SLOTS)
        self._received = 0
        self._taken = 0
        self.type = 0
        self.nmt_state = 0
        self.presses = 0
        self.is_busy = False
        self.wants_pre_op = False
        self.fault = 0
        self.notice = None
        self.duty = DUTY_JOURNAL
        self._pressed_ms = self._first_press_ms = 0
        self._is_on_duty = False
        self._is_awake = False
        self._pause = 0
        self._fault_pause = _FAULT_PERIOD

    def next_reply(self, data: bytearray) -> bool:
        """Copy the oldest 581 frame not taken yet into `data`; False when there is none."""
        if self._received - self._taken > _SLOTS:
            self._taken = self._received - _SLOTS
        if self._taken == self._received:
            return False
        first = self._taken % _SLOTS * 8
        for position in range(8):
            data[position] = self._slots[first + position]
        self._taken += 1
        return True

    def flush(self) -> None:
        """Forget answers nobody waits for any more."""
        self._received = self._taken = 0

    def poll(self) -> None:
        """Once a second: follow the key, and start what is due."""
        car = self._car
        is_awake = car.decoder.has_key() and not car.decoder.is_offline()
        if self._is_awake and not is_awake:
            # Level and state of the controller end with its supply.
            self.type = self.nmt_state = self.presses = self.fault = self._pause = 0
            self.wants_pre_op = False
            car.state.is_controller_logged_in = False
            car.state.is_controller_configuring = False
        self._is_awake = is_awake
        if self.is_busy or self._is_on_duty:
            return
        feature = car.config.feature(FEATURE_CAN_WRITE)
        if is_awake and feature > 0:
            self.duty |= self._due(car, feature)
        if self.duty:
            self._is_on_duty = car.spawn(self._work) is not None

    def _due(self, car, feature):
        if (
            self.presses >= _PRESSES
            and (self._pressed_ms - self._first_press_ms) & _TICKS >= _PRESSES_MS
        ):
            self.presses = 0
            if not feature & _NO_BUTTONS:
                return DUTY_RESET
        if self.type == FOREIGN:
            return 0
        is_stuck = self.nmt_state == PRE_OPERATIONAL and not self.wants_pre_op
        if not self.type or is_stuck:
            self._pause -= 1
            if self._pause > 0:
                return 0
            self._pause = _LOGIN_PAUSE
            return DUTY_LOGIN
        self._fault_pause -= 1
        if self._fault_pause == 1:
            self.flush()
            car.send(_REQUEST, _READ_FAULT)
        elif self._fault_pause <= 0:
            self._fault_pause = _FAULT_PERIOD
            # Look at the answer of a second ago: 5320 is a 16-bit object.
            data = bytearray(8)
            while self.next_reply(data):
                if data[0] & 0xE3 == 0x43 and data[1:4] == b"\x20\x53\x00":
                    fault = data[5] << 8 | data[4]
                    is_new = fault and fault != self.fault
                    self.fault = fault
                    return DUTY_FAULT if is_new else 0
        return 0

    async def _work(self):
        duty = self.duty
        self.duty = 0
        self._is_on_duty = True
        try:
            from ovms.vehicle.twizy.sevcon import duties

            await duties.carry_out(self._car, duty)
        except MemoryError:
            # Whoever spawned this tries again; a reset that had begun is the owner's to ask for.
            self.duty |= duty & ~DUTY_RESET
            raise
        finally:
            self._is_on_duty = False


def on_reply(decoder: "Decoder", data: "Buffer") -> None:
    """581: keep it for whoever waits. Allocation-free, as are all handlers of frames."""
    sevcon = decoder.sevcon
    first = sevcon._received % _SLOTS * 8
    for position in range(8):
        sevcon._slots[first + position] = data[position]
    sevcon._received += 1


def on_emergency(decoder: "Decoder", data: "Buffer") -> None:
    """081: a generic error 10xx is a gear button, as long as nobody asks for GO or works here.

    The register is 01, on some cars 11 (Twizy facts 1.3). One that comes sooner or later behind
    the last than a hand would do it is the first of a new row.
    """
    sevcon = decoder.sevcon
    if data[1] != 0x10 or data[2] & 0xEF != 0x01 or sevcon.is_busy or decoder.is_go():
        return
    now_ms = sevcon._car.ticks_ms()
    if now_ms is None:
        return
    if sevcon.presses > 0 and (
        _PRESS_MIN_MS <= (now_ms - sevcon._pressed_ms) & _TICKS <= _PRESS_MAX_MS
    ):
        sevcon.presses += 1
    else:
        sevcon.presses = 1 if sevcon.presses >= 0 else 0
        sevcon._first_press_ms = now_ms
    sevcon._pressed_ms = now_ms


def on_heartbeat(decoder: "Decoder", data: "Buffer") -> None:
    """701: NMT state."""
    decoder.sevcon.nmt_state = data[0]
