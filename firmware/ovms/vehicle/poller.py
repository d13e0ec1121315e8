"""Asks a car what it tells only to who asks: which questions, when, and when none.

A part of every car whose mapping has polls: ISO-TP requests one at a time, at most one a second,
services 01, 03, 07, 09, 21 and 22, which read and change nothing. Polite (car facts 2.6):

* Without feature 15 nothing is asked, and nothing of a car that sleeps: it has to be heard first,
  by frames that are no answers, or by a 12 V supply that rises as a generator starts.
* Who does not answer three times, or is not on within half a minute, is asked again a minute
  later, then after five, then every half hour, as long as the bus is heard.
* Behind the end of a drive come three more questions, then silence.
* A low 12 V supply ends all until it rises.

Requests that a mapping names with service 01 (OBD-II) go to the control units that say they know
the value: found by asking all of them, then each, for 00, 20, 40, ... Others go where it says.
"""

from array import array

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE
from ovms.protocol.isotp import IGNORED, REPLY, Receiver, single_frame
from ovms.vehicle.table_machines import IN_CHARGING, IN_ON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer
    from ovms.vehicle.polled_car import PolledCar

# A poll of POLLS, 7 bytes: every so many seconds; place in ASKS or OBD; the value of service 01
# that makes it needless, or 0; length of the request; the request.
POLL_BYTES = const(7)
OBD = const(0xFF)

FUNCTIONAL = const(0x7DF)
FIRST_REQUEST = const(0x7E0)
FIRST_ANSWER = const(0x7E8)
UNITS = const(8)
# The longest answer: 31 trouble codes.
_ANSWER_BYTES = const(64)

ASLEEP = const(0)
FINDING = const(1)
ACTIVE = const(2)

# What is asked: a poll by its number, or one of these.
_NOTHING = const(0xFF)
_SUPPORT = const(0xF0)
_VIN = const(0xF1)
_STORED = const(0xF2)
_PENDING = const(0xF3)
# Who answers a poll: nobody so far; it was refused, so not before a restart.
_NOBODY = const(0xFF)
_REFUSED = const(0xFE)

# So many frames in a second are a bus that lives; so long it is believed, then listened for.
_LIFE_FRAMES = const(5)
_ALIVE_S = const(15)
_LISTEN_S = const(8)
_FOREVER_S = const(30_000)
# Without a sign of a running car it is off, and asked no more.
_OFF_S = const(25)
_END_S = const(55)
_LAST_GAP_S = const(10)
_TRIES = const(3)
_PAUSES_S = (60, 300, 1800)
_PENDING_S = const(5)
_PENDING_MAX = const(3)
# The 12 V supply rises by so much within so long to so much, or is low: as `minute_watch.py`.
_RISE_MV = const(500)
_RISE_S = const(10)
_CHARGED_MV = const(13_000)
_LOW_MV = const(11_500)
_BELOW_REFERENCE_MV = const(1600)

_NEGATIVE = const(0x7F)
_BUSY = const(0x21)
_NOT_NOW = const(0x22)
_WAIT = const(0x78)


class Poller:
    """state: ASLEEP, FINDING or ACTIVE. heard: frames since the last `tick` that are no answers.
    units: the control units that answered, as bits. wants_codes: read the trouble codes. sign_s:
    seconds since the car was known to run. content: the answer. lamp: a byte of 01 01, or None.
    """

    def __init__(self, car: "PolledCar") -> None:
        self._car = car
        count = len(car.POLLS) // POLL_BYTES
        # Seconds until each poll is due.
        self._due = array("i", bytes(4 * count))
        self._units = bytearray(bytes((_NOBODY,)) * count)
        self._receiver = Receiver(_ANSWER_BYTES)
        self.content = self._receiver.content
        self._frame = bytearray(8)
        self._next = bytearray(UNITS)
        self.state = ASLEEP
        self.heard = self.units = self.sign_s = self._code_unit = 0
        self._asked = _NOTHING
        self._answer_id = self._to = self._wait_s = self._pending = self._lost = 0
        self.wants_codes = self._is_done = self._was_on = self._is_low = False
        self._alive_s = _FOREVER_S
        # Seconds before it is asked again, and how often that was in vain.
        self._pause = self._failures = self._tries = self._gap_s = 0
        self._supply_mv = self._since_s = 0
        # The unit that is asked for the VIN next, UNITS: none; twice that for trouble codes.
        self._vin_unit = UNITS
        self._run_s = -1
        self.lamp: int | None = None
        # The codes of the reading under way; None: nobody answered yet.
        self._found = None

    def receive(self, arbitration_id: int, data: "Buffer", dlc: int) -> None:
        """A frame of a control unit. Allocates nothing, but for the flow control it asks for."""
        asked = self._asked
        if asked == _NOTHING or self._is_done:
            return
        if self._to == FUNCTIONAL:
            # All answer at once; what is longer than a frame is no answer to 01 00.
            if not 0 <= arbitration_id - FIRST_ANSWER < UNITS or data[0] > 7:
                return
        elif arbitration_id != self._answer_id:
            return
        receiver = self._receiver
        found = receiver.receive(data, dlc)
        if found == REPLY:
            self._car.send(self._to, receiver.reply)
        elif found != IGNORED:
            self._digest(arbitration_id)

    def _digest(self, arbitration_id):
        """A whole message: is it the answer?"""
        content = self.content
        length = self._receiver.length
        request = self._frame
        if content[0] == _NEGATIVE:
            if length >= 3 and content[1] == request[1] and self._to != FUNCTIONAL:
                self._refused(content[2])
            return
        if length < 2 or content[0] != request[1] | 0x40:
            return
        # Modes 03 and 07 are answered without an echo.
        for n in range(1, request[0]):
            if n >= length or content[n] != request[n + 1]:
                return
        asked = self._asked
        self._lost = 0
        if asked == _SUPPORT:
            self._learn(arbitration_id - FIRST_ANSWER, length)
            if self._to != FUNCTIONAL:
                self._asked = _NOTHING
        elif asked >= _VIN:
            self._is_done = True
        else:
            self._asked = _NOTHING
            if self._car.POLLS[asked * POLL_BYTES + 1] == OBD and content[0] == 0x41:
                self._judge(length)
            self._car.read_answer(arbitration_id, content, length)

    def _judge(self, length):
        """Whether the car is on (car facts 2.6): never by the engine's speed alone."""
        content = self.content
        pid = content[1]
        if length < 3:
            return
        value = content[2]
        if length > 3:
            value = value << 8 | content[3]
        if pid == 0x01:
            # Lamp and number of trouble codes. Those of the beginning are read in any case.
            if self.lamp is not None and content[2] != self.lamp:
                self.wants_codes = True
            self.lamp = content[2]
        elif pid == 0x1F:
            if 0 <= self._run_s < value:
                self._note()
            self._run_s = value
        elif value and (pid == 0x0C or (pid == 0x0D and value < 0xFF)):
            self._note()

    def _note(self):
        self.sign_s = 0
        self._was_on = True

    def _learn(self, unit, length):
        """Which values a control unit knows; bytewise, as 32 bits are too many."""
        content = self.content
        if length < 6:
            return
        self.units |= 1 << unit
        base = content[1]
        polls = self._car.POLLS
        self._next[unit] = base + 0x20 if content[5] & 1 and base < 0xA0 else 0
        for n in range(len(self._units)):
            at = n * POLL_BYTES
            place = polls[at + 5] - base - 1
            if polls[at + 1] != OBD or self._units[n] != _NOBODY or not 0 <= place < 32:
                continue
            if content[2 + (place >> 3)] & 0x80 >> (place & 7):
                self._units[n] = unit

    def _refused(self, code):
        if code == _WAIT:
            if self._pending < _PENDING_MAX:
                self._pending += 1
                self._wait_s = _PENDING_S
            return
        asked = self._asked
        self._lost = 0
        self._asked = _NOTHING
        if asked < _SUPPORT:
            if code == _NOT_NOW:
                self._due[asked] = _PAUSES_S[0]
            elif code != _BUSY:
                self._units[asked] = _REFUSED

    def tick(self, seconds: int) -> None:
        """About once a second: decide what to ask, and ask it."""
        car = self._car
        self._alive_s = min(self._alive_s + seconds, _FOREVER_S)
        if self.heard >= _LIFE_FRAMES:
            self._alive_s = 0
        self.heard = 0
        self.sign_s = min(self.sign_s + seconds, _FOREVER_S)
        self._pause = max(self._pause - seconds, 0)
        is_rise = self._look_at_supply(seconds)
        if not car.config.feature(FEATURE_CAN_WRITE) > 0:
            self.state = ASLEEP
            self._asked = _NOTHING
            self._pause = self._failures = 0
        elif self.state == ASLEEP:
            # What was heard a while ago may have fallen asleep since.
            is_heard = not (self._alive_s or self._pause or self._is_low)
            if (is_rise or is_heard) and (car.IS_OBD or self._is_used()):
                self._wake(is_rise)
        elif self._is_low:
            self._end()
        if self.state != ASLEEP:
            self._go_on(seconds)

    def _is_used(self):
        """Whether a car that tells it by itself is on or charges."""
        return self._car.inputs[IN_ON] or self._car.inputs[IN_CHARGING]

    def is_alive(self) -> bool:
        """Whether the bus was heard of late, beside answers."""
        return self._alive_s < _ALIVE_S

    def must_listen(self) -> bool:
        """Whether it is time to hear what else is on the bus."""
        return self.state == ASLEEP and self._alive_s >= _LISTEN_S

    def _look_at_supply(self, seconds):
        """Whether the 12 V supply has just risen as it does when the car is switched on."""
        state = self._car.state
        now_mv = state.supply_mv
        if now_mv is None:
            return False
        reference_mv = state.supply_reference_mv or 0
        if now_mv < _LOW_MV or now_mv <= reference_mv - _BELOW_REFERENCE_MV:
            self._is_low = True
        before_mv = self._supply_mv
        is_rise = now_mv >= _CHARGED_MV and 0 < before_mv <= now_mv - _RISE_MV
        self._since_s += seconds
        if is_rise or self._since_s >= _RISE_S or not before_mv:
            self._supply_mv = now_mv
            self._since_s = 0
        if is_rise:
            self._is_low = False
        return is_rise

    def _wake(self, is_rise):
        """The car is there: begin to ask."""
        if is_rise:
            self._failures = 0
        car = self._car
        self.state = FINDING if car.IS_OBD else ACTIVE
        self.sign_s = _OFF_S
        self._was_on = False
        self._asked = _NOTHING
        self._tries = self._lost = self._gap_s = self.units = 0
        self._run_s = -1
        self._vin_unit = UNITS
        self._code_unit = 0
        for n in range(len(self._units)):
            self._due[n] = 0
            if self._units[n] != _REFUSED:
                self._units[n] = _NOBODY if car.POLLS[n * POLL_BYTES + 1] == OBD else 0

    def _end(self):
        """It is off, or does not answer: ask no more for a while."""
        self.state = ASLEEP
        self._asked = _NOTHING
        self.sign_s = _FOREVER_S
        self._lost = 0
        self._alive_s = max(self._alive_s, _LISTEN_S)
        if self._was_on:
            self._failures = 0
        self._pause = _PAUSES_S[min(self._failures, 2)]
        self._failures += 1

    def _go_on(self, seconds):
        for n in range(len(self._due)):
            self._due[n] -= seconds
        if self._asked != _NOTHING and not self._is_over(seconds):
            return
        car = self._car
        if not car.IS_OBD and self._is_used():
            self._note()
        elif self._was_on and _OFF_S <= self.sign_s < _OFF_S + seconds:
            # The last odometer, then what tells that it is on again.
            for n in range(len(self._due)):
                self._due[n] = 0
        if self.sign_s >= _END_S or self._lost >= _TRIES or (self._lost > 1 and self._was_on):
            self._end()
            return
        self._gap_s -= seconds
        if self._gap_s > 0:
            return
        self._gap_s = _LAST_GAP_S if self._was_on and self.sign_s >= _OFF_S else 0
        self._ask_next()

    def _is_over(self, seconds):
        """Whether the question that was asked is dealt with; False: wait for the rest of it."""
        self._receiver.poll(1000 * seconds)
        if self._is_done:
            self._take()
        elif self._receiver.is_receiving():
            return False
        elif self._wait_s > seconds:
            self._wait_s -= seconds
            return False
        elif self._to == FUNCTIONAL:
            if self.units:
                self.state = ACTIVE
                self._lost = self._vin_unit = self._code_unit = 0
                self.wants_codes = True
                self._found = None
        elif self._asked < _VIN:
            self._lost += 1
        self._asked = _NOTHING
        return True

    def _take(self):
        """The VIN, or trouble codes, were answered."""
        if self._asked == _VIN:
            if self._car.read_vin(self.content, self._receiver.length):
                self._vin_unit = UNITS
        else:
            from ovms.vehicle import trouble_codes

            is_pending = self._asked == _PENDING
            length = self._receiver.length
            self._found = trouble_codes.added(self._found, is_pending, self.content, length)

    def _ask_next(self):
        if self.state == FINDING:
            if self._tries >= _TRIES:
                self._end()
                return
            self._tries += 1
            self._ask(_SUPPORT, FUNCTIONAL, b"\x01\x00")
            return
        for unit in range(UNITS):
            base = self._next[unit]
            if base and self.units & 1 << unit:
                self._next[unit] = 0
                if self._knows_from(base):
                    self._ask(_SUPPORT, FIRST_REQUEST + unit, bytes((1, base)))
                    return
        if self._lost or not self._ask_rare():
            self._ask_due()

    def _knows_from(self, base):
        """Whether a poll that nobody answers yet may be known from `base` on."""
        polls = self._car.POLLS
        for n in range(len(self._units)):
            at = n * POLL_BYTES
            if polls[at + 1] == OBD and self._units[n] == _NOBODY and polls[at + 5] > base:
                return True
        return False

    def _ask_rare(self):
        """VIN and trouble codes, of one unit after the other; False when there is nothing."""
        if not self._was_on:
            return False
        while self._vin_unit < UNITS:
            unit = self._vin_unit
            self._vin_unit += 1
            if self.units & 1 << unit:
                self._ask(_VIN, FIRST_REQUEST + unit, b"\x09\x02")
                return True
        if self.wants_codes:
            while self._code_unit < 2 * UNITS:
                unit = self._code_unit >> 1
                is_pending = self._code_unit & 1
                self._code_unit += 1
                if self.units & 1 << unit:
                    what = _PENDING if is_pending else _STORED
                    self._ask(what, FIRST_REQUEST + unit, b"\x07" if is_pending else b"\x03")
                    return True
            self.wants_codes = False
            self._code_unit = 0
            if self._found is not None:
                self._car.take_codes(self._found)
            self._found = None
        return False

    def _ask_due(self):
        """The poll that is due for longest."""
        polls = self._car.POLLS
        found = -1
        for n in range(len(self._units)):
            if self._units[n] >= UNITS or self._due[n] > 0 or self._is_needless(n):
                continue
            if found < 0 or self._due[n] < self._due[found]:
                found = n
        if found < 0:
            return
        at = found * POLL_BYTES
        self._due[found] = polls[at]
        request = polls[at + 4 : at + 4 + polls[at + 3]]
        if polls[at + 1] == OBD:
            self._ask(found, FIRST_REQUEST + self._units[found], request)
        else:
            to, answer_id = self._car.ASKS[polls[at + 1]]
            self._ask(found, to, request, answer_id)

    def _is_needless(self, n):
        """Whether another value that this car has says it better."""
        polls = self._car.POLLS
        better = polls[n * POLL_BYTES + 2]
        if not better:
            return False
        for other in range(len(self._units)):
            if polls[other * POLL_BYTES + 5] == better and self._units[other] < UNITS:
                return True
        return False

    def _ask(self, what, to, request, answer_id=0):
        """Send a request; without room for it, it is one that was not answered."""
        self._asked = what
        self._to = to
        self._answer_id = answer_id or to + FIRST_ANSWER - FIRST_REQUEST
        self._is_done = False
        self._pending = self._wait_s = 0
        self._receiver.forget()
        single_frame(self._frame, request)
        self._car.send(to, self._frame)
