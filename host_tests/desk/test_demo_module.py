"""The firmware with the demonstration car, end to end: an app, TLS, provisioning. CPython only."""

import asyncio
import contextlib
import sys

import pytest

from tools import vm
from tools.desk.ovms import tls
from tools.desk.ovms.client import AppClient
from tools.desk.ovms.server import OvmsServer
from tools.desk.ovms.tyres import parse_tyres
from tools.desk.ovms.vehicles import ProvisionRecord
from tools.desk.sim800 import Sim800Server

VEHICLE = "DEMO42"
PASSWORD = "NETPASS"
RUNTIMES = (
    ("cpython",),
    ("micropython", "--bits", "64"),
    ("micropython", "--bits", "32"),
)
LOGIN_S = 400


class Desk:
    """A desk server with TLS and the module, which gets its parameters from the test."""

    def __init__(self, runtime, folder, provisioning=(), links=("--wifi",)):
        self.runtime = runtime
        self.links = links
        self.folder = folder
        self.flash = folder / "flash"
        self.flash.mkdir()
        self.certificate, key = tls.self_signed(str(folder), "localhost")
        self.events = []
        self.server = OvmsServer(
            [f"{VEHICLE}:{PASSWORD}:ownerpass"],
            tls_port=0,
            ssl_context=tls.server_context(self.certificate, key),
            provisioning=provisioning,
            on_event=self.events.append,
        )
        self.process = None
        self.output = []

    async def __aenter__(self):
        await self.server.start()
        return self

    async def __aexit__(self, *_):
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            await asyncio.wait_for(self.process.wait(), 100)
        await self.server.stop()

    def trust_the_server(self):
        with open(self.certificate) as source, open(self.flash / "ca.pem", "w") as target:
            target.write(source.read())

    async def start_module(self, parameters, *options):
        words = [w for n, text in parameters.items() for w in ("--param", f"{n}={text}")]
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tools.desk", "module", *self.links),
            *("--flash", str(self.flash), "--vm", *self.runtime, *words, *options),
            cwd=vm.ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        asyncio.create_task(self._read_output())

    async def _read_output(self):
        while line := await self.process.stdout.readline():
            self.output.append(line.decode("utf-8", "replace").strip())

    async def app(self):
        client = AppClient("127.0.0.1", self.server.port, VEHICLE, PASSWORD)
        await client.connect()
        return client

    async def newest(self, client, wanted, seconds=LOGIN_S):
        """Newest payloads by code, once `wanted(payloads)` holds."""
        payloads = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for code, payload in client:
                    payloads[code] = payload
                    if wanted(payloads):
                        return payloads
        raise AssertionError(f"{payloads} {self.output}")


def is_online(payloads):
    return payloads.get("Z") == "1" and set("SDLFWV") <= set(payloads)


def settings(server):
    return {3: "IP", 4: server, 8: VEHICLE, 9: PASSWORD, 14: "DEMO"}


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda words: "".join(words[::2]))
def test_an_app_and_the_demonstration_car(runtime, tmp_path):
    async def scenario():
        async with Desk(runtime, tmp_path) as desk:
            await desk.start_module(settings(f"127.0.0.1:{desk.server.port}"))
            app = await desk.app()
            payloads = await desk.newest(app, is_online)
            assert payloads["F"].split(",")[4] == "DEMO"
            assert payloads["V"] == "C10-12,C15-26,C1-7,C40-41,C49"
            assert float(payloads["S"].split(",")[0]) == 80.0
            assert payloads["L"].split(",")[4] == "1"
            for code, arguments, result in (
                (10, "3", 0),
                (10, "9", 1),
                (11, "", 0),
                (15, "16", 0),
                (16, "0,32", 0),
                (17, "1,59", 0),
                (17, "0,0", 0),
                (18, "", 0),
                (19, "", 0),
                (20, "1234", 0),
                (20, "4321", 1),
                (21, "1234", 0),
                (22, "1234", 0),
                (23, "1234", 0),
                (24, "2", 0),
                (25, "", 0),
                (26, "1", 0),
                (12, "", 0),
                (12, "", 1),
                (2, "8,4", 0),
                (199, "", 3),
                (200, "", 3),
            ):
                replies = await app.command(code, arguments)
                assert [reply.result for reply in replies] == [result], (code, arguments)
            for code, rows in ((1, 16), (3, 32)):
                assert len(await app.command(code)) == rows
            # Storage at 80 % gives the rest back to the grid; the tyres come in both layouts.
            await app.command(10, "1")
            await app.command(11)
            later = await desk.app()
            payloads = await desk.newest(later, lambda seen: {"X", "Y", "W"} <= set(seen))
            assert payloads["X"].startswith("1,1,230,")
            assert parse_tyres(payloads["Y"]).wheels == ["FL", "FR", "RL", "RR"]
            assert not [event for event in desk.events if event.kind == "fault"]
            await later.close()
            await app.close()

    asyncio.run(scenario())


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda words: "".join(words[::2]))
def test_tls_with_both_schemes(runtime, tmp_path):
    async def scenario():
        async with Desk(runtime, tmp_path) as desk:
            desk.trust_the_server()
            await desk.start_module(settings(f"tls://localhost:{desk.server.tls_port}"))
            app = await desk.app()
            await desk.newest(app, is_online)
            owner = f"tls://desk@localhost:{desk.server.tls_port}"
            assert (await app.command(4, "9,ownerpass"))[0].result == 0
            assert (await app.command(4, "4," + owner))[0].result == 0
            # A minute for further settings; then the old connection ends, and the new one is of
            # the other scheme.
            await desk.newest(app, lambda seen: seen.get("Z") == "0", 60 + LOGIN_S)
            await desk.newest(app, lambda seen: seen.get("Z") == "1")
            assert (await app.command(24, "0"))[0].result == 0
            await app.close()

    asyncio.run(scenario())


def test_a_certificate_without_trust_keeps_the_password_home(tmp_path):
    async def scenario():
        async with Desk(RUNTIMES[0], tmp_path) as desk:
            owner = f"tls://desk@localhost:{desk.server.tls_port}"
            await desk.start_module(settings(owner))
            await said(desk, "GPRS?", "ca.pem")
            with open(desk.flash / "ca.pem", "w") as file:
                foreign, _ = tls.self_signed(str(tmp_path / "foreign"), "localhost")
                file.write(open(foreign).read())
            await said(desk, "SERVER " + owner, "IP:tls")
            await said(desk, "GPRS?", "TLS: ")
            assert not [event for event in desk.events if VEHICLE in str(event)]

    async def said(desk, command, expected, seconds=LOGIN_S):
        """Type an SMS command at the console until the answer is as expected."""
        async with asyncio.timeout(seconds):
            while not [line for line in desk.output if expected in line]:
                desk.process.stdin.write(f"S {command}\r".encode())
                await desk.process.stdin.drain()
                await asyncio.sleep(0.7)

    asyncio.run(scenario())


@pytest.mark.parametrize("runtime", RUNTIMES[::2], ids=lambda words: "".join(words[::2]))
def test_provisioning_of_a_module_that_knows_but_its_server(runtime, tmp_path):
    async def scenario():
        modem = Sim800Server()
        await modem.start()
        record = f"+4915112345 MODPW K IP - - - - {VEHICLE} {PASSWORD} -"
        # As printed on the card: without the filler that the modem tells.
        digits = modem.profile.identity.iccid.rstrip("F")
        provisioning = [ProvisionRecord("DEM0CAR0000000042", digits, record)]
        try:
            async with Desk(runtime, tmp_path, provisioning) as desk:
                await desk.start_module(
                    {4: f"127.0.0.1:{desk.server.port}", 14: "DEMO"},
                    *("--modem", f"127.0.0.1:{modem.port}"),
                )
                app = await desk.app()
                payloads = await desk.newest(app, is_online)
                assert payloads["F"].split(",")[1] == "DEM0CAR0000000042"
                rows = await app.command(3)
                assert rows[0].fields[2] == "+4915112345" and rows[8].fields[2] == VEHICLE
                await app.close()
        finally:
            await modem.stop()

    asyncio.run(scenario())
