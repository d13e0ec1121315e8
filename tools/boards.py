"""What a board may do with its pins, and its drawing.

python -m tools.boards            check every board; prints what is wrong, a sentence each
python -m tools.boards --write    and draw boards/<BOARD>/wiring.svg anew

A board is a folder below `boards/`: `board.py` (the pins the firmware uses), `pins.csv` (function
and GPIO, for drawing and checking), `board.md` (a table that says why each pin), `wiring.svg`.
Rules of the chips: hardware facts 6.2 for the ESP32; the data sheets of ESP32-S3 and ESP32-C3.
"""

from __future__ import annotations

import argparse
import ast
import csv
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from tools.vm import ROOT

BOARDS = ROOT / "boards"
# Those the firmware has a profile of; the first one is what a program runs that names no board.
MODEMS = ("SIM800", "SIM7000")
PINS, PAGE, DRAWING, SOURCE = "pins.csv", "board.md", "wiring.svg", "board.py"


@dataclass(frozen=True)
class Chip:
    """march: of mpy-cross. image_offset: where esptool writes an image. The rest are GPIOs."""

    march: str
    image_offset: int
    gpios: frozenset[int]
    input_only: frozenset[int]
    flash: frozenset[int]
    psram: frozenset[int]
    strapping: frozenset[int]
    console: frozenset[int]
    adc1: frozenset[int]
    # Driven by the ROM or floating high while the chip starts.
    restless: frozenset[int]


def _set(*parts: int | range) -> frozenset[int]:
    found: set[int] = set()
    for part in parts:
        found.update(part if isinstance(part, range) else (part,))
    return frozenset(found)


CHIPS = {
    "ESP32": Chip(
        march="xtensawin",
        image_offset=0x1000,
        gpios=_set(range(6), range(12, 20), range(21, 24), range(25, 28), range(32, 40), 6, 7)
        | _set(range(8, 12)),
        input_only=_set(range(34, 40)),
        flash=_set(range(6, 12)),
        psram=_set(16, 17),
        strapping=_set(0, 2, 5, 12, 15),
        console=_set(1, 3),
        adc1=_set(range(32, 40)),
        restless=_set(0, 1, 5, 14, 15),
    ),
    "ESP32S3": Chip(
        march="xtensawin",
        image_offset=0,
        gpios=_set(range(22), range(26, 49)),
        input_only=_set(),
        flash=_set(range(26, 33)),
        psram=_set(range(33, 38)),
        strapping=_set(0, 3, 45, 46),
        console=_set(19, 20, 43, 44),
        adc1=_set(range(1, 11)),
        restless=_set(0, 43),
    ),
    "ESP32C3": Chip(
        march="rv32imc",
        image_offset=0,
        gpios=_set(range(22)),
        input_only=_set(),
        flash=_set(range(12, 18)),
        psram=_set(),
        strapping=_set(2, 8, 9),
        console=_set(18, 19, 20, 21),
        adc1=_set(range(5)),
        restless=_set(20, 21),
    ),
}

# What the ESP32 drives, and where the other end of each wire is.
OUTPUTS = {
    "MODEM_TX": ("modem", "RXD"),
    "MODEM_PWRKEY": ("modem", "PWRKEY"),
    "MODEM_RESET": ("modem", "RESET"),
    "MODEM_SUPPLY": ("modem", "supply enable"),
    "MODEM_DTR": ("modem", "DTR"),
    "GPS_TX": ("GPS", "RX (optional)"),
    "CAN_SCK": ("MCP2515", "SCK"),
    "CAN_MOSI": ("MCP2515", "SI"),
    "CAN_CS": ("MCP2515", "CS"),
    "CAN_TX": ("CAN transceiver", "TXD"),
    "LED": ("LED", ""),
}
INPUTS = {
    "MODEM_RX": ("modem", "TXD"),
    "MODEM_RI": ("modem", "RI"),
    "GPS_RX": ("GPS", "TX"),
    "CAN_MISO": ("MCP2515", "SO"),
    "CAN_INT": ("MCP2515", "INT"),
    "CAN_RX": ("CAN transceiver", "RXD"),
    "SUPPLY_SENSE": ("12 V", "100 kOhm / 15 kOhm, 100 nF"),
    "FACTORY_RESET": ("button", "to GND"),
}


class BoardError(Exception):
    """What is wrong with a board's folder, as one sentence."""


@dataclass(frozen=True)
class Board:
    """pins: function to GPIO. reasons: GPIO to why, of board.md. has_psram: as board.md says.
    modem: its name, "" for none.
    """

    name: str
    chip: Chip
    pins: dict[str, int]
    reasons: dict[int, str]
    title: str
    has_psram: bool
    source: str
    modem: str


def names() -> list[str]:
    """All boards."""
    return sorted(path.parent.name for path in BOARDS.glob(f"*/{SOURCE}"))


def read(folder: Path) -> Board:
    """Read a board's folder. Raises BoardError."""
    texts = {}
    for file in (SOURCE, PINS, PAGE):
        try:
            texts[file] = (folder / file).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise BoardError(f"{folder.name} has no readable {file}.") from None
    chip_name = _constant(texts[SOURCE], "CHIP")
    if chip_name not in CHIPS:
        known = ", ".join(CHIPS)
        raise BoardError(f"{folder.name}: CHIP in {SOURCE} is {chip_name}, not one of {known}.")
    pins: dict[str, int] = {}
    for number, row in enumerate(csv.reader(texts[PINS].splitlines()), 1):
        match = re.fullmatch(r"GPIO(\d{1,2})", row[1]) if len(row) == 2 else None
        if not match:
            raise BoardError(f"{folder.name}: line {number} of {PINS} is not FUNCTION,GPIOn.")
        if row[0] in pins:
            raise BoardError(f"{folder.name}: {row[0]} stands in {PINS} twice.")
        pins[row[0]] = int(match[1])
    reasons = {}
    for row in re.findall(r"^\| [^|]+ \| ([\d, /]+) \| ([^|]+) \|$", texts[PAGE], re.M):
        for gpio in re.findall(r"\d+", row[0]):
            reasons[int(gpio)] = row[1]
    modem = _constant(texts[SOURCE], "MODEM", "")
    if modem and modem not in MODEMS:
        raise BoardError(
            f"{folder.name}: MODEM in {SOURCE} is {modem}, not one of {', '.join(MODEMS)}."
        )
    title = texts[PAGE].partition("\n")[0].removeprefix("# ")
    return Board(
        folder.name, CHIPS[chip_name], pins, reasons, title, "PSRAM of" in texts[PAGE],
        texts[SOURCE], modem,
    )  # fmt: skip


def _constant(source: str, name: str, otherwise: str = "missing") -> str:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == name:
                    return repr(node.value.value).strip("'")
    return otherwise


def chip_name(board: Board) -> str:
    """As in CHIPS."""
    return next(name for name, chip in CHIPS.items() if chip is board.chip)


def complaints(board: Board) -> list[str]:
    """Everything that is wrong with a board, a sentence each; empty for a good one."""
    found = []
    chip = board.chip
    users: dict[int, list[str]] = {}
    for function, gpio in board.pins.items():
        users.setdefault(gpio, []).append(function)
        where = f"{function} at GPIO{gpio}"
        reason = board.reasons.get(gpio, "")
        if function not in OUTPUTS and function not in INPUTS:
            found.append(f"{where}: nobody knows this function.")
        if gpio not in chip.gpios:
            found.append(f"{where}: the chip has no such pin.")
        elif gpio in chip.flash:
            found.append(f"{where}: the pin belongs to the flash.")
        elif board.has_psram and gpio in chip.psram:
            found.append(f"{where}: the pin belongs to the PSRAM.")
        elif gpio in chip.console:
            found.append(f"{where}: the pin belongs to the console.")
        if function in OUTPUTS and gpio in chip.input_only:
            found.append(f"{where}: the pin is an input only.")
        if function == "SUPPLY_SENSE" and gpio not in chip.adc1:
            found.append(f"{where}: ADC2 cannot be read beside WiFi, so it must be a pin of ADC1.")
        if function == "CAN_TX" and gpio in chip.restless:
            found.append(f"{where}: the pin moves while the chip starts, which the bus would see.")
        if gpio in chip.strapping and not re.search(r"boot|strapping|vendor", reason):
            found.append(f"{where}: a strapping pin, and {PAGE} does not say why it may be.")
        if not reason:
            found.append(f"{where}: {PAGE} has no row that says why.")
    for gpio, functions in users.items():
        if len(functions) > 1 and {*functions} != {"CAN_TX", "CAN_SCK"}:
            found.append(f"GPIO{gpio} has several uses: {', '.join(functions)}.")
    for gpio in sorted(set(board.reasons) - set(users)):
        found.append(f"GPIO{gpio} has a row in {PAGE}, and stands not in {PINS}.")
    found += _differences(board)
    if bool(board.modem) != ("MODEM_TX" in board.pins):
        found.append(f"a board with MODEM_TX in {PINS} names its MODEM in {SOURCE}, and no other.")
    return [f"{board.name}: {text}" for text in found]


def _differences(board: Board) -> list[str]:
    """Between board.py and pins.csv."""
    constants = {}
    for node in ast.parse(board.source).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target, number = node.targets[0], getattr(node.value.args[0], "value", None)
            if isinstance(target, ast.Name) and isinstance(number, int):
                constants[target.id.removeprefix("_")] = number
    found = []
    for name, gpio in constants.items():
        if name in board.pins and board.pins[name] != gpio:
            found.append(f"{name} is GPIO{gpio} in {SOURCE} and GPIO{board.pins[name]} in {PINS}.")
        elif name not in board.pins and name in {*OUTPUTS, *INPUTS}:
            found.append(f"{name} stands in {SOURCE}, and not in {PINS}.")
    return found


_ROW, _LEFT, _MIDDLE, _RIGHT, _TOP = 26, 30, 250, 560, 70


def drawing(board: Board) -> str:
    """The wiring as SVG: the ESP32 in the middle of the wires, a box for each part."""
    parts: dict[str, list[tuple[str, str, int]]] = {}
    for function, gpio in board.pins.items():
        part, terminal = {**OUTPUTS, **INPUTS}.get(function, ("", ""))
        parts.setdefault(part, []).append((function, terminal, gpio))
    lines = []
    y = _TOP
    for part, rows in parts.items():
        top = y
        for function, terminal, gpio in rows:
            y += _ROW
            arrow = "→" if function in OUTPUTS else "←"
            lines += [
                f'<text x="{_MIDDLE - 12}" y="{y}" text-anchor="end">{gpio}</text>',
                f'<line x1="{_MIDDLE}" y1="{y - 5}" x2="{_RIGHT}" y2="{y - 5}"/>',
                f'<text x="{(_MIDDLE + _RIGHT) // 2}" y="{y - 9}" class="small" '
                f'text-anchor="middle">{function} {arrow}</text>',
                f'<text x="{_RIGHT + 12}" y="{y}">{escape(terminal)}</text>',
            ]
        y += 14
        lines += [
            f'<rect x="{_RIGHT}" y="{top + 6}" width="330" height="{y - top - 4}"/>',
            f'<text x="{_RIGHT + 318}" y="{top + 24}" text-anchor="end" class="part">'
            f"{escape(part)}</text>",
        ]
        y += 16
    chip = _constant(board.source, "CHIP")
    lines += [
        f'<rect x="{_LEFT}" y="{_TOP + 6}" width="{_MIDDLE - _LEFT}" height="{y - _TOP - 16}"/>',
        f'<text x="{_LEFT + 14}" y="{_TOP + 30}" class="part">{chip}</text>',
        f'<text x="{_LEFT + 14}" y="{_TOP + 50}" class="small">GPIO</text>',
    ]
    style = (
        "text{font:14px sans-serif;fill:#222}.small{font-size:11px;fill:#555}"
        ".part{font-weight:bold}rect{fill:none;stroke:#222}line{stroke:#888}"
    )
    body = "\n".join(lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 {y + 20}" '
        f'role="img" aria-label="Wiring of {escape(board.name)}">\n'
        f"<style>{style}</style>\n"
        f'<rect x="0" y="0" width="920" height="{y + 20}" style="fill:#fff;stroke:none"/>\n'
        f'<text x="{_LEFT}" y="40" class="part">{escape(board.title)}</text>\n{body}\n</svg>\n'
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.boards", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--write", action="store_true", help="draw every board anew")
    options = parser.parse_args(arguments)
    found = []
    for name in names():
        try:
            board = read(BOARDS / name)
        except BoardError as error:
            found.append(str(error))
            continue
        found += complaints(board)
        file = BOARDS / name / DRAWING
        if options.write:
            file.write_text(drawing(board), "utf-8")
        elif not file.exists() or file.read_text("utf-8") != drawing(board):
            found.append(
                f"{name}: {DRAWING} is not of these pins; python -m tools.boards --write."
            )
    for text in found:
        print(text, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
