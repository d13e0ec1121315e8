"""Which client gets a command reply, and what is told about wrong ones. CPython only."""

import unittest

from host_tests.desk.relay_bench import Bench
from tools.desk.ovms.context import Quirks


class ReplyTest(unittest.TestCase):
    def setUp(self):
        self.start()

    def start(self, **quirks):
        self.bench = Bench(quirks=Quirks(**quirks))
        self.car, self.one, self.two = self.bench.car(), self.bench.app(), self.bench.app()
        self.received()

    def received(self):
        return self.one.received(), self.two.received()

    def test_oldest_waiting_client_gets_it(self):
        self.one.send("C7,stat")
        self.two.send("C7,gps")
        self.car.send("c7,0,for one")
        self.car.send("c7,0,for two")
        self.assertEqual(self.received(), (["c7,0,for one"], ["c7,0,for two"]))
        self.assertEqual(self.bench.faults(), [])

    def test_reply_of_a_client_that_left_is_dropped(self):
        self.one.send("C7,stat")
        self.two.send("C7,gps")
        self.one.hang_up()
        self.car.send("c7,0,for one")
        self.car.send("c7,0,for two")
        self.assertEqual(self.two.received(), ["c7,0,for two"])

    def test_nobody_waits_any_more(self):
        self.one.send("C7,stat")
        self.car.send("c7,0,a")
        self.received()
        self.car.send("c7,0,b")
        self.assertEqual(self.received(), (["c7,0,b"], ["c7,0,b"]))
        self.assertIn("reply c7 that nobody waits for", self.bench.faults())

    def test_lists_keep_their_client(self):
        for command, count in ((1, 16), (3, 32)):
            self.one.send(f"C{command}")
            self.two.send("C7,stat")
            rows = [f"c{command},0,{row},{count},v" for row in range(count)]
            for row in rows:
                self.car.send(row)
            self.car.send("c7,0,x")
            self.assertEqual(self.received(), (rows, ["c7,0,x"]))
        self.assertEqual(self.bench.faults(), [])

    def test_short_list_is_told_and_repaired(self):
        self.one.send("C1")
        self.two.send("C7,stat")
        self.car.send("c1,0,0,16,v")
        self.car.send("c7,0,x")
        self.assertEqual(self.received(), (["c1,0,0,16,v"], ["c7,0,x"]))
        self.assertEqual(self.bench.faults(), ["the list of C1 ended early, after 1 rows"])

    def test_short_list_is_told_when_nothing_follows(self):
        self.one.send("C3")
        self.car.send("c3,0,0,32,v")
        self.bench.advance(20)
        self.assertEqual(self.bench.faults(), ["the list of C3 ended early, after 1 rows"])

    def test_missing_row_and_missing_numbers(self):
        self.one.send("C1")
        self.car.send("c1,0,0,3,v")
        self.car.send("c1,0,2,3,v")
        self.assertIn("row 2 where 1 is due", self.bench.faults()[0])
        self.one.send("C1")
        self.car.send("c1,0")
        self.assertIn("without row number", self.bench.faults()[0])

    def test_refused_list(self):
        self.one.send("C1")
        self.two.send("C7,stat")
        self.car.send("c1,1,No")
        self.car.send("c7,0,x")
        self.assertEqual(self.received(), (["c1,1,No"], ["c7,0,x"]))
        self.assertIn("list command 1 answered with result 1", self.bench.faults()[0])

    def test_routing_slips_on_request(self):
        for reply in ("c1,1,No", "c1,0,0,16,v"):
            self.start(routing_slips=True)
            self.one.send("C1")
            self.two.send("C7,stat")
            self.car.send(reply)
            self.car.send("c7,0,x")
            self.assertEqual(self.received(), ([reply, "c7,0,x"], []))

    def test_reply_out_of_order_is_told(self):
        self.one.send("C7,stat")
        self.two.send("C18")
        self.car.send("c18,0")
        self.assertIn("reply c18 while C7 is the oldest", self.bench.faults()[0])
        self.assertEqual(self.received(), (["c18,0"], []))

    def test_missing_answer_is_told_once(self):
        self.one.send("C18")
        self.bench.advance(9)
        self.assertEqual(self.bench.faults(), [])
        self.bench.advance(60)
        self.assertEqual(self.bench.faults(), ["C18 has no answer for 9 s"])

    def test_command_to_an_absent_car_vanishes(self):
        self.car.hang_up()
        self.received()
        self.one.send("C7,stat")
        newer = self.bench.car()
        self.assertEqual(newer.received(), ["Z2"])
        self.assertEqual(self.received(), (["Z1"], ["Z1"]))

    def test_unsolicited_reply_is_told(self):
        self.car.send("c7,0,x")
        self.car.send("S80")
        self.assertEqual(self.received()[0], ["S80", "T0"])
        self.assertIn("before any command", self.bench.faults()[0])

    def test_wedge_on_request(self):
        self.start(wedge=True)
        self.car.send("c7,0,x")
        self.car.send("S80")
        self.assertEqual(self.received(), ([], []))
        self.assertFalse(self.car.is_closed, "open and deaf")
        self.bench.advance(991, step_s=30)
        self.assertTrue(self.car.is_closed)

    def test_asking_again_on_a_new_connection_counts_anew(self):
        self.one.send("C7,stat")
        self.car.hang_up()
        self.received()
        newer = self.bench.car()
        newer.send("c7,0,late")
        self.assertIn("before any command", self.bench.faults()[0])


if __name__ == "__main__":
    unittest.main()
