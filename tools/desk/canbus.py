"""CAN frames as `candump -L` text lines, the format of the desk's `--can` stream.

    (1700000000.123456) can0 155#0797D0AF54
    (1700000000.123456) can0 18DAF110#0210C0      29-bit identifier: eight digits
    (1700000000.123456) can0 601#R8               remote frame with its length

Format: `candump.1` and `lib.h` of can-utils.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

_LINE = re.compile(
    r"\((?P<time>\d+(?:\.\d{1,9})?)\)\s+(?P<channel>\S+)\s+(?P<frame>[^\s#]+#\S*)(?:\s+[RT])?"
)
_STANDARD_DIGITS = 3
_EXTENDED_DIGITS = 8
_STANDARD_LIMIT = 0x7FF
_EXTENDED_LIMIT = 0x1FFFFFFF


@dataclass(frozen=True)
class Frame:
    """One frame. data: 0 to 8 bytes, none in a remote frame, which has `remote_dlc` instead.

    timestamp_s: Unix seconds, None for the time of writing the line.
    """

    arbitration_id: int
    data: bytes = b""
    is_extended_id: bool = False
    is_remote_frame: bool = False
    remote_dlc: int = 0
    timestamp_s: float | None = None
    channel: str = "can0"

    @property
    def dlc(self) -> int:
        """Length code on the bus."""
        return self.remote_dlc if self.is_remote_frame else len(self.data)


def parse_line(text: str) -> Frame:
    """The frame on one line. Raises ValueError with one sentence for the user."""
    match = _LINE.fullmatch(text.strip())
    if not match:
        raise ValueError(
            f"'{_shortened(text)}' is not a line like '(1700000000.000000) can0 155#07'"
        )
    identifier, _, payload = match["frame"].partition("#")
    if not re.fullmatch(r"[0-9A-Fa-f]+", identifier):
        raise ValueError(f"'{_shortened(identifier)}' is not a hexadecimal CAN identifier")
    if len(identifier) not in (_STANDARD_DIGITS, _EXTENDED_DIGITS):
        raise ValueError(f"'{_shortened(identifier)}' must have 3 digits, or 8 if it is extended")
    is_extended = len(identifier) == _EXTENDED_DIGITS
    arbitration_id = int(identifier, 16)
    if arbitration_id > (_EXTENDED_LIMIT if is_extended else _STANDARD_LIMIT):
        raise ValueError(f"'{identifier}' is no CAN identifier (error frames are not carried)")
    remote_dlc = 0
    is_remote = payload[:1] in ("R", "r")
    if is_remote:
        if not re.fullmatch(r"[0-8]?", payload[1:]):
            raise ValueError(f"'{_shortened(payload)}' is not R and a length from 0 to 8")
        remote_dlc = int(payload[1:] or "0")
    elif payload.startswith("#"):
        raise ValueError(
            f"'{_shortened(match['frame'])}' is a CAN FD frame, the bus is classic CAN"
        )
    return Frame(
        arbitration_id,
        b"" if is_remote else _data(payload),
        is_extended,
        is_remote,
        remote_dlc,
        float(match["time"]),
        match["channel"],
    )


def format_line(frame: Frame) -> str:
    """The line of a frame, without a line end."""
    timestamp_s = time.time() if frame.timestamp_s is None else frame.timestamp_s
    digits = _EXTENDED_DIGITS if frame.is_extended_id else _STANDARD_DIGITS
    if frame.is_remote_frame:
        payload = f"R{frame.remote_dlc}" if frame.remote_dlc else "R"
    else:
        payload = frame.data.hex().upper()
    return f"({timestamp_s:.6f}) {frame.channel} {frame.arbitration_id:0{digits}X}#{payload}"


def _data(payload: str) -> bytes:
    # Some tools put dots between the bytes.
    digits = payload.replace(".", "")
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})*", digits):
        raise ValueError(f"'{_shortened(payload)}' is not a row of hexadecimal bytes")
    if len(digits) > 16:
        raise ValueError(f"{len(digits) // 2} data bytes are more than the 8 of classic CAN")
    return bytes.fromhex(digits)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
