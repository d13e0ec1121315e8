"""`python -m tools.desk app` as a process against a desk server. CPython only."""

import asyncio
import signal
import sys
import tempfile
import unittest

from host_tests.desk.test_app_client import ScriptedCar
from host_tests.desk.test_server_cli import ROOT, command
from tools.desk.ovms import tls
from tools.desk.ovms.server import OvmsServer

FEATURES = [f"1,0,{n},16,{n * 2}" for n in range(16)]


class AppCommandTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = OvmsServer(["TESTCAR:PW"])
        await self.server.start()
        self.addAsyncCleanup(self.server.stop)
        self.base = ("--server", f"127.0.0.1:{self.server.port}", "--vehicle", "testcar")
        self.login = (*self.base, "--password", "PW")

    async def start(self, *options):
        return await asyncio.create_subprocess_exec(
            *command("app", *options),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run_app(self, *options):
        process = await self.start(*options)
        async with asyncio.timeout(200):
            out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()

    async def test_commands(self):
        answers = {
            "1": FEATURES,
            "7,stat": ["7,0,SOC: 80%\rParked"],
            "18": ["18,2"],
            "20,1234": ["20,1,No write access to CAN"],
            "2,8,1": ["2,0"],
        }
        async with ScriptedCar(self.server, answers) as car:
            await car.send("h1,0,RT-X,7,600,a,b")
            code, out, err = await self.run_app(*self.login, "features")
            self.assertEqual((code, err), (0, ""))
            self.assertEqual(out.splitlines(), [f"{n}: {n * 2}" for n in range(16)])
            for words, expected in (
                (("stat",), (0, "SOC: 80%\nParked\n", "")),
                (("2", "8", "1"), (0, "ok\n", "")),
                (("18",), (1, "", "18: unsupported\n")),
                (("lock", "1234"), (1, "", "20: failed No write access to CAN\n")),
                (("32", "NONE"), (1, "", "32: failed No historical data available\n")),
            ):
                self.assertEqual(await self.run_app(*self.login, *words), expected)
            code, out, _ = await self.run_app(*self.login, "--batch", "32", "RT-X")
            self.assertEqual(code, 0)
            self.assertRegex(out, r"^RT-X,\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,7,a,b\n$")

    async def test_refusals(self):
        login, base = self.login, self.base
        for options, sentence in (
            ((*base, "--password", "WRONG", "1"), "refuses vehicle testcar"),
            (("--server", "127.0.0.1:1", *base[2:], "--password", "PW"), "no connection to"),
            (("--server", "host:port", *base[2:], "--password", "PW"), "HOST or HOST:PORT"),
            ((*login, "nonsense"), "unknown command 'nonsense'"),
            ((*login, "32"), "needs a record type"),
            ((*login, "--timeout", "0.2", "stat"), "no reply to command 7 within 0.2 s"),
            ((*login, "--timeout", "0"), "more than 0 s"),
            ((*login, "--tls", "/nonexistent"), "as CA file"),
            ((*login, "--scheme", "3"), "invalid choice"),
            (base, "required"),
        ):
            with self.subTest(options):
                code, out, err = await self.run_app(*options)
                self.assertEqual((code, out), (2, ""), err)
                self.assertIn(sentence, err)
                self.assertEqual(err.count("\n"), 1, "one sentence")

    async def test_follows_until_told_to_stop(self):
        async with ScriptedCar(self.server, {}) as car:
            process = await self.start(*self.login)
            lines = [await process.stdout.readline() for _ in range(2)]
            self.assertRegex(lines[0].decode(), r"^\d\d:\d\d:\d\d Z car: online\n$")
            await car.send("S80.5,K,230")
            line = (await process.stdout.readline()).decode()
            self.assertIn("S state: SOC 80.5 %, distance unit K, line voltage 230 V", line)
            process.send_signal(signal.SIGTERM)
            _, err = await process.communicate()
            self.assertEqual((process.returncode, err), (0, b""))

    async def test_server_goes_away(self):
        process = await self.start(*self.login)
        await process.stdout.readline()
        await self.server.stop()
        _, err = await process.communicate()
        self.assertEqual(process.returncode, 2)
        self.assertEqual(err.decode(), "app: the server closed the connection\n")

    async def test_tls_and_scheme_1(self):
        with tempfile.TemporaryDirectory() as directory:
            files = tls.self_signed(directory, "127.0.0.1")
            server = OvmsServer(
                ["TESTCAR:PW:OWNPW"], tls_port=0, ssl_context=tls.server_context(*files)
            )
            await server.start()
            self.addAsyncCleanup(server.stop)
            address = ("--server", f"127.0.0.1:{server.tls_port}", "--tls", files[0])
            for scheme in (("--password", "PW"), ("--scheme", "1", "--password", "OWNPW")):
                options = (*address, *self.base[2:], *scheme, "31")
                code, out, err = await self.run_app(*options)
                self.assertIn(
                    (code, out, err), [(1, "", "31: failed No historical data available\n")]
                )


if __name__ == "__main__":
    sys.exit(unittest.main())
