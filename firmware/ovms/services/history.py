"""History records on their way to the server: kept in flash until the server acknowledged them.

Protocol guide 2.6.2, "Historical Data update" and "update+ack". A record sent as `h` stays until
`h<ackcode>` arrives, over reconnects and restarts, so the server may get it more than once, which
it recognises by type, number and time (server-and-clients 2.4). What nobody would miss goes as
`H`, once, from RAM.

New records are written to flash 20 s after they came, lasting ones within a second; what the
server acknowledged before is never written.
"""

from micropython import const

from ovms import parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ovms.contracts import Buffer, Clock, Config, RingStore, Status

# Priorities: which ring keeps a record. Routine records never push out lasting ones.
LASTING = const(0)
ROUTINE = const(1)
# Sent once or not at all.
UNKEPT = const(2)

# Seconds until new records are in flash; sooner when they fill the RAM they may take.
FLUSH_INTERVAL_S = const(20)

_IN_FLIGHT_MAX = const(5)
_RESEND_S = const(60)
# The wait for an acknowledgement doubles so often: a server that gives none costs few bytes.
_DOUBLINGS_MAX = const(6)
_UNKEPT_MAX = const(4)
_ACK_CODES = const(9999)

# What the server's columns hold (server-and-clients 2.4), and what one line may carry.
_TYPE_LENGTH = const(32)
_RECORD_MAX = const(480)
# A record is given up when it is older than this and than its own lifetime, and that is certain.
_WEEK_S = const(7 * 86400)
# Records of earlier runs wait so long for somebody who tells the time, as far as they can.
_WAIT_S = const(86400)

_DELIVERED = const(-1)


class History:
    """rings: RingStore for LASTING and for ROUTINE records. clock: see `clock.py:Clock`."""

    made_s: dict[int, int]
    _unkept: list[bytes]
    _unwritten: "list[RingStore]"

    def __init__(
        self, rings: "Sequence[RingStore]", config: "Config", clock: "Clock", status: "Status"
    ) -> None:
        self._rings = rings
        self._config = config
        self._clock = clock
        self._status = status
        self._unkept = []
        self._code = 0
        self._is_urgent = False
        # See `history_times.py`.
        self.made_s = {}
        self._written_s = 0
        # Rings that do not know yet what earlier runs left.
        self._unloaded = list(rings)
        # Rings that are to be written soon.
        self._unwritten = []

    def add(
        self, type: str, number: int, lifetime_s: int, data: str, priority: int | None = None
    ) -> None:
        """Queue one record, made now. A module without a server keeps none.

        type: "RT-PWR-Log" or the like; data: str. priority: by default LASTING for what the
        server shall keep for more than a week, else ROUTINE.
        """
        get = self._config.get
        if not (get(parameters.SERVER) or get(parameters.MQTT_SERVER)):
            return
        record = ("%s,%d,%d,%s" % (type, number, lifetime_s, data)).replace("\n", "\r").encode()
        if len(type) > _TYPE_LENGTH or len(record) > _RECORD_MAX:
            self._status.count("history_refused")
            return
        if priority is None:
            priority = LASTING if lifetime_s > _WEEK_S else ROUTINE
        if priority == UNKEPT:
            self._unkept.append(record)
            if len(self._unkept) > _UNKEPT_MAX:
                self._unkept.pop(0)
                self._status.count("history_dropped")
            return
        ring = self._rings[priority]
        if not ring.fresh:
            ring.fresh_s = self._clock.uptime_s()
        ring.append(record, self._free_s(type, number))
        if ring.is_full:
            self._flush(ring)
        elif priority == LASTING:
            self._is_urgent = True

    def _free_s(self, type, number):
        from ovms.services.history_times import free_s

        return free_s(self.made_s, "%s,%d" % (type, number), self._clock.uptime_s())

    def tick(self) -> None:
        """About once a second: tells the records the time, writes to flash what is due.

        At first it reads what is there, a ring each time: they take as long as anything may.
        """
        now_s = self._clock.uptime_s()
        if self._unloaded:
            self._unloaded[0].load()
            self._unloaded.pop(0)
            if self._unloaded:
                return
        utc_s = self._clock.utc_s()
        is_due = self._is_urgent
        # The pause also keeps a flash that fails from being tried every second.
        is_rested = now_s - self._written_s >= FLUSH_INTERVAL_S
        for ring in self._rings:
            if utc_s is not None:
                ring.set_start(utc_s - now_s, self._clock.is_confirmed())
            if is_rested and (
                ring.is_marked or (ring.fresh and now_s - ring.fresh_s >= FLUSH_INTERVAL_S)
            ):
                is_due = True
        if is_due:
            self._is_urgent = False
            self._unwritten = [ring for ring in self._rings if ring.fresh or ring.is_marked]
        if self._unwritten:
            # One a second: each takes as long as anything may.
            self._flush(self._unwritten.pop(0))

    def flush(self) -> None:
        """Write everything to flash now; call it before a restart."""
        self._is_urgent = False
        self._unwritten.clear()
        for ring in self._rings:
            self._flush(ring)

    def _flush(self, wanted):
        """Write what `wanted` has for flash, if anything."""
        if not self._unloaded and (wanted.fresh or wanted.is_marked):
            self._written_s = self._clock.uptime_s()
            try:
                wanted.flush()
            except OSError:
                self._status.count("history_write_failures")
        lost = damaged = 0
        for ring in self._rings:
            lost += ring.dropped
            damaged += ring.damaged
        if lost:
            self._status.counts["history_overwritten"] = lost
        if damaged:
            self._status.counts["history_damaged"] = damaged

    def poll(self) -> tuple[str, bytes] | None:
        """The next (code, payload bytes) to send, or None. Only while logged in."""
        if self._unkept:
            return "H", self._unkept.pop(0)
        if self._unloaded:
            return None
        now_s = self._clock.uptime_s()
        in_flight = 0
        for ring in self._rings:
            for record in ring.window:
                in_flight += record.code > 0
        for ring in self._rings:
            ring.fill()
            for record in ring.window:
                code = record.code
                if code == _DELIVERED:
                    continue
                if code:
                    if now_s - record.sent_s < _RESEND_S << record.tries:
                        continue
                    record.tries = min(record.tries + 1, _DOUBLINGS_MAX)
                elif in_flight >= _IN_FLIGHT_MAX:
                    break
                age_s = self._age_s(ring, record, now_s)
                if age_s is None:
                    # It waits for the time of day or its own second, and what is behind it
                    # waits with it.
                    break
                if age_s > _WEEK_S and self._is_too_old(ring, record, age_s):
                    record.code = _DELIVERED
                    self._status.count("history_aged")
                    continue
                if not code:
                    self._code = self._code % _ACK_CODES + 1
                    record.code = self._code
                record.sent_s = now_s
                return "h", ("%d,%d," % (record.code, -age_s)).encode() + record.data
            _release(ring)
        return None

    def on_ack(self, payload: "Buffer") -> None:
        """The server has a record. payload: bytes-like, the text behind `h`; borrowed."""
        try:
            code = parameters.integer(bytes(payload).decode())
        except ValueError:
            # UnicodeError is one, too.
            code = 0
        for ring in self._rings:
            for record in ring.window:
                if record.code == code > 0:
                    record.code = _DELIVERED
                    _release(ring)
                    return
        self._status.count("history_acks_unknown")

    def on_closed(self) -> None:
        """The connection is gone: what was not acknowledged is sent again after the next login."""
        for ring in self._rings:
            for record in ring.window:
                if record.code > 0:
                    record.code = record.tries = 0

    def _is_too_old(self, ring, record, age_s):
        from ovms.services.history_times import is_too_old

        return is_too_old(self._clock, ring, record, age_s)

    def _age_s(self, ring, record, now_s):
        """Seconds since `record` was made, at least 0; None as long as that is not known.

        What an earlier run made is at least as old as this run, whatever the clocks said.
        """
        if record.boot < 0:
            # One that was put off by `_free_s` waits for its second.
            return None if record.uptime_s > now_s else now_s - record.uptime_s
        start = ring.starts.get(record.boot, 0)
        utc_s = self._clock.utc_s()
        if utc_s is None and (start > 0 or now_s < _WAIT_S):
            return None
        if start > 0:
            return max(now_s, utc_s - start - record.uptime_s)
        return max(now_s, now_s - start - record.uptime_s)


def _release(ring):
    while ring.window and ring.window[0].code == _DELIVERED:
        ring.release()
