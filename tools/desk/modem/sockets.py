"""One TCP connection of the module's own stack: states, receive buffer, acknowledgement.

A `Socket` sits between the AT commands and a connection of the dialler. Radio delays are applied
here, in order, so that data never overtakes data and the close comes last.
"""

from typing import Any

from tools.desk.modem.tasks import Pending

INITIAL, CONNECTING, CONNECTED, CLOSED = "INITIAL", "CONNECTING", "CONNECTED", "CLOSED"
SEGMENT_BYTES = 1460
# The module's TCP window: the peer is stopped when so much is unread.
_WINDOW_BYTES = 4 * SEGMENT_BYTES

ACKED, GONE = "acked", "gone"


class Socket:
    """Connection number `index`; `stack` decides what its events print."""

    _connection: Any
    _attempt: Any

    def __init__(self, modem, stack, index):
        self._modem = modem
        self._stack = stack
        self.index = index
        self.local_port = 0
        self.reset()

    def reset(self):
        """Forget the connection and its unread data."""
        self.state = INITIAL
        self.protocol = self.host = self.ip = ""
        self.port = 0
        self.received = bytearray()
        self.sent_bytes = self.acked_bytes = 0
        self._in_flight_bytes = 0
        self._connection = None
        self._waiting_send = None
        self._attempt = None

    # ---- opening ----

    def open(self, host, port, extra_ms):
        """Connect; `stack` hears `connected`, or `connect_failed` with "dns" or "tcp"."""
        self.reset()
        self.state, self.protocol, self.host, self.port = CONNECTING, "TCP", host, port
        attempt = self._attempt = _Attempt(self, extra_ms)
        timing = self._modem.timing
        tasks = self._modem.tasks
        tasks.later(timing.connect_timeout_ms, lambda: self._fail(attempt, "tcp"))
        mode = self._modem.faults.connect_mode
        if mode == "hang":
            return
        if mode == "fail" or self._stack.is_port_held(self.local_port, host, port):
            tasks.later(timing.connect_ms + extra_ms, lambda: self._fail(attempt, "tcp"))
            return
        self._connection = self._modem.dialler.connect(host, port, attempt)

    def on_connected(self, attempt, ip):
        self.ip = ip
        delay_ms = self._modem.timing.connect_ms + attempt.extra_ms
        self._modem.tasks.later(delay_ms, lambda: self._connected(attempt))

    def on_failed(self, attempt, reason):
        """ "dns" and "refused" are reported after their delay, anything else by the time-out."""
        timing = self._modem.timing
        if reason == "dns":
            self._modem.tasks.later(timing.dns_failed_ms, lambda: self._fail(attempt, "dns"))
        elif reason == "refused":
            self._modem.tasks.later(timing.connect_ms, lambda: self._fail(attempt, "tcp"))

    def _connected(self, attempt):
        if attempt is self._attempt and self.state == CONNECTING:
            self.state = CONNECTED
            self._stack.connected(self)
            for event in attempt.backlog:
                event()

    def _fail(self, attempt, kind):
        if attempt is self._attempt and self.state == CONNECTING:
            self._drop()
            self.state = INITIAL if kind == "dns" else CLOSED
            self._stack.connect_failed(self, kind)

    # ---- receiving ----

    def on_data(self, attempt, data):
        if attempt is not self._attempt or self._modem.faults.tcp_dead:
            return
        self._in_flight_bytes += len(data)
        self._limit_peer()
        delay_ms = self._modem.timing.downlink_ms
        self._modem.tasks.later(delay_ms, lambda: self._arrived(attempt, data))

    def _arrived(self, attempt, data):
        if attempt is not self._attempt:
            return
        if self.state == CONNECTING:
            attempt.backlog.append(lambda: self._arrived(attempt, data))
            return
        self._in_flight_bytes -= len(data)
        self._stack.data_arrived(self, data)
        self._limit_peer()

    def read(self, max_bytes):
        """Take up to `max_bytes` out of the receive buffer."""
        data = bytes(self.received[:max_bytes])
        del self.received[:max_bytes]
        self._limit_peer()
        return data

    def _limit_peer(self):
        if self._connection is None:
            return
        if len(self.received) + self._in_flight_bytes >= _WINDOW_BYTES:
            self._connection.pause()
        else:
            self._connection.resume()

    # ---- sending ----

    def send(self, data):
        """Hand `data` to the network; returns a Pending that becomes ACKED or GONE."""
        done = self._waiting_send = Pending()
        self.sent_bytes += len(data)
        dead = self._modem.faults.tcp_dead
        if not dead:
            self._connection.send(data)
        attempt = self._attempt
        if dead == "unacked":
            self._modem.tasks.later(
                self._modem.timing.no_ack_give_up_ms, lambda: self._closed_by_network(attempt)
            )
        else:
            self._modem.tasks.later(
                self._modem.timing.ack_ms, lambda: self._acked(attempt, len(data), done)
            )
        return done

    def _acked(self, attempt, count, done):
        if attempt is self._attempt and self.state == CONNECTED:
            self.acked_bytes += count
            done.set(ACKED)

    # ---- closing ----

    def on_closed(self, attempt):
        delay_ms = self._modem.timing.downlink_ms
        if not self._modem.faults.tcp_dead:
            self._modem.tasks.later(delay_ms, lambda: self._closed_by_network(attempt))

    def _closed_by_network(self, attempt):
        if attempt is not self._attempt:
            return
        if self.state == CONNECTING:
            attempt.backlog.append(lambda: self._closed_by_network(attempt))
        else:
            self._drop()
            self.state = CLOSED
            self._stack.closed_by_peer(self)

    def close(self):
        """Orderly end from our side; unread data is gone."""
        self._drop()
        self.received.clear()
        self.state = CLOSED

    def abandon(self):
        """The radio path is gone: the peer hears nothing of it."""
        self._drop(is_silent=True)
        self.state = CLOSED

    def server_closes(self):
        """Fault: act as if the peer had ended the connection."""
        if self._attempt is not None:
            self.on_closed(self._attempt)

    def _drop(self, is_silent=False):
        self._attempt = None
        connection, self._connection = self._connection, None
        if connection is not None and is_silent:
            connection.abandon()
        elif connection is not None:
            connection.close()
        waiting, self._waiting_send = self._waiting_send, None
        if waiting is not None:
            waiting.set(GONE)


class _Attempt:
    """What the dialler calls back; ties late events to the connection they belong to.

    backlog: what arrived before CONNECT OK was out and has to come behind it.
    """

    def __init__(self, sock, extra_ms):
        self._socket = sock
        self.extra_ms = extra_ms
        self.backlog = []

    def on_connected(self, ip):
        self._socket.on_connected(self, ip)

    def on_failed(self, reason):
        self._socket.on_failed(self, reason)

    def on_data(self, data):
        self._socket.on_data(self, data)

    def on_closed(self):
        self._socket.on_closed(self)
