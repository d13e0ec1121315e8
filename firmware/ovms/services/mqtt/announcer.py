"""When Home Assistant is told what there is: once in each life of the module, and when it changes.

Where Home Assistant knew the device and something of it is another (firmware, car), its entities
start anew there: what may expire is unavailable until its value comes once more, which the broker
does not do by itself. So all values follow a message in which the device is another one than was
told last, after a moment that Home Assistant needs.

It lives as long as the conversation; the message itself is made by `discovery.py`, loaded on
demand. A module that does not speak to Home Assistant spends a comparison a second here.
"""

from binascii import crc32

from micropython import const

from ovms import parameters
from ovms.protocol.mqtt import packets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ovms.services.mqtt.conversation import Conversation
    from ovms.services.mqtt.discovery import Plan

# What is learnt within this time is told in one message, which is long: later more seldom, each
# time so much.
_CALM_S = const(5)
_AGAIN_S = const(120)
_AGAIN_MOST_S = const(7_680)
_SELDOMER = const(4)
# Parts of a message that are measured at once.
_PIECES = const(6)


class Announcer:
    """talk: Conversation. is_wanted: MQTT HA is ON.

    ages: what was told of the age of the values, see `discovery.py`.
    """

    ages: "dict[str, Any]"
    # There as long as it is measured.
    _plan: "Plan | Any"
    _measuring: "Iterator[bytes] | None"

    def __init__(self, talk: "Conversation") -> None:
        self._talk = talk
        self.is_wanted = False
        self.ages = {}
        self._car_type = ""
        self._revision = -1
        # Whether it was told everything, by which broker, and how long to wait for more.
        self._is_told = True
        self._told_to = ""
        self._wait_s = 0
        # Until all values follow, 0 for no need.
        self._values_s = 0
        # What is told: its Plan, a generator of its parts until their length is known, its length
        # and checksum; that of what was told, 0 for nothing.
        self._plan = self._measuring = None
        self._size = self._left = self._sum = self._told_sum = 0
        # Checksums of its start, which is the device.
        self._head = self._told_head = 0
        self._again_s = _AGAIN_S

    def on_login(self, broker: str) -> None:
        """broker: its address and the prefix, another one for another broker or device."""
        if broker != self._told_to and self.is_wanted:
            self._is_told = False
            self._told_sum = 0
        self._told_to = broker

    def on_closed(self, is_under_way: bool) -> None:
        """is_under_way: the message had not left."""
        if is_under_way or self._measuring is not None:
            self._is_told = False
            self._told_sum = self._told_head = 0
        self._plan = self._measuring = None

    def pass_time(self, seconds: int) -> None:
        """Look at the settings, the car and what was learnt."""
        talk = self._talk
        publisher = talk.publisher
        self._wait_s -= min(self._wait_s, seconds)
        if self._values_s and talk.pieces is None:
            self._values_s -= min(self._values_s, seconds)
            if not self._values_s:
                publisher.send_all()
        car_type = talk.car().TYPE
        if talk.config.revision != self._revision:
            self._revision = talk.config.revision
            is_wanted = bool(talk.config.get(parameters.MQTT_HA))
            if is_wanted != self.is_wanted:
                self.is_wanted = is_wanted
                self._car_type = ""
                self._tell(0)
        if self.is_wanted and car_type != self._car_type:
            self._recall(car_type)
            publisher.send_changes()
            self._tell(_CALM_S)
        if publisher.has_learnt and self._measuring is None:
            publisher.has_learnt = False
            if self.is_wanted and self._is_told:
                self._tell(self._again_s)
                self._again_s = min(self._again_s * _SELDOMER, _AGAIN_MOST_S)

    def poll(self) -> bytes | None:
        """The start of a message (bytes), None for nothing or not yet."""
        if self._is_told or self._wait_s:
            return None
        if self._measuring is None:
            return self._begin()
        # Its length comes first, and to find that takes a while.
        for piece in self._measuring:
            if not self._size:
                self._head = crc32(piece)
            self._size += len(piece)
            self._sum = crc32(piece, self._sum)
            self._left -= 1
            if not self._left:
                self._left = _PIECES
                return None
        plan = self._plan
        self._plan = self._measuring = None
        self._is_told = True
        if self._sum == self._told_sum:
            return None
        self._told_sum = self._sum
        if self._head != self._told_head:
            self._told_head = self._head
            self._values_s = _CALM_S
        self._keep()
        self._talk.pieces = self._made(plan)
        return packets.publish(plan.topic, b"", packets.RETAIN, 0, self._size)

    def _tell(self, wait_s):
        self._is_told = False
        self._wait_s = wait_s
        self._plan = self._measuring = None

    def _recall(self, car_type):
        """What was ever seen of this car."""
        self._car_type = car_type
        self._again_s = _AGAIN_S
        from ovms.services.mqtt import discovery

        kept, self._told_head = discovery.kept(self._talk.config, car_type)
        known = self._talk.publisher.known
        for i in range(len(known)):
            known[i] = kept[i] if i < len(kept) else 0

    def _keep(self):
        from ovms.services.mqtt import discovery

        talk = self._talk
        discovery.keep(talk.config, self._car_type, talk.publisher.known, self._told_head)

    def _begin(self):
        from ovms.services.mqtt import discovery

        talk = self._talk
        if not self.is_wanted:
            # An empty message removes the device.
            self._is_told = True
            self._told_sum = self._values_s = 0
            return packets.publish(discovery.topic(talk.config), b"", packets.RETAIN)
        self._plan = discovery.Plan(talk, talk.publisher.known)
        self._measuring = self._made(self._plan)
        self._size = self._sum = 0
        self._left = _PIECES
        return None

    def _made(self, plan):
        from ovms.services.mqtt import discovery

        return discovery.pieces(plan)
