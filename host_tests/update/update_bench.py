"""A whole module with two trees that updates itself: real boot.py, the 64-bit VM, the desk's WiFi
or modem, and an HTTP server with ranges; a signature by `cryptography`. CPython only.
"""

import asyncio
import re
import shutil
from pathlib import Path

from aiohttp import web

from tools import build, bundle, vm
from tools.desk.board_host import BoardHost, Wiring

BOARD = "LILYGO_TCALL_SIM800"
CHILD = vm.ROOT / "host_tests" / "update" / "boot_child.py"
LIMIT_S = 60


def files_of(tree: Path) -> dict[str, bytes]:
    return {
        path.relative_to(tree).as_posix(): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file()
    }


class Module:
    """A module that runs from `a` and prints to `lines`. wiring: a `Wiring`; WiFi by default."""

    def __init__(self, folder, tree, key, limit_s=LIMIT_S, **wiring):
        self.flash = folder / "flash"
        shutil.copytree(tree, self.flash / "a")
        for name in build.START_FILES:
            shutil.copyfile(build.FIRMWARE / name, self.flash / name)
        (self.flash / "tree").write_text("a")
        (self.flash / bundle.PUBLIC_FILE).write_bytes(bundle.public_text(key))
        self.lines = []
        self._limit_s = limit_s
        wiring = wiring or {"has_wifi": True}
        self.host = BoardHost(
            Wiring(flash=self.flash, runtime="micropython", **wiring),
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
        async with asyncio.timeout(self._limit_s):
            while "None is under way" not in "\n".join(self.lines[start:]):
                self.type("S UPDATE?")
                await asyncio.sleep(0.5)

    async def seen(self, pattern, count=1):
        try:
            async with asyncio.timeout(self._limit_s):
                while len(re.findall(pattern, "\n".join(self.lines))) < count:
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError((pattern, self.lines[-40:])) from None


class FileServer:
    """Serves a folder, by TLS with a context. address: of it, once started. ranges: what was asked
    for, as "bytes=0-2047".
    """

    def __init__(self, folder, context=None):
        self.ranges = []
        self.address = ""
        self._context = context
        application = bundle.application(folder)
        application.middlewares.append(self._note)
        self._runner = web.AppRunner(application)

    @web.middleware
    async def _note(self, request, handler):
        self.ranges.append(request.headers.get("Range"))
        return await handler(request)

    async def __aenter__(self):
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        start = "https://localhost" if self._context else "http://127.0.0.1"
        self.address = f"{start}:{port}"
        return self

    async def __aexit__(self, *_):
        await self._runner.cleanup()


def bundle_of(files, key, day=30000):
    name = bundle.board_name(BOARD)
    lines = bundle.manifest(files, name, "small", "4.0.1", "0badcafe", day)
    return bundle.bundle(files, lines, key)
