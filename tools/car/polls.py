"""The polls of a mapping: what a car is asked, for `firmware/ovms/vehicle/poller.py`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tools import on_cpython
from tools.car.mapping import CarError, Mapping, Row, find_message
from tools.car.tables import Record, Table

poller = on_cpython.attribute("ovms.vehicle.poller")
# They read and change nothing; what is 01 (OBD-II) finds its control unit by itself.
_SERVICES = (0x01, 0x21, 0x22)
_OBD = 0x01
_LENGTHS = {0x01: 2, 0x21: 2, 0x22: 3}
_OPTIONS = {"every", "to", "unless"}
_STANDARD_IDS = 0x800


@dataclass
class Polls:
    """What the rows with the rule poll say. frames: whose frames are answers; asks: a request's id
    and its answer's, of a maker's own services.
    """

    data: bytes = b""
    asks: list[tuple[int, int]] = field(default_factory=list)
    is_obd: bool = False
    frames: set[int] = field(default_factory=set)

    def complete(self, table: Table, mapping: Mapping) -> None:
        """Give `table` the ids of requests and answers. Its frames are sorted into groups."""
        for frame in self.frames - set(table.ids):
            raise CarError(f"{mapping.file}: frame {frame:03X} is asked for, and no row reads it.")
        table.polls, table.asks, table.is_obd = self.data, self.asks, self.is_obd
        groups = dict(zip(table.ids, table.first_groups, strict=True))
        table.tx_frames = sorted({(to, 8) for to, _ in self.asks})
        if self.is_obd:
            first = poller.FIRST_ANSWER
            for unit in range(poller.UNITS):
                groups.setdefault(first + unit, groups[first])
            requests = range(poller.FIRST_REQUEST, poller.FIRST_REQUEST + poller.UNITS)
            table.tx_frames = sorted({*table.tx_frames, *((to, 8) for to in requests)})
            table.tx_frames.insert(0, (poller.FUNCTIONAL, 8))
        table.ids = sorted(groups)
        table.first_groups = [groups[number] for number in table.ids]


def read(mapping: Mapping) -> Polls:
    """The polls of a mapping. CarError with file and line."""
    polls = Polls()
    services: dict[int, int] = {}
    for row in mapping.rows:
        if row.rule != "poll":
            continue
        find_message(mapping, row)
        assert row.frame is not None
        request = _request(row)
        service = request[0]
        if services.setdefault(row.frame, service) != service:
            raise row.error(f"the polls of frame {row.frame:03X} have to be of one service.")
        options = row.options()[1]
        for name in options:
            if name not in _OPTIONS:
                raise row.error(f"the rule poll does not know '{name}'.")
        every = options.get("every", "")
        if not every.isdigit() or not 1 <= int(every) <= 255:
            raise row.error("poll wants every=1 to every=255, in seconds.")
        place = _place(row, polls, options, service)
        unless = _hex(row, options.get("unless", "0"), 0xFF)
        if unless and service != _OBD:
            raise row.error("unless= is for the service 01.")
        head = bytes((int(every), place, unless, len(request)))
        polls.data += head + request.ljust(3, b"\0")
        polls.frames.add(row.frame)
    if len(polls.data) // poller.POLL_BYTES > 40:
        raise CarError(f"{mapping.file}: more than 40 polls take too long.")
    return polls


def _request(row: Row) -> bytes:
    try:
        request = bytes.fromhex(row.target)
    except ValueError:
        raise row.error(f"'{row.target}' is no request in hexadecimal like 01 0D.") from None
    if not request or request[0] not in _SERVICES:
        known = ", ".join(f"{service:02X}" for service in _SERVICES)
        raise row.error(f"a poll is of a service that reads: {known}.")
    if len(request) != _LENGTHS[request[0]]:
        raise row.error(f"a request of service {request[0]:02X} has {_LENGTHS[request[0]]} bytes.")
    return request


def _place(row: Row, polls: Polls, options: dict[str, str], service: int) -> int:
    """Where a request goes: OBD, or a place in `asks`."""
    answer = row.frame or 0
    if service == _OBD:
        if answer != poller.FIRST_ANSWER or "to" in options:
            raise row.error("service 01 is answered in frame 7E8, by whoever knows the value.")
        polls.is_obd = True
        return poller.OBD
    to = _hex(row, options.get("to", f"{answer - 8:X}"), _STANDARD_IDS - 1)
    ask = (to, answer)
    for other in polls.asks:
        if other != ask and (other[0] == to or other[1] == answer):
            raise row.error(f"{to:03X} is answered by {answer:03X} here, but not above.")
    if ask not in polls.asks:
        polls.asks.append(ask)
    return polls.asks.index(ask)


def _hex(row: Row, text: str, highest: int) -> int:
    try:
        number = int(text, 16)
    except ValueError:
        number = -1
    if not 0 <= number <= highest:
        raise row.error(f"'{text}' is no hexadecimal number from 0 to {highest:X}.")
    return number


def shifted(mapping: Mapping, record: Record, frames: set[int]) -> Record:
    """A record as the module reads it: of an answer without the length in front."""
    if record.frame not in frames:
        return record
    mux = record.mux
    if not record.data[1] or (mux and not mux[0]):
        raise CarError(
            f"{mapping.file}: byte 0 of frame {record.frame:03X} is the length of an answer, "
            "which nothing can be made of."
        )
    data = record.data[:1] + bytes((record.data[1] - 1,)) + record.data[2:]
    return replace(record, data=data, mux=(mux[0] - 1, *mux[1:]) if mux else mux)
