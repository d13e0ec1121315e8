"""The relaying core of the desk server without sockets: a clock to move, callers to script."""

from tools.desk.ovms import wire
from tools.desk.ovms.context import Context, Quirks, Timers
from tools.desk.ovms.peers import Peer, Transport
from tools.desk.ovms.provision import Provisioning
from tools.desk.ovms.relay import Relay
from tools.desk.ovms.store import Store
from tools.desk.ovms.vehicles import Vehicles

START_S = 1_700_000_000.0


class Bench:
    """One relay; `events` collects what it tells, `tokens` feeds the server's random tokens."""

    def __init__(
        self,
        vehicles=("TESTCAR:TESTPASS", "SECONDCAR:PASS2"),
        *,
        tokens=(),
        provisioning=(),
        timers=None,
        quirks=None,
        version="3.0",
        db=":memory:",
    ):
        self.utc_s = START_S
        self.events = []
        fixed = iter(tokens)
        self.store = Store(db)
        self.context = Context(
            Vehicles(vehicles),
            self.store,
            lambda: self.utc_s,
            lambda: next(fixed, None) or wire.new_token(),
            self.events.append,
            timers or Timers(),
            quirks or Quirks(),
            version,
        )
        provisioning = Provisioning(provisioning, self.context.new_token)
        self.relay = Relay(self.context, provisioning)

    def caller(self):
        return Caller(self)

    def car(self, vehicle="TESTCAR", password="TESTPASS"):
        return self.caller().log_in("C", vehicle, password)

    def app(self, vehicle="TESTCAR", password="TESTPASS"):
        return self.caller().log_in("A", vehicle, password)

    def batch(self, vehicle="TESTCAR", password="TESTPASS"):
        return self.caller().log_in("B", vehicle, password)

    def advance(self, seconds, step_s=1):
        """Move the clock, ticking as the server does."""
        end_s = self.utc_s + seconds
        while self.utc_s < end_s:
            self.utc_s += step_s
            self.relay.tick()

    def faults(self, vehicle="TESTCAR"):
        """Texts since the last call."""
        found = list(self.relay.hub(vehicle).counters.faults)
        self.relay.hub(vehicle).counters.faults.clear()
        return found

    def told(self, kind):
        return [event.text for event in self.events if event.kind == kind]


class Caller(Transport):
    """One connection, from the caller's side."""

    def __init__(self, bench):
        self._bench = bench
        self._lines = None
        self._taken = 0
        self.is_closed = False
        self.raw = b""
        self.peer = Peer("bench", self, lambda: bench.utc_s)
        bench.relay.connected(self.peer)

    def write(self, data):
        self.raw += data
        return 0

    def close(self):
        self.is_closed = True

    def line(self, text):
        """A line as it is; what the server answers is returned, also as it is."""
        start = len(self.raw)
        data = text if isinstance(text, bytes) else text.encode("latin-1") + b"\r\n"
        self._bench.relay.received(self.peer, data)
        if self.is_closed:
            self._bench.relay.disconnected(self.peer, "closed")
        return self.raw[start:].decode("latin-1").split("\r\n")[:-1]

    def log_in(self, kind, vehicle="TESTCAR", password="TESTPASS", token="ClientTokenForTests001"):
        """Scheme 0; the session's messages can be taken with `received`."""
        answer = self.line(f"MP-{kind} 0 {token} {wire.digest(password, token)} {vehicle}")
        assert answer and answer[0].startswith("MP-S 0 "), answer
        server_token = answer[0].split()[2]
        self._lines = wire.EncryptedLines(wire.session_key(password, server_token, token))
        self._taken = len(answer[0]) + 2
        return self

    def send(self, message):
        self.line(self._lines.encode(message))

    def received(self):
        """Messages since the last call."""
        fresh = self.raw[self._taken :]
        self._taken = len(self.raw)
        return [self._lines.decode(line) for line in fresh.split(b"\r\n")[:-1]]

    def hang_up(self):
        self._bench.relay.disconnected(self.peer, "it hung up")
