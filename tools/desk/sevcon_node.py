"""A SEVCON Gen4 as the Twizy has it: a CANopen node made with the `canopen` package.

The package's SDO server answers; here are the objects (Twizy facts 7.15), who may write them when,
the two operating states, and the moods a real controller has. Shares no code with the firmware.
Fed with frames instead of a bus, so that a simulator can own the time.
"""

from __future__ import annotations

from collections.abc import Callable

import canopen
from canopen import objectdictionary as od
from canopen.sdo import SdoAbortedError

NODE_ID = 1
SDO_REQUEST = 0x600 + NODE_ID
SDO_REPLY = 0x580 + NODE_ID
NMT = 0x000
EMERGENCY = 0x080 + NODE_ID
HEARTBEAT = 0x700 + NODE_ID

OPERATIONAL = 0x05
PRE_OPERATIONAL = 0x7F
GEAR_BUTTON = 0x488E

GENERAL_ERROR = 0x08000000
NOT_IN_PRE_OP = 4
ACCESS_TOO_LOW = 8
RANGE_UNDERFLOW = 10
RANGE_OVERFLOW = 11

_LEVEL = 4
_PASSWORD = 0x4BDF
_PRODUCTS = {80: 0x0712302D, 45: 0x0712301B}

# Objects that the controller lets go of only in the pre-operational state.
_PRE_OP_ONLY = {0x2910, 0x2916, 0x3813, 0x4610, 0x4611, 0x4624, 0x4641, 0x6075, 0x6076}
# Everybody may write these: state request and login.
_OPEN = {0x2800, 0x5000}

_SIZES = {"u8": od.UNSIGNED8, "u16": od.UNSIGNED16, "i16": od.INTEGER16, "u32": od.UNSIGNED32}
_BYTES = {od.UNSIGNED8: 1, od.UNSIGNED16: 2, od.INTEGER16: 2, od.UNSIGNED32: 4}

# (index, first subindex): size, values of the Twizy 80, of the Twizy 45 or None for the same.
_STOCK: dict[tuple[int, int], tuple[str, tuple[int, ...], tuple[int, ...] | None]] = {
    (0x2870, 0x01): ("u8", (4,), None),
    (0x2870, 0x02): ("i16", (500, -200), None),
    (0x2870, 0x06): ("i16", (4608, -640), (2688, -640)),
    (0x2872, 0x01): ("i16", (0, -35), None),
    (0x290A, 0x01): ("u16", (8, 127, 800), None),
    (0x2910, 0x01): ("u16", (0x20C,), None),
    (0x2916, 0x01): ("u32", (57000,), (33000,)),
    (0x291C, 0x01): ("u16", (60, 400), (80, 300)),
    (0x2920, 0x01): ("u16", (1000, 500, 182, 182, 7250, 900), (1000, 500, 209, 209, 5814, 1307)),
    (0x2920, 0x07): ("u16", (2500,), (2083,)),
    (0x2920, 0x0B): ("u16", (2000,), None),
    (0x2920, 0x0D): ("u16", (4000, 4000, 6000, 6000), None),
    (0x3813, 0x05): ("u16", (1024, 1024), None),
    (0x3813, 0x07): (
        "u16",
        (32767, 3000, 26214, 3500, 16383, 4500, 6553, 6000),
        (32767, 4357, 26214, 5083, 16383, 6535, 6553, 8714),
    ),
    (0x3813, 0x11): ("u16", (0, 750, 750, 5000, 0, 5000, 500, 5000), None),
    (0x3813, 0x1B): (
        "u16",
        (32767, 3000, 26214, 3500, 16383, 4500, 6553, 6000),
        (32767, 4357, 26214, 5083, 16383, 6535, 6553, 8714),
    ),
    (0x3813, 0x23): ("u16", (4608,), (2688,)),
    (0x3813, 0x24): ("u16", (32767, 3000, 32767, 3500, 32767, 4500, 32767, 6000), None),
    (0x3813, 0x2D): ("u16", (10000,), None),
    (0x3813, 0x30): ("u16", (100, 800), None),
    (0x3813, 0x33): ("u16", (7650, 8050, 8050), (6500, 7200, 7200)),
    (0x3813, 0x3B): ("u16", (8500, 7500), (8500, 6300)),
    (0x4610, 0x01): (
        "u16",
        (0, 1417, 160, 4224, 320, 5824, 480, 7040, 640, 8256, 800, 9152, 880, 9536)
        + (964, 9728, 1122, 9984),
        (0, 1417, 80, 3520, 160, 4704, 240, 5568, 320, 6464, 368, 7104, 424, 7616)
        + (480, 8192, 576, 8960),
    ),
    (0x4611, 0x01): (
        "u16",
        (880, 0, 880, 2115, 659, 2700, 608, 3000, 516, 3500, 421, 4500, 360, 5500)
        + (307, 6500, 273, 7250),
        (520, 0, 520, 2050, 437, 2500, 363, 3000, 314, 3500, 279, 4000, 247, 4500)
        + (226, 5000, 195, 6000),
    ),
    (0x4623, 0x01): ("i16", (-43, 314, 15), (-43, 184, 15)),
    (0x4624, 0x00): ("u16", (11000,), None),
    (0x4640, 0x01): ("u16", (560, 2800, 4500, 1072, 128, 29491), None),
    (0x4641, 0x01): ("u8", (0,), None),
    (0x4641, 0x02): ("u16", (450, 5120, 14080), (290, 8960, 14080)),
    (0x4641, 0x07): ("u16", (175,), None),
    (0x6075, 0x00): ("u32", (450000,), (270000,)),
    (0x6076, 0x00): ("u32", (55000,), (33000,)),
    (0x1018, 0x01): ("u32", (0x1E, 0, 0x00010019, 0x0A1B2C3D), None),
    (0x2800, 0x00): ("u8", (0,), None),
    (0x4600, 0x01): ("i16", (0,) * 15, None),
    (0x5000, 0x01): ("u8", (0,), None),
    (0x5000, 0x02): ("u16", (0, 0), None),
    (0x5110, 0x00): ("u8", (OPERATIONAL,), None),
    (0x5310, 0x00): ("u8", (0,), None),
    (0x5320, 0x00): ("u16", (0,), None),
    (0x5610, 0x01): ("u16", (0,), None),
    # The logs: two alerts, three faults, one counter, one row of extremes.
    (0x5200, 0x01): ("u16", (1234, 200), None),
    (0x5300, 0x01): ("u16", (2, 0, 0x45C3), None),
    (0x4110, 0x01): ("u16", (0, 3), None),
    (0x4111, 0x00): ("u16", (0,), None),
    (0x4112, 0x01): ("u16", (GEAR_BUTTON, 1200, 17, 0x1A, 0x02, 0xFF), None),
    (0x4100, 0x01): ("u16", (0, 0), None),
    (0x4101, 0x00): ("u16", (0,), None),
    **{(0x4201 + n, 0x01): ("u16", (0x4681, 1, 2, 1100, 30, 7), None) for n in range(10)},
    (0x4200, 0x01): ("u8", (0,), None),
    (0x4300, 0x01): ("i16", (0, 800, 930, 799, 931, -300, 450, 0, 0, -900, 9100, -5, 61), None),
    (0x4301, 0x01): ("i16", (0, 801, 929, 799, 930, -250, 400, 0, 0, -100, 8000, 2, 55), None),
}
_TEXTS = {
    (0x1008, 0): "Gen4 (Renault Twizy)11 November 2011 12",
    (0x1009, 0): "0x0712302D",
    (0x100A, 0): "0x0712302D",
    (0x5610, 2): "",
}
_READ_ONLY = {0x1008, 0x1009, 0x100A, 0x1018, 0x4600, 0x5110, 0x5310, 0x5320}
_FAULT_TEXTS = {
    0x4681: "Preop",
    GEAR_BUTTON: "Sequence Fault",
    0x45C3: "Low Battery",
}
# Highest value of objects whose range the firmware may run into.
_HIGHEST = {(0x2920, 0x05): 10900, (0x2920, 0x06): 10900, (0x2920, 0x01): 1000}


class _Wire:
    """What the SDO server believes to be the network: answers wait here."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, bytes]] = []

    def send_message(self, can_id: int, data, remote: bool = False) -> None:
        self.sent.append((can_id, bytes(data)))


class SevconNode:
    """One controller, just switched on.

    type: 80 or 45, or another number for hardware the firmware does not know. Moods, to be
    changed at any time: is_silent (never answers), busy_requests (so many requests go unanswered),
    delay_ms (answers come so late), refusals {(index, subindex): 5310 value}, keeps_pre_op (does
    not leave it by SDO), keeps_op (does not enter it).

    writes: (index, subindex, value) of every write taken, state and login included. on_write:
    called before each with the same arguments; what it raises goes through `feed`.
    """

    def __init__(self, type: int = 80, serial: int = 0x0A1B2C3D):  # noqa: A002 - as on the nameplate
        self.type = type
        self.is_silent = False
        self.busy_requests = 0
        self.delay_ms = 0
        self.refusals: dict[tuple[int, int], int] = {}
        self.keeps_pre_op = False
        self.keeps_op = False
        self.writes: list[tuple[int, int, int]] = []
        self.on_write: Callable[[int, int, int], None] | None = None
        self.requests: list[bytes] = []
        self.state = OPERATIONAL
        self.level = 0
        self.fault = 0
        self._reason = 0
        self._now_ms = 0
        self._heartbeat_ms = 0
        self._late: list[tuple[int, int, bytes]] = []
        self._wire = _Wire()
        self._node = canopen.LocalNode(NODE_ID, _dictionary(type, serial))
        self._node.sdo.network = self._wire  # type: ignore[assignment]
        self._node.add_read_callback(self._on_read)

    def power_cycle(self) -> None:
        """Off and on: the login is gone, a pre-operational state stays, as owners report."""
        self.level = 0
        self._late.clear()

    def value(self, index: int, subindex: int) -> int:
        """Raw unsigned value of a number object."""
        return int.from_bytes(self._node.get_data(index, subindex), "little")

    def configuration(self) -> dict[tuple[int, int], int]:
        """Every setting that CFG may change, to compare before and after."""
        return {
            (index, first + offset): self.value(index, first + offset)
            for (index, first), (_, values, _) in _STOCK.items()
            if index not in _READ_ONLY | _OPEN and index < 0x5000 or index >= 0x6000
            for offset in range(len(values))
            if (index, first) != (0x4641, 1)
        }

    def feed(self, arbitration_id: int, data: bytes) -> list[tuple[int, bytes]]:
        """One frame on the bus; what the controller answers at once, as (id, data)."""
        if arbitration_id == NMT and len(data) == 2 and data[1] in (0, NODE_ID):
            return self._on_nmt(data[0])
        if arbitration_id != SDO_REQUEST or len(data) != 8:
            return []
        self.requests.append(bytes(data))
        if self.is_silent:
            return []
        if self.busy_requests:
            self.busy_requests -= 1
            return []
        before = self.state
        self._node_request(bytes(data))
        answers, self._wire.sent = self._wire.sent, []
        if before != self.state:
            answers += self._state_frames()
        if self.delay_ms:
            self._late += [(self._now_ms + self.delay_ms, *answer) for answer in answers]
            return []
        return answers

    def step(self, elapsed_ms: int) -> list[tuple[int, bytes]]:
        """Let time pass: late answers and the heartbeat."""
        self._now_ms += elapsed_ms
        due = [frame[1:] for frame in self._late if frame[0] <= self._now_ms]
        self._late = [frame for frame in self._late if frame[0] > self._now_ms]
        if self._now_ms - self._heartbeat_ms >= 500:
            self._heartbeat_ms = self._now_ms
            due.append((HEARTBEAT, bytes([self.state])))
        return due

    def press_button(self) -> list[tuple[int, bytes]]:
        """D or R before GO: a generic error, and its end."""
        return [
            (EMERGENCY, bytes.fromhex("00 10 01 8E 48 00 00 00")),
            (EMERGENCY, bytes(8)),
        ]

    def _state_frames(self) -> list[tuple[int, bytes]]:
        if self.state == PRE_OPERATIONAL:
            return [(EMERGENCY, bytes.fromhex("00 10 01 81 46 00 00 00"))]
        return [(EMERGENCY, bytes(8))]

    def _on_nmt(self, command: int) -> list[tuple[int, bytes]]:
        states = {0x01: OPERATIONAL, 0x80: PRE_OPERATIONAL}
        if command not in states or self.state == states[command]:
            return []
        self.state = states[command]
        return self._state_frames()

    def _node_request(self, data: bytes) -> None:
        """The package's server wants a size; a write of the Twizy's client (0x22) has none."""
        control = data[0]
        index = data[1] | data[2] << 8
        subindex = data[3]
        if control & 0xE3 == 0x22:
            try:
                variable = self._node._find_object(index, subindex)
            except SdoAbortedError:
                variable = None
            size = _BYTES.get(variable.data_type or 0, 4) if variable else 4
            control = 0x23 | (4 - size) << 2
            data = bytes([control]) + data[1:4] + data[4 : 4 + size] + bytes(4 - size)
        server = self._node.sdo
        if control & 0xE0 == 0x20:
            value = int.from_bytes(data[4:8], "little")
            server._index, server._subindex = index, subindex
            if self.on_write:
                self.on_write(index, subindex, value)
            reason = self._why_not(index, subindex, value)
            if reason:
                self._reason = reason
                server.abort(GENERAL_ERROR)
                return
        server.on_request(SDO_REQUEST, data, 0.0)
        if control & 0xE0 == 0x20 and self._wire.sent[-1][1][0] == 0x60:
            self.writes.append((index, subindex, value))
            self._after_write(index, subindex, value)

    def _why_not(self, index: int, subindex: int, value: int) -> int:
        """Reason as object 5310 gives it, 0 when the write is fine."""
        if (index, subindex) in self.refusals:
            return self.refusals[index, subindex]
        if index not in _OPEN and self.level < _LEVEL and index not in _READ_ONLY:
            return ACCESS_TOO_LOW
        if index in _PRE_OP_ONLY and self.state != PRE_OPERATIONAL:
            return NOT_IN_PRE_OP
        if value > _HIGHEST.get((index, subindex), 0xFFFFFFFF):
            return RANGE_OVERFLOW
        if index == 0x3813 and not self._fits_neighbours(subindex, value):
            return RANGE_OVERFLOW
        return 0

    def _fits_neighbours(self, subindex: int, value: int) -> bool:
        """A speed of a torque map has to stay between the speeds beside it."""
        for first in (0x07, 0x1B, 0x24):
            point, is_speed = divmod(subindex - first, 2)
            if 0 <= subindex - first < 8 and is_speed:
                low = self.value(0x3813, subindex - 2) if point else 0
                high = self.value(0x3813, subindex + 2) if point < 3 else 0xFFFF
                return low <= value <= high
        return True

    def _after_write(self, index: int, subindex: int, value: int) -> None:
        if (index, subindex) == (0x5000, 2):
            self.level = _LEVEL if value == _PASSWORD else 0
        elif (index, subindex) == (0x5610, 1):
            text = _FAULT_TEXTS.get(value, "Unknown fault")
            self._node.set_data(0x5610, 2, text.encode())
        elif (index, subindex) in ((0x4110, 1), (0x4100, 1)) and value == 1:
            self._node.set_data(index, 2, bytes(2))
        elif index == 0x2800:
            if value == 1 and not self.keeps_op:
                self.state = PRE_OPERATIONAL
            elif value == 0 and not self.keeps_pre_op:
                self.state = OPERATIONAL

    def _on_read(self, *, index: int, subindex: int, od) -> int | None:  # noqa: A002
        live = {
            (0x5000, 1): self.level,
            (0x5000, 2): 0,
            (0x5110, 0): self.state,
            (0x5310, 0): self._reason,
            (0x5320, 0): self.fault,
        }
        return live.get((index, subindex))


def _dictionary(type_: int, serial: int) -> od.ObjectDictionary:
    dictionary = od.ObjectDictionary()
    for (index, first), (size, values_80, values_45) in _STOCK.items():
        values = values_45 if type_ == 45 and values_45 else values_80
        for offset, value in enumerate(values):
            if (index, first + offset) == (0x1018, 2):
                value = _PRODUCTS.get(type_, 0x07123000)
            elif (index, first + offset) == (0x1018, 4):
                value = serial
            _add(dictionary, index, first + offset, _SIZES[size], value)
    for (index, subindex), text in _TEXTS.items():
        _add(dictionary, index, subindex, od.VISIBLE_STRING, text)
    return dictionary


def _add(
    dictionary: od.ObjectDictionary, index: int, subindex: int, data_type: int, value
) -> None:
    variable = od.ODVariable(f"{index:04X}.{subindex:02X}", index, subindex)
    variable.data_type = data_type
    variable.default = value
    variable.access_type = "ro" if index in _READ_ONLY else "rw"
    if subindex == 0 and (index, 1) not in _STOCK:
        dictionary.add_object(variable)
        return
    record = dictionary.get(index)
    if not isinstance(record, od.ODRecord):
        record = od.ODRecord(f"{index:04X}", index)
        dictionary.add_object(record)
    record.add_member(variable)
