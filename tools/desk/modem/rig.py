"""A modem engine on a virtual clock with a scripted TCP peer (CPython only)."""

from tools.desk.modem.engine import Modem
from tools.desk.modem.profile import Profile
from tools.desk.modem.scheduler import VirtualScheduler

NUMBER = "+4915112345678"
_BOOT_MS = 30000
_QUIET_MS = 20000


class FakeConnection:
    """The peer's end: records what the modem does and speaks through `events`."""

    def __init__(self, events):
        self.events = events
        self.sent = bytearray()
        self.is_closed = False
        self.is_abandoned = False
        self.is_paused = False

    def send(self, data):
        self.sent += data

    def close(self):
        self.is_closed = True

    def abandon(self):
        self.is_abandoned = True

    def pause(self):
        self.is_paused = True

    def resume(self):
        self.is_paused = False


class FakeDialler:
    """Every host answers, except those in `failures` ({host: reason})."""

    def __init__(self, failures=None):
        self.failures = failures or {}
        self.connections = []
        self.dialled = []

    def connect(self, host, port, events):
        self.dialled.append((host, port))
        connection = FakeConnection(events)
        self.connections.append(connection)
        if host in self.failures:
            events.on_failed(self.failures[host])
        else:
            events.on_connected("192.0.2.1")
        return connection

    def resolve(self, host, callback):
        callback(None if host in self.failures else "192.0.2.1")


class Rig:
    """The modem, its output so far, and shortcuts for what a host does."""

    def __init__(self, profile=None, failures=None, **timing):
        self.profile = profile or Profile()
        for name, value in timing.items():
            assert hasattr(self.profile.timing, name), name
            setattr(self.profile.timing, name, value)
        self.scheduler = VirtualScheduler()
        self.dialler = FakeDialler(failures)
        self.chunks: list[bytes] = []
        self.messages: list = []
        self.modem = Modem(
            self.scheduler, self.chunks.append, self.dialler, self.profile, self.messages.append
        )

    def take(self):
        """All bytes since the last call."""
        data = b"".join(self.chunks)
        self.chunks.clear()
        return data

    def advance(self, elapsed_ms):
        self.scheduler.advance(elapsed_ms)

    def boot(self, *commands, echo=0):
        """Switch on, wait until everything is ready, send `commands`, forget the output."""
        self.modem.saved.echo = echo
        self.modem.power_on()
        self.advance(_BOOT_MS)
        for command in commands:
            answer = self.command(command)
            assert b"ERROR" not in answer, (command, answer)
        self.take()
        return self

    def command(self, text, wait_ms=_QUIET_MS):
        """Send `text` and CR; returns what comes within `wait_ms` or until a final result."""
        self.take()
        self.modem.feed(text.encode("latin-1") + b"\r")

        def is_done():
            data = b"".join(self.chunks)
            return data.endswith((b"OK\r\n", b"ERROR\r\n", b"> ")) or b"ERROR: " in data

        self.scheduler.advance_until(is_done, wait_ms, 5)
        return self.take()

    def connect(self, *settings):
        """Boot and open a TCP connection; returns the peer."""
        self.boot("AT+CMEE=2", "AT+CIPSHUT", *settings)
        for command in ('AT+CSTT="internet","",""', "AT+CIICR", "AT+CIFSR"):
            self.command(command, 3000)
        self.command('AT+CIPSTART="TCP","server.test",6867')
        self.advance(3000)
        assert self.take().endswith(b"CONNECT OK\r\n")
        return self.dialler.connections[-1]

    def set_utc(self, utc_s):
        """Let the network's clock show `utc_s` now."""
        self.profile.network_utc_s += utc_s - self.modem.network.utc_s()

    def play(self, run, actions=None, quiet_ms=400):
        """Replay a run of the dialogue file; `actions[i]()` happens just before step i.

        Every byte the modem sends must be the one in the file; where the file gives a delay the
        bytes must come within 15 % (at least 60 ms) of it. Afterwards it is silent for `quiet_ms`.
        """
        actions = actions or {}
        self.take()
        for index, (side, data, delay_ms, _) in enumerate(run):
            actions.get(index, lambda: None)()
            if side == "H":
                self.advance(delay_ms)
                assert self.take() == b"", f"step {index}: bytes before the host spoke"
                if data is not None:
                    self.modem.feed(data)
                continue
            start_ms = self.scheduler.now_ms()
            self._await(data)
            got = b"".join(self.chunks)[: len(data)]
            assert got == data, f"step {index}"
            rest = b"".join(self.chunks)[len(data) :]
            self.chunks[:] = [rest] if rest else []
            if delay_ms:
                elapsed_ms = self.scheduler.now_ms() - start_ms
                assert abs(elapsed_ms - delay_ms) <= max(60, delay_ms * 0.15), f"step {index}"
        self.advance(quiet_ms)
        assert self.take() == b"", "bytes after the dialogue"

    def _await(self, data):
        def has_enough():
            return sum(map(len, self.chunks)) >= len(data)

        self.scheduler.advance_until(has_enough, 120000)
