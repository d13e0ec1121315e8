"""Auto-provisioning over a stream: what is applied, what is refused, and when it asks again."""

import asyncio

from host_tests.fakes.virtual_time import VirtualTime
from host_tests.fixtures.v2 import vectors
from host_tests.links.server_module import play
from host_tests.links.test_server_way import PLAIN, UNCHECKED, WayModule
from host_tests.shims import expect
from ovms.config import Config
from ovms.links import provisioning, server_way
from ovms.parameters import SERVER
from ovms.protocol.v2 import cipher
from ovms.status import REQUEST_RECONNECT, Status
from ovms.vehicle.types import TYPES
from ovms_crypto import STATE_SIZE, hmac_md5, welcome_digest
from tools.simulated_board.fakes.memory_store import MemoryStore

HOUR_S = 3600


def reply_with(secret, record):
    state = bytearray(STATE_SIZE)
    cipher.start(state, hmac_md5(secret, b"token"))
    start = b"AP-S 0 token " + welcome_digest(secret, b"token") + b" "
    return bytes(cipher.sealed(state, start, b"", record, b""))


PADDED_REPLY = reply_with(b"8949F", b"- - K IP - - - - CAR PW")


class Stream:
    """A server that answers `said`, in pieces; `said` None for silence."""

    def __init__(self, said, piece=7):
        self._said = said
        self._piece = piece
        self.heard = b""
        self.is_closed = False
        self.error = None

    async def write(self, data):
        if self.error:
            raise self.error
        self.heard += bytes(data)

    async def readinto(self, view):
        while self._said is None:
            await asyncio.sleep_ms(0)
        data = self._said[: min(self._piece, len(view))]
        self._said = self._said[len(data) :]
        view[: len(data)] = data
        return len(data)

    async def close(self):
        self.is_closed = True


class Link:
    """The part of the ServerLink that an attempt uses."""

    def __init__(self, said=b"", settings=None, iccid=vectors.PROVISION_SECRET):
        self.config = Config(MemoryStore())
        self.config.apply({4: "ovms.example"})
        self.config.apply(settings or {})
        self.status = Status("BOARD")
        self.status.iccid = iccid
        self.clock = self.time = VirtualTime()
        self.provision_due_s = 0
        self.way = self.tls_ready = None
        self.must_reconnect = False
        self.stream = Stream(said)
        self.opened = []
        self.open_error = None

    def urandom(self, n):
        return bytes([128] * n)

    async def open_stream(self, host, port, is_tls):
        self.opened.append((host, port, is_tls))
        if self.open_error:
            raise self.open_error
        return self.stream

    def address(self, text):
        return server_way.choose(self, text)

    def counted(self):
        counts = dict(self.status.counts)
        counts.pop("provision_attempts", None)
        return counts

    async def attempt(self, vin=vectors.PROVISION_KEY, seconds=1, meanwhile=None):
        """Run one attempt for `seconds`; returns whether it has ended by then."""
        task = asyncio.create_task(provisioning.attempt(self, vin, self.time.sleep_ms))
        await self.time.settle()
        await self.time.advance(1, 250)
        if meanwhile:
            meanwhile()
        await self.time.advance(seconds, 250)
        is_done = task.done()
        if is_done:
            # A bug would show here.
            await task
        else:
            task.cancel()
        return is_done


def attempt(link, **more):
    return expect.run(link.attempt(**more), 20000)


def test_a_record_is_applied_at_once():
    link = Link(vectors.PROVISION_REPLY + b"\r\n")
    revision = link.config.revision
    assert attempt(link)
    assert link.stream.heard == vectors.PROVISION_REQUEST + b"\r\n"
    assert link.opened == [("ovms.example", 6867, False)]
    assert link.stream.is_closed, "the log-in gets a connection of its own"
    assert link.counted() == {"provisions": 1}
    for n, text in vectors.PROVISION_RESULT.items():
        assert link.config.get(n) == text, n
    assert link.config.revision == revision + 1
    assert link.status.take_requests() & REQUEST_RECONNECT


def test_the_other_server_and_a_padded_digest():
    padded = vectors.PROVISION_REPLY.replace(b"V1Q ", b"V1Q== ")
    link = Link(padded + b"\n", {4: "tls://me@ovms.example:7001"})
    assert attempt(link) and link.counted() == {"provisions": 1}
    assert link.opened == [("ovms.example", 7001, True)]
    link = Link(vectors.REAL_PROVISION_REPLY + b"\n", iccid=vectors.REAL_PROVISION_SECRET)
    assert attempt(link, vin=vectors.REAL_PROVISION_KEY)
    assert link.config.get(8) == "TESTCAR" and link.config.get(9) == "TESTPASS"


def test_the_filler_behind_the_digits_of_the_sim():
    link = Link(vectors.PROVISION_REPLY + b"\n", iccid=vectors.PROVISION_SECRET + "F")
    assert attempt(link) and link.counted() == {"provisions": 1}
    # A record may have been made with the filler.
    link = Link(PADDED_REPLY + b"\n", iccid="8949F")
    assert attempt(link) and link.counted() == {"provisions": 1}
    assert link.config.get(8) == "CAR"
    link = Link(PADDED_REPLY + b"\n", iccid="8948F")
    assert attempt(link) and link.counted() == {"provision_wrong_digest": 1}


def test_nothing_happens_without_vin_or_iccid():
    for vin, iccid in (("", "8949"), ("VIN", "")):
        link = Link(iccid=iccid)
        assert attempt(link, vin=vin)
        assert not link.opened and not link.status.counts
        assert link.status.server_error == (
            "To ask the server for settings (AP), the %s must be known first."
            % ("SIM" if vin else "VIN")
        )
        assert link.provision_due_s == 10


def test_answers_that_change_nothing():
    record = vectors.PROVISION_REPLY
    for said, count, why in (
        (b"AP-X\r\n", "provision_unknown", "no settings (AP) for this VIN"),
        (record.replace(b"So1", b"So2") + b"\n", "provision_wrong_digest", "for another SIM"),
        (b"MP-S 0 a b\r\n", "provision_bad_reply", "refused: that is no answer"),
        (b"\r\n", "provision_bad_reply", "refused: that is no answer"),
        (b"", "provision_closes", "closed without an answer"),
        (record, "provision_closes", "closed without an answer"),
        (b"x" * 2000, "provision_line_too_long", "refused: that is no answer"),
    ):
        link = Link(said)
        before = list(link.config.values)
        assert attempt(link, seconds=20), said
        assert link.counted() == {count: 1}
        assert why in link.status.server_error and link.status.server_error.endswith(".")
        assert link.config.values == before and link.stream.is_closed
        # At most hourly; 128 of 1024 parts later.
        assert link.provision_due_s >= HOUR_S + 450
        assert link.provision_due_s <= HOUR_S + 450 + 20


def test_one_bad_value_refuses_the_whole_record():
    link = Link(vectors.PROVISION_REPLY + b"\n")
    link.config.store.save = None

    def refuse(changes):
        raise ValueError("Units are K or M.")

    before = list(link.config.values)
    link.config.apply = refuse
    assert attempt(link)
    assert link.counted() == {"provision_refused": 1} and link.config.values == before
    assert link.status.server_error == (
        "The settings from the server (AP) were refused: Units are K or M."
    )


def test_a_mask_in_a_record_refuses_it():
    link = Link(reply_with(b"8949", b"- - K IP - web - **** CAR PW") + b"\n", iccid="8949")
    before = list(link.config.values)
    assert attempt(link)
    assert link.counted() == {"provision_refused": 1} and link.config.values == before
    refused = "The settings from the server (AP) were refused: **** only stands for"
    assert link.status.server_error.startswith(refused)


def test_a_car_that_nobody_knows_is_left_out_of_a_record():
    record = b"- - K IP - - - - CAR PW - - - - "
    for before in ("", "RT"):
        link = Link(reply_with(b"8949", record + b"xy") + b"\n", {14: before}, "8949")
        assert attempt(link)
        assert link.counted() == {"provisions": 1}
        assert (link.config.get(8), link.config.get(9)) == ("CAR", "PW")
        assert link.config.get(14) == before
        assert link.status.server_error == (
            "The settings from the server (AP) are in use but for the vehicle type."
            " This firmware knows no car of that type; it has %s." % TYPES
        )
    for said, kept in ((b"demo", "DEMO"), (b"-", "")):
        link = Link(reply_with(b"8949", record + said) + b"\n", {14: "RT"}, "8949")
        assert attempt(link) and link.status.server_error == ""
        assert link.config.get(14) == kept
    # What is wrong beside it still refuses all.
    link = Link(reply_with(b"8949", record.replace(b"K", b"X") + b"xy") + b"\n", iccid="8949")
    assert attempt(link) and link.counted() == {"provision_refused": 1}
    assert "Units are" in link.status.server_error and link.config.get(8) == ""


def record_with_broker(*words):
    """A record whose words 37 to 40 are given, for the SIM 8949."""
    texts = [b"-", b"-", b"K", b"IP"] + [b"-"] * 4 + [b"CAR", b"PW"] + [b"-"] * 27
    return reply_with(b"8949", b" ".join(texts + [word.encode() for word in words])) + b"\n"


def test_a_record_may_have_a_broker():
    before = {37: "old.example", 38: "me", 39: "Br0ker", 40: "ON RT 00ff", 33: "HOME"}

    def broker_after(*words):
        link = Link(record_with_broker(*words), before, iccid="8949")
        assert attempt(link)
        assert link.counted() == {"provisions": 1}, words
        assert link.config.get(8) == "CAR" and link.config.get(33) == "HOME"
        return [link.config.get(n) for n in (37, 38, 39, 40)]

    # Without these words everything stays; `-` is none, as ever.
    assert broker_after() == ["old.example", "me", "Br0ker", "ON RT 00ff"]
    assert broker_after("-", "-", "-", "-") == [""] * 4
    words = ["tls://b.example:8884", "you", "Secret", "ON"]
    assert broker_after(*words) == words[:3] + ["ON RT 00ff"]
    # The same user and password, said again, are the other broker's; left out they are not.
    assert broker_after("b.example", "me", "Br0ker") == ["b.example", "me", "Br0ker", "ON RT 00ff"]
    assert broker_after("b.example")[:3] == ["b.example", "", ""]
    link = Link(record_with_broker("b.example:x", "me", "Br0ker"), before, iccid="8949")
    assert attempt(link) and link.counted() == {"provision_refused": 1}
    assert "A port is a number" in link.status.server_error
    assert link.config.get(37) == "old.example" and link.config.get(8) == ""


def test_silence_ends_after_ten_seconds():
    link = Link(None)
    assert not attempt(link, seconds=7)
    link = Link(None)
    assert attempt(link, seconds=11)
    assert link.counted() == {"provision_timeouts": 1} and link.stream.is_closed
    assert link.status.server_error == (
        "The server was asked for settings (AP) and does not answer."
    )
    assert link.provision_due_s > HOUR_S


def test_a_network_that_is_not_there_is_asked_again_sooner():
    link = Link()
    link.open_error = OSError("The modem has no network.")
    assert attempt(link)
    assert link.counted() == {"provision_io_errors": 1}
    assert 300 < link.provision_due_s < 400
    link = Link()
    link.stream.error = OSError("broken")
    assert attempt(link)
    assert link.counted() == {"provision_io_errors": 1} and link.stream.is_closed


def test_settings_by_sms_end_the_attempt():
    link = Link(None)
    assert attempt(link, meanwhile=lambda: link.config.apply({8: "CAR", 9: "SECRET"}), seconds=2)
    assert link.counted() == {"provision_overtaken": 1} and link.stream.is_closed
    assert link.config.get(8) == "CAR"


def test_what_keeps_the_module_reachable_is_never_cleared():
    reply = reply_with(b"8949", b"- - K IP - - - - CAR PW") + b"\r\n"
    link = Link(reply, {0: "+4912345", 1: "MODPW", 5: "internet"}, "8949")
    assert attempt(link)
    get = link.config.get
    assert (get(0), get(1), get(4)) == ("+4912345", "MODPW", "ovms.example")
    assert (get(5), get(8), get(9)) == ("", "CAR", "PW")


def test_a_vin_that_is_no_word_is_refused():
    link = Link()
    assert attempt(link, vin="two words")
    assert link.counted() == {"provision_refused": 1} and not link.opened


def test_settings_are_asked_for_in_clear_where_tls_is_silent():
    for answer, later in (("silent", [PLAIN]), ("mute", [PLAIN]), (None, [UNCHECKED])):

        async def scenario(module):
            module.asked = []
            for expected in ([UNCHECKED], module.expected):
                attempt = provisioning.attempt(module.link, "VIN", module.time.sleep_ms)
                task = asyncio.create_task(attempt)
                await module.time.settle()
                await module.time.advance(151, 250)
                assert task.done() and module.asked == expected
                is_soon = module.link.provision_due_s <= module.time.uptime_s()
                # Who speaks TLS and has no settings for it has none in clear, either.
                assert is_soon == (expected == [UNCHECKED] and module.expected == [PLAIN])
                module.asked = []

        module = WayModule(
            settings={SERVER: "ovms.example"}, at={UNCHECKED: answer}, expected=later
        )
        module.status.iccid = "8949"
        play(module, scenario)
