"""The whole module between WiFi and GPRS: SIM800, server and phone on the desk. CPython starts it.

The firmware runs on CPython, with a quick clock, and as flashed on the 32-bit VM.
"""

import asyncio
import contextlib

import pytest

from host_tests.desk.module_rig import require
from tools.desk.board_host import BoardHost, Wiring
from tools.desk.modem.dialler import Route
from tools.desk.ovms.server import OvmsServer
from tools.desk.sim800 import Sim800Server

VEHICLE, PASSWORD, OWNER = "TWIZY42", "NETPASS", "+4915112345678"
LIMIT_S = 90


class Desk:
    """A module with SIM800 and server, and a hand at its console."""

    def __init__(self, flash, wiring):
        self.lines = []
        self.logins = 0
        self.server = OvmsServer([f"{VEHICLE}:{PASSWORD}"], http_port=None, on_event=self.on_event)
        self.wiring = Wiring(flash=flash, **wiring)
        self.wiring.flash = flash

    def on_event(self, event):
        self.logins += event.kind == "login"

    async def __aenter__(self):
        await self.server.start()
        # As by WiFi, which knows the desk's own network.
        routes = [Route("127.0.0.1", None, "127.0.0.1", self.server.port)]
        self.modem = Sim800Server(routes=routes, delay_factor=0.1)
        await self.modem.start("127.0.0.1", 0)
        self.wiring.modem = ("127.0.0.1", self.modem.port)
        address = f"127.0.0.1:{self.server.port}"
        self.wiring.parameters = {
            0: OWNER,
            1: "Module1",
            3: "IP",
            4: address,
            5: "internet",
            8: VEHICLE,
            9: PASSWORD,
            14: "DEMO",
        }
        self.host = BoardHost(
            self.wiring,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            on_output=self.lines.append,
        )
        await self.host.start()
        self.task = asyncio.create_task(self.host.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.host.stop()
        await self.modem.stop()
        await self.server.stop()

    async def type(self, line):
        """The answer of the console to a line."""
        start = len(self.lines)
        self.host.process.stdin.write(line.encode() + b"\r\n")
        async with asyncio.timeout(LIMIT_S):
            while not any(text.rstrip() == "#." for text in self.lines[start:]):
                await asyncio.sleep(0.05)
        return "\n".join(self.lines[start:])

    async def until(self, line, *texts):
        """Ask until the answer has all of `texts`."""
        answer = ""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LIMIT_S):
                while not all(text in answer for text in texts):
                    await asyncio.sleep(0.3)
                    answer = await self.type(line)
                return answer
        raise AssertionError((texts, answer, self.lines[-40:]))


@pytest.mark.parametrize(
    "wiring",
    [{"time_scale": 8.0}, {"runtime": "micropython", "bits": 32}],
    ids=["cpython", "as flashed"],
)
def test_from_gprs_to_wifi_and_back(wiring, tmp_path):
    if "bits" in wiring:
        require(("micropython", "--bits", "32"))

    async def scenario():
        async with Desk(tmp_path, wiring) as desk:
            await desk.until("S GPRS?", "GPRS: OK", "Server: Connected OK")
            assert "No network is set" in await desk.type("S WIFI?")
            desk.host.set_wifi(True)
            logins = desk.logins
            answer = await desk.type("S WIFI desk desk-network")
            assert "1:desk (key ****)" in answer and "desk-network" not in answer
            await desk.until("S GPRS?", "WiFi: OK", "Server: Connected OK")
            assert "State: joined desk" in await desk.type("S WIFI?")
            assert desk.logins == logins + 1
            # Out of reach: the modem's turn.
            desk.host.set_wifi(False)
            await desk.until("S GPRS?", "GPRS: OK", "Server: Connected OK")
            assert "State: joined" not in await desk.type("S WIFI?")
            # After a restart it is still known.
            desk.host.set_wifi(True)
            await desk.type("S RESET")
            await desk.until("S GPRS?", "WiFi: OK", "Server: Connected OK")
            # Taken away, it is left at once.
            await desk.type("S WIFI -")
            await desk.until("S GPRS?", "GPRS: OK", "Server: Connected OK")
            assert " E " not in "\n".join(desk.lines)

    asyncio.run(scenario())


def test_a_file_that_cannot_be_taken_over_is_told(tmp_path):
    (tmp_path / "wifi.cfg").mkdir()

    async def scenario():
        async with Desk(tmp_path, {"time_scale": 8.0}) as desk:
            await desk.until("S DIAG", "WiFi: wifi.cfg cannot be used. Send WIFI <name> <key>")

    asyncio.run(scenario())
