"""The page's web server: files, a JSON API below /desk/api, and live data over a WebSocket.

It listens on this computer only, and answers nobody without the token of its address. What it
shows comes from a `Source`: the whole desk (`stage_view.py`) or a module on a cable
(`module_view.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hmac
import json
import os
import secrets
from pathlib import Path
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from tools.desk.web.controls import Action, ActionError
from tools.desk.web.lines import LineLog, SampleLog

USUAL_PORT = 6866
_HOST = "127.0.0.1"
_FOLDER = Path(__file__).parent
_FILES = {
    "/": ("index.html", "text/html"),
    "/style.css": ("style.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/panels.js": ("panels.js", "text/javascript"),
    "/plots.js": ("plots.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
_HEADERS = {
    # Nothing from elsewhere is loaded, and nothing in a text of the module can run.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_TICK_S = 0.1
_MOST_CLIENTS = 16
# A browser that does not read gets the newest state when it reads again.
_MOST_WAITING = 400_000
_LONGEST_BODY = 20_000
_STOP_S = 2.0


class Source(Protocol):
    """What there is to see and to do. All of it runs on the event loop.

    tick(): every 0.1 s. sections(is_all): parts of the state by name, JSON; without is_all only
    those that are due. act(name, arguments): ActionError with a sentence when it cannot be done.
    recording(): the inputs so far as a file, "" for a source that has none.
    """

    lines: LineLog
    samples: SampleLog
    actions: dict[str, Action]

    def tick(self) -> None: ...

    def sections(self, is_all: bool = False) -> dict[str, Any]: ...

    async def act(self, name: str, arguments: Any) -> Any: ...

    def recording(self) -> str: ...


class _Client:
    """One browser: what it has already."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request):
        self.socket = socket
        self.request = request
        self.sent: dict[str, str] = {}
        self.lines = self.samples = 0

    def is_slow(self) -> bool:
        transport = self.request.transport
        return transport is None or transport.get_write_buffer_size() > _MOST_WAITING


class WebSite:
    """Serves `source` until `stop`. port: None for the usual one, or any while that is in use."""

    def __init__(self, source: Source, port: int | None = None):
        self.source = source
        self.port = port
        self.token = secrets.token_urlsafe(18)
        self._clients: set[_Client] = set()
        self._texts: dict[str, str] = {}
        self._runner: web.AppRunner | None = None
        self._ticker: asyncio.Task | None = None

    @property
    def address(self) -> str:
        return f"http://{_HOST}:{self.port}/?token={self.token}"

    @property
    def client_count(self) -> int:
        return len(self._clients)

    async def start(self) -> None:
        """Listen. OSError, its `strerror` a sentence, when the port is taken."""
        application = web.Application(middlewares=[self._guard], client_max_size=_LONGEST_BODY)
        router = application.router
        for path in _FILES:
            router.add_get(path, self._file)
        router.add_get("/desk/api/state", self._state)
        router.add_get("/desk/api/lines", self._lines)
        router.add_get("/desk/api/actions", self._actions)
        router.add_get("/desk/api/recording", self._recording)
        router.add_post("/desk/api/do/{name}", self._do)
        router.add_get("/desk/api/live", self._live)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_STOP_S)
        await self._runner.setup()
        ports = [USUAL_PORT, 0] if self.port is None else [self.port]
        for port in ports:
            try:
                await web.TCPSite(self._runner, _HOST, port).start()
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or port == ports[-1]:
                    await self._runner.cleanup()
                    reason = os.strerror(error.errno or 0)
                    sentence = f"The page cannot be served at {_HOST}:{port}: {reason}."
                    raise OSError(error.errno, sentence) from None
        self.port = self._runner.addresses[0][1]
        self._ticker = asyncio.create_task(self._tick_for_ever())

    async def stop(self) -> None:
        """Close the browsers' connections and the port."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        for client in tuple(self._clients):
            with contextlib.suppress(TimeoutError, OSError):
                await asyncio.wait_for(client.socket.close(), _STOP_S)
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler) -> web.StreamResponse:
        """Only who knows the token, and no page of another site that guesses the port."""
        host = request.host.rpartition(":")[0] or request.host
        if host not in (_HOST, "localhost"):
            return _refused(403, "This page is at 127.0.0.1 only.")
        origin = request.headers.get("Origin", "")
        if origin and origin not in (
            f"http://{_HOST}:{self.port}",
            f"http://localhost:{self.port}",
        ):
            return _refused(403, "Another site may not ask here.")
        # Files hold nothing but the page itself; a browser asks for them without the token.
        is_open = request.path in _FILES and request.path != "/"
        if not is_open and not self._has_token(request):
            return _refused(403, "The address needs its token: take the one that was printed.")
        try:
            response = await handler(request)
        except web.HTTPException as error:
            return _refused(error.status, error.reason)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    def _has_token(self, request: web.Request) -> bool:
        given = request.query.get("token", "")
        header = request.headers.get("Authorization", "")
        if not given and header.startswith("Bearer "):
            given = header.removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), self.token.encode())

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name, kind = _FILES[request.path]
        return web.Response(body=(_FOLDER / name).read_bytes(), content_type=kind, charset="utf-8")

    async def _state(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(self.source.sections(is_all=True))

    async def _lines(self, request: web.Request) -> web.StreamResponse:
        since = request.query.get("since", "0")
        if not since.isdecimal() or len(since) > 12:
            return _refused(400, "since is the number of a line.")
        return web.json_response(self.source.lines.since(int(since)))

    async def _actions(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(
            {
                name: {
                    "text": action.text,
                    "arguments": [
                        {
                            "name": field.name,
                            "kind": field.kind,
                            **({"choices": field.choices} if field.choices else {}),
                        }
                        for field in action.fields
                    ],
                }
                for name, action in self.source.actions.items()
            }
        )

    async def _recording(self, _: web.Request) -> web.StreamResponse:
        text = self.source.recording()
        if not text:
            return _refused(404, "Here is nothing to record.")
        headers = {"Content-Disposition": 'attachment; filename="desk-recording.json"'}
        return web.Response(text=text, content_type="application/json", headers=headers)

    async def _do(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        try:
            arguments = json.loads(body or "{}")
        except ValueError:
            return _refused(400, "The body is not JSON.")
        try:
            answer = await self.source.act(request.match_info["name"], arguments)
        except ActionError as error:
            return _refused(400, str(error))
        return web.json_response({"answer": answer})

    async def _live(self, request: web.Request) -> web.StreamResponse:
        if len(self._clients) >= _MOST_CLIENTS:
            return _refused(503, f"{_MOST_CLIENTS} browsers are enough.")
        socket = web.WebSocketResponse(heartbeat=20, max_msg_size=_LONGEST_BODY)
        await socket.prepare(request)
        client = _Client(socket, request)
        self._texts.update(_dumped(self.source.sections(is_all=True)))
        await self._send(client)
        self._clients.add(client)
        try:
            async for message in socket:
                if message.type == WSMsgType.ERROR:
                    break
        finally:
            self._clients.discard(client)
        return socket

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self.source.tick()
            if not self._clients:
                continue
            self._texts.update(_dumped(self.source.sections()))
            for client in tuple(self._clients):
                if not client.is_slow():
                    # A browser that went just now is no reason to leave the others.
                    with contextlib.suppress(ConnectionError, RuntimeError):
                        await self._send(client)

    async def _send(self, client: _Client) -> None:
        """All that is new to this one. The parts are JSON already."""
        changed = {
            name: text for name, text in self._texts.items() if client.sent.get(name) != text
        }
        lines = self.source.lines.since(client.lines)
        samples = self.source.samples.since(client.samples)
        if not changed and not lines and not samples:
            return
        parts = ['"set":{' + ",".join(f'"{name}":{text}' for name, text in changed.items()) + "}"]
        if lines:
            parts.append(f'"lines":{json.dumps(lines)}')
        if samples:
            parts.append(f'"samples":{json.dumps(samples)}')
        client.sent.update(changed)
        client.lines, client.samples = self.source.lines.count, self.source.samples.count
        await client.socket.send_str("{" + ",".join(parts) + "}")


def _dumped(sections: dict[str, Any]) -> dict[str, str]:
    return {name: json.dumps(section) for name, section in sections.items()}


def _refused(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status, headers=_HEADERS)
