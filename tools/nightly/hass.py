"""A Home Assistant in a process, set up and asked as its own pages do: REST and websocket.

    home = HomeAssistant([python], folder)
    await home.start()
    await home.add_broker("127.0.0.1", 1883, "user", "password")
    ...
    await home.stop()

Source: Home Assistant's developer documentation ("Authentication API", "WebSocket API", "REST
API"); the steps of its first start and of its MQTT form as of 2026.2. Nothing here knows of OVMS.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

_START_LIMIT_S = 300.0
_STOP_LIMIT_S = 60.0
_POLL_S = 0.5
_LOG = "log"
_ACCOUNT = {
    "client_id": "http://127.0.0.1/",
    "name": "Desk",
    "username": "desk",
    "password": "desk",
    "language": "en",
}
# It warns of an option that it is started with.
_OWN_DOING = "Skipping pip installation"
# Only what a car needs, and nothing that would look for devices in the network around.
_CONFIGURATION = """\
homeassistant:
  name: Desk
  unit_system: metric
  time_zone: UTC
  country: DE
  latitude: 52.0
  longitude: 13.0
http:
  server_host: 127.0.0.1
  server_port: %d
logger:
  default: warning
recorder:
  commit_interval: 1
"""


class HassError(Exception):
    """It does not start, or refuses what it is asked; one sentence."""


class HomeAssistant:
    """python: command line of a Python that has the package `homeassistant`.

    folder: of its settings, which is made.
    """

    def __init__(self, python: Sequence[str], folder: Path):
        self._python = list(python)
        self._folder = folder
        self.log = folder / _LOG
        self._port = _free_port()
        self._process: subprocess.Popen | None = None
        self._session: aiohttp.ClientSession | None = None
        self._token = ""
        self._client_id = _ACCOUNT["client_id"]

    async def start(self) -> None:
        """Start it and make its first account. Raises HassError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / "configuration.yaml"
        file.write_text(_CONFIGURATION % self._port, "utf-8")
        # Packages of its integrations are there, or it says which are not.
        words = ["-m", "homeassistant", "--config", str(self._folder), "--skip-pip"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._python, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._session = aiohttp.ClientSession(f"http://127.0.0.1:{self._port}")
        await self._wait_for_pages()
        account = await self._post("/api/onboarding/users", _ACCOUNT, is_open=True)
        form = {
            "grant_type": "authorization_code",
            "code": account["auth_code"],
            "client_id": self._client_id,
        }
        async with self._session.post("/auth/token", data=form) as answer:
            self._token = (await answer.json())["access_token"]

    async def _wait_for_pages(self) -> None:
        assert self._session is not None and self._process is not None
        end_s = asyncio.get_running_loop().time() + _START_LIMIT_S
        while asyncio.get_running_loop().time() < end_s and self._process.poll() is None:
            try:
                async with self._session.get("/api/onboarding") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(_POLL_S)
        lines = self.log.read_text("utf-8", "replace").strip().splitlines() or ["it says nothing"]
        raise HassError(f"Home Assistant does not start: {lines[-1]}")

    async def stop(self) -> None:
        """End it."""
        if self._session is not None:
            await self._session.close()
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.to_thread(self._process.wait, _STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    async def version(self) -> str:
        """Such as "2026.2.3"."""
        return (await self._get("/api/config"))["version"]

    async def add_broker(self, host: str, port: int, user: str, password: str) -> None:
        """Fill in the form of the integration MQTT."""
        flows = "/api/config/config_entries/flow"
        form = await self._post(flows, {"handler": "mqtt"})
        answers = {"broker": host, "port": port, "username": user, "password": password}
        done = await self._post(f"{flows}/{form['flow_id']}", answers)
        if done.get("type") != "create_entry":
            raise HassError(f"Home Assistant does not take the broker: {json.dumps(done)}")

    async def states(self) -> dict[str, dict[str, Any]]:
        """All entities by their id: `state`, `attributes`."""
        return {state["entity_id"]: state for state in await self._get("/api/states")}

    async def call(self, service: str, entity: str, **data: Any) -> None:
        """Carry out `lock.lock` and the like. HassError where it is refused."""
        domain, _, name = service.partition(".")
        await self._post(f"/api/services/{domain}/{name}", {"entity_id": entity, **data})

    async def devices(self) -> list[dict[str, Any]]:
        """Rows of the device registry."""
        return await self._ask("config/device_registry/list")

    async def entities(self) -> dict[str, dict[str, Any]]:
        """Rows of the entity registry of MQTT, by unique id."""
        rows = await self._ask("config/entity_registry/list")
        mine = [row for row in rows if row["platform"] == "mqtt"]
        return {row["unique_id"]: row for row in mine}

    async def statistics_issues(self) -> dict[str, list[dict[str, Any]]]:
        """What its developer tools list below "Statistics" as wrong, by entity."""
        return await self._ask("recorder/validate_statistics")

    def complaints(self) -> list[str]:
        """Lines of its log that are warnings or worse."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        bad = [line for line in lines if " WARNING " in line or " ERROR " in line]
        return [line for line in bad if _OWN_DOING not in line]

    async def _ask(self, kind: str) -> Any:
        assert self._session is not None
        async with self._session.ws_connect("/api/websocket", max_msg_size=0) as line:
            await line.receive_json()
            await line.send_json({"type": "auth", "access_token": self._token})
            await line.receive_json()
            await line.send_json({"id": 1, "type": kind})
            answer = await line.receive_json()
        if not answer.get("success"):
            raise HassError(f"Home Assistant does not answer {kind}: {json.dumps(answer)}")
        return answer["result"]

    async def _get(self, path: str) -> Any:
        assert self._session is not None
        async with self._session.get(path, headers=self._headers()) as answer:
            return await self._taken(path, answer)

    async def _post(self, path: str, data: Any, is_open: bool = False) -> Any:
        assert self._session is not None
        headers = {} if is_open else self._headers()
        async with self._session.post(path, json=data, headers=headers) as answer:
            return await self._taken(path, answer)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    async def _taken(self, path: str, answer: aiohttp.ClientResponse) -> Any:
        text = await answer.text()
        if answer.status >= 400:
            raise HassError(f"Home Assistant answers {path} with {answer.status}: {text}")
        return json.loads(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
