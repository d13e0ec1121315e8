"""The module's side of the talk with the server: what is sent next, and who gets what arrives.

It is the outbox of `links/server_link.py`. In order of priority: ping replies, the paranoid
token, answers to commands, push messages, data, history records.
"""

from micropython import const

from ovms import parameters
from ovms.protocol.v2 import messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer, Config, Random, Status
    from ovms.protocol.v2.paranoid import Paranoid
    from ovms.services.commander import Commander
    from ovms.services.history import History
    from ovms.services.reporter import Reporter

# Push messages that wait for the server, and characters of one.
_PUSHES_MAX = const(8)
_PUSH_LENGTH = const(480)
_PINGS_MAX = const(8)


class Conversation:
    """reporter: Reporter; commander: Commander; urandom(n) -> n random bytes.

    history: History, or None for a module that keeps no records.
    """

    _paranoid: "Paranoid | None"
    _pushes: list[bytes]
    _token: bytes | None
    _in_flight: list[str]

    def __init__(
        self,
        config: "Config",
        status: "Status",
        reporter: "Reporter",
        commander: "Commander",
        urandom: "Random",
        history: "History | None" = None,
    ) -> None:
        self._config = config
        self._status = status
        self._reporter = reporter
        self._commander = commander
        self._urandom = urandom
        # protocol.v2.paranoid.Paranoid, None without that mode.
        self._paranoid = None
        self._history = history
        self._pushes = []
        self._pushes_taken = 0
        self._pings = 0
        self._token = None
        # Who wants to know that the messages taken have left: one entry each, oldest first.
        self._in_flight = []
        self._elapsed_ms = 0

    def push(self, kind: str, text: str) -> None:
        """Queue a push message. kind: "A" alert, "I" info or "E" vehicle error; text: str.

        Not gated by parameter 3: who calls decides. When there is no room the oldest goes that
        is not under way.
        """
        self._pushes.append((kind + text[:_PUSH_LENGTH]).encode())
        if len(self._pushes) > _PUSHES_MAX:
            self._status.count("pushes_dropped")
            self._pushes.pop(self._pushes_taken)

    def is_answering(self) -> bool:
        """Whether a command is carried out, or its answer has not left yet."""
        return self._commander.is_busy()

    def on_login(self) -> None:
        """A new connection: everything is told anew. Paranoid mode changes here only."""
        if self._config.is_paranoid:
            if self._paranoid is None:
                from ovms.protocol.v2 import paranoid

                self._paranoid = paranoid.Paranoid(self._urandom)
            self._token = self._paranoid.enable(self._config.get(parameters.PASSWORD))
            self._reporter.limit = messages.MAX_PARANOID_PAYLOAD
        else:
            self._paranoid = None
            self._reporter.limit = messages.MAX_PAYLOAD
        self._reporter.on_login()

    def on_closed(self) -> None:
        """The connection is gone, and with it what it had not brought across."""
        self._status.peers = 0
        self._in_flight.clear()
        self._pushes_taken = 0
        self._pings = 0
        self._token = None
        self._commander.on_closed()
        self._reporter.on_closed()
        if self._history is not None:
            self._history.on_closed()

    def on_message(self, code: str, payload: "Buffer") -> None:
        """One message of the server. code: one character; payload: bytes-like, borrowed."""
        if code == "E":
            inner = self._paranoid.unwrap(payload) if self._paranoid else None
            if inner is None:
                self._status.count("paranoid_refused")
                return
            code, payload = inner
        if code == "C":
            self._commander.accept(payload)
        elif code == "A":
            self._pings = min(self._pings + 1, _PINGS_MAX)
        elif code == "Z":
            try:
                peers = parameters.integer(bytes(payload).decode())
            except ValueError:
                self._status.count("messages_ignored")
                return
            # More apps than before: one of them has seen nothing yet.
            if peers > self._status.peers:
                self._reporter.send_all()
            self._status.peers = max(0, peers)
        elif code == "h" and self._history is not None:
            self._history.on_ack(payload)
        elif code != "a":
            self._status.count("messages_ignored")

    def on_sent(self, code: str) -> None:
        """The oldest message taken from `poll` has left; code: as `poll` gave it."""
        sender = self._in_flight.pop(0)
        if sender == "c":
            self._commander.on_sent()
        elif sender == "P":
            self._pushes.pop(0)
            self._pushes_taken -= 1
        elif sender:
            self._reporter.on_sent(sender)

    def poll(self, elapsed_ms: int) -> "tuple[str, Buffer] | None":
        """The next (code, payload bytes-like) to send, or None."""
        self._elapsed_ms += elapsed_ms
        if self._pings:
            self._pings -= 1
            self._in_flight.append("")
            return "a", b""
        if self._token is not None:
            token = self._token
            self._token = None
            self._in_flight.append("")
            return "E", token
        message = self._commander.poll()
        if message is not None:
            self._in_flight.append("c")
            return self._wrapped(message)
        if self._pushes_taken < len(self._pushes):
            self._pushes_taken += 1
            self._in_flight.append("P")
            return "P", self._pushes[self._pushes_taken - 1]
        message = self._reporter.poll(self._elapsed_ms)
        self._elapsed_ms = 0
        if message is not None:
            self._in_flight.append(message[0])
            return self._wrapped(message)
        # Whatever parameter 3 says, and never wrapped: the server could not store it.
        if self._history is not None:
            message = self._history.poll()
            if message is not None:
                self._in_flight.append("")
        return message

    def _wrapped(self, message):
        if self._paranoid is None:
            return message
        return self._paranoid.wrap(message[0], message[1])
