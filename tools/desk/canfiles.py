"""Files of CAN frames, by the end of their name: `.log` as `candump -L`, `.crtd` of OVMS v3, and
what python-can has: `.asc`, `.blf`, `.csv`, `.trc` and more.

CRTD (OVMS v3, `crtd` of its `can log` command): `1700000000.123456 1R11 155 07 97 D0`; R11 is a
received frame with a standard id, R29 one with an extended id, CXX a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import can

from tools.desk import canbus

_LOG = (".log", ".candump")
_CRTD = ".crtd"
_CRTD_LINE = re.compile(r"(\d+\.\d+) \d?[RT](11|29) ([0-9A-Fa-f]+)((?: [0-9A-Fa-f]{2}){0,8})\s*")


class FileError(Exception):
    """One sentence for the user."""


def read(path: Path) -> list[canbus.Frame]:
    """Every data frame of a file, oldest first. Raises FileError."""
    try:
        if path.suffix.lower() in _LOG:
            return list(_read_lines(path, canbus.parse_line))
        if path.suffix.lower() == _CRTD:
            return list(_read_lines(path, _of_crtd))
        with can.LogReader(path) as reader:
            return [_of_message(message) for message in reader if not message.is_error_frame]
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}.") from None
    except FileError:
        raise
    # python-can's readers raise whatever their formats make them stumble over.
    except Exception as error:
        raise FileError(f"{path} cannot be read as {path.suffix or 'a log'}: {error}.") from None


def write(path: Path, frames: Iterable[canbus.Frame]) -> None:
    """Write `frames`, which have times. Raises FileError."""
    try:
        if path.suffix.lower() in _LOG:
            path.write_text("".join(canbus.format_line(frame) + "\n" for frame in frames))
            return
        if path.suffix.lower() == _CRTD:
            path.write_text("".join(map(_crtd_line, frames)))
            return
        with can.Logger(path) as writer:
            for frame in frames:
                writer(_message(frame))
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror or error}.") from None
    except (ValueError, ImportError) as error:
        raise FileError(f"{path} cannot be written: {error}.") from None


def check(path: Path) -> None:
    """FileError, before much work was done, for a file that cannot be written by its name."""
    known = {*_LOG, _CRTD, *can.io.logger.MESSAGE_WRITERS} - {".db"}
    if path.suffix.lower() not in known:
        names = ", ".join(sorted(known))
        raise FileError(f"{path}: the end of the name says the format, one of {names}.")


def _read_lines(path: Path, parse) -> Iterator[canbus.Frame]:
    with path.open(encoding="ascii", errors="replace") as file:
        for number, line in enumerate(file, 1):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                frame = parse(line)
            except ValueError as error:
                raise FileError(f"{path}, line {number}: {error}.") from None
            if frame is not None:
                yield frame


def _of_crtd(line: str) -> canbus.Frame | None:
    words = line.split()
    if len(words) > 1 and words[1].lstrip("0123456789").startswith("C"):
        return None
    match = _CRTD_LINE.fullmatch(line)
    if not match:
        raise ValueError(
            f"'{line.strip()[:60]}' is not a line like '1700000000.000000 1R11 155 07'"
        )
    return canbus.Frame(
        int(match[3], 16),
        bytes.fromhex(match[4]),
        is_extended_id=match[2] == "29",
        timestamp_s=float(match[1]),
    )


def _crtd_line(frame: canbus.Frame) -> str:
    kind = "29" if frame.is_extended_id else "11"
    digits = 8 if frame.is_extended_id else 3
    data = "".join(f" {byte:02X}" for byte in frame.data)
    return f"{frame.timestamp_s:.6f} 1R{kind} {frame.arbitration_id:0{digits}X}{data}\n"


def _of_message(message: can.Message) -> canbus.Frame:
    return canbus.Frame(
        message.arbitration_id,
        b"" if message.is_remote_frame else bytes(message.data),
        message.is_extended_id,
        message.is_remote_frame,
        message.dlc if message.is_remote_frame else 0,
        message.timestamp,
    )


def _message(frame: canbus.Frame) -> can.Message:
    return can.Message(
        timestamp=frame.timestamp_s or 0.0,
        arbitration_id=frame.arbitration_id,
        is_extended_id=frame.is_extended_id,
        is_remote_frame=frame.is_remote_frame,
        dlc=frame.dlc,
        data=frame.data,
    )
