"""REST over a real socket with aiohttp's client, and TLS. CPython only."""

import asyncio
import contextlib
import ssl
import tempfile
import unittest

import aiohttp

from tools.desk.ovms import tls
from tools.desk.ovms.client import AppClient, LoginRefusedError
from tools.desk.ovms.context import Quirks, Timers
from tools.desk.ovms.server import OvmsServer

CREDENTIALS = {"username": "desk", "password": "OWNERPW"}
START_S = 1_700_000_000.0
VEHICLES = ["OTHER", "TESTCAR"]


class RestTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.utc_s = START_S
        await self.start()

    async def start(self, **options):
        self.server = OvmsServer(
            ["TESTCAR:PW:OWNERPW", "OTHER:PW:OWNERPW", "FOREIGN:PW:ELSE"],
            utc_s=lambda: self.utc_s,
            **options,
        )
        await self.server.start()
        self.addAsyncCleanup(self.server.stop)
        self.http = aiohttp.ClientSession(
            f"http://127.0.0.1:{self.server.http_port}",
            cookie_jar=aiohttp.CookieJar(unsafe=True),
        )
        self.addAsyncCleanup(self.http.close)
        self.car = AppClient("127.0.0.1", self.server.port, "TESTCAR", "PW", kind="C")
        await self.car.connect()
        self.addAsyncCleanup(self.car.close)

    async def car_sends(self, *messages):
        for message in messages:
            await self.car.send(message[0], message[1:])
        await self.car.send("A")
        async for code, _ in self.car:
            if code == "a":
                return

    async def car_gets(self, count):
        async with asyncio.timeout(50):
            return ["".join(await anext(self.car)) for _ in range(count)]

    async def get(self, path, status=200, method="GET", **params):
        async with self.http.request(method, path, params=params or CREDENTIALS) as answer:
            text = await answer.text()
            self.assertEqual(answer.status, status, f"{path}: {text}")
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
            return await answer.json() if answer.content_type == "application/json" else text

    async def test_status_and_charge(self):
        s = "80.5,K,230,5,charging,standard,100,90,10,30,0,12,3,1,0,0,0,-1,55.5,60"
        d = "152,8,4,30,40,25,731,62364,0,1000,19,3,100,90,12.6,6,12.7,16,44,5.7,21"
        await self.car_sends(f"S{s}", f"D{d}")
        self.utc_s += 7
        status = await self.get("/api/status/testcar")
        self.assertEqual(
            {key: status[key] for key in ("soc", "units", "estimatedrange", "odometer", "speed")},
            {
                "soc": "80.5",
                "units": "K",
                "estimatedrange": "90",
                "odometer": "62364",
                "speed": "0",
            },
        )
        self.assertEqual((status["caron"], status["carlocked"], status["charging"]), (128, 8, 16))
        self.assertEqual((status["carawake"], status["alarmsounding"]), (2, 4))
        self.assertEqual((status["m_msgtime_s"], status["m_msgage_d"]), ("2023-11-14 22:13:20", 7))
        self.assertIsNone(status["idealrange_max"], "the car left it out")
        self.assertNotIn("linevoltage", status)
        charge = await self.get("/api/charge/TESTCAR")
        self.assertEqual((charge["linevoltage"], charge["charge_etr_full"]), ("230", "60"))
        self.assertEqual(charge["charging_12v"], 16)
        self.assertNotIn("odometer", charge)
        self.assertEqual(len(status), 43)
        self.assertEqual(len(charge), 60)

    async def test_location_and_tyres(self):
        await self.car_sends(
            "L50.1,8.2,90,100,1,120,50,731,1F,-2.9,1,2", "W30.1,24,41.3,26,30,25,41,29,1"
        )
        location = await self.get("/api/location/TESTCAR")
        self.assertEqual((location["latitude"], location["drivemode"]), ("50.1", "1F"))
        self.assertIsNone(location["invpower"])
        tyres = await self.get("/api/tpms/TESTCAR")
        self.assertEqual((tyres["fr_pressure"], tyres["rl_temperature"]), ("30.1", "29"))
        await self.car_sends("Y4,FL,FR,RL,RR,4,220,221,222,223,1,0,0,0,-1,4,0,1,2,0,1")
        tyres = await self.get("/api/tpms/TESTCAR")
        self.assertEqual((tyres["fl_pressure_kpa"], tyres["fl_pressure"]), ("220", "31.9"))
        self.assertEqual((tyres["rl_alert"], tyres["staletpms"]), ("2", "1"))
        self.assertNotIn("fl_temperature", tyres)

    async def test_refusals_are_worded_as_the_stock_servers(self):
        wrong = {"username": "TESTCAR", "password": "x"}
        for path, status, method, params, text in (
            ("/api/status/TESTCAR", 401, "GET", wrong, "Authentication failed\n"),
            ("/api/nonsense/TESTCAR", 404, "GET", wrong, "Unrecognised API call\n"),
            ("/api/lock/TESTCAR", 404, "GET", wrong, "Unrecognised API call\n"),
            ("/api/lock/TESTCAR", 401, "PUT", wrong, "Authentication failed\n"),
            ("/api/lock/TESTCAR", 501, "PUT", CREDENTIALS, "Not yet implemented\n"),
            ("/api/status/FOREIGN", 403, "GET", CREDENTIALS, "Forbidden\n"),
        ):
            self.assertEqual(await self.get(path, status, method, **params), text)

    async def test_empty_vehicle(self):
        for call in ("status", "charge", "location", "tpms"):
            self.assertEqual(await self.get(f"/api/{call}/OTHER"), {})
        self.assertEqual(await self.get("/api/protocol/OTHER"), [])

    async def test_protocol_and_historical(self):
        await self.car_sends("S80", "h1,-60,T,4,600,a,b")
        row = (await self.get("/api/protocol/TESTCAR"))[0]
        self.assertEqual((row["m_code"], row["m_msg"], row["m_paranoid"]), ("S", "80", 0))
        types = {row["h_recordtype"] for row in await self.get("/api/historical/TESTCAR")}
        self.assertEqual(types, {"S", "T", "*-OVM-ServerLogs"})
        (summary,) = [
            row for row in await self.get("/api/historical/TESTCAR") if row["h_recordtype"] == "T"
        ]
        self.assertEqual((summary["totalrecs"], summary["totalsize"]), (1, "31"))
        records = await self.get("/api/historical/TESTCAR/T")
        self.assertEqual(
            records,
            [{"h_timestamp": "2023-11-14 22:12:20", "h_recordnumber": 4, "h_data": "a,b"}],
        )
        late = await self.get(
            "/api/historical/TESTCAR/T", since="2023-11-14 22:12:20", **CREDENTIALS
        )
        self.assertEqual(late, [])

    async def test_paranoid_rows_give_502(self):
        await self.car_sends("ETtoken", "EMSAAAA")
        await self.get("/api/status/TESTCAR", 502)
        await self.get("/api/location/TESTCAR")

    async def test_refusals(self):
        await self.get("/api/vehicles", 401, username="desk", password="wrong")
        basic = {"Authorization": aiohttp.encode_basic_auth("desk", "OWNERPW")}
        async with self.http.get("/api/vehicles", headers=basic) as answer:
            self.assertEqual(answer.status, 401, "HTTP Basic is not understood")
        await self.get("/api/status/FOREIGN", 403)
        await self.get("/api/status", 403)
        for path in ("/", "/api/nothing/TESTCAR", "/api/lock/TESTCAR", "/other"):
            await self.get(path, 404)
        for method, name in (
            ("PUT", "charge"),
            ("DELETE", "lock"),
            ("GET", "valet"),
            ("PUT", "reset"),
        ):
            await self.get(f"/api/{name}/TESTCAR", 501, method)
        for method in ("OPTIONS", "PATCH", "HEAD"):
            await self.get("/api/vehicles", 501, method)

    async def test_cookie_session_ends_from_its_login(self):
        self.assertEqual(await self.get("/api/cookie"), "Login ok")
        for _ in range(5):
            self.utc_s += 23
            vehicles = await self.get("/api/vehicles", none="")
        self.assertEqual([v["id"] for v in vehicles], VEHICLES)
        self.assertEqual([v["v_net_connected"] for v in vehicles], [0, 1])
        self.utc_s += 6
        await self.get("/api/vehicles", 401, none="")

    async def test_logout(self):
        await self.get("/api/cookie")
        await self.get("/api/cookie", 200, "DELETE", none="")
        await self.get("/api/vehicles", 401, none="")

    async def test_tokens(self):
        form = {"application": "hass", "purpose": "charts", "permit": "v2"}
        async with self.http.post("/api/token", params=CREDENTIALS, data=form) as answer:
            self.assertEqual(answer.status, 201)
            made = await answer.json()
        self.assertEqual({key: made[key] for key in form}, form)
        self.assertEqual((await self.get("/api/token"))[0], made)
        token = {"username": "desk", "password": made["token"]}
        self.assertEqual([v["id"] for v in await self.get("/api/vehicles", **token)], VEHICLES)
        await self.get("/api/token", 403, **token)
        await self.get("/api/status/FOREIGN", 403, **token)
        await self.get("/api/vehicles", 401, username="nobody", password=made["token"])
        address = "127.0.0.1", self.server.port, "TESTCAR", made["token"]
        app = AppClient(*address, scheme="1", owner="desk")
        await app.connect()
        self.assertEqual(app.server_vehicles, VEHICLES)
        await app.close()
        await self.get(f"/api/token/{made['token']}", 200, "DELETE")
        await self.get(f"/api/token/{made['token']}", 404, "DELETE")
        await self.get("/api/vehicles", 401, **token)
        with self.assertRaises(LoginRefusedError):
            await AppClient(*address, scheme="1", owner="desk").connect()

    async def test_a_token_without_rights_reads(self):
        async with self.http.post("/api/token", params=CREDENTIALS) as answer:
            made = await answer.json()
        self.assertEqual(made["permit"], "")
        await self.car_sends("S80")
        status = await self.get("/api/status/TESTCAR", username="desk", password=made["token"])
        self.assertEqual(status["soc"], "80")
        address = "127.0.0.1", self.server.port, "TESTCAR", made["token"]
        with self.assertRaises(LoginRefusedError):
            await AppClient(*address, scheme="1", owner="desk").connect()

    async def test_vehicle_counts_as_an_app(self):
        self.assertEqual(await self.car_gets(1), ["Z0"])
        await self.get("/api/cookie")
        vehicle = await self.get("/api/vehicle/TESTCAR", none="")
        self.assertEqual((vehicle["v_apps_connected"], vehicle["v_first_peer"]), (1, 1))
        await self.get("/api/vehicle/TESTCAR", none="")
        self.assertEqual(await self.car_gets(2), ["Z1", "Z1"])
        await self.get("/api/vehicle/TESTCAR", 200, "DELETE", none="")
        self.assertEqual(await self.car_gets(1), ["Z0"])
        await self.get("/api/vehicle/TESTCAR", none="")
        self.utc_s += 121
        self.server.tick()
        self.assertEqual(await self.car_gets(2), ["Z1", "Z0"], "the session's end releases it")

    async def test_tpms_404_on_request(self):
        await self.start(quirks=Quirks(tpms_404=True), timers=Timers())
        await self.car_sends("W30,20")
        await self.get("/api/tpms/TESTCAR")
        await self.car_sends("Y0,0,0,0,0,0,0,0,0")
        await self.get("/api/tpms/TESTCAR", 404)


class TlsTest(unittest.IsolatedAsyncioTestCase):
    async def test_v2_and_rest_with_a_certificate_the_client_checks(self):
        with tempfile.TemporaryDirectory() as directory:
            files = tls.self_signed(directory, "127.0.0.1")
            self.assertEqual(tls.self_signed(directory, "127.0.0.1"), files, "made once")
            server = OvmsServer(
                ["TESTCAR:PW"],
                tls_port=0,
                https_port=0,
                ssl_context=tls.server_context(*files),
            )
            await server.start()
            trusting = ssl.create_default_context(cafile=files[0])
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(server.stop)
                address = "127.0.0.1", server.tls_port, "TESTCAR", "PW"
                client = AppClient(*address, ssl_context=trusting, scheme="1")
                await client.connect()
                stack.push_async_callback(client.close)
                self.assertEqual(await anext(client), ("Z", "0"))
                stranger = AppClient(*address, ssl_context=ssl.create_default_context())
                with self.assertRaisesRegex(Exception, "no TLS with"):
                    await stranger.connect()
                http = await stack.enter_async_context(aiohttp.ClientSession())
                url = f"https://127.0.0.1:{server.https_port}/api/vehicles"
                query = {"username": "TESTCAR", "password": "PW"}
                async with http.get(url, params=query, ssl=trusting) as answer:
                    self.assertEqual((await answer.json())[0]["v_apps_connected"], 1)


if __name__ == "__main__":
    unittest.main()
