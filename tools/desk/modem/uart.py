"""The modem's side of the UART: what the wire does to bytes (hardware facts 4.8, quirk 10).

`emit(unit)` takes bytes that belong together (a response line, a prompt, a payload with its
header); the host gets them whole, byte by byte, in bursts, thinned out or garbled, as switched.
"""

import random
from collections import deque

# A burst collects what comes within this time; its pieces follow each other in the other one.
_BURST_HOLD_MS = 40
_BURST_GAP_MS = 5


class UartLine:
    """Shapes the bytes of both directions.

    output: callback that gets the bytes for the host. Switches are plain attributes; `reset()`
    puts a clean line back. `host_baud` None means that the host always has the modem's rate.
    """

    def __init__(self, scheduler, output):
        self._scheduler = scheduler
        self._output = output
        self.host_baud = None
        self.bytes_lost = 0
        self._timer = None
        self._units = []
        self._pieces: deque[bytes] = deque()
        self.reset()

    def reset(self):
        """Every fault off; what is still held back is sent."""
        self.set_shape()
        self.loss_rate = 0.0
        self.garbage_rate = 0.0
        self.seed(0)

    def set_shape(self, byte_gap_ms=None, burst_bytes=0, burst_urc=b""):
        """Deliver byte by byte with a gap, or in bursts with a URC in the middle of each.

        byte_gap_ms: 0 for every byte alone without a pause; None for as it comes.
        """
        self._flush()
        self.byte_gap_ms = byte_gap_ms
        self.burst_bytes = burst_bytes
        self.burst_urc = burst_urc

    def noise(self, count, seed):
        """`count` random bytes, as a bad contact makes them."""
        self._send(random.Random(seed).randbytes(count))

    def seed(self, value):
        """Start the random sequence that picks lost and inserted bytes."""
        self._random = random.Random(value)

    def emit(self, unit, modem_baud):
        """Send `unit` at `modem_baud`."""
        unit = self._damaged(self._at_baud(unit, modem_baud))
        if not unit:
            return
        if self.byte_gap_ms is None and not self.burst_bytes:
            self._send(unit)
            return
        self._units.append(unit)
        self._start_timer()

    def received(self, data, modem_baud):
        """`data` of the host as the modem's receiver sees it."""
        return self._at_baud(data, modem_baud)

    def _at_baud(self, data, modem_baud):
        if self.host_baud in (None, 0, modem_baud) or not modem_baud:
            return data
        # Wrong sampling: most bits of a byte run together (hardware facts 4.8, quirk 10).
        return bytes((byte * 7 ^ 0xFC) & 0xE0 for byte in data)

    def _damaged(self, data):
        if not self.loss_rate and not self.garbage_rate:
            return data
        kept = bytearray()
        for byte in data:
            if self._random.random() < self.loss_rate:
                self.bytes_lost += 1
                continue
            if self._random.random() < self.garbage_rate:
                kept.append(self._random.randrange(256))
            kept.append(byte)
        return bytes(kept)

    def _start_timer(self):
        if self._timer is not None or not (self._pieces or self._units):
            return
        if not self.burst_bytes:
            delay_ms = self.byte_gap_ms
        else:
            delay_ms = _BURST_GAP_MS if self._pieces else _BURST_HOLD_MS
        self._timer = self._scheduler.call_later(delay_ms, self._on_timer)

    def _on_timer(self):
        self._timer = None
        if not self._pieces:
            self._cut_units()
        self._send(self._pieces.popleft())
        self._start_timer()

    def _cut_units(self):
        """Turn the held units into pieces; a burst gets its URC between the middle units."""
        if self.burst_urc and len(self._units) > 1:
            self._units.insert(len(self._units) // 2, self.burst_urc)
        data = b"".join(self._units)
        self._units.clear()
        size = self.burst_bytes or 1
        self._pieces.extend(data[start : start + size] for start in range(0, len(data), size))

    def _flush(self):
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._send(b"".join([*self._pieces, *self._units]))
        self._pieces.clear()
        self._units.clear()

    def _send(self, data):
        if data:
            self._output(data)
