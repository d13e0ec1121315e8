"""SDO exchanges with the SEVCON, its login, and its operating states.

One session at a time, of bounded length; nothing here blocks, waiting is `car.sleep_ms`. Every
frame asks the gate anew. Sequences and codes: Twizy facts 7.1 to 7.4.
"""

from micropython import const

from ovms.parameters import FEATURE_CAN_WRITE
from ovms.protocol.errors import SDOAbort
from ovms.protocol.sdo import (
    DONE,
    GENERAL_ERROR,
    MORE,
    TIMED_OUT,
    TOGGLE_MISMATCH,
    TOO_LONG,
    SDOClient,
)
from ovms.vehicle.twizy.sevcon import gate
from ovms.vehicle.twizy.sevcon.controller import (
    FOREIGN,
    OPERATIONAL,
    PRE_OPERATIONAL,
    SDO_COMMIT,
    SevconError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.car import Twizy

_REQUEST = const(0x601)
_NMT = const(0x000)
_NODE = const(1)
_STEP_MS = const(5)
# A whole command; the server's apps and the commander wait longer than this.
_LIMIT_MS = const(45_000)
# What going back to operational may take beyond that.
_RETURN_MS = const(5_000)
_SETTLE_MS = const(10)
_STATE_TRIES = const(5)
_STATE_RETRY_MS = const(100)
_BUSY_MS = const(50)
_COMMIT_MS = const(50)

_PRODUCT_80 = const(0x0712302D)
_PRODUCT_45 = const(0x0712301B)
_LEVEL = const(4)
_PASSWORD = const(0x4BDF)

# Error classes and details, which add up (Twizy facts 7.4).
NO_WRITE = const(0x01)
READ_REFUSED = const(0x02)
READ_TIMEOUT = const(0x03)
NO_LONG = const(0x04)
TOGGLE = const(0x05)
WRITE_REFUSED = const(0x08)
WRITE_TIMEOUT = const(0x09)
TIMEOUT = const(0x0A)
OFFLINE = const(0x0B)
# Ours: nobody says now that the car stands still.
UNKNOWN = const(0x0C)
LOGIN = const(0x10)
STATE = const(0x20)
HARDWARE = const(0x40)


class Session:
    """Use: `await open()`, exchanges, `close()` in any case.

    permit: what it may write, see `gate`; a new one looks only. client: SDOClient. index,
    subindex, value, is_abort: the SDO that was exchanged last. Raises SevconError.
    """

    def __init__(self, car: "Twizy") -> None:
        self._car = car
        self.client = SDOClient()
        self._frame = bytearray(8)
        self._left_ms = _LIMIT_MS
        self.permit = gate.LOOK
        self.index = self.subindex = self.value = 0
        self.is_abort = False
        self._is_open = False

    async def open(self, is_foreign_fine: bool = False) -> None:
        """Wait until nobody else exchanges frames, then log in.

        Raises SevconError: HARDWARE for a controller that is none of the Twizy's, unless it is
        only to be read, without a login; LOGIN.
        """
        sevcon = self._car.sevcon
        while sevcon.is_busy:
            await self._sleep(_BUSY_MS)
        sevcon.is_busy = self._is_open = True
        if sevcon.type <= 0:
            try:
                product = await self.read(0x1018, 2, HARDWARE)
            except SevconError as error:
                if not is_foreign_fine or error.code != HARDWARE + READ_REFUSED:
                    raise
                product = 0
            if product not in (_PRODUCT_80, _PRODUCT_45):
                sevcon.type = FOREIGN
                if is_foreign_fine:
                    return
                raise self._error(HARDWARE)
            sevcon.type = 80 if product == _PRODUCT_80 else 45
        try:
            if await self.read(0x5000, 1, LOGIN) != _LEVEL:
                await self._log_in()
        except SevconError:
            sevcon.type = 0
            raise
        self._car.state.is_controller_logged_in = True

    async def _log_in(self):
        try:
            await self.write(0x5000, 3, 0)
        except SevconError as error:
            # The user id is not asked for by every software version; an offline car is no answer.
            if error.code in (NO_WRITE, OFFLINE, TIMEOUT):
                raise
        await self.write(0x5000, 2, _PASSWORD, LOGIN)
        if await self.read(0x5000, 1, LOGIN) != _LEVEL:
            raise self._error(LOGIN)

    def begin_writing(self, permit: int, origin: int) -> None:
        """Let this session write. permit: WRITE or UNDER_WAY of `gate`. origin: FROM_...

        ValueError with a sentence for who may not.
        """
        from ovms.vehicle.twizy.sevcon.consent import check_origin

        check_origin(self._car, origin)
        self.permit = permit

    def check_standstill(self) -> None:
        """SevconError unless the car stands still, out of gear and GO."""
        self._refuse(gate.standstill_refusal(self._car))

    def _refuse(self, reason):
        if reason == gate.MOVING:
            raise self._error(STATE)
        if reason == gate.NOT_LIVE:
            raise self._error(STATE + UNKNOWN)
        if reason == gate.NO_KEY:
            raise self._error(OFFLINE)
        if reason:
            raise self._error(NO_WRITE)

    def close(self) -> None:
        """End the session; the controller keeps its level until it is switched off."""
        if self._is_open:
            self._is_open = self._car.sevcon.is_busy = False

    async def enter_pre_op(self) -> None:
        """Go pre-operational, which needs a car that stands still, in N and not in GO."""
        if await self.read(0x5110, 0, STATE) != PRE_OPERATIONAL:
            self.check_standstill()
            await self.write(0x2800, 0, 1, STATE)
            if not await self._has_state(PRE_OPERATIONAL):
                error = self._error(STATE)
                await self.write(0x2800, 0, 0, STATE)
                raise error
        self._car.state.is_controller_configuring = True

    async def leave_pre_op(self) -> None:
        """Go operational, by SDO and at last by NMT; has time of its own."""
        self._left_ms = _RETURN_MS
        await self.write(0x2800, 0, 0, STATE)
        if not await self._has_state(OPERATIONAL):
            self._send(_NMT, bytes((0x01, _NODE)))
            if not await self._has_state(OPERATIONAL):
                raise self._error(STATE)
        self._car.state.is_controller_configuring = False

    async def return_to_op(self) -> None:
        """Leave pre-operational, if need be, also after a failure; never raises.

        What fails here is tried again by `duties`.
        """
        sevcon = self._car.sevcon
        if self._car.state.is_controller_configuring or sevcon.nmt_state == PRE_OPERATIONAL:
            sevcon.wants_pre_op = False
            try:
                await self.leave_pre_op()
            except SevconError:
                sevcon.nmt_state = PRE_OPERATIONAL

    async def _has_state(self, state):
        pause_ms = _SETTLE_MS
        for _ in range(_STATE_TRIES):
            await self._sleep(pause_ms)
            if await self.read(0x5110, 0, STATE) == state:
                self._car.sevcon.nmt_state = state
                return True
            pause_ms = _STATE_RETRY_MS
        return False

    async def read(self, index: int, subindex: int, error_class: int = 0) -> int:
        """Value of an object of up to 4 bytes, unsigned."""
        self.client.read(index, subindex)
        await self.exchange(READ_REFUSED, error_class)
        return self.value

    async def serial(self) -> int:
        """Serial number of the controller, 0 if it has none. SevconError when it does not answer:
        then it is not known whose values the journal has.
        """
        try:
            return await self.read(0x1018, 4)
        except SevconError as error:
            if error.code != READ_REFUSED:
                raise
            return 0

    async def write_all(self, entries: bytearray) -> None:
        """Write entries of `journal` (8 bytes each: index, subindex, 0, value)."""
        for at in range(0, len(entries), 8):
            index = entries[at + 1] << 8 | entries[at]
            value = int.from_bytes(entries[at + 4 : at + 8], "little")
            await self.write(index, entries[at + 2], value)
            if index << 8 | entries[at + 2] == SDO_COMMIT:
                await self._car.sleep_ms(_COMMIT_MS)

    async def write(self, index: int, subindex: int, value: int, error_class: int = 0) -> None:
        """Write an object of up to 4 bytes. value: unsigned."""
        self.client.write(index, subindex, value)
        await self.exchange(WRITE_REFUSED, error_class)

    async def exchange(self, refused: int, error_class: int) -> None:
        """Carry out what the client was started with; SevconError otherwise.

        refused: the detail of a refusal.
        """
        client = self.client
        self.is_abort = False
        try:
            await self._pump(error_class)
        except SDOAbort as abort:
            code = abort.code
            detail = refused
            if code == TIMED_OUT:
                # Read and write timeouts follow their refusals.
                detail = refused + 1
            elif code in (TOO_LONG, TOGGLE_MISMATCH):
                self._send(_REQUEST, client.abort(code))
                detail = NO_LONG if code == TOO_LONG else TOGGLE
            elif code == GENERAL_ERROR and client.index != 0x5310:
                code |= await self._reason(client)
            self._note(client.index, client.subindex, code, True)
            raise self._error(error_class + detail)
        self._note(client.index, client.subindex, client.value, False)

    def _error(self, code):
        return SevconError(code, self.index, self.subindex, self.sdo_text())

    def _note(self, index, subindex, value, is_abort):
        self.index = index
        self.subindex = subindex
        self.value = value
        self.is_abort = is_abort

    def sdo_text(self) -> str:
        """The SDO exchanged last, as replies show it."""
        return " SDO %s0x%04X.%02X: 0x%s" % (
            "ABORT " if self.is_abort else "",
            self.index,
            self.subindex,
            ("%08X" if self.value > 0xFFFF else "%04X") % self.value,
        )

    async def _reason(self, client):
        """What the controller means by a general error."""
        index = client.index
        subindex = client.subindex
        try:
            return await self.read(0x5310, 0)
        except SevconError:
            return 0
        finally:
            client.index = index
            client.subindex = subindex

    async def _pump(self, error_class):
        car = self._car
        sevcon = car.sevcon
        client = self.client
        sevcon.flush()
        unsent = client.request
        was_sent = False
        while True:
            if car.config.feature(FEATURE_CAN_WRITE) <= 0:
                raise self._error(error_class + NO_WRITE)
            if not car.decoder.has_key():
                raise self._error(OFFLINE)
            if unsent and self._send(_REQUEST, unsent):
                unsent = None
                was_sent = True
            await self._sleep(_STEP_MS)
            while sevcon.next_reply(self._frame):
                outcome = client.receive(self._frame)
                if outcome == DONE:
                    return
                if outcome == MORE:
                    unsent = client.request
            try:
                unsent = client.poll(_STEP_MS) or unsent
            except SDOAbort:
                if was_sent:
                    raise
                raise self._error(error_class + NO_WRITE)

    def _send(self, arbitration_id, data):
        """Whether the frame has left; nothing of a session leaves otherwise. SevconError: no."""
        self._refuse(gate.refusal(self._car, self.permit, arbitration_id, data))
        return self._car.send(arbitration_id, data)

    async def _sleep(self, ms):
        self._left_ms -= ms
        if self._left_ms < 0:
            raise self._error(TIMEOUT)
        await self._car.sleep_ms(ms)
