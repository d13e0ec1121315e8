"""The module's TCP/IP application: bearer states, sockets and how their events are printed.

Source: hardware facts 4.5 and the SIM800 AT manual V1.12, chapter 8 (`AT+CIP...`).
"""

from tools.desk.modem import sockets
from tools.desk.modem.sockets import SEGMENT_BYTES, Socket

IP_INITIAL = "IP INITIAL"
IP_START = "IP START"
IP_CONFIG = "IP CONFIG"
IP_GPRSACT = "IP GPRSACT"
IP_STATUS = "IP STATUS"
IP_PROCESSING = "IP PROCESSING"
PDP_DEACT = "PDP DEACT"
SOCKET_COUNT = 6

_SINGLE_STATES = {
    sockets.CONNECTING: "TCP CONNECTING",
    sockets.CONNECTED: "CONNECT OK",
    sockets.CLOSED: "TCP CLOSED",
}
_BEARER_UP = (IP_CONFIG, IP_GPRSACT, IP_STATUS, IP_PROCESSING)


class IpStack:
    """Bearer state, the `CIP` switches (lost at every restart) and six sockets."""

    def __init__(self, modem):
        self._modem = modem
        self.sockets = [Socket(modem, self, index) for index in range(SOCKET_COUNT)]
        self._held_ports = {}
        self._restart()

    def _restart(self):
        self.bearer = IP_INITIAL
        self.apn = ("", "", "")
        self.is_multi = 0
        self.is_transparent = 0
        self.is_manual_read = 0
        self.has_header = 0
        self.shows_protocol = 0
        self.shows_sender = 0
        self.prompt_mode = 1
        self.is_quick_send = 0
        self.keepalive = (0, 7200, 75, 9)
        self.fin_timers = (2000, 3500)
        self.dns_servers = ("0.0.0.0", "0.0.0.0")
        self.sapbr = {}
        self.is_sapbr_open = False
        self.ntp = None
        for sock in self.sockets:
            sock.reset()
            sock.local_port = 0

    @property
    def state(self):
        """The text behind `STATE: `."""
        if self.bearer == PDP_DEACT or self.is_multi:
            return self.bearer
        return _SINGLE_STATES.get(self.sockets[0].state, self.bearer)

    @property
    def has_bearer(self):
        return self.bearer in _BEARER_UP

    def power_lost(self):
        for sock in self.sockets:
            sock.abandon()
        self._restart()

    def shut(self):
        """AT+CIPSHUT: close everything and go back to the start."""
        for sock in self.sockets:
            sock.close()
            sock.reset()
        self.bearer = IP_INITIAL
        self._modem.end_online()

    def deactivate(self):
        """The network drops the context; returns whether there was one."""
        if self.is_sapbr_open:
            self.is_sapbr_open = False
            self._modem.urc("+SAPBR 1: DEACT")
        was_online = self._leave_online("NO CARRIER")
        if not self.has_bearer:
            return was_online
        for sock in self.sockets:
            sock.abandon()
        self.bearer = PDP_DEACT
        self._modem.urc("+PDP: DEACT")
        return True

    def bearer_lost(self):
        """Packet service went away; the context goes too unless it is back in time."""

        def check():
            if not self._modem.network.has_packet_service:
                self.deactivate()

        self._modem.tasks.later(self._modem.timing.bearer_loss_ms, check)

    # ---- sockets ----

    def open(self, sock, host, port):
        """Start connecting `sock`; brings the bearer up first where the host left that out."""
        extra_ms = 0
        if self.bearer == IP_INITIAL:
            self.bearer = IP_STATUS
            extra_ms = self._modem.timing.ciicr_ms
        if self.is_multi:
            self.bearer = IP_PROCESSING
        sock.open(host, port, extra_ms)

    def close(self, sock):
        self._hold_port(sock)
        sock.close()

    def close_by_peer(self):
        """Every peer ends its connection; returns whether there was one."""
        open_sockets = [sock for sock in self.sockets if sock.state == sockets.CONNECTED]
        for sock in open_sockets:
            sock.server_closes()
        return bool(open_sockets)

    def is_port_held(self, local_port, host, port):
        """Whether the network still knows a connection of this tuple (fixed port, see CLPORT)."""
        now_ms = self._modem.tasks.now_ms()
        return self._held_ports.get((local_port, host, port), 0) > now_ms

    def _hold_port(self, sock):
        hold_ms = self._modem.quirks.local_port_hold_ms
        if sock.local_port and hold_ms:
            key = (sock.local_port, sock.host, sock.port)
            self._held_ports[key] = self._modem.tasks.now_ms() + hold_ms

    def connected(self, sock):
        if self.is_transparent:
            self._modem.result("CONNECT")
            self.go_online()
        else:
            self._modem.urc(self._prefix(sock, ",") + "CONNECT OK")

    def connect_failed(self, sock, kind):
        if kind == "dns" and not self.is_multi:
            self._modem.urc(f"STATE: {self.state}")
        self._modem.urc(self._prefix(sock, ",") + "CONNECT FAIL")

    def closed_by_peer(self, sock):
        self._hold_port(sock)
        if not self._leave_online("CLOSED"):
            self._modem.urc(self._prefix(sock, ", ") + "CLOSED")

    def _prefix(self, sock, separator):
        return f"{sock.index}{separator}" if self.is_multi else ""

    # ---- received data ----

    def data_arrived(self, sock, data):
        if self._modem.online is not None and self._modem.online.kind == "TCP":
            self._modem.emit(data)
        elif self.is_manual_read:
            was_empty = not sock.received
            sock.received += data
            if was_empty:
                number = f",{sock.index}" if self.is_multi else ""
                self._modem.urc(f"+CIPRXGET: 1{number}")
        else:
            for start in range(0, len(data), SEGMENT_BYTES):
                self._push(sock, data[start : start + SEGMENT_BYTES])

    def _push(self, sock, segment):
        if self.is_multi:
            header = f"\r\n+RECEIVE,{sock.index},{len(segment)}:\r\n"
            self._modem.urc_unit(header.encode() + segment)
            return
        sender = f"RECV FROM:{sock.ip}:{sock.port}\r\n" if self.shows_sender else ""
        protocol = ",TCP" if self.shows_protocol else ""
        header = f"+IPD,{len(segment)}{protocol}:" if self.has_header else ""
        unit = (sender + header).encode() + segment
        self._modem.urc_unit(unit, is_payload=bool(sender or header))

    # ---- transparent mode ----

    def go_online(self):
        """Bytes of the host go straight to socket 0 until `+++`."""
        self._modem.begin_online("TCP", self._send_online, self._escape_online)

    def _send_online(self, data):
        if self.sockets[0].state == sockets.CONNECTED:
            self.sockets[0].send(data)

    def _escape_online(self):
        self._modem.result("OK")
        self._modem.end_online()

    def _leave_online(self, text):
        if self._modem.online is None:
            return False
        self._modem.result(text)
        self._modem.end_online()
        return True
