"""Keeps the module connected to an MQTT broker: the server link with another protocol.

Back-off, limits, liveness and bursts are those of `server_link.py`; different are the engine,
where the settings stand, the words, and that the link has a status of its own. It exists only
while a broker is set.
"""

from micropython import const

from ovms.links.server_link import ServerLink
from ovms.parameters import MQTT_PASSWORD, MQTT_SERVER, MQTT_USER, VEHICLE_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from typing import Any

    from ovms.contracts import LinkWords, MQTTConversation, Status

_NO_ROOM = (
    "There is not memory enough for MQTT: it takes an ESP32 with PSRAM and the image "
    "ESP32_GENERIC-SPIRAM."
)
_STUCK = "The link to the broker has hung: it is made anew within ten minutes."
_NEVER_S = const(1 << 29)


class LinkStatus:
    """What the link writes of itself, beside the module's Status. counts: as there.

    talk: Conversation; link: MQTTLink; tasks: to be cancelled when there is no broker any more.
    The composition root sets them.
    """

    counts: dict[str, int]
    # None without a link.
    talk: "MQTTConversation | Any"
    link: "MQTTLink | None"
    tasks: "tuple[asyncio.Task[Any], ...]"

    def __init__(self, status: "Status") -> None:
        self._status = status
        self.is_server_connected = False
        self.server_error = ""
        self.counts = {}
        self.talk = self.link = None
        self.tasks = ()

    @property
    def due_s(self) -> int:
        """The uptime at which both tasks have been heard of again, see `ovms/guard.py`."""
        return min(self.link.due_s, self.talk.due_s) if self.link else _NEVER_S

    @property
    def is_registered(self) -> bool:
        return self._status.is_registered

    @property
    def uptime_s(self) -> int:
        return self._status.uptime_s

    def notify(self, kind: str, text: str) -> None:
        """As of the Conversation, once there is one."""
        if self.talk is not None:
            self.talk.notify(kind, text)

    def give_up(self, has_no_room: bool = True) -> None:
        """Let go of what takes memory; the composition root makes it again, later.

        has_no_room: that is why; else it has hung.
        """
        for task in self.tasks:
            task.cancel()
        self.tasks = ()
        self.talk = self.link = None
        self.is_server_connected = False
        self.server_error = _NO_ROOM if has_no_room else _STUCK

    def count(self, name: str) -> None:
        """One more of `name`."""
        self.counts[name] = self.counts.get(name, 0) + 1


class MQTTLink(ServerLink):
    """A ServerLink; session: protocol.mqtt Session. outbox: services/mqtt/conversation.py."""

    def settings(self) -> tuple[str, str, tuple[str, str]]:
        """(broker, client id, (user, password))."""
        get = self.config.get
        return get(MQTT_SERVER), get(VEHICLE_ID), (get(MQTT_USER), get(MQTT_PASSWORD))

    def address(self, text: str) -> tuple[str, int, bool, str]:
        from ovms.protocol.mqtt import address

        return address.parse(text)

    def note_way(self) -> None:
        """A broker is spoken to as its setting says."""

    def words(self) -> "LinkWords":
        from ovms.links import mqtt_words

        return mqtt_words
