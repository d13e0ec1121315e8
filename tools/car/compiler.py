"""Turns the rows of a mapping into the numbers of `firmware/ovms/vehicle/table_car.py`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace

from cantools.database.can import Signal

from tools import on_cpython
from tools.car import machines, polls
from tools.car.bits import page, place, span
from tools.car.mapping import ANY, MAX, CarError, Mapping, Row, find_message, find_signal, range_of
from tools.car.tables import (
    AGES,
    CHARGER,
    FED,
    INPUTS,
    MAX_IDS,
    OFTEN_MS,
    RATES,
    Record,
    Table,
    Target,
    table,
)

_SCALE = re.compile(r"(-?\d+)/(\d+)([+-]\d+)?")
_CONDITION = re.compile(r"(not\s+)?([\w.]+)\s*(?:(>=|<=|>|<|=)\s*(-?\d+))?")
_OPTIONS = {
    "num": {"age", "if"},
    "mean": {"age", "if", "n"},
    "sum": {"reset", "if"},
    "text": {"at", "before"},
}
_HELD = re.compile(r"(on|off)=(.+?)(?:\s+for\s+(\d+)\s+s)?")


def compile_table(mapping: Mapping) -> Table:
    """The table of a mapping. CarError with file and line."""
    return _Compiler(mapping).run()


class _Compiler:
    def __init__(self, mapping: Mapping):
        self._mapping = mapping
        self._table = Table(mapping.code, self._bitrate())
        self._polls = polls.read(mapping)
        self._records: list[Record] = []
        self._conditions: dict[tuple, int] = {}
        # Inputs of conditions by the frame that feeds them.
        self._fed_by: list[tuple[int, int]] = []
        self._fed: set[str] = set()
        self._means: dict[str, int] = {}
        self._state = on_cpython.attribute("ovms.vehicle.state", "VehicleState")()
        self._part = 0

    def run(self) -> Table:
        made = self._table
        silences = [row for row in self._mapping.rows if row.rule == "silence"]
        absent: dict[str, Row] = {}
        for row in self._mapping.rows:
            if row.rule == "absent":
                if row.target not in ("drive", "charge"):
                    raise row.error("what may be absent is drive or charge.")
                absent[row.target] = row
            elif row.rule == "set":
                self._set(row)
            elif row.rule == "hold":
                self._hold(row)
            elif row.rule not in ("silence", "poll"):
                self._signal(row)
        if self._polls.is_obd:
            # By what is running (poller.py).
            self._fed |= {"in.on", "in.awake"}
        machines.check(self._mapping, self._fed, absent)
        made.inputs = table.FIRST_CONDITION + len(self._conditions)
        made.vin_parts = self._part
        self._group()
        self._silences(silences)
        self._polls.complete(made, self._mapping)
        for name, bit in FED.items():
            if name in self._fed:
                made.fed |= bit
        if len(made.numbers) > 256 or len(self._records) > 256 or len(made.targets) > 127:
            raise CarError(f"{self._mapping.file}: this is more than one table holds.")
        return made

    def _bitrate(self) -> int:
        dbc = self._mapping.dbc
        attributes = dbc.dbc.attributes if dbc.dbc else {}
        rate = attributes["BusSpeed"].value if "BusSpeed" in attributes else None
        if rate not in RATES:
            raise CarError(
                f"{self._mapping.dbc_file}: its attribute BusSpeed is {rate}, "
                f"and has to be one of {', '.join(map(str, RATES))}."
            )
        return int(rate)

    def _set(self, row: Row) -> None:
        if row.target == "type":
            self._table.shown_type = row.arguments
            return
        if row.target != "full_soc":
            raise row.error("what can be set is full_soc, in percent, and type.")
        low, high = range_of(row, row.arguments, "full_soc")
        if low != high or not 50 <= low <= 100:
            raise row.error("full_soc is a number from 50 to 100.")
        self._table.full_pct100 = low * 100

    # Signals

    def _signal(self, row: Row) -> None:
        if row.frame is None or row.signal == ANY:
            raise row.error(f"the rule {row.rule} needs a frame and a signal.")
        signal = find_signal(self._mapping, row, row.signal)
        first, options = row.options()
        self._known_options(row, options)
        if row.rule == "text":
            self._text(row, signal, options)
            return
        low, high = self._valid(row, signal)
        target = self._target(row, row.target, options)
        guard = self._guard(row, options.get("if", ""))
        is_every = row.rule in ("latch", "mean")
        c = 0
        if row.rule == "flag":
            kind = table.FLAG
            a, b = map(self._number, self._truth(row, signal, first))
        elif row.rule == "latch":
            if first not in ("set", "clear") or not row.valid_raw:
                raise row.error("latch wants set or clear, and in valid_raw what does it.")
            kind = table.LATCH
            a, b, c = self._number(low), self._number(high), self._number(int(first == "set"))
            low, high = span(signal)
        elif row.rule == "enum":
            kind = table.ENUM
            a, b = self._pairs(row, first)
        else:
            kind, a, b, c = self._scaled(row, signal, first, options, low, high)
        self._add(row, signal, kind, target, low, high, (a, b, c), guard, is_every)

    def _known_options(self, row: Row, options: Iterable[str]) -> None:
        known = _OPTIONS.get(row.rule, {"touch", "if"})
        for name in options:
            if name not in known:
                raise row.error(f"the rule {row.rule} does not know '{name}'.")

    def _valid(self, row: Row, signal: Signal) -> tuple[int, int]:
        if signal.length > 32 or signal.is_float:
            raise row.error(f"'{signal.name}' has {signal.length} bits, more than the 32 allowed.")
        least, most = span(signal)
        if not row.valid_raw:
            is_wide = signal.length >= 8 and row.rule in ("num", "mean")
            if is_wide and not signal.is_signed:
                raise row.error(
                    f"'{signal.name}' may carry a filler: say in valid_raw which raw values are "
                    f"real ones, 0..{(1 << signal.length) - 1} for all."
                )
            if signal.length > 30 and not signal.is_signed:
                raise row.error(f"'{signal.name}' can exceed 30 bits: say what is valid.")
            return least, most
        low, high = range_of(row, row.valid_raw, "valid_raw")
        if low < least or high > most:
            raise row.error(
                f"valid_raw {row.valid_raw} is beyond the {signal.length} bits of {signal.name}."
            )
        return low, high

    def _target(self, row: Row, name: str, options: dict[str, str]) -> int:
        self._fed.add(name)
        if name.startswith("in."):
            if name not in INPUTS:
                raise row.error(f"there is no input {name}: choose {', '.join(INPUTS)}.")
            return table.INPUT + INPUTS[name]
        attribute, dot, place = name.partition(".")
        if not hasattr(self._state, attribute) or attribute in ("vin", "revision"):
            raise row.error(f"the state has no value '{attribute}' (see state_values.py).")
        value = getattr(self._state, attribute)
        index = None
        if isinstance(value, list) != bool(dot):
            raise row.error(f"'{name}' wants {'a' if not dot else 'no'} place behind a dot.")
        if dot:
            if not place.isdigit() or int(place) >= len(value):
                raise row.error(f"'{name}': the places are 0 to {len(value) - 1}.")
            index = int(place)
            value = value[index]
        age = options.get("age", "")
        if age and age not in AGES:
            raise row.error(f"there is no age {age}: choose {', '.join(AGES)}.")
        target = Target(
            attribute, index, AGES.get(age, ""), "touch" in options, isinstance(value, bool)
        )
        if target not in self._table.targets:
            self._table.targets.append(target)
        return self._table.targets.index(target)

    def _truth(self, row: Row, signal: Signal, text: str) -> tuple[int, int]:
        if text.startswith(">"):
            return range_of(row, text[1:], "the limit")[0] + 1, span(signal)[1]
        return range_of(row, text, "what is true")

    def _pairs(self, row: Row, text: str) -> tuple[int, int]:
        numbers: list[int] = []
        for word in text.split():
            raw, equals, value = word.partition("=")
            if row.target == "in.charger":
                value = str(CHARGER.get(value, value))
            if not (equals and raw.isdigit() and value.isdigit()):
                known = f" (values: {', '.join(CHARGER)})" if row.target == "in.charger" else ""
                raise row.error(f"'{word}' is no pair like 2=4{known}.")
            numbers += [int(raw), int(value)]
        if not numbers:
            raise row.error("enum wants pairs like 2=4.")
        self._table.numbers += numbers
        return len(self._table.numbers) - len(numbers), len(numbers) // 2

    def _scaled(
        self, row: Row, signal: Signal, text: str, options: dict[str, str], low: int, high: int
    ) -> tuple[int, int, int, int]:
        found = _SCALE.fullmatch(text)
        if not found or int(found[2]) == 0:
            raise row.error(f"'{text}' is no scale like 50/1 or 1/2-40.")
        multiplier, divisor, added = int(found[1]), int(found[2]), int(found[3] or 0)
        common = math.gcd(multiplier, divisor)
        multiplier, divisor = multiplier // common, divisor // common
        numbers = self._table.numbers
        a, b = self._number(multiplier), self._number(divisor)
        if row.rule == "sum":
            reset = options.get("reset", "")
            if reset not in ("drive", "charge") or signal.is_signed or signal.length > 24:
                raise row.error("sum wants an unsigned counter and reset=drive or reset=charge.")
            numbers += [(1 << signal.length) - 1, 0, self._table.sums]
            event = table.RESET_DRIVE if reset == "drive" else table.RESET_CHARGE
            self._table.resets += bytes((self._table.sums, event))
            self._table.sums += 2
            return table.SUM, a, b, len(numbers) - 3
        for raw in (low, high):
            result = raw // divisor * multiplier + raw % divisor * multiplier // divisor + added
            if abs(result) > MAX or divisor * abs(multiplier) > MAX:
                raise row.error(f"raw {raw} becomes {result}, which is beyond 30 bits.")
        if row.rule == "mean":
            count = options.get("n", "")
            if not count.isdigit() or not 1 < int(count) <= 255 or max(-low, high) > 65535:
                raise row.error("mean wants n=2 to n=255 and values of 16 bits.")
            numbers += [added, int(count), self._mean_place(row)]
            return table.MEAN, a, b, len(numbers) - 3
        return table.NUM, a, b, self._number(added)

    def _mean_place(self, row: Row) -> int:
        """Rows with the same target are parts of one mean."""
        if row.target not in self._means:
            self._table.sums += 2
        return self._means.setdefault(row.target, self._table.sums - 2)

    def _number(self, value: int) -> int:
        numbers = self._table.numbers
        if value not in numbers:
            numbers.append(value)
        return numbers.index(value)

    def _text(self, row: Row, signal: Signal, options: dict[str, str]) -> None:
        at, before = options.get("at", ""), options.get("before", "")
        count = signal.length // 8
        if row.target != "vin" or not at.isdigit() or int(at) + count > table.VIN_LENGTH:
            raise row.error("text goes to vin, with at=0 to 16.")
        start = signal.start
        is_aligned = start % 8 == (7 if signal.byte_order == "big_endian" else 0)
        if signal.length % 8 or count > 8 or not is_aligned:
            raise row.error(f"'{signal.name}' is no row of whole bytes.")
        if before:
            self._table.vin_before = before.encode()
        head = bytes((table.TEXT, start // 8, count, 0, 0, 0, 0, int(at), self._part, 0))
        mux = page(self._mapping, row, signal)
        self._records.append(Record(row.frame or 0, mux, 1, head + bytes((table.NO_GUARD,))))
        self._part += 1

    def _add(
        self,
        row: Row,
        signal: Signal,
        kind: int,
        target: int,
        low: int,
        high: int,
        parts: tuple[int, int, int],
        guard: int,
        is_every: bool = False,
        order: int = 1,
    ) -> None:
        """The record of one signal."""
        is_big = signal.byte_order == "big_endian"
        first, count, shift = place(row, signal)
        kind |= table.BIG_ENDIAN * is_big | table.SIGNED * signal.is_signed
        data = bytes((kind, first, count | shift << 4, signal.length, target, self._number(low)))
        data += bytes((self._number(high), *parts, guard))
        mux = page(self._mapping, row, signal)
        self._records.append(Record(row.frame or 0, mux, order, data, is_every))

    # Conditions, holds

    def _guard(self, row: Row, text: str) -> int:
        if not text:
            return table.NO_GUARD
        number = self._condition(row, text, row.signal)
        if number & 0x80:
            raise row.error("a guard (if=) has no 'not'.")
        return number

    def _condition(self, row: Row, text: str, usual: str) -> int:
        """The input that tells whether `Signal>=3` or `in.on` is true; 0x80: whether it is not."""
        found = _CONDITION.fullmatch(text.strip())
        if not found and text.strip()[:1] in "<>=":
            found = _CONDITION.fullmatch(usual + text.strip())
        if not found:
            raise row.error(f"'{text}' is no condition like LineVoltage>=100 or not in.on.")
        is_not, name, sign, limit_text = found.groups()
        negation = 0x80 if is_not else 0
        if name in INPUTS and not sign:
            return INPUTS[name] | negation
        frame = row.frame
        if "." in name and name not in INPUTS:
            # Of another frame: 355.UnitMiles=0.
            frame_text, _, name = name.partition(".")
            try:
                frame = int(frame_text, 16)
            except ValueError:
                raise row.error(f"'{frame_text}' is no hexadecimal id.") from None
        if not sign:
            raise row.error(f"'{text}' compares with nothing.")
        home = replace(row, frame=frame, signal=name)
        signal = find_signal(self._mapping, home, name)
        least, most = span(signal)
        limit = int(limit_text)
        low, high = {
            ">=": (limit, most),
            ">": (limit + 1, most),
            "<=": (least, limit),
            "<": (least, limit - 1),
            "=": (limit, limit),
        }[sign]
        if low > high or low > most or high < least:
            raise row.error(f"'{text.strip()}' is never true.")
        key = (frame, name, low, high)
        if key not in self._conditions:
            number = table.FIRST_CONDITION + len(self._conditions)
            self._conditions[key] = number
            self._fed_by.append((frame or 0, number))
            parts = (self._number(low), self._number(high), 0)
            head = (home, signal, table.FLAG, table.INPUT + number, least, most)
            self._add(*head, parts, table.NO_GUARD, order=0)
        return self._conditions[key] | negation

    def _hold(self, row: Row) -> None:
        if row.target not in INPUTS or row.target == "in.charger":
            raise row.error("a hold sets an input (in.on, in.charging, ...).")
        self._fed.add(row.target)
        find_message(self._mapping, row)
        halves = {}
        for part in row.arguments.split(";"):
            found = _HELD.fullmatch(part.strip())
            if not found:
                raise row.error(f"'{part.strip()}' is not like on=Power>=64 for 2 s.")
            is_or = " or " in found[2]
            if is_or and " and " in found[2]:
                raise row.error("'and' and 'or' do not go together in one condition.")
            texts = re.split(r"\s+or\s+|\s+and\s+", found[2])
            conditions = [self._condition(row, text, row.signal) for text in texts]
            seconds = int(found[3] or 1)
            if seconds > 255:
                raise row.error("a hold lasts at most 255 s.")
            halves[found[1]] = (int(is_or), seconds, bytes(conditions))
        if set(halves) != {"on", "off"}:
            raise row.error("a hold wants on=... and off=....")
        on, off = halves["on"], halves["off"]
        head = (INPUTS[row.target], on[0], on[1], off[0], off[1], len(on[2]), len(off[2]))
        self._table.holds += bytes(head) + on[2] + off[2]

    # Groups, silences

    def _group(self) -> None:
        made = self._table
        pages: dict[tuple[int, tuple[int, ...]], list[Record]] = {}
        for record in (
            polls.shifted(self._mapping, each, self._polls.frames) for each in self._records
        ):
            pages.setdefault((record.frame, record.mux), []).append(record)
        made.ids = sorted({frame for frame, _ in pages})
        if len(made.ids) > MAX_IDS:
            raise CarError(f"{self._mapping.file}: {len(made.ids)} ids are more than {MAX_IDS}.")
        for message in self._mapping.dbc.messages:
            is_often = 0 < (message.cycle_time or 0) <= OFTEN_MS
            if is_often and message.frame_id not in made.ids and not message.is_extended_frame:
                made.foreign.append(message.frame_id)
        made.foreign.sort()
        number = 0
        ordered: list[bytes] = []
        self._places: dict[int, tuple[int, int]] = {}
        for frame in made.ids:
            made.first_groups.append(number)
            mine = sorted(key for key in pages if key[0] == frame)
            self._places[frame] = (number, len(mine))
            for key in mine:
                records = sorted(pages[key], key=lambda record: record.order)
                flags = table.LAST if key is mine[-1] else 0
                flags |= table.EVERY if any(record.is_every for record in records) else 0
                mux = key[1] or (table.NO_MUX, 0, 0)
                made.groups += bytes((*mux, len(ordered), len(records), flags))
                ordered += [record.data for record in records]
                number += 1
        for start in range(0, len(ordered), table.PIECE):
            made.records.append(b"".join(ordered[start : start + table.PIECE]))

    def _silences(self, rows: list[Row]) -> None:
        everywhere = [row for row in rows if row.frame is None]
        if len(everywhere) != 1:
            raise CarError(
                f"{self._mapping.file}: one row with the rule silence and the frame * has to say "
                "what ends when the bus sleeps."
            )
        for row in everywhere + [row for row in rows if row.frame is not None]:
            seconds = row.options()[1].get("s", "")
            if not seconds.isdigit() or not 1 < int(seconds) <= 250:
                raise row.error("silence wants s=2 to s=250.")
            first, count = 0, 0
            if row.frame is not None:
                find_message(self._mapping, row)
                if row.frame not in self._places:
                    raise row.error(f"no row reads frame {row.frame:03X}.")
                first, count = self._places[row.frame]
            targets = [self._silent(row, name) for name in row.target.split()]
            targets += [table.INPUT + n for frame, n in self._fed_by if frame == row.frame]
            self._table.silences += bytes((first, count, int(seconds), len(targets), *targets))

    def _silent(self, row: Row, name: str) -> int:
        if name not in self._fed:
            raise row.error(f"no row fills {name}.")
        if not name.startswith("in."):
            attribute, _, place = name.partition(".")
            value = getattr(self._state, attribute)
            if (value[int(place)] if place else value) is None:
                raise row.error(f"{name} was measured: it stays and grows old.")
            for number, target in enumerate(self._table.targets):
                if (target.name, target.index) == (attribute, int(place) if place else None):
                    return number
        return self._target(row, name, {})
