"""Decides when the server hears what: intervals and change filter (module-behaviour 4.5, 4.6).

Everything waits until parameter 3 names IP. A message leaves only when its payload differs from
the one that last left; what left is remembered by its checksum, and only once the link says so.
"""

from binascii import crc32

from micropython import const

from ovms.parameters import FEATURE_STREAM, STREAM_LOCATION, STREAM_TYRES
from ovms.protocol.v2 import messages

# In the order of sending. Two groups share the code g. Y and X go out on request and occasion.
_CODES = "SDLggWFVYX"
_ALL = const(0x3FF)
# S, D and X: what a change of the car is seen in.
_ON_CHANGE = const(0x203)
_SLOT_L = const(2)
_SLOT_SECOND_GROUP = const(4)
_SLOT_F = const(6)
_SLOT_Y = const(8)

_NO_SIGNAL = const(99)


# Milliseconds between full updates.
_WATCHED_MS = const(60 * 1000)
_BUSY_MS = const(600 * 1000)
_IDLE_MS = const(3600 * 1000)
_STREAM_MS = const(1000)

# Feature 8: bit 0 asks for the location as a stream, bit 2 for tyres in the new layout (Y), too.


class Reporter:
    """state: VehicleState; status: Status; car: Vehicle, for its type and capabilities.

    limit: bytes a payload may have; the conversation lowers it for what will be wrapped.
    """

    def __init__(self, state, config, status, car):
        self._state = state
        self._config = config
        self._status = status
        self._car = car
        self.limit = messages.MAX_PAYLOAD
        self._markers = [None] * len(_CODES)
        # (slot, marker) of what the link took and did not report as sent yet, oldest first.
        self._offered = []
        self._due = 0
        self._since_ms = 0
        self._stream_ms = 0
        self._revision = state.revision

    def set_car(self, car):
        """The vehicle type was changed."""
        self._car = car

    def on_login(self):
        """The server knows nothing of us: tell everything."""
        self._offered.clear()
        self.send_all()

    def on_closed(self):
        """What was under way is lost."""
        self._offered.clear()
        self._due = 0

    def send_all(self):
        """Send everything now, changed or not."""
        for slot in range(len(_CODES)):
            self._markers[slot] = None
        self._status.csq_told = _NO_SIGNAL
        self._due = _ALL
        self._since_ms = 0

    def on_sent(self, code):
        """The oldest message taken with `code` has left."""
        for i in range(len(self._offered)):
            slot, marker = self._offered[i]
            if _CODES[slot] == code:
                self._markers[slot] = marker
                self._offered.pop(i)
                return

    def poll(self, elapsed_ms):
        """The next (code, payload) to send, or None."""
        # No interval is longer, and a small integer takes no heap.
        self._since_ms = min(self._since_ms + elapsed_ms, _IDLE_MS)
        self._stream_ms = min(self._stream_ms + elapsed_ms, _STREAM_MS)
        if not self._config.wants_ip:
            return None
        state = self._state
        if state.revision != self._revision:
            self._revision = state.revision
            self._due |= _ON_CHANGE
        is_watched = self._status.peers > 0
        interval_ms = _IDLE_MS
        if is_watched:
            interval_ms = _WATCHED_MS
        elif state.is_charging or state.is_on or state.is_exporting:
            interval_ms = _BUSY_MS
        if self._since_ms >= interval_ms:
            self._since_ms = 0
            self._due = _ALL
        if self._status.csq_told == _NO_SIGNAL != self._status.csq:
            # Over WiFi the log-in comes before the modem knows its signal.
            self._due |= 1 << _SLOT_F
        if self._stream_ms >= _STREAM_MS:
            self._stream_ms = 0
            is_wanted = self._config.feature(FEATURE_STREAM) & STREAM_LOCATION
            if is_watched and is_wanted and state.speed_kmh10:
                self._due |= 1 << _SLOT_L
        slot = 0
        while self._due:
            while not self._due >> slot & 1:
                slot += 1
            self._due &= ~(1 << slot)
            payload = self._payload(slot)
            # 30 bits, so that it takes no heap.
            marker = crc32(payload) & 0x3FFFFFFF
            if payload and marker != self._markers[slot]:
                self._offered.append((slot, marker))
                return _CODES[slot], payload
        return None

    def _payload(self, slot):
        """Payload bytes, b"" for a group that has no name."""
        if slot == _SLOT_L:
            return messages.location_message(self._state, self._config.is_miles)
        if slot >= _SLOT_Y:
            was_told = self._markers[slot] is not None
            if slot == _SLOT_Y:
                is_wanted = self._config.feature(FEATURE_STREAM) & STREAM_TYRES
            else:
                is_wanted = self._state.is_exporting or was_told
            if not is_wanted:
                return b""
            from ovms.protocol.v2 import optional_reports

            return optional_reports.payload_of(
                _CODES[slot],
                was_told,
                self._state,
                self._config,
                self.limit,
            )
        from ovms.protocol.v2 import reports

        return reports.payload_of(
            _CODES[slot],
            slot == _SLOT_SECOND_GROUP,
            self._state,
            self._config,
            self._status,
            self._car,
            self.limit,
        )
