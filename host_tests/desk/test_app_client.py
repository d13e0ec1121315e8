"""The app client against the desk server over real sockets. CPython only."""

import asyncio
import contextlib
import unittest

from tools.desk.ovms import wire
from tools.desk.ovms.client import (
    AppClient,
    ConnectionLostError,
    LoginRefusedError,
    NoReplyError,
)
from tools.desk.ovms.commands import COMMANDS, is_last, parse_command, parse_reply
from tools.desk.ovms.describe import Describer
from tools.desk.ovms.server import OvmsServer


class ScriptedCar:
    """A car that answers commands from a table: {"7,stat": ["7,0,ok"]}."""

    def __init__(self, server, answers, password="PW"):
        self._link = AppClient("127.0.0.1", server.port, "TESTCAR", password, kind="C")
        self._answers = answers
        self.commands = []
        self._task = None

    async def __aenter__(self):
        await self._link.connect()
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._link.close()

    async def send(self, message):
        await self._link.send(message[0], message[1:])

    async def _serve(self):
        async for code, payload in self._link:
            if code == "E":
                payload = wire.paranoid_decrypt("MODPW", "ptoken", payload[2:])
                self.commands.append(f"E{payload}")
                for answer in self._answers.get(payload, ()):
                    wrapped = wire.paranoid_encrypt("MODPW", "ptoken", answer)
                    await self.send(f"EMc{wrapped}")
            elif code == "C":
                self.commands.append(payload)
                for answer in self._answers.get(payload, ()):
                    await self.send(f"c{answer}")


class ClientTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = OvmsServer(["TESTCAR:PW"])
        await self.server.start()
        self.addAsyncCleanup(self.server.stop)

    async def app(self, password="PW", **options):
        client = AppClient("127.0.0.1", self.server.port, "TESTCAR", password, **options)
        await client.connect()
        self.addAsyncCleanup(client.close)
        return client

    async def test_follows_the_car(self):
        async with ScriptedCar(self.server, {}) as car:
            app = await self.app()
            self.assertEqual(await anext(app), ("Z", "1"))
            self.assertEqual(await anext(app), ("T", "0"))
            await car.send("S80,K")
            self.assertEqual(await anext(app), ("S", "80,K"))
            self.assertTrue(self.server.is_car_online("testcar"))

    async def test_commands_with_one_and_many_rows(self):
        features = [f"1,0,{n},16,{n}" for n in range(16)]
        answers = {"7,stat": ["7,0,SOC: 80%\rOK"], "1": features, "18": ["18,2"]}
        async with ScriptedCar(self.server, answers):
            app = await self.app(kind="B")
            self.assertEqual((await app.command(7, "stat"))[0].text, "SOC: 80%\rOK")
            rows = await app.command(1)
            self.assertEqual([row.fields[0] for row in rows], [str(n) for n in range(16)])
            self.assertEqual((await app.command(18))[0].result, 2)
            self.assertEqual((await app.command(31))[0].command, 31)

    async def test_two_callers_take_turns(self):
        async with ScriptedCar(self.server, {"7,a": ["7,0,A"], "7,b": ["7,0,B"]}):
            app = await self.app()
            results = await asyncio.gather(app.command(7, "a"), app.command(7, "b"))
            self.assertEqual([rows[0].text for rows in results], ["A", "B"])

    async def test_text_beyond_ascii(self):
        server = OvmsServer(["TESTCAR:Schlüssel:Höher"])
        await server.start()
        self.addAsyncCleanup(server.stop)
        async with ScriptedCar(server, {"7,Gr\xc3\xbc\xc3\x9fe": ["7,0,ok"]}, "Schlüssel"):
            for options in ({"password": "Schlüssel"}, {"password": "Höher", "scheme": "1"}):
                address = "127.0.0.1", server.port, "TESTCAR"
                client = AppClient(*address, **options)
                await client.connect()
                self.assertEqual((await client.command(7, "Grüße"))[0].text, "ok")
                await client.close()

    async def test_missing_rows(self):
        async with ScriptedCar(self.server, {"1": ["1,0,0,16,0"]}):
            app = await self.app()
            with self.assertRaisesRegex(NoReplyError, "only 1 rows") as caught:
                await app.command(1, timeout_s=0.2)
            self.assertEqual(len(caught.exception.replies), 1)
            with self.assertRaisesRegex(NoReplyError, "no reply to command 18"):
                await app.command(18, timeout_s=0.2)

    async def test_paranoid(self):
        async with ScriptedCar(self.server, {"7,stat": ["7,0,secret"]}) as car:
            await car.send("ETptoken")
            await car.send("EMS" + wire.paranoid_encrypt("MODPW", "ptoken", "80,K"))
            app = await self.app(paranoid_password="MODPW")
            blind = await self.app()
            self.assertEqual([(await anext(app))[0] for _ in range(2)], ["Z", "E"])
            self.assertEqual(await anext(app), ("S", "80,K"))
            codes = [(await anext(blind))[0] for _ in range(4)]
            self.assertEqual(codes, ["Z", "E", "E", "T"])
            self.assertEqual((await app.command(7, "stat"))[0].text, "secret")
            self.assertEqual(car.commands, ["E7,stat"])
            self.assertEqual((await app.command(32, "none"))[0].result, 1)

    async def test_refused_logins(self):
        for options in ({"password": "WRONG"}, {"password": "WRONG", "scheme": "1"}):
            with self.assertRaisesRegex(LoginRefusedError, "refuses vehicle TESTCAR"):
                await self.app(**options)
        port = self.server.port
        await self.server.stop()
        with self.assertRaisesRegex(ConnectionLostError, "no connection to 127.0.0.1"):
            await AppClient("127.0.0.1", port, "TESTCAR", "PW").connect()

    async def test_server_without_the_password(self):
        for answer in (b"MP-S 0 token d3Jvbmc=\r\n", b"HTTP/1.1 400 no\r\n", b""):

            async def serve(reader, writer, answer=answer):
                await reader.readline()
                writer.write(answer)
                writer.close()

            listener = await asyncio.start_server(serve, "127.0.0.1", 0)
            port = listener.sockets[0].getsockname()[1]
            with self.subTest(answer), self.assertRaises(LoginRefusedError):
                await AppClient("127.0.0.1", port, "TESTCAR", "PW").connect()
            listener.close()

    async def test_lost_connection_ends_everything(self):
        async with ScriptedCar(self.server, {}):
            app = await self.app()
            waiting = asyncio.create_task(app.command(18))
            await asyncio.sleep(0.05)
            await self.server.stop()
            with self.assertRaises(ConnectionLostError):
                await waiting
            self.assertEqual([code async for code, _ in app][:2], ["Z", "T"])
            with self.assertRaises(ConnectionLostError):
                await app.send("A")


class CommandTextTest(unittest.TestCase):
    def test_words_to_command(self):
        for words, expected in (
            (["1"], (1, "")),
            (["features"], (1, "")),
            (["params"], (3, "")),
            (["params?"], (7, "params?")),
            (["stat"], (7, "stat")),
            (["STAT?"], (7, "STAT?")),
            (["7", "feature", "8", "1"], (7, "feature 8 1")),
            (["feature", "8", "1"], (2, "8,1")),
            (["2,8,1"], (2, "8,1")),
            (["40", "+123", "hello", "you"], (40, "+123,hello you")),
            (["ussd", "*100#"], (41, "*100#")),
            (["32", "D", "2024-01-01"], (32, "D,2024-01-01")),
            (["209"], (209, "")),
        ):
            with self.subTest(words):
                self.assertEqual(parse_command(words), expected)
        for words in (["nonsense"], ["70000"], ["-1"], [""]):
            with self.subTest(words), self.assertRaises(ValueError):
                parse_command(words)

    def test_every_command_has_a_name(self):
        """Those of the guide, 26, and the Twizy's."""
        standard = {*range(1, 8), 10, 11, 12, *range(15, 27), 30, 31, 32, 40, 41, 49}
        self.assertEqual(set(COMMANDS.values()), standard | set(range(200, 211)))
        for name, number in COMMANDS.items():
            self.assertEqual(parse_command([name.upper()])[0], number)

    def test_end_of_a_reply(self):
        for payload, expected in (
            ("7,0,a,b", True),
            ("1,0,0,16,0", False),
            ("1,0,15,16,0", True),
            ("3,0,31,32,", True),
            ("3,1,No", True),
            ("30,0,1,2,x", False),
            ("32,0,2,2,T,x,1,y", True),
            ("1,0", True),
        ):
            with self.subTest(payload):
                self.assertEqual(is_last(parse_reply(payload)), expected)
        for payload in ("", "7", "x,0", "7,ok"):
            self.assertIsNone(parse_reply(payload))


class DescribeTest(unittest.TestCase):
    def test_lines_for_a_stranger(self):
        describer = Describer()
        for code, payload, expected in (
            ("S", "80.5,M,230", ["state", "SOC 80.5 %", "line voltage 230 V"]),
            ("D", "129,8,4,31,40,25,731", ["front left door + car on", "trip 73.1 miles"]),
            ("D", "0,0,5", ["doors 1 -"]),
            ("L", "50.1,8.2,,,1", ["latitude 50.1 °", "GPS lock 1"]),
            ("F", "1.0,VIN,18", ["firmware 1.0", "GSM signal 18 of 31"]),
            ("W", "30.1,24", ["front right pressure 30.1 psi"]),
            ("Y", "1,FL,1,220,1,0,-1,0,-1,0,-1", ["FL pressure 220 kPa"]),
            ("Y", "9,FL", ["counts do not add up"]),
            ("V", "C1-7,C26", ["commands 1-7,26"]),
            ("g", "CAR,CLUB,80,50", ["group CLUB", "speed 50 miles/h"]),
            ("P", "AHello\rworld", ["alert: Hello / world"]),
            ("Z", "1", ["car: online"]),
            ("T", "12", ["12 s ago"]),
            ("c", "18,2", ["18 unsupported"]),
            ("E", "Tabc", ["new token"]),
            ("E", "MSabc", ["encrypted S", "--paranoid"]),
            ("Q", "\x1b[2Jx", ["message", "\\x1b[2Jx"]),
        ):
            line = describer.line(code, payload)
            for part in expected:
                self.assertIn(part, line)
        self.assertNotIn(
            "direction", describer.line("L", "50.1,8.2,,,1"), "empty fields are left out"
        )


if __name__ == "__main__":
    unittest.main()
