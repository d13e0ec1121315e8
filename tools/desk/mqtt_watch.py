"""What `run --mqtt` adds to the desk: a broker, and somebody who watches its topics.

The watcher is paho-mqtt, which knows nothing of this project. The module gets the broker's
certificate as its `ca.pem`, so that commands count.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools import mosquitto
from tools.desk.board_host import HostError
from tools.desk.broker import Broker, BrokerError
from tools.desk.ovms import tls

USER, PASSWORD = "desk", "DeskBroker"
_CONNECTED = "metric/s/v3/connected"
# Where a module with TLS looks for whom to trust.
_CA_FILE = "ca.pem"


class MQTTWatch:
    """on_line(who, text): each topic that changes. topics: the last text of each.

    was_there: the module has been connected.
    """

    def __init__(self, host: str, vehicle: str, on_line: Callable[[str, str], None]):
        self._host = host
        self._on_line = on_line
        self._prefix = f"ovms/{USER}/{vehicle}/"
        self.topics: dict[str, str] = {}
        self.was_there = False
        self.broker: Broker | None = None
        self._client: Any = None

    @property
    def sms(self) -> str:
        """The owner's SMS that lets the module connect."""
        assert self.broker is not None
        return f"MQTT tls://localhost:{self.broker.tls_port} {USER} {PASSWORD}"

    def start(self, flash: Path) -> None:
        """Start the broker. flash: the module's files. HostError with one sentence."""
        if importlib.util.find_spec("paho") is None:
            raise HostError("There is no paho-mqtt here: run `make test` or `make run` once.")
        from paho.mqtt import client as paho

        flash.mkdir(parents=True, exist_ok=True)
        certificate, key = tls.self_signed(str(flash.parent / f"{flash.name}-broker"), "localhost")
        (flash / _CA_FILE).write_text(Path(certificate).read_text("ascii"), "ascii")
        self.broker = Broker({USER: PASSWORD}, (certificate, key), self._host)
        try:
            self.broker.start()
        except (BrokerError, mosquitto.MosquittoMissingError) as error:
            raise HostError(str(error)) from None
        self._on_line(
            "broker", f"{self._host}:{self.broker.port}, user {USER}, password {PASSWORD}"
        )
        loop = asyncio.get_running_loop()
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        client.username_pw_set(USER, PASSWORD)

        def connected(*_: Any) -> None:
            client.subscribe("#", 1)

        def received(_: Any, __: Any, message: paho.MQTTMessage) -> None:
            text = message.payload.decode("utf-8", "replace")
            loop.call_soon_threadsafe(self._heard, message.topic, text)

        client.on_connect = connected
        client.on_message = received
        client.connect(self._host, self.broker.port)
        client.loop_start()
        self._client = client

    def stop(self) -> None:
        if self._client is not None:
            self._client.loop_stop()
        if self.broker is not None:
            self.broker.stop()

    def say(self, topic: str, text: str) -> None:
        """Publish a text for the broker to keep; "" takes away what it keeps."""
        self._client.publish(topic, text, 1, True)

    def value(self, metric: str) -> str:
        """The text of a metric, "" for none: `v/b/soc`."""
        return self.topics.get(f"{self._prefix}metric/{metric}", "")

    def _heard(self, topic: str, text: str) -> None:
        if self.topics.get(topic) != text:
            self.topics[topic] = text
            self.was_there |= topic == self._prefix + _CONNECTED and text == "yes"
            shown = text if len(text) < 80 else f"{len(text)} characters"
            self._on_line("broker", f"{topic.removeprefix(self._prefix)} {shown}")
