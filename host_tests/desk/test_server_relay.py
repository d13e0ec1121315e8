"""What is relayed, stored and replayed; peer counts; groups, pushes, paranoid. CPython only."""

import unittest

from host_tests.desk.relay_bench import Bench
from tools.desk.ovms import wire


class RelayTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()

    def test_every_letter_is_stored_and_followed_by_t0(self):
        car, app = self.bench.car(), self.bench.app()
        app.received()
        for message in ("S80,K", "D0,8", "L50.0,8.0", "W30,20", "VC1-7", "Y0", "X0", "T9", "Qx"):
            car.send(message)
            self.assertEqual(app.received(), [message, "T0"])
        car.send("F1.0,VIN")
        self.assertEqual(app.received(), ["F1.0,VIN", "f3.0", "T0"])

    def test_replay_order_and_age(self):
        car = self.bench.car()
        for message in ("Y0", "L50", "S80", "F1.0", "D0"):
            car.send(message)
        self.bench.advance(25)
        self.assertEqual(
            self.bench.app().received(), ["Z1", "F1.0", "S80", "D0", "L50", "Y0", "T25"]
        )
        car.hang_up()
        self.assertEqual(self.bench.batch().received()[0], "Z0")

    def test_never_seen_car(self):
        self.assertEqual(self.bench.app().received(), ["Z0", "T3020399"])

    def test_peer_counts(self):
        car = self.bench.car()
        self.assertEqual(car.received(), ["Z0"])
        batch = self.bench.batch()
        self.assertEqual(car.received(), [])
        first, second = self.bench.app(), self.bench.app()
        self.assertEqual(car.received(), ["Z1", "Z2"])
        batch.hang_up()
        self.assertEqual(car.received(), [])
        first.hang_up()
        self.assertEqual(car.received(), ["Z1"])
        second.received()
        car.hang_up()
        self.assertEqual(second.received(), ["Z0"])
        self.assertEqual(self.bench.car().received(), ["Z1"])
        self.assertEqual(second.received(), ["Z1"])

    def test_vehicles_are_apart(self):
        car, other = self.bench.car(), self.bench.app("SECONDCAR", "PASS2")
        other.received()
        car.send("S80")
        self.assertEqual(other.received(), [])
        self.assertEqual(car.received(), ["Z0"])

    def test_storage_limit_is_told(self):
        car, app = self.bench.car(), self.bench.app()
        car.send("S80")
        app.received()
        fits, too_long = "S" + "x" * 255, "S" + "y" * 256
        car.send(too_long)
        self.assertEqual(app.received(), [too_long, "T0"])
        self.assertIn("S is relayed but not stored: 256 characters", self.bench.faults()[0])
        self.assertIn("S80", self.bench.app().received())
        car.send(fits)
        self.assertEqual(self.bench.faults(), [])
        self.assertIn(fits, self.bench.app().received())

    def test_text_outside_the_column(self):
        car, app = self.bench.car(), self.bench.app()
        app.received()
        for raw, is_stored in (("é", True), ("\U0001f697", False)):
            message = "S" + raw.encode().decode("latin-1")
            car.send(message)
            self.assertEqual(app.received()[0], message)
            self.assertEqual(not self.bench.faults(), is_stored)
        car.send("S\xe9")
        self.assertIn("not valid UTF-8", self.bench.faults()[0])

    def test_letters_share_a_row_whatever_their_case(self):
        car = self.bench.car()
        car.send("F1.0")
        car.send("fbad")
        self.assertIn("Fbad", self.bench.app().received())
        self.assertIn("f overwrites", self.bench.faults()[0])

    def test_double_comma_of_old_firmware(self):
        car, app = self.bench.car(), self.bench.app()
        app.received()
        car.send("S80,K,0,0,done,performance,,100")
        self.assertEqual(app.received()[0], "S80,K,0,0,done,performance,100")

    def test_pings_and_ignored_codes(self):
        car, app = self.bench.car(), self.bench.app()
        car.received(), app.received()
        car.send("A")
        app.send("A")
        car.send("a")
        car.send("C7,stat")
        self.assertEqual((car.received(), app.received()), (["a"], ["a"]))
        self.assertIn("C is ignored", self.bench.faults()[0])

    def test_other_codes_of_an_app_go_to_the_car(self):
        car, app = self.bench.car(), self.bench.app()
        car.received()
        for message in ("Stext", "Xx", "Ztext"):
            app.send(message)
        self.assertEqual(car.received(), ["Stext", "Xx", "Ztext"])

    def test_counters(self):
        car = self.bench.car()
        app = self.bench.app()
        car.send("S80")
        c = self.bench.relay.hub("TESTCAR").counters
        self.assertEqual(c.bytes_to_car, len(car.raw))
        self.assertEqual(c.bytes_from_car, car.peer.received_bytes)
        self.assertEqual(c.bytes_to_apps, len(app.raw))
        self.assertEqual((c.messages_from_car["S"], c.messages_to_car["Z"]), (1, 2))


class GroupTest(unittest.TestCase):
    def test_subscribers_now_and_later(self):
        bench = Bench()
        car, early, late = bench.car(), bench.app("SECONDCAR", "PASS2"), bench.app()
        early.received(), late.received()
        early.send("Gclub")
        car.send("gClub,80,50,90,100,1,1,50.1,8.2")
        position = "gTESTCAR,CLUB,80,50,90,100,1,1,50.1,8.2"
        self.assertEqual(early.received(), [position])
        late.send("GCLUB")
        self.assertEqual(late.received(), [position])
        car.hang_up()
        early.received(), late.received()
        late.send("GCLUB")
        self.assertEqual(late.received(), [], "gone with the car")
        bench.car().send("gclub")
        self.assertIn("needs a group name", bench.faults()[0])


class PushTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.car, self.app = self.bench.car(), self.bench.app()
        self.app.received()

    def test_relayed_and_pushed(self):
        self.car.send("PAHello\rworld")
        self.assertEqual(self.app.received(), ["PAHello\rworld"], "no T behind it")
        told = [event.line() for event in self.bench.events if event.kind == "push"]
        self.assertIn("push: alert to nobody registered: Hello / world", told[0])
        self.car.send("PA")
        self.assertEqual(self.app.received(), ["PA"])
        self.assertEqual(len(self.bench.told("push")), 1, "no text, no push")

    def test_error_codes(self):
        self.car.send("PERT,5,255")
        self.assertIn("Vehicle Alert Code: RT/5 (000000ff)", self.bench.told("push")[0])
        self.assertEqual(self.app.received(), ["PERT,5,255"])

    def test_registration(self):
        self.app.send("pPHONE,gcm,production,TESTCAR,TESTPASS,KEY")
        self.app.send("pBAD,gcm,production,TESTCAR,WRONG,KEY")
        self.app.send("pCOMMA,gcm,production,TESTCAR,TESTPASS,KEY,MORE")
        self.app.send("pME,mail,simple,me@example.org")
        self.car.send("PIparked")
        self.assertEqual(self.bench.told("push")[-1], "info to mail:ME, gcm:PHONE: parked")

    def test_app_may_push(self):
        self.app.send("PAfrom the app")
        self.assertIn("from the app", self.bench.told("push")[0])


class ParanoidTest(unittest.TestCase):
    PTOKEN = "PPPPaaaa1111bbbb2222cc"

    def setUp(self):
        self.bench = Bench()
        self.car = self.bench.car()

    def wrapped(self, code, text):
        return f"EM{code}{wire.paranoid_encrypt('OVMS', self.PTOKEN, text)}"

    def test_token_comes_once_before_the_first_paranoid_row(self):
        self.car.send(f"ET{self.PTOKEN}")
        self.assertEqual(self.bench.app().received(), ["Z1", "T0"], "no row, no token")
        f, s, d = (self.wrapped(code, "80") for code in "FSD")
        app = self.bench.app()
        app.received()
        self.car.send(s)
        self.assertEqual(app.received(), [s, "T0"])
        self.car.send("L50")
        self.car.send(d)
        self.car.send(f)
        self.assertEqual(
            self.bench.app().received(), ["Z1", f"ET{self.PTOKEN}", f, s, d, "L50", "T0"]
        )

    def test_new_token_makes_old_rows_invalid(self):
        self.car.send(f"ET{self.PTOKEN}")
        self.car.send(self.wrapped("S", "80"))
        self.car.send(f"ET{self.PTOKEN}")
        self.assertEqual(len(self.bench.app().received()), 4, "the same token keeps them")
        app = self.bench.app()
        app.received()
        self.car.send("ETother")
        self.assertEqual(app.received(), ["ETother"])
        self.assertEqual(self.bench.app().received(), ["Z1", "T0"])

    def test_commands_and_replies(self):
        first, second = self.bench.app(), self.bench.app()
        for peer in (first, second, self.car):
            peer.received()
        first.send("EMCAA==")
        second.send("C7,stat")
        self.assertEqual(self.car.received(), ["EMCAA==", "C7,stat"])
        self.car.send("EMcrow")
        self.assertEqual((first.received(), second.received()), (["EMcrow"], []))
        self.car.send("EMcrow")
        self.assertEqual((first.received(), second.received()), ([], ["EMcrow"]))
        self.car.send("EMcmore")
        self.assertEqual((first.received(), second.received()), (["EMcmore"], ["EMcmore"]))

    def test_what_must_not_be_wrapped(self):
        self.car.received()
        self.car.send(f"ET{self.PTOKEN}")
        self.car.send("EMhAAAA")
        self.assertEqual(self.car.received(), ["hAAAA"], "the cipher text is taken for the code")
        self.car.send("EMHAAAA")
        app = self.bench.app()
        app.received()
        self.car.send("EMPAAAA")
        self.assertEqual(app.received(), ["EMPAAAA", "T0"])
        self.assertEqual(self.bench.told("push"), [])
        faults = "\n".join(self.bench.faults())
        for code in "hHP":
            self.assertIn(f"{code} must not be wrapped", faults)

    def test_mistakes_are_told(self):
        self.car.send("EMSAAAA")
        self.assertIn("before any ET", self.bench.faults()[0])
        self.car.send("EXsomething")
        self.assertIn("neither ET<token> nor", self.bench.faults()[0])
        self.car.send("ET" + self.PTOKEN)
        self.car.send("EMS" + "A" * 256)
        self.assertIn("not stored", self.bench.faults()[0])


if __name__ == "__main__":
    unittest.main()
