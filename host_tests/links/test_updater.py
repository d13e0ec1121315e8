"""An update's files through streams that do everything wrong: what runs is never touched."""

import asyncio
import os

from host_tests.fakes.folder import ROOT, clear, content, put
from host_tests.fixtures import bundles
from host_tests.shims.expect import run
from ovms.drivers.tree_files import TreeFiles
from ovms.links.updater import fetch
from ovms.protocol.errors import RemoteProtocolError
from ovms.update_setup import Update

KEY = bundles.MODULUS.encode()
HERE = ("TESTBOARD", "11111111", 20499)
# What both firmwares have, what is another one, what is new.
OLD = {"board.mpy": b"board", "ovms/app.mpy": b"old" * 90, "ovms/on_demand.bin": b"d" * 700}
NEW = {
    "board.mpy": b"board",
    "ovms/__init__.mpy": b"",
    "ovms/app.mpy": b"new" * 100,
    "ovms/deep/x.mpy": b"deep" * 30,
    "ovms/on_demand.bin": b"D" * 650,
}
BUNDLE = bundles.bundle(NEW)


class Server:
    """Serves `data`. cut_at: bytes of all connections after which nothing comes any more, None
    for never. answer(data, first, last): another answer than the right one.
    """

    is_metered = False

    def __init__(self, data=BUNDLE, cut_at=None, answer=None, step=97):
        self.data = data
        self.cut_at = cut_at
        self.answer = answer or good
        self.step = step
        self.is_silent = False
        self.sent = self.opened = self.closed = 0
        self.ranges = []

    async def open(self, host, port, is_tls):
        assert (host, port, is_tls) == ("a.example", 80, False)
        self.opened += 1
        return Stream(self)

    async def close(self, stream):
        self.closed += 1


class Stream:
    def __init__(self, server):
        self.server = server
        self.left = b""

    async def write(self, data):
        line = [line for line in data.split(b"\r\n") if line.startswith(b"Range: bytes=")][0]
        first, _, last = line[13:].partition(b"-")
        server = self.server
        server.ranges.append((int(first), int(last)))
        self.left = server.answer(server.data, int(first), int(last))

    async def readinto(self, view):
        server = self.server
        while server.is_silent:
            await asyncio.sleep_ms(1)
        n = min(len(self.left), server.step, len(view))
        if server.cut_at is not None:
            n = min(n, server.cut_at - server.sent)
        view[:n] = self.left[:n]
        self.left = self.left[n:]
        server.sent += n
        return n


def good(data, first, last):
    last = min(last, len(data) - 1)
    head = "HTTP/1.1 206 P\r\nContent-Range: bytes %d-%d/%d\r\n\r\n" % (first, last, len(data))
    return head.encode() + data[first : last + 1]


class Timer:
    """A server that is silent is so for ever."""

    sleep_ms = staticmethod(asyncio.sleep_ms)

    async def wait_for_ms(self, work, limit_ms):
        return await asyncio.wait_for_ms(work, min(limit_ms, 50) if self.is_hasty else limit_ms)

    is_hasty = False


class Trees(TreeFiles):
    """room: bytes that are free."""

    room = 10_000_000

    def free_bytes(self):
        return self.room


class Module:
    """Tree `a` runs; the files of `idle` lie in `b` already."""

    def __init__(self, idle=None, is_fresh=True):
        clear(ROOT if is_fresh else ROOT + "/b")
        if is_fresh:
            for path in OLD:
                put("a/" + path, OLD[path])
            put("tree", b"a")
            put("ovms.cfg", b"settings")
        for path in idle or {}:
            put("b/" + path, idle[path])
        self.files = Trees("b", "a", ROOT)
        self.update = Update("http://a.example/x", False)
        self.timer = Timer()
        self.before = self.outside()

    def outside(self):
        """What must not change."""
        found = content()
        return {path: found[path] for path in found if not path.startswith("b/")}

    def fetch(self, server, key=KEY, here=HERE):
        """What an attempt ends with: True, False, or the error."""
        work = fetch(self.update, self.files, server, key, here, lambda: 0, self.timer)
        try:
            result = run(work, 20000)
        except (ValueError, OSError, RemoteProtocolError) as error:
            result = error
        assert server.opened == server.closed
        assert self.outside() == self.before
        return result

    def new(self):
        """The idle tree's files."""
        found = content()
        return {path[2:]: found[path] for path in found if path.startswith("b/")}


def refused(word, data=BUNDLE, **options):
    """A bundle that is refused for ever; the sentence has `word`."""
    module = Module()
    server = Server(data)
    result = module.fetch(server, **options)
    assert isinstance(result, ValueError) and word in str(result), result
    assert "ovms/app.mpy" not in module.new()
    clear()


def test_only_what_changed_is_fetched():
    module = Module({"old.mpy": b"older", "ovms/app.mpy": b"older"})
    server = Server()
    assert module.fetch(server) is True
    assert module.new() == NEW
    update = module.update
    assert (update.version, update.build) == ("4.0.1", "0badcafe")
    assert update.done == update.total == 300 + 120 + 650
    # The manifest, then one piece for all behind it.
    assert len(server.ranges) == 2 and server.ranges[1][0] == len(BUNDLE) - update.total
    # Nothing is to be fetched again.
    again = Server()
    assert module.fetch(again) is True and len(again.ranges) == 1
    clear()


def test_a_cut_at_every_byte():
    """Two attempts: the first is cut, the second goes on where it was.

    A part of all places, as files take their time, and each run others.
    """
    server = Server()
    assert Module().fetch(server) is True
    whole = server.sent
    runs = Module()
    assert whole > len(BUNDLE)
    step = 5 if hasattr(os, "getpid") else 29
    for cut_at in range(os.urandom(1)[0] % step, whole, step):
        module = Module(is_fresh=False)
        assert module.before == runs.before
        result = module.fetch(Server(cut_at=cut_at, step=200))
        assert isinstance(result, OSError), (cut_at, result)
        assert not [
            path for path in module.new() if path in NEW and module.new()[path] != NEW[path]
        ]
        second = Server(step=500)
        assert module.fetch(second) is True, cut_at
        assert module.new() == NEW, cut_at
        # What was there was not fetched again: heads of answers aside, it is one bundle.
        assert cut_at + second.sent < whole + 2048 + 400, cut_at
    clear()


def test_cut_again_and_again():
    module = Module()
    attempts = 0
    while module.fetch(Server(cut_at=200, step=50)) is not True:
        attempts += 1
        assert attempts < 40
    assert module.new() == NEW and attempts > 5
    clear()


def test_a_bit_flipped_anywhere():
    """It is refused, or fetched anew, and never taken for what was signed."""
    length = len(BUNDLE) - sum([len(data) for data in NEW.values()])
    step = 23 if hasattr(os, "getpid") else 89
    for at in range(os.urandom(1)[0] % step, len(BUNDLE), step):
        data = bytearray(BUNDLE)
        data[at] ^= 1 << at % 8
        module = Module()
        result = module.fetch(Server(bytes(data)))
        if length <= at < length + 5:
            # The board's file: it runs already.
            assert result is True and module.new() == NEW
            continue
        assert isinstance(result, ValueError if at < length else OSError), (at, result)
        if at < length:
            assert not [path for path in module.new() if path in NEW], at
        else:
            # Damage on the way passes, another file at the server does not.
            assert module.fetch(Server()) is True and module.new() == NEW, at
            module = Module()
            results = [module.fetch(Server(bytes(data))) for _ in range(3)]
            assert "as it was signed" in str(results[2]) and isinstance(results[2], ValueError)
    clear()


def test_what_this_module_must_not_take():
    other = "%x" % (int(bundles.MODULUS, 16) - 2)
    refused("not signed by the key", key=other.encode())
    forged = bundles.bundle(NEW, bundles.SIGNATURE)
    refused("not signed by the key", forged)
    refused("is for OTHER", bundles.bundle(NEW, board="OTHER"))
    refused("form plain", bundles.bundle(NEW, form="plain"))
    refused("runs already", here=("TESTBOARD", "0badcafe", 20499))
    refused("older", here=("TESTBOARD", "11111111", 20501))
    refused("no bundle", b"<html>" * 500)
    refused("no bundle", b"<html>")
    refused("no bundle", b"x\n" * 40000)


def test_a_full_flash():
    module = Module()
    module.files.room = 131_072 + 4 * 4096 - 1
    result = module.fetch(Server())
    assert isinstance(result, ValueError) and "too full" in str(result)
    assert not [path for path in module.new() if path != "manifest.part"]
    module.files.room += 1
    assert module.fetch(Server()) is True
    module = Module()

    class Full:
        def write(self, data):
            raise OSError(28)

        def close(self):
            pass

    open_part = module.files.open_part
    module.files.open_part = lambda path: Full() if path.endswith("bin") else open_part(path)
    result = module.fetch(Server())
    assert isinstance(result, ValueError) and str(result) == "The flash is full."
    clear()


def test_servers_that_do_not_do_it():
    def ignoring(data, first, last):
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data) + data

    def moved(data, first, last):
        return b"HTTP/1.1 302 Found\r\nLocation: http://b/x\r\n\r\n"

    def absent(data, first, last):
        return b"HTTP/1.1 404 Not Found\r\n\r\n"

    def longer(data, first, last):
        return good(data, first, last + 100) if first else good(data, first, last)

    for answer, error, word in (
        (ignoring, ValueError, "pieces"),
        (moved, ValueError, "somewhere else"),
        (absent, ValueError, "no such file"),
        (longer, None, ""),
    ):
        module = Module()
        result = module.fetch(Server(answer=answer))
        if error:
            assert isinstance(result, error) and word in str(result), result
            assert not [path for path in module.new() if path in NEW]
    # It says less than it sends.
    module = Module()
    server = Server(answer=lambda data, first, last: good(data, first, last) + b"more" * 50)
    assert module.fetch(server) is True and module.new() == NEW
    # Another file while it is fetched.
    module = Module()
    module.fetch(Server(cut_at=len(BUNDLE)))
    result = module.fetch(Server(bundles.bundle(OLD)))
    assert isinstance(result, ValueError) and "another one" in str(result)
    clear()


def test_more_than_was_asked_for():
    module = Module()

    def longer(data, first, last):
        data = data + b"x" * 5000
        head = "HTTP/1.1 206 P\r\nContent-Range: bytes %d-%d/%d\r\n\r\n"
        return (head % (first, last + 1, len(data))).encode() + data[first : last + 2]

    assert isinstance(module.fetch(Server(answer=longer)), RemoteProtocolError)
    clear()


def test_a_server_that_falls_silent():
    module = Module()
    module.timer.is_hasty = True
    server = Server()
    server.is_silent = True
    result = module.fetch(server)
    assert isinstance(result, OSError) and "silent" in str(result)
    module.timer.is_hasty = False
    assert module.fetch(Server()) is True
    clear()


def test_gprs_needs_leave():
    module = Module()
    server = Server()
    server.is_metered = True
    assert module.fetch(server) is False
    # The manifest alone came; what it costs is known.
    assert len(server.ranges) == 1 and module.update.total - module.update.done == 1070
    assert not [path for path in module.new() if path != "manifest.part"]
    module.update.may_gprs = True
    assert module.fetch(server) is True and module.new() == NEW
    clear()


def test_it_is_stopped():
    module = Module()

    class Stopping(Stream):
        async def readinto(self, view):
            module.update.is_stopped = self.server.sent > 2000
            return await Stream.readinto(self, view)

    server = Server()

    async def open_stopping(host, port, is_tls):
        server.opened += 1
        return Stopping(server)

    server.open = open_stopping
    result = module.fetch(server)
    assert isinstance(result, ValueError) and "stopped" in str(result)
    assert server.sent < 2300
    clear()
