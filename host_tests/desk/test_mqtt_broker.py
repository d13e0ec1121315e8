"""The whole firmware against mosquitto, watched and commanded by paho-mqtt. CPython only.

Neither of the two knows anything of this project.
"""

import asyncio
import contextlib
import json
import queue
import re
import subprocess
import sys
import threading
import time

import pytest

from host_tests import needs_broker, needs_vm
from host_tests.desk.module_rig import run_desk_until
from tools import vm
from tools.desk.broker import Broker
from tools.desk.ovms import tls

VEHICLE = "DEMO42"
USER, PASSWORD = "me", "Br0kerPass"
RUNTIMES = (
    ("cpython",),
    ("micropython", "--bits", "64"),
    ("micropython", "--bits", "32"),
)
_LIMIT_S = 400
PREFIX = f"ovms/{USER}/{VEHICLE}/"


class Client:
    """A paho client that subscribes to everything. messages: queue of (topic, text, retained)."""

    def __init__(self, broker, user=USER, password=PASSWORD):
        from paho.mqtt import client as paho

        self.messages = queue.Queue()
        self.seen = {}
        self.counts = {}
        self._paho = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)
        if user:
            self._paho.username_pw_set(user, password)
        self._paho.on_message = self._on_message
        self._paho.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._paho.connect(broker.host, broker.port)
        self._paho.loop_start()

    def _on_message(self, client, data, message):
        text = message.payload.decode()
        self.seen[message.topic] = text
        self.counts[message.topic] = self.counts.get(message.topic, 0) + 1
        self.messages.put((message.topic, text, message.retain))

    def wait(self, topic, wanted=lambda text: True, seconds=_LIMIT_S):
        """The text of `topic` once it is as wanted."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            if topic in self.seen and wanted(self.seen[topic]):
                return self.seen[topic]
            with contextlib.suppress(queue.Empty):
                self.messages.get(timeout=0.2)
        raise AssertionError(f"{topic} is {self.seen.get(topic)!r}, of {sorted(self.seen)}")

    def say(self, topic, text, **flags):
        self._paho.publish(PREFIX + topic, text, **flags)

    def ask(self, command, **flags):
        """The answer to a command; each has a number of its own."""
        number = f"{time.monotonic_ns():x}"
        self.say(f"client/rr/command/{number}", command, **flags)
        return self.wait(f"{PREFIX}client/rr/response/{number}")

    def stop(self):
        self._paho.loop_stop()
        self._paho.disconnect()


class Module:
    """The module as a process; `say` types a line at its console."""

    def __init__(self, runtime, flash, *options):
        needs_broker.require()
        if runtime[0] == "micropython":
            needs_vm.require(int(runtime[2]))
        parameters = {8: VEHICLE, 14: "DEMO"}
        words = [w for n, text in parameters.items() for w in ("--param", f"{n}={text}")]
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tools.desk", "module", "--wifi"),
                *("--flash", str(flash), "--vm", *runtime, *words, *options),
            ],
            cwd=vm.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )
        self.output = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line.rstrip())

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def desk(tmp_path):
    """Makes (broker, module) for a runtime; ends them."""
    made = []

    def make(runtime, users=True, *options):
        needs_broker.require()
        flash = tmp_path / "flash"
        flash.mkdir()
        certificate = tls.self_signed(str(tmp_path), "localhost")
        (flash / "ca.pem").write_text((tmp_path / tls.CERTIFICATE_FILE).read_text())
        broker = Broker({USER: PASSWORD} if users else None, certificate)
        broker.start()
        made.append(broker)
        module = Module(runtime, flash, *options)
        made.append(module)
        return broker, module

    yield make
    for part in reversed(made):
        part.stop()


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda words: "".join(words[::2]))
def test_metrics_commands_and_home_assistant(runtime, desk):
    broker, module = desk(runtime)
    client = Client(broker)
    # The VMs' `tls` checks certificates; CPython's stand-in for it does as well.
    module.say(f"S MQTT tls://localhost:{broker.tls_port} {USER} {PASSWORD}")
    module.say("S MQTT HA ON")
    try:
        client.wait(PREFIX + "metric/s/v3/connected", lambda text: text == "yes")
        assert client.wait(PREFIX + "metric/v/type") == "DEMO"
        assert 70 < float(client.wait(PREFIX + "metric/v/b/soc")) <= 80
        assert "SOC:" in client.ask("stat")
        assert client.ask("lock 1234") == "Vehicle locked"
        client.wait(PREFIX + "metric/v/e/locked", lambda text: text == "yes")
        assert client.ask("unlock 1234", qos=1) == "Vehicle unlocked"
        client.wait(PREFIX + "metric/v/e/locked", lambda text: text == "no")
        assert client.ask("lock 4711").startswith("Error: ")
        assert "****" in client.ask("MQTT?")
        # As Home Assistant sends it; it is told from then on.
        assert client.ask("charge limit 80") == "Charge limit set to 80%"
        assert client.wait(PREFIX + "metric/v/c/limit/soc") == "80"
        topic = f"homeassistant/device/ovms_{VEHICLE}/config"
        config = json.loads(client.wait(topic))
        for component in config["cmps"].values():
            for name in ("stat_t", "json_attr_t"):
                # Ages are told by whoever knows the time, and nobody told it here.
                topic_of_it = component.get(name, PREFIX + "ha/car")
                if "/ha/" not in topic_of_it or topic_of_it.endswith("place"):
                    client.wait(topic_of_it)
        assert client.ask(config["cmps"]["climate"]["pl_on"]) == "Climate Control on"
        assert client.ask("MQTT HA OFF").startswith("MQTT:")
        client.wait(topic, lambda text: text == "")
        # All of it is kept for who comes later, but for answers.
        late = Client(broker)
        late.wait(PREFIX + "metric/v/b/soc")
        assert not [name for name in late.seen if "/client/" in name]
        late.stop()
        assert not any(PASSWORD in text for text in client.seen.values())
        module.process.kill()
        client.wait(PREFIX + "metric/s/v3/connected", lambda text: text == "no")
    except AssertionError as error:
        raise AssertionError(f"{error}\n" + "\n".join(module.output[-40:])) from None
    finally:
        client.stop()


def test_a_broker_without_tls_gives_no_authority_and_comes_back(desk):
    broker, module = desk(("micropython", "--bits", "64"))
    client = Client(broker)
    module.say(f"S MQTT 127.0.0.1:{broker.port} {USER} {PASSWORD}")
    try:
        client.wait(PREFIX + "metric/s/v3/connected", lambda text: text == "yes")
        assert client.ask("lock 1234").startswith("Error: Commands need a broker with tls://")
        assert "SOC:" in client.ask("stat")
        # Retained commands are told to whoever subscribes, and not carried out.
        client.say("client/rr/command/old", "stat", retain=True)
        client.stop()
        broker.kill()
        time.sleep(1)
        broker.start()
        client = Client(broker)
        client.wait(PREFIX + "metric/s/v3/connected", lambda text: text == "yes")
        assert "SOC:" in client.ask("stat")
        module.say("S MQTT -")
        client.wait(PREFIX + "metric/s/v3/connected", lambda text: text == "no")
    except AssertionError as error:
        raise AssertionError(f"{error}\n" + "\n".join(module.output[-40:])) from None
    finally:
        client.stop()


def test_refused_and_distrusted_brokers_are_told_in_words(desk):
    broker, module = desk(("micropython", "--bits", "64"))

    def state(expected):
        end_s = time.monotonic() + _LIMIT_S
        while time.monotonic() < end_s:
            del module.output[:]
            module.say("S MQTT?")
            time.sleep(0.5)
            if any(expected in line for line in module.output):
                return
        raise AssertionError(f"{expected}: {module.output}")

    module.say(f"S MQTT 127.0.0.1:{broker.port} {USER} wrong")
    state("The broker refuses the login: check user and password.")
    module.say(f"S MQTT tls://127.0.0.9:{broker.port} {USER} {PASSWORD}")
    state("Not connected")
    module.say(f"S MQTT 127.0.0.1:{broker.port} {USER} {PASSWORD}")
    state("Connected OK")


def test_run_with_a_broker_beside_the_server():
    needs_broker.require()
    needs_vm.require(64)

    def is_enough(output):
        """The SOC has come by way of the server and of the broker, and then what is set last."""
        ways = ("app  S state: ", r"broker  metric/v/b/soc \d", "broker  homeassistant/device/")
        return all(re.search(way, output) for way in ways)

    run = run_desk_until(is_enough, "run", "--mqtt", "--headless")
    _, output, complaint = asyncio.run(run)
    assert is_enough(output), output + complaint
    assert "ok   the module logged in" in output, output + complaint
    assert "ok   the broker has" in output, output + complaint
