"""The partition table of an ESP32 image, as `boards/<BOARD>/partitions-romfs.csv` has it.

Layout and rules: ESP-IDF Programming Guide, "Partition Tables". MicroPython looks for the data
partitions called `romfs` (read only, mapped into memory) and `vfs` (its file system).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

FLASH_BYTES = 4 * 1024 * 1024
# The bootloader, and the table itself at 0x8000, lie before the first partition.
FIRST_OFFSET = 0x9000
_ALIGN_BYTES = {"app": 0x10000, "data": 0x1000}


class PartitionError(ValueError):
    """What is wrong with a table, as one sentence."""


@dataclass(frozen=True)
class Partition:
    """kind: "app" or "data". offset, size: bytes."""

    name: str
    kind: str
    subtype: str
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size


def read(file: Path) -> list[Partition]:
    """The partitions of a table, in the order of the file, checked; PartitionError."""
    table = []
    lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("#")]
    for cells in csv.reader(lines, skipinitialspace=True):
        if not cells:
            continue
        try:
            name, kind, subtype, offset, size = cells[:5]
            table.append(Partition(name, kind, subtype, int(offset, 0), int(size, 0)))
        except ValueError:
            raise PartitionError(f"{file.name}: {','.join(cells)} is no partition.") from None
    _check(table, file.name)
    return table


def _check(table: list[Partition], shown: str) -> None:
    end, names = FIRST_OFFSET, set[str]()
    for row in table:
        if row.kind not in _ALIGN_BYTES:
            raise PartitionError(f"{shown}: {row.name} is neither app nor data.")
        if row.name in names:
            raise PartitionError(f"{shown}: there are two partitions {row.name}.")
        if row.offset % _ALIGN_BYTES[row.kind] or row.size % 0x1000 or row.size <= 0:
            raise PartitionError(f"{shown}: {row.name} is not aligned to the flash's blocks.")
        if row.offset < end:
            raise PartitionError(f"{shown}: {row.name} overlaps what lies before it.")
        end = row.end
        names.add(row.name)
    if end > FLASH_BYTES:
        raise PartitionError(f"{shown}: the partitions end at {end:#x}, behind the flash of 4 MB.")
