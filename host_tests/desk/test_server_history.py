"""History records, acknowledgements, commands 30 to 32, the store on disk. CPython only."""

import pathlib
import sqlite3
import tempfile
import unittest

from host_tests.desk.relay_bench import START_S, Bench
from tools.desk.ovms.context import Timers
from tools.desk.ovms.store import Store, timestamp

# 2023-11-14 22:13:20 UTC
START = timestamp(START_S)


class HistoryTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench(timers=Timers(log_history_s=0))
        self.car, self.app = self.bench.car(), self.bench.app()
        self.car.received(), self.app.received()

    def ask(self, command):
        self.app.send(command)
        return self.app.received()

    def test_h_is_acknowledged_and_dated_back(self):
        self.car.send("h17,-60,*-OVM-Vec,1,86400,hello,world")
        self.assertEqual(self.car.received(), ["h17"])
        self.assertEqual(
            self.ask("C32,*-OVM-Vec"),
            ["c32,0,1,1,*-OVM-Vec,2023-11-14 22:12:20,1,hello,world"],
        )
        self.assertEqual(self.car.received(), [], "answered by the server alone")

    def test_plain_h_gets_no_answer(self):
        self.car.send("H*-OVM-Vec,1,86400,hello")
        self.assertEqual(self.car.received(), [])
        self.assertIn(f"{START},1,hello", self.ask("C32,*-OVM-Vec")[0])
        self.car.send("H*-OVM-Vec,1,86400")
        self.assertIn("H with 3 of 4 fields is dropped", self.bench.faults()[0])

    def test_lost_records_are_acknowledged_all_the_same_and_told(self):
        for payload, ack, reason in (
            ("5", "h5", "1 of 6 fields"),
            ("text,0,T,1,60", "htext", "5 of 6 fields"),
            ("6,0,T,one,60,x", "h6", "'one' is not a 32-bit integer"),
            ("6,0,T,,60,x", "h6", "is not a 32-bit integer"),
            ("7,now,T,1,60,x", "h7", "a time is no integer"),
            ("8,99999999999999999,T,1,60,x", "h8", "outside the calendar"),
            ("9,0," + "T" * 33 + ",1,60,x", "h9", "33 characters"),
            ("10,0,T,1,60," + "x" * 65_536, "h10", "65536 bytes"),
        ):
            with self.subTest(payload[:20]):
                self.car.send(f"h{payload}")
                self.assertEqual(self.car.received(), [ack])
                self.assertIn(reason, self.bench.faults()[0])
        self.assertEqual(self.ask("C32,T"), ["c32,1,No historical data available"])

    def test_one_second_holds_one_record_of_a_number(self):
        self.car.send("h1,0,T,1,60,first")
        self.car.send("h2,0,T,1,60,second")
        self.assertIn("overwritten", self.bench.faults()[0])
        self.car.send("h2,0,T,1,60,second")
        self.assertEqual(self.bench.faults(), [], "a repeated record is no loss")
        self.assertEqual(len(self.ask("C32,T")), 1)

    def test_order_since_and_summary(self):
        self.car.send("h1,0,T,2,600,bb")
        self.car.send("h2,-120,T,1,600,a")
        self.car.send("h3,-60,T,1,600,ccc")
        rows = self.ask("C32,T")
        self.assertEqual([row.split(",")[-1] for row in rows], ["a", "ccc", "bb"])
        self.assertEqual([row.split(",")[2:4] for row in rows], [[k, "3"] for k in "123"])
        since = self.ask("C32,T,2023-11-14 22:11:20")
        self.assertEqual([row.split(",")[-1] for row in since], ["ccc", "bb"], "exclusive")
        self.assertEqual(
            self.ask("C31,2023-11-14 22:13:20"), ["c31,1,No historical data available"]
        )
        self.assertEqual(self.ask("C31"), [f"c31,0,1,1,T,2,3,90,2023-11-14 22:11:20,{START}"])
        # Of each record its data, its type, the vehicle and 20 bytes.
        self.assertEqual(90, len("bbaccc") + 3 * (len("T") + len("TESTCAR") + 20))

    def test_records_of_the_server_itself(self):
        bench = Bench()
        car, app = bench.car(), bench.app()
        car.send("PACharging done"), car.send("PERT,5,255"), car.send("PITrip")
        app.received()
        app.send("C32,*-Log-Notification")
        rows = [row.split(",", 6)[6] for row in app.received()]
        self.assertEqual(
            rows,
            ["0,A,Charging done", "1,E,Vehicle Alert Code: RT/5 (000000ff)", "2,I,Trip"],
            "of one second, and none replaces another",
        )
        car.hang_up()
        bench.car()
        app.received()
        app.send("C32,*-OVM-ServerLogs")
        texts = [row.split(",", 7)[-1] for row in app.received()]
        self.assertEqual([text[:8] for text in texts], ["C login", "C logout", "C login"])

    def test_expiry(self):
        self.car.send("h1,0,SHORT,1,60,x")
        self.car.send("h2,-100,LATER,1,60,x")
        self.bench.advance(120, step_s=60)
        self.assertEqual(self.ask("C32,SHORT")[0][:5], "c32,1")
        self.assertEqual(self.ask("C32,LATER")[0][:5], "c32,0", "lifetime minus time difference")
        self.bench.advance(121, step_s=60)
        self.assertEqual(self.ask("C32,LATER")[0][:5], "c32,1")

    def test_utilisation(self):
        counters = self.bench.relay.hub("TESTCAR").counters
        row = self.ask("C30")
        expected = (
            f"c30,0,1,1,2023-11-14,{counters.bytes_to_car},{counters.bytes_from_car},"
            f"{{}},{counters.bytes_from_apps}"
        )
        sent_to_app = counters.bytes_to_apps - len(self.app.raw.split(b"\r\n")[-2]) - 2
        self.assertEqual(row, [expected.format(sent_to_app)])
        self.bench.advance(86_400, step_s=3600)
        self.app = self.bench.app()
        self.app.received()
        self.assertEqual([r.split(",")[4] for r in self.ask("C30")], ["2023-11-15", "2023-11-14"])

    def test_nothing_to_tell(self):
        self.assertEqual(Bench(["A:B"]).app("A", "B").received(), ["Z0", "T3020399"])
        self.assertEqual(self.ask("C32,NONE"), ["c32,1,No historical data available"])

    def test_stored_messages_become_history_for_a_day(self):
        bench = Bench()
        car, app = bench.car(), bench.app()
        car.send("D1,2")
        bench.advance(2)
        car.send("D3,4")
        app.received()
        app.send("C32,D")
        self.assertEqual(
            [m.split(",", 7)[6:] for m in app.received()], [["0", "1,2"], ["0", "3,4"]]
        )


class StoreTest(unittest.TestCase):
    def test_survives_a_restart(self):
        with tempfile.TemporaryDirectory() as directory:
            path = str(pathlib.Path(directory) / "desk.db")
            first = Bench(db=path)
            car = first.car()
            car.send("ETtoken")
            car.send("EMSAAAA")
            car.send("F1.0")
            car.send("h1,0,T,1,600,kept")
            first.relay.close_all("end")
            first.store.close()
            second = Bench(db=path)
            app = second.app()
            self.assertEqual(app.received(), ["Z0", "F1.0", "ETtoken", "EMSAAAA", "T0"])
            app.send("C32,T")
            self.assertEqual(app.received(), [f"c32,0,1,1,T,{START},1,kept"])
            second.store.close()

    def test_unusable_file(self):
        with tempfile.TemporaryDirectory() as directory:
            with self.assertRaisesRegex(OSError, "cannot use .* as database"):
                Store(directory)
            path = pathlib.Path(directory) / "text"
            path.write_text("this is no database, just text that is long enough" * 50)
            with self.assertRaisesRegex(OSError, "cannot use"):
                Store(str(path))

    def test_expired_rows_go_in_batches(self):
        store = Store()
        for number in range(2600):
            store.put_history("V", "T", str(number), "x", 0, 1)
        self.assertEqual(store.expire_history(100), 2500)
        self.assertEqual(store.expire_history(100), 100)
        store.close()
        with self.assertRaises(sqlite3.ProgrammingError):
            store.messages("V")


if __name__ == "__main__":
    unittest.main()
