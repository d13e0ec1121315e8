"""The SIM7000's application network and its connection 0. Source: hardware facts 4.10."""

from tools.desk.modem import sockets
from tools.desk.modem.sockets import Socket
from tools.desk.modem.tasks import Pending

OPENED, WRONG, NOT_RESOLVED, NOT_CONNECTED = 0, 4, 20, 27


class AppStack:
    """is_active: the network is up. is_held: connection 0 was opened and not closed by the host,
    however it ended. outcome: Pending of the opening that runs.
    """

    def __init__(self, modem):
        self._modem = modem
        self.sockets = [Socket(modem, self, 0)]
        self._restart()

    def _restart(self):
        self.is_active = self.is_held = self.is_activating = False
        self.is_id_set = False
        self.config = ("", "", "", 0)
        self.outcome = None
        self.sockets[0].reset()

    @property
    def sock(self):
        return self.sockets[0]

    def power_lost(self):
        self.sock.abandon()
        self._restart()

    def activate(self, apn):
        """Steps: bring the network up, or say that it cannot be had."""
        modem = self._modem
        expected_apn = modem.profile.valid_apn
        is_refused = modem.faults.apn_refused or expected_apn not in (None, apn)
        self.is_activating = True
        yield modem.timing.ciicr_refused_ms if is_refused else modem.timing.ciicr_ms
        self.is_activating = False
        if is_refused or not modem.network.has_packet_service:
            modem.urc("+APP PDP: DEACTIVE")
            return
        self.is_active = True
        modem.urc("+APP PDP: ACTIVE")

    def leave(self):
        """Steps: the host ends the network."""
        yield self._modem.timing.cipshut_ms
        self.sock.close()
        self.sock.reset()
        self._down()

    def deactivate(self):
        """The network drops the context; returns whether there was one."""
        if not self.is_active:
            return False
        self.sock.abandon()
        self._down()
        return True

    def _down(self):
        self._opened(NOT_CONNECTED)
        if self.is_active:
            self.is_active = self.is_held = False
            self._modem.urc("+APP PDP: DEACTIVE")

    def bearer_lost(self):
        """Packet service went away; the context goes too unless it is back in time."""

        def check():
            if not self._modem.network.has_packet_service:
                self.deactivate()

        self._modem.tasks.later(self._modem.timing.bearer_loss_ms, check)

    # ---- the connection ----

    def open(self, host, port):
        """Start connecting; returns the Pending of its result."""
        self.outcome = Pending()
        self.is_held = True
        self.sock.open(host, port, 0)
        return self.outcome

    def _opened(self, result):
        outcome, self.outcome = self.outcome, None
        if outcome is not None:
            outcome.set(result)

    def connected(self, sock):
        self._opened(OPENED)

    def connect_failed(self, sock, kind):
        self._opened(NOT_RESOLVED if kind == "dns" else NOT_CONNECTED)

    def is_port_held(self, local_port, host, port):
        """Its ports are its own."""
        return False

    def close_by_peer(self):
        """The peer ends the connection; returns whether there was one."""
        is_open = self.sock.state == sockets.CONNECTED
        if is_open:
            self.sock.server_closes()
        return is_open

    def closed_by_peer(self, sock):
        """What nobody has read is lost."""
        sock.received.clear()
        self._modem.urc("+CASTATE: 0,0")

    def data_arrived(self, sock, data):
        was_empty = not sock.received
        sock.received += data
        if was_empty:
            self._modem.urc("+CADATAIND: 0")
