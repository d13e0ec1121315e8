"""Every timer of the server, with its clock in the test's hand. CPython only.

Limits and observations: server-and-clients 1.7 (car limit 400 s: ping at 360, close at 420; app
limit 60 s: close at 60; defaults: ping about 930, close about 990).
"""

import unittest

from host_tests.desk.relay_bench import START_S, Bench
from tools.desk.ovms.context import Timers


def until_closed(bench, caller, limit_s):
    """Seconds until the server closes the caller, None if it does not within the limit."""
    start_s = bench.utc_s
    while bench.utc_s - start_s < limit_s:
        bench.advance(1)
        if caller.is_closed:
            return bench.utc_s - start_s
    return None


class TimerTest(unittest.TestCase):
    def check_car(self, timers, ping_s, close_s):
        bench = Bench(timers=timers)
        car = bench.car()
        car.received()
        bench.advance(ping_s - 1)
        self.assertEqual(car.received(), [])
        bench.advance(1)
        self.assertEqual(car.received(), ["AFA"])
        self.assertEqual(until_closed(bench, car, 200), close_s - ping_s)

    def test_silent_car(self):
        self.check_car(Timers(car_s=400), 360, 420)

    def test_defaults(self):
        self.check_car(Timers(), 900, 990)

    def test_a_line_restarts_the_timer(self):
        bench = Bench(timers=Timers(car_s=120))
        car = bench.car()
        for _ in range(10):
            bench.advance(100)
            car.send("a")
        self.assertFalse(car.is_closed)
        self.assertEqual(until_closed(bench, car, 200), 150)

    def test_pings_are_spaced_and_not_sent_to_a_car_that_is_written_to(self):
        bench = Bench(timers=Timers(car_s=400))
        car, app = bench.car(), bench.app()
        for _ in range(30):
            bench.advance(60)
            app.send("Xkeep")
            car.send("a")
        self.assertNotIn("AFA", car.received())

    def test_pings_are_300_s_apart_at_least(self):
        bench = Bench(timers=Timers(car_s=120))
        car = bench.car()
        car.received()
        pinged_s = []
        for _ in range(1500):
            bench.advance(1)
            if "AFA" in car.received():
                pinged_s.append(bench.utc_s - START_S)
            if bench.utc_s % 45 == 0:
                car.send("a")
        self.assertEqual(len(pinged_s), 5)
        for earlier, later in zip(pinged_s, pinged_s[1:], strict=False):
            self.assertGreaterEqual(later - earlier, 300)

    def test_silent_clients(self):
        timers = Timers(app_s=60, api_s=90)
        bench = Bench(timers=timers)
        self.assertEqual(until_closed(bench, bench.app(), 200), 60)
        self.assertEqual(until_closed(bench, bench.batch(), 200), 90)
        bench = Bench()
        self.assertEqual(until_closed(bench, bench.app(), 2000), 1200)
        self.assertEqual(until_closed(bench, bench.batch(), 2000), 120)

    def test_no_first_line(self):
        bench = Bench()
        self.assertEqual(until_closed(bench, bench.caller(), 60), 30)

    def test_late_tick_catches_up(self):
        bench = Bench(timers=Timers(car_s=400))
        car = bench.car()
        bench.advance(5000, step_s=5000)
        self.assertTrue(car.is_closed)
        self.assertLess(bench.utc_s - START_S, 6000)


if __name__ == "__main__":
    unittest.main()
