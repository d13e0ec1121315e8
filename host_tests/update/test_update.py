"""A whole module with two trees updates itself: real boot.py, the 64-bit VM, the desk's WiFi and
an HTTP server with ranges; a signature by `cryptography`. CPython only.
"""

import asyncio
import re
import shutil
import stat
from pathlib import Path

import pytest
from aiohttp import web

from host_tests.needs_vm import require
from tools import build, bundle, vm
from tools.desk.board_host import STAND_INS, BoardHost, Wiring

BOARD = "LILYGO_TCALL_SIM800"
CHILD = vm.ROOT / "host_tests" / "update" / "boot_child.py"
LIMIT_S = 60


def files_of(tree: Path) -> dict[str, bytes]:
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def tree():
    """What the VM runs, as a module's tree."""
    require(64)
    return build.vm_tree(64, BOARD, STAND_INS)


class Module:
    """A module that runs from `a` and prints to `lines`."""

    def __init__(self, folder, tree, key):
        self.flash = folder / "flash"
        shutil.copytree(tree, self.flash / "a")
        for name in build.START_FILES:
            shutil.copyfile(build.FIRMWARE / name, self.flash / name)
        (self.flash / "tree").write_text("a")
        (self.flash / bundle.PUBLIC_FILE).write_bytes(bundle.public_text(key))
        self.lines = []
        wiring = Wiring(flash=self.flash, runtime="micropython", has_wifi=True)
        self.host = BoardHost(
            wiring,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            on_output=self.lines.append,
        )

    async def __aenter__(self):
        await self.host.start()
        self.host._command = [*vm.command(64), str(CHILD), str(self.flash.resolve()), "/tmp"]
        self.task = asyncio.create_task(self.host.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.host.stop()

    def type(self, text):
        self.host.process.stdin.write(text.encode() + b"\r\n")

    async def is_free(self):
        """Until no update is under way."""
        start = len(self.lines)
        async with asyncio.timeout(LIMIT_S):
            while "None is under way" not in "\n".join(self.lines[start:]):
                self.type("S UPDATE?")
                await asyncio.sleep(0.5)

    async def seen(self, pattern, count=1):
        try:
            async with asyncio.timeout(LIMIT_S):
                while len(re.findall(pattern, "\n".join(self.lines))) < count:
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError((pattern, self.lines[-40:])) from None


async def serve(folder):
    """(runner, address) of the HTTP server."""
    runner = web.AppRunner(bundle.application(folder))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    return runner, f"http://127.0.0.1:{port}"


def bundle_of(files, key, day=30000):
    name = bundle.board_name(BOARD)
    lines = bundle.manifest(files, name, "small", "4.0.1", "0badcafe", day)
    return bundle.bundle(files, lines, key)


def test_an_update_comes_and_a_broken_one_is_left(tree, tmp_path):
    key = bundle.load_key(tmp_path / "key.pem")
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    files = files_of(tree)
    good = {**files, "more.mpy": b"M\x06\x00\x1f" + bytes(3000)}
    broken = {**files, "board.mpy": b"none"}
    offered = tmp_path / "offered"
    offered.mkdir()
    (offered / "good.bundle").write_bytes(bundle_of(good, key))
    (offered / "broken.bundle").write_bytes(bundle_of(broken, key))
    (offered / "older.bundle").write_bytes(bundle_of(good, key, 100))

    async def scenario():
        runner, address = await serve(offered)
        async with Module(tmp_path, tree, key) as module:
            await module.seen("OVMS 4.0.0 on ")
            module.type("S WIFI desk desk-network")
            await module.seen(r"1:desk \(key")
            module.type(f"S UPDATE {address}/older.bundle")
            await module.seen("The update was refused: The bundle is older than what runs")
            await module.is_free()
            module.type(f"S UPDATE {address}/broken.bundle")
            await module.seen(r"Update to 4.0.1, build 0badcafe: restart")
            assert (module.flash / "tree").read_text() == "b a 3"
            # It cannot be started, three times; then the old one is.
            await module.seen("The firmware cannot be started", 3)
            await module.seen(r"\(build 0badcafe\) did not prove itself; 4.0.0 goes")
            assert (module.flash / "tree").read_text() == "a"
            assert not (module.flash / "update").exists()
            assert files_of(module.flash / "a") == files
            await module.is_free()
            module.type(f"S UPDATE {address}/good.bundle")
            await module.seen(r"Update to 4.0.1, build 0badcafe: restart", 2)
            await module.seen("OVMS 4.0.0 on ", 3)
            assert (module.flash / "tree").read_text() == "b a 2"
            assert files_of(module.flash / "b") == good
            assert files_of(module.flash / "a") == files
            module.type("S UPDATE?")
            await module.seen("the new firmware has to prove itself")
        await runner.cleanup()

    asyncio.run(scenario())
