"""What goes to the server in which order, and what becomes of its messages."""

import asyncio
import binascii

from host_tests.fakes.known_car import make_known
from host_tests.shims import expect
from ovms.config import Config
from ovms.parameters import FROM_OWNER, NOTIFY, PARANOID, PASSWORD
from ovms.services.commander import Commander
from ovms.services.conversation import Conversation
from ovms.services.reporter import Reporter
from ovms.status import Status
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState
from tools.simulated_board.fakes.memory_store import MemoryStore
from tools.simulated_board.fakes.v2_server import crypt, hmac_md5, rc4

EVERYTHING = ["S", "D", "L", "W", "F", "V"]


class SMSService:
    async def execute_as_owner(self, text):
        return True, "SOC: 80%"


def counting_urandom():
    """Bytes that differ from call to call."""
    calls = [0]

    def urandom(n):
        calls[0] += 1
        return bytes([(calls[0] * 7 + i) & 0xFF for i in range(n)])

    return urandom


class Module:
    def __init__(self, is_paranoid=False):
        self.config = Config(MemoryStore())
        self.config.set(NOTIFY, "IP")
        if is_paranoid:
            self.config.set(PARANOID, "P")
        self.state = VehicleState()
        make_known(self.state)
        self.status = Status("BOARD")
        car = Vehicle(self.state, self.config)
        self.commander = Commander(car, self.config, self.status, SMSService(), None)
        reporter = Reporter(self.state, self.config, self.status, car)
        self.conversation = Conversation(
            self.config, self.status, reporter, self.commander, counting_urandom()
        )
        self.conversation.on_login()

    def take(self, elapsed_ms=0):
        """[(code, payload str)] of what is due, taken but not sent."""
        messages = []
        message = self.conversation.poll(elapsed_ms)
        while message is not None:
            messages.append((message[0], bytes(message[1]).decode()))
            message = self.conversation.poll(0)
        return messages

    def send(self, elapsed_ms=0):
        messages = self.take(elapsed_ms)
        for code, _ in messages:
            self.conversation.on_sent(code)
        return messages

    def codes(self, elapsed_ms=0):
        return [code for code, _ in self.send(elapsed_ms)]

    def hear(self, text):
        self.conversation.on_message(text[0], memoryview(text[1:].encode()))

    async def work(self):
        """Let the commander do what it can."""
        task = asyncio.create_task(self.commander.run())
        for _ in range(10):
            await asyncio.sleep_ms(0)
        task.cancel()
        await asyncio.sleep_ms(0)


def test_login_tells_everything():
    module = Module()
    assert module.codes() == EVERYTHING
    assert module.codes() == []
    module.conversation.on_closed()
    module.conversation.on_login()
    assert module.codes() == EVERYTHING


def test_ping_is_answered_whatever_it_carries():
    module = Module()
    module.send()
    module.hear("AFA")
    assert module.send() == [("a", "")]
    module.hear("A")
    module.hear("A")
    assert module.send() == [("a", ""), ("a", "")]
    module.hear("a")
    assert module.send() == []


def test_ping_is_answered_without_ip_in_parameter_3():
    module = Module()
    module.config.set(NOTIFY, "")
    module.hear("AFA")
    assert module.codes() == ["a"]


def test_more_apps_get_everything():
    module = Module()
    module.send()
    module.hear("Z1")
    assert module.status.peers == 1
    assert module.codes() == EVERYTHING
    module.hear("Z1")
    assert module.codes() == []
    module.hear("Z3")
    assert module.codes() == EVERYTHING
    module.hear("Z2")
    assert module.codes() == []
    assert module.status.peers == 2
    module.hear("Z3")
    assert module.codes() == EVERYTHING
    module.conversation.on_closed()
    assert module.status.peers == 0


def test_odd_peer_counts_are_ignored():
    module = Module()
    module.send()
    module.hear("Z2")
    module.send()
    for text in ("Z", "Zx", "Z1x", "Z 1", "Z\xff", "Z99999999999"):
        module.hear(text)
        assert module.status.peers == 2
    assert module.codes() == []
    assert module.status.counts["messages_ignored"] == 6
    module.hear("Z-1")
    assert module.status.peers == 0


def test_unknown_codes_are_ignored_and_counted():
    module = Module()
    module.send()
    for text in ("f3.0.001", "T0", "S1,2", "h17", "Xyz"):
        module.hear(text)
    assert module.send() == []
    assert module.status.counts["messages_ignored"] == 5


def test_order_of_what_waits():
    module = Module()
    module.conversation.push("A", "Vehicle is stopped turned on")
    module.hear("C2,9,1")
    module.hear("AFA")
    expect.run(module.work())
    sent = module.send()
    assert sent[:3] == [("a", ""), ("c", "2,0"), ("P", "AVehicle is stopped turned on")]
    assert [code for code, _ in sent[3:]] == EVERYTHING


def test_time_passes_for_the_reporter_behind_other_messages():
    module = Module()
    module.send()
    module.status.peers = 1
    module.hear("A")
    assert module.codes(60000) == ["a", "S", "D"]


def test_pushes_survive_a_broken_connection():
    module = Module()
    module.conversation.push("A", "one")
    module.conversation.push("I", "two")
    assert module.take()[:2] == [("P", "Aone"), ("P", "Itwo")]
    module.conversation.on_closed()
    module.conversation.on_login()
    taken = module.take()
    assert taken[:2] == [("P", "Aone"), ("P", "Itwo")]
    # The first of them had left.
    module.conversation.on_sent("P")
    module.conversation.on_closed()
    module.conversation.on_login()
    assert module.take()[0] == ("P", "Itwo")


def test_pushes_are_bounded_and_keep_what_is_under_way():
    module = Module()
    module.send()
    for n in range(8):
        module.conversation.push("A", str(n))
    assert module.conversation.poll(0) == ("P", b"A0")
    module.conversation.push("A", "8")
    module.conversation.push("A", "9")
    assert module.status.counts["pushes_dropped"] == 2
    taken = module.take()
    assert [text for _, text in taken] == ["A3", "A4", "A5", "A6", "A7", "A8", "A9"]
    module.conversation.on_closed()
    module.conversation.on_login()
    assert module.take()[0] == ("P", "A0")


def test_pushes_all_under_way():
    module = Module()
    module.send()
    for n in range(8):
        module.conversation.push("A", str(n))
    taken = module.take()
    module.conversation.push("A", "too many")
    for code, _ in taken:
        module.conversation.on_sent(code)
    assert module.send() == []
    module.conversation.push("A", "x" * 2000)
    assert len(module.send()[0][1]) == 481


def opened(password, token, text):
    """What an app makes of a wrapped payload `M` + code + base64."""
    assert text[0] == "M"
    stream = rc4(hmac_md5(password, token.encode()))
    return text[1] + crypt(stream, binascii.a2b_base64(text[2:])).decode()


def test_paranoid_talk():
    module = Module(is_paranoid=True)
    sent = module.send()
    code, text = sent[0]
    assert code == "E" and text[0] == "T"
    token = text[1:]
    assert len(token) == 22
    assert [code for code, _ in sent] == ["E"] * 7
    inner = [opened(b"OVMS", token, text) for _, text in sent[1:]]
    assert [text[0] for text in inner] == EVERYTHING
    assert inner[0].startswith("S60.0,K,")
    for _, text in sent:
        # With the code letter E in front: what the server stores stays storable.
        assert len(text) <= 255
    # Sent is sent: the filter works on what is inside.
    module.state.touch()
    assert module.send() == []
    # Commands plain and wrapped; the answers are wrapped.
    stream = rc4(hmac_md5(b"OVMS", token.encode()))
    wrapped = binascii.b2a_base64(crypt(stream, b"99")).strip().decode()
    module.hear("C98")
    module.hear("EMC" + wrapped)
    expect.run(module.work())
    first = module.send()
    expect.run(module.work())
    second = module.send()
    answers = [opened(b"OVMS", token, text) for _, text in first + second]
    assert answers == ["c98,3", "c99,3"]
    # Never wrapped.
    module.hear("AFA")
    module.conversation.push("A", "alarm")
    assert module.send() == [("a", ""), ("P", "Aalarm")]


def test_paranoid_token_stays_until_the_password_changes():
    module = Module(is_paranoid=True)
    token = module.send()[0]
    module.conversation.on_closed()
    module.conversation.on_login()
    assert module.send()[0] == token
    module.config.set(PASSWORD, "OTHER")
    module.conversation.on_closed()
    module.conversation.on_login()
    sent = module.send()
    assert sent[0][0] == "E" and sent[0][1][0] == "T" and sent[0] != token
    inner = [opened(b"OTHER", sent[0][1][1:], text)[0] for _, text in sent[1:]]
    assert inner == EVERYTHING


def test_paranoid_mode_changes_at_the_next_login():
    module = Module()
    module.send()
    module.config.set(PARANOID, "P")
    module.state.is_on = True
    module.state.touch()
    assert module.codes() == ["D"]
    module.conversation.on_closed()
    module.conversation.on_login()
    assert module.codes() == ["E"] * 7
    module.config.apply({PARANOID: ""}, True, FROM_OWNER)
    module.conversation.on_closed()
    module.conversation.on_login()
    assert module.codes() == EVERYTHING


def test_wrapped_nonsense_is_counted():
    module = Module()
    module.send()
    module.hear("EMCAA==")
    module.hear("E")
    module.hear("ETabc")
    assert module.send() == []
    assert module.status.counts["paranoid_refused"] == 3


def test_idle_poll_takes_no_heap():
    module = Module()
    module.send()
    module.hear("Z1")
    module.send()
    module.state.is_on = True
    poll = module.conversation.poll

    def second():
        poll(1000)

    for _ in range(59):
        assert not expect.allocates(second)
    assert module.codes(1000) == ["S", "D"]
