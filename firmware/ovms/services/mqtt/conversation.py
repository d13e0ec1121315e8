"""The module's side of the talk with an MQTT broker: the outbox of `links/mqtt_link.py`.

In order of priority: the rest of a long message, acknowledgements, what a connection begins with,
answers and notifications, metrics (`publisher.py`), Home Assistant (`announcer.py`), history. It
lives as long as a broker is set; what it needs now and then (values, commands, discovery) is
loaded on demand.

Bounds: so many answers and notifications wait, so many commands; what others ask for costs credit.
A notification or history record is sent again, at growing intervals, until the broker has it; one
that gets no acknowledgement holds up nothing else.
"""

import asyncio

from micropython import const

from ovms import parameters
from ovms.protocol.mqtt import packets
from ovms.services.mqtt.announcer import Announcer
from ovms.services.mqtt.publisher import Publisher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ovms.contracts import (
        Buffer,
        Config,
        LinkState,
        MQTTSession,
        Status,
        UTCClock,
        Vehicle,
        VehicleState,
    )
    from ovms.services.commander import Commander
    from ovms.services.history import History
    from ovms.services.sms.service import SMSService

# No command takes longer, see `services/commander.py`; who waits for one promises nothing.
_ALIVE_S = const(1200)
_NEVER_S = const(1 << 29)
# An app that says that it looks is believed for so long (server-and-clients 7.2).
_ACTIVE_S = const(120)
_WATCHERS_MAX = const(8)
_ID_MAX = const(64)

_WAITING_MAX = const(8)
_COMMANDS_MAX = const(4)
_ACKS_MAX = const(16)
_TEXT_MAX = const(1000)
_PATTERNS_MAX = const(400)
_RESEND_S = const(60)
_DOUBLINGS_MAX = const(6)
# What others may ask for: so much at once, and one more every so many seconds.
_CREDIT_MAX = const(20)
_CREDIT_S = const(3)
# Numbers of packets: those of history are its own, which are lower.
_SUBSCRIBE_ID = const(10_000)
_LAST_ID = const(65_535)
# The broker gives us up after `session.KEEP_ALIVE_S` and a half.
_PING_S = const(300)

_KINDS = {"A": "alert", "S": "alert", "I": "info", "E": "error"}


class Waiting:
    """A message that is kept until the broker has it. topic: below the prefix."""

    def __init__(self, topic: str, payload: bytes, packet_id: int) -> None:
        self.topic = topic
        self.payload = payload
        self.packet_id = packet_id
        self.due_s = self.tries = 0


class Conversation:
    """config, status (the module's), state, commander, sms_service, history: the module's.

    car: returns the current Vehicle. session: protocol.mqtt Session. link_status: of the link.
    on_error(where, error): for what a command did not survive. utc_s(): Unix seconds or None.

    prefix: of all topics. is_trusted: whether commands count as the owner's, see `commands.py`.
    pieces: generator of the rest of a message under way, or None.
    """

    # None until the composition root has set them; a module may have no history.
    commander: "Commander | Any"
    sms_service: "SMSService | Any"
    history: "History | Any"
    utc_s: "UTCClock | Any"
    on_error: "Callable[[str, Exception], None] | Any"
    pieces: "Iterator[bytes] | None"
    _waiting: "list[Waiting]"
    _commands: list[tuple[str, str | None, str]]
    _acks: list[int]
    _watchers: list[tuple[str, int]]

    def __init__(
        self,
        config: "Config",
        status: "Status",
        link_status: "LinkState",
        state: "VehicleState",
        car: "Callable[[], Vehicle]",
        session: "MQTTSession",
    ) -> None:
        self.config = config
        self.status = status
        self.link_status = link_status
        self.state = state
        self.car = car
        self._session = session
        # Set by the composition root.
        self.commander = self.sms_service = self.history = self.utc_s = self.on_error = None
        self.prefix = ""
        self.is_trusted = False
        self.pieces = None
        self.announcer = Announcer(self)
        self.publisher = Publisher(self)
        # Of `run`, see `ovms/guard.py`.
        self.due_s = _NEVER_S
        self._wake = asyncio.Event()
        self._waiting = []
        self._commands = []
        self._is_busy = False
        self._acks = []
        # (client, until when) of the apps that look.
        self._watchers = []
        self._packet_id = _SUBSCRIBE_ID
        self._connection = self._hello = 0
        self._now_s = self._sent_s = self._credit_s = 0
        self._credit = _CREDIT_MAX

    # What the link calls.

    def is_answering(self) -> bool:
        """Whether a command is carried out, or its answer has not left yet."""
        for message in self._waiting:
            if message.topic.startswith("client/") and not message.tries:
                return True
        return self._is_busy or bool(self._commands)

    def on_login(self) -> None:
        """A new connection: the broker forgot what we asked for, and may be another one."""
        get = self.config.get
        broker = get(parameters.MQTT_SERVER)
        user = get(parameters.MQTT_USER)
        self.prefix = packets.prefix(user, get(parameters.VEHICLE_ID))
        is_tls = broker.lower().startswith("tls://")
        self.is_trusted = bool(is_tls and user and get(parameters.MQTT_PASSWORD))
        self._connection += 1
        self._hello = 2
        self._sent_s = self._now_s
        self.announcer.on_login(broker + self.prefix)
        self.publisher.on_login()
        for message in self._waiting:
            message.due_s = message.tries = 0

    def on_closed(self) -> None:
        """What was under way is lost; notifications wait for the next connection."""
        self.announcer.on_closed(self.pieces is not None)
        self.publisher.on_closed()
        self.pieces = None
        self._acks = []
        self._commands = []
        self._watchers = []
        self._waiting = [m for m in self._waiting if not m.topic.startswith("client/")]
        if self._has_history():
            self.history.on_closed()

    def on_sent(self, code: str) -> None:
        """Nothing to do: what must arrive is acknowledged by the broker."""

    def on_message(self, code: str, payload: "Any") -> None:
        """A message or an acknowledgement, as the session has it."""
        if not code:
            self._on_ack(payload)
            return
        session = self._session
        if session.packet_id:
            if len(self._acks) < _ACKS_MAX:
                self._acks.append(session.packet_id)
            else:
                self.link_status.count("mqtt_acks_lost")
        parts = code[len(self.prefix) :].split("/")
        if (
            # Who retains a command lets it loose on every module that logs in.
            session.is_retained
            or session.is_repeated
            or not code.startswith(self.prefix)
            or not 2 < len(parts) < 5
            or parts[0] != "client"
            or not 0 < len(parts[1]) <= _ID_MAX
        ):
            self.link_status.count("mqtt_ignored")
            return
        client, what = parts[1:3]
        last = parts[3] if len(parts) == 4 else ""
        if what == "active" and not last:
            self._on_active(client, bytes(payload[:2]))
            return
        if not 0 < len(last) <= _ID_MAX or not self._pay():
            self.link_status.count("mqtt_refused")
            return
        try:
            text = "" if session.is_cut else bytes(payload).decode()
        except UnicodeError:
            text = ""
        if what == "request" and last == "metric":
            self.publisher.patterns = text[:_PATTERNS_MAX].replace(",", " ").split()
            self.publisher.send_changes()
        elif what == "command" and len(self._commands) >= _COMMANDS_MAX:
            self.reply(client, last, "Error: Too many commands.")
        elif what == "command" or (what == "request" and last == "config"):
            self._commands.append((client, last if what == "command" else None, text))
            del self._commands[_COMMANDS_MAX:]
            self._wake.set()

    def poll(self, elapsed_ms: int) -> "tuple[str, Buffer] | None":
        """The next (code, packet) to send, or None."""
        if elapsed_ms:
            self._pass_time(elapsed_ms // 1000)
        packet = self._next()
        if packet is not None:
            self._sent_s = self._now_s
            return "", packet
        if self._now_s - self._sent_s >= _PING_S:
            self._sent_s = self._now_s
            return "A", b""
        return None

    # What others call.

    def notify(self, kind: str, text: str) -> None:
        """Tell whoever listens. kind: "A" alert, "I" info, "E" error or "S" safety; text: str."""
        self._wait("notify/%s/vehicle" % _KINDS.get(kind, "info"), text)

    def reply(self, client: str, cid: str, text: str) -> None:
        """Answer a command. Passwords in it become `****`."""
        from ovms.masking import masked

        self._wait("client/%s/response/%s" % (client, cid), masked(self.config, text))

    async def run(self) -> None:
        """Task: carry out commands, one after the other, for ever."""
        while True:
            self.due_s = _NEVER_S
            while self._commands:
                self._is_busy = True
                self.due_s = self.status.uptime_s + _ALIVE_S
                try:
                    await self._carry_out(self._commands.pop(0))
                finally:
                    self._is_busy = False
            self._wake.clear()
            await self._wake.wait()

    async def _carry_out(self, entry):
        client, cid, text = entry
        if cid is None:
            self._tell_setting(client, text)
            return
        connection = self._connection
        answer = await self._answer(text)
        # A late answer is none.
        if connection == self._connection and self.link_status.is_server_connected:
            self.reply(client, cid, answer)

    def _answer(self, text):
        from ovms.services.mqtt.commands import answer

        return answer(self, text)

    def _tell_setting(self, client, text):
        from ovms.services.mqtt.commands import setting

        value = setting(self, text)
        if value is None:
            self.link_status.count("mqtt_refused")
        else:
            self._wait("client/%s/config/%s" % (client, text), value)

    def _wait(self, topic, text):
        """Keep a message until the broker has it; the oldest goes when there is no room.

        What waits already is told once.
        """
        self._packet_id = self._packet_id + 1 if self._packet_id < _LAST_ID else _SUBSCRIBE_ID + 1
        payload = text[:_TEXT_MAX].replace("\r\n", "\n").replace("\r", "\n").encode()
        for message in self._waiting:
            if message.topic == topic and message.payload == payload and not message.tries:
                return
        self._waiting.append(Waiting(topic, payload, self._packet_id))
        if len(self._waiting) > _WAITING_MAX:
            self._waiting.pop(0)
            self.link_status.count("mqtt_dropped")

    def _pay(self):
        if not self._credit:
            return False
        self._credit -= 1
        return True

    def _on_active(self, client, flag):
        """An app looks, or no longer does."""
        was_watched = bool(self._watchers)
        self._watchers = [watcher for watcher in self._watchers if watcher[0] != client]
        if flag in (b"", b"0"):
            return
        self._watchers.append((client, self._now_s + _ACTIVE_S))
        del self._watchers[:-_WATCHERS_MAX]
        if not was_watched and self._pay():
            self.publisher.send_again()

    def _on_ack(self, packet_id):
        for message in self._waiting:
            if message.packet_id == packet_id:
                self._waiting.remove(message)
                return
        if 0 < packet_id < _SUBSCRIBE_ID and self._has_history():
            self.history.on_ack(b"%d" % packet_id)
        else:
            self.link_status.count("mqtt_stray_acks")

    def _has_history(self):
        """Whether records go this way: there is no server, which comes first."""
        return self.history is not None and not self.config.get(parameters.SERVER)

    def _pass_time(self, seconds):
        self._now_s += seconds
        self._credit_s += seconds
        earned = self._credit_s // _CREDIT_S
        self._credit_s -= earned * _CREDIT_S
        self._credit = min(self._credit + earned, _CREDIT_MAX)
        if self._watchers and self._watchers[0][1] <= self._now_s:
            self._watchers.pop(0)
        self.announcer.pass_time(seconds)
        self.publisher.pass_time(seconds, bool(self._watchers))

    def _next(self):
        """The next packet, None when there is nothing to send."""
        if self.pieces is not None:
            for piece in self.pieces:
                return piece
            self.pieces = None
        if self._acks:
            return packets.acknowledge(self._acks.pop(0))
        if self._hello:
            self._hello -= 1
            if self._hello:
                start = self.prefix + "client/+/"
                wanted = ("active", "command/+", "request/metric", "request/config")
                return packets.subscribe(_SUBSCRIBE_ID, [start + last for last in wanted])
            return self._published("metric/s/v3/connected", "yes")
        for message in self._waiting:
            if message.due_s <= self._now_s:
                again = packets.DUPLICATE if message.tries else 0
                message.due_s = self._now_s + (_RESEND_S << message.tries)
                message.tries = min(message.tries + 1, _DOUBLINGS_MAX)
                return packets.publish(
                    self.prefix + message.topic,
                    message.payload,
                    packets.ACKNOWLEDGED | again,
                    message.packet_id,
                )
        row = self.publisher.next_row()
        if row is not None:
            # An empty one takes away what the broker keeps.
            return self._published(row[0], row[1] or "")
        packet = self.announcer.poll()
        if packet is None and self._has_history():
            packet = self._record()
        return packet

    def _published(self, topic, text):
        return packets.publish(self.prefix + topic, text.encode(), packets.RETAIN)

    def _record(self):
        """The next record: `notify/data/<type>/<number>/<age>` (server-and-clients 7.2)."""
        message = self.history.poll()
        if message is None:
            return None
        code, data = message
        number, age = b"0", b"0"
        if code == "h":
            number, age, data = bytes(data).split(b",", 2)
        start = self.prefix + "notify/data/%s/" % data[: data.find(b",")].decode()
        topic = start + "%s/%s" % (number.decode(), age.decode())
        flags = packets.ACKNOWLEDGED if code == "h" else 0
        return packets.publish(topic, data, flags, int(number.decode()))
