"""One connection as the relay sees it, whatever carries it."""

from collections.abc import Callable
from typing import Protocol

CAR, APP, BATCH, SERVER = "C", "A", "B", "S"
KIND_NAMES = {CAR: "car", APP: "app", BATCH: "batch client", SERVER: "server"}
_BACKLOG_BYTES = 4_000_000


class Transport(Protocol):
    """What a peer needs of its connection."""

    def write(self, data: bytes) -> int:
        """Send; returns how many bytes are still unsent."""

    def close(self) -> None:
        """End the connection."""


class Peer:
    """A caller from its first byte to its end; `lines` is set once the welcome is exchanged.

    A peer that does not read is closed when more than 4 MB wait for it.
    """

    def __init__(self, address: str, transport: Transport, utc_s: Callable[[], float]) -> None:
        self.address = address
        self.kind = ""
        self.vehicle_id = ""
        self.lines = None
        self.is_logged_in = False
        self.is_deaf = False
        self.is_closed = False
        self.close_reason = ""
        self.was_provisioned = False
        self.received_bytes = 0
        self.sent_bytes = 0
        self.count: Callable[[int, int], None] | None = None
        self._transport = transport
        self._utc_s = utc_s
        now_s = utc_s()
        self.last_receive_s = self.last_send_s = now_s
        self.last_ping_s = 0.0
        self.checked_s = now_s

    def __str__(self) -> str:
        return f"{KIND_NAMES.get(self.kind, 'caller')} {self.address}"

    def heard(self, size_bytes: int) -> None:
        """Bytes arrived: the receive timer starts anew."""
        self.received_bytes += size_bytes
        self.last_receive_s = self.checked_s = self._utc_s()
        if self.count is not None:
            self.count(size_bytes, 0)

    def send(self, message: str) -> None:
        """Code + payload through the session's cipher."""
        if not self.is_closed and self.lines is not None:
            self.write(self.lines.encode(message))

    def write(self, line: bytes) -> None:
        if self.is_closed:
            return
        backlog_bytes = self._transport.write(line)
        self.sent_bytes += len(line)
        self.last_send_s = self._utc_s()
        if self.count is not None:
            self.count(0, len(line))
        if backlog_bytes > _BACKLOG_BYTES:
            self.close("it does not read what it is sent")

    def close(self, reason: str) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.close_reason = reason
            self._transport.close()
