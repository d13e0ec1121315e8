"""Writes a table as the Python module of the car's folder, in the format of the house."""

from __future__ import annotations

from tools.car.mapping import Mapping
from tools.car.tables import Table, Target

_WIDTH = 99
_BYTES_IN_LINE = 20


def module_text(table: Table, mapping: Mapping, name: str) -> str:
    """Text of `car.py`. name: of the car, for the docstring and the class."""
    class_name = "".join(word.capitalize() for word in name.replace("-", "_").split("_"))
    sources = f"{mapping.dbc_file.name} and {mapping.file.name}"
    base, module = ("PolledCar", "polled_car") if table.polls else ("TableCar", "table_car")
    lines = [
        f'"""{table.code}: made of {sources} by `make car`; change those, not this."""',
        "",
        f"from ovms.vehicle.{module} import {base}",
        "",
        "",
        f"class {class_name}({base}):",
        f'    """Numbers for `{base}`, and the names of the values they are for."""',
        "",
        f'    TYPE = "{table.shown_type or table.code[:2]}"',
        f"    BITRATE = {table.bitrate:_}",
        *_tuple("RX_IDS", [f"0x{number:03X}" for number in table.ids]),
        *(_tuple("FOREIGN_IDS", [f"0x{n:03X}" for n in table.foreign]) if table.foreign else ()),
        *(
            _tuple("TX_FRAMES", [f"(0x{to:03X}, {size})" for to, size in table.tx_frames])
            if table.tx_frames
            else ()
        ),
        *_bytes("FIRST_GROUPS", bytes(table.first_groups)),
        *_bytes("GROUPS", table.groups),
        *_pieces("RECORDS", table.records),
        *_tuple("NUMBERS", [_number(number) for number in table.numbers]),
    ]
    for key, data in (
        ("HOLDS", table.holds),
        ("SILENCES", table.silences),
        ("RESETS", table.resets),
        ("VIN_BEFORE", table.vin_before),
        ("POLLS", table.polls),
    ):
        if data:
            lines += _bytes(key, data)
    for key, value, usual in (
        ("FED", table.fed, 0),
        ("INPUTS", table.inputs, 0),
        ("SUMS", table.sums, 0),
        ("VIN_PARTS", table.vin_parts, 0),
        ("FULL_PCT100", table.full_pct100, 9500),
    ):
        if value != usual:
            lines.append(f"    {key} = {value}")
    if table.asks:
        lines += _tuple("ASKS", [f"(0x{to:03X}, 0x{answer:03X})" for to, answer in table.asks])
    if table.is_obd:
        lines.append("    IS_OBD = True")
    return "\n".join([*lines, "", *_put(table.targets)]) + "\n"


def _number(value: int) -> str:
    return f"{value:_}" if abs(value) >= 10_000 else str(value)


def _tuple(name: str, parts: list[str]) -> list[str]:
    line = f"    {name} = ({', '.join(parts)}{',' if len(parts) == 1 else ''})"
    if len(line) <= _WIDTH:
        return [line]
    return [f"    {name} = (", *(f"        {part}," for part in parts), "    )"]


def _escaped(data: bytes) -> str:
    return 'b"' + "".join(f"\\x{byte:02x}" for byte in data) + '"'


def _bytes(name: str, data: bytes) -> list[str]:
    line = f"    {name} = {_escaped(data)}"
    if len(line) <= _WIDTH:
        return [line]
    return [f"    {name} = (", *_rows(data, 8), "    )"]


def _rows(data: bytes, indent: int) -> list[str]:
    starts = range(0, len(data), _BYTES_IN_LINE)
    return [" " * indent + _escaped(data[n : n + _BYTES_IN_LINE]) for n in starts]


def _pieces(name: str, pieces: list[bytes]) -> list[str]:
    lines = [f"    {name} = ("]
    for piece in pieces:
        one = f"        {_escaped(piece)},"
        lines += [one] if len(one) <= _WIDTH else ["        (", *_rows(piece, 12), "        ),"]
    if len(pieces) == 1 and len(lines) == 2:
        return [f"    {name} = ({_escaped(pieces[0])},)"]
    return [*lines, "    )"]


def _put(targets: list[Target]) -> list[str]:
    lines = ["    def put(self, target: int, value: int) -> None:", "        state = self.state"]
    for number, target in enumerate(targets):
        place = f"state.{target.name}" + ("" if target.index is None else f"[{target.index}]")
        value = "value != 0" if target.is_bool else "value"
        word = "elif" if number else "if"
        lines.append(f"        {word} target == {number}:")
        if target.is_touched:
            shown = f"({value})" if target.is_bool else value
            lines += [f"            if {place} != {shown}:", "                state.touch()"]
        lines.append(f"            {place} = {value}")
        if target.age:
            lines.append(f"            state.{target.age} = 0")
    return lines
