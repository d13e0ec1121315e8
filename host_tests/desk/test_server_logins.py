"""Who gets in, who is closed, and what closes a connection later. CPython only."""

import unittest

from host_tests.desk.relay_bench import Bench
from tools.desk.ovms import wire
from tools.desk.ovms.context import Quirks
from tools.desk.ovms.vehicles import ProvisionRecord, VehicleRecord, Vehicles

TOKEN = "ClientTokenForTests001"


class RefusalTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()

    def check_silent_close(self, line, reason):
        caller = self.bench.caller()
        self.assertEqual(caller.line(line), [], "the real server sends no text")
        self.assertTrue(caller.is_closed)
        self.assertIn(reason, self.bench.told("refused")[-1])

    def test_bad_first_lines(self):
        proof = wire.digest("TESTPASS", TOKEN)
        wrong = wire.digest("OTHER", TOKEN)
        for line, reason in (
            ("", "first line is no welcome"),
            ("hello", "first line is no welcome"),
            ("GET / HTTP/1.1", "first line is no welcome"),
            (f"MP-C 0 {TOKEN} {proof}", "first line is no welcome"),
            (f"MP-C 2 {TOKEN} {proof} TESTCAR", "unknown protection scheme '2'"),
            (f"MP-C 0 {TOKEN} {wrong} TESTCAR", "wrong password for TESTCAR"),
            (f"MP-C 0 {TOKEN} !!! TESTCAR", "wrong password for TESTCAR"),
            (f"MP-C 0 {TOKEN} {proof} NOCAR", "unknown vehicle NOCAR"),
            (f"MP-S 0 {TOKEN} {proof} TESTCAR", "no record of type SERVER"),
            ("MP-A 1 desk WRONG *", "wrong password or unknown owner"),
            ("MP-A 1 desk TESTPASS SECONDCAR", "not one of owner"),
            ("AP-C 1 KEY", "unknown provisioning scheme"),
        ):
            with self.subTest(line):
                self.check_silent_close(line, reason)

    def test_no_password_in_any_event(self):
        self.bench.caller().line(f"MP-C 0 {TOKEN} {wire.digest('x', TOKEN)} TESTCAR")
        self.bench.caller().line("MP-A 1 desk SECRETPW *")
        self.bench.app().send("pAPP,gcm,production,TESTCAR,SECRETPW,key")
        self.bench.app().send("C4,9,SECRETPW")
        self.bench.app().send("C7,SERVER host SECRETPW")
        car = self.bench.car()
        self.bench.app().send("C3")
        car.send("c3,0,9,32,SECRETPW")
        self.bench.app().send("C7,PARAMS?")
        car.send("c7,0,Params:\r1:SECRETPW\r9:SECRETPW\r10:SECRETPW")
        self.bench.app().send("C7,SERVER?")
        car.send("c7,0,Server:\r IP:1.2.3.4\r Password:SECRETPW\r Paranoid:SECRETPW")
        told = " ".join(event.json() + event.line() for event in self.bench.events)
        self.assertNotIn("SECRETPW", told)
        self.assertIn("1.2.3.4", told)

    def test_failed_car_login_is_pushed_once_and_success_once(self):
        bad = f"MP-C 0 {TOKEN} {wire.digest('x', TOKEN)} TESTCAR"
        self.bench.caller().line(bad)
        self.bench.caller().line(bad)
        self.bench.car()
        self.bench.car()
        pushed = self.bench.told("push")
        self.assertEqual(["failed" in text for text in pushed], [True, False])


class LoginTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()

    def test_id_is_upper_cased_and_the_rest_of_the_line_ignored(self):
        proof = wire.digest("TESTPASS", TOKEN)
        answer = self.bench.caller().line(f"MP-C 0 {TOKEN} {proof} testcar some rest")
        self.assertTrue(answer[0].startswith("MP-S 0 "))
        self.assertIsNotNone(self.bench.relay.hub("TestCar").car)

    def test_unpadded_digest_and_one_letter_token(self):
        proof = wire.digest("TESTPASS", "x").rstrip("=")
        answer = self.bench.caller().line(f"MP-A 0 x {proof} TESTCAR")
        self.assertTrue(answer[0].startswith("MP-S 0 "))

    def test_other_letter_gets_a_welcome_and_pings_alone(self):
        car = self.bench.car()
        odd = self.bench.caller().log_in("X")
        car.received()
        odd.send("A")
        odd.send("C7,stat")
        self.assertEqual(odd.received(), ["a"])
        self.assertEqual(car.received(), [])

    def test_newer_car_replaces_the_older(self):
        older, app = self.bench.car(), self.bench.app()
        app.received()
        newer = self.bench.car()
        self.assertTrue(older.is_closed)
        self.assertEqual(app.received(), ["Z0", "Z1"])
        self.assertEqual(newer.received(), ["Z1"])
        older.hang_up()
        self.assertEqual(app.received(), [], "the end of the old connection changes nothing")

    def test_scheme_1_is_plain_without_magic(self):
        car = self.bench.car()
        app = self.bench.caller()
        answer = app.line("MP-A 1 TESTCAR TESTPASS testcar")
        self.assertEqual(answer[:2], ["MP-S 1 TESTCAR TESTCAR TESTCAR", "Z1"])
        car.send("S80,K")
        self.assertIn(b"S80,K\r\nT0\r\n", app.raw)
        car.received()
        app.line("C7,stat")
        self.assertEqual(car.received(), ["C7,stat"])
        self.assertEqual(app.line("A"), ["a"])
        app.line("")
        self.assertTrue(app.is_closed)

    def test_another_server(self):
        peers = [VehicleRecord("PEER", "PW", vehicle_type="SERVER"), "CAR:P"]
        bench = Bench(peers)
        server = bench.caller().log_in("S", "PEER", "PW")
        server.send("RV,DEMO,1,HASHED,*,0,2017-01-01 00:00:00")
        server.send("RO,7,Ann,ann@example.org,HASHED,1,0,2017-01-01 00:00:00")
        server.send("rDEMO,S,80,K,0")
        server.send("A")
        vehicle, owner, replicated = bench.told("sync")
        self.assertIn("vehicle record: vehicle=DEMO, owner=1, carpass=***", vehicle)
        self.assertIn("name=Ann", owner)
        self.assertEqual(replicated, "message S of DEMO: 80,K,0")
        self.assertNotIn("HASHED", vehicle + owner)
        self.assertEqual(server.received(), ["a"])

    def test_duplicate_vehicle(self):
        with self.assertRaisesRegex(ValueError, "TESTCAR is given twice"):
            Vehicles(["TESTCAR:A", "testcar:B"])

    def test_vehicle_option(self):
        record = VehicleRecord.parse("demo:pass:own:er")
        self.assertEqual((record.password, record.owner_password), ("pass", "own:er"))
        for text in ("", "demo", "demo:", ":pass", "two words:pass", "x" * 33 + ":p"):
            with self.subTest(text), self.assertRaisesRegex(ValueError, "ID:PASSWORD"):
                VehicleRecord.parse(text)


class BadLineTest(unittest.TestCase):
    def test_undecodable_line_closes_and_says_why(self):
        for line, reason in (
            (b"\r\n", "empty line"),
            (b" \r\n", "empty line"),
            (b"MP-C 0 again and again TESTCAR\r\n", "decrypts to"),
            (b"AP-C 0 KEY\r\n", "decrypts to"),
        ):
            with self.subTest(line):
                bench = Bench()
                car, app = bench.car(), bench.app()
                app.received()
                car.line(line)
                self.assertTrue(car.is_closed)
                self.assertIn(reason, bench.faults()[0])
                self.assertEqual(app.received(), ["Z0"])
                self.assertIn("undecodable", bench.told("logout")[0])

    def test_long_lines_pass(self):
        bench = Bench()
        car, app = bench.car(), bench.app()
        app.received()
        text = "Q" + "x" * 100_000
        car.send(text)
        self.assertEqual(app.received(), [text, "T0"])


class ProvisioningTest(unittest.TestCase):
    RECORD = ProvisionRecord.parse("VIN1:ICCID1:+1 PW K")

    def test_login_after_provisioning_is_ignored(self):
        bench = Bench(provisioning=[self.RECORD])
        caller = bench.caller()
        self.assertTrue(caller.line("AP-C 0 vin1")[0].startswith("AP-S 0 "))
        self.assertEqual(
            caller.line(f"MP-C 0 {TOKEN} {wire.digest('TESTPASS', TOKEN)} TESTCAR"), []
        )
        self.assertIn("login after AP-C", bench.told("fault")[0])
        bench.advance(31)
        self.assertTrue(caller.is_closed)

    def test_dead_server(self):
        bench = Bench(provisioning=[self.RECORD], quirks=Quirks(dead_ap=True))
        caller = bench.caller()
        self.assertEqual(caller.line("AP-C 0 VIN1"), [])
        self.assertFalse(caller.is_closed)
        bench.advance(31)
        self.assertTrue(caller.is_closed)

    def test_option(self):
        self.assertEqual(self.RECORD.record, "+1 PW K")
        for text in ("", "VIN", "VIN:ICCID", "VIN:ICCID:", "x" * 65 + ":I:R", "V:I:" + "r" * 4097):
            with self.subTest(text[:10]), self.assertRaises(ValueError):
                ProvisionRecord.parse(text)


if __name__ == "__main__":
    unittest.main()
