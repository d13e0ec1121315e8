"""The recorded session of the real server, replayed byte for byte. CPython only."""

import json
import pathlib
import unittest

from host_tests.desk.relay_bench import Bench
from tools.desk.ovms.vehicles import ProvisionRecord, VehicleRecord

SESSION = json.loads(
    (pathlib.Path(__file__).parent.parent / "fixtures" / "v2" / "server_session.json").read_text()
)
ROLES = ("car", "app", "batch")


class Recorded:
    """One role of the recording played against the bench."""

    def __init__(self, case, bench, role):
        self._case, self._caller, self._role = case, bench.caller(), SESSION[role]
        self._sent = 0
        answer = self._caller.line(self._role["first_line"])
        case.assertEqual(answer[0], self._role["welcome"])

    def send_next(self):
        self._caller.line(self._role["to_server"][self._sent][1])
        self._sent += 1

    def check(self, count):
        """So many lines came so far, all as recorded."""
        lines = self._caller.raw.decode().split("\r\n")[1:-1]
        self._case.assertEqual(lines, [wired for _, wired in self._role["from_server"][:count]])

    def hang_up(self):
        self._caller.hang_up()


class SessionTest(unittest.TestCase):
    def test_car_app_and_batch_client(self):
        bench = Bench(
            [f"{SESSION['vehicle']}:{SESSION['password']}"],
            tokens=[SESSION[role]["server_token"] for role in ROLES],
            version=SESSION["server_version"],
        )
        car = Recorded(self, bench, "car")
        car.check(1)
        bench.advance(6)
        app = Recorded(self, bench, "app")
        car.check(2)
        app.check(2)
        car.send_next()
        app.check(5)
        car.send_next()
        app.check(7)
        car.send_next()
        car.check(3)
        car.send_next()
        car.check(4)
        app.send_next()
        car.check(5)
        car.send_next()
        app.check(8)
        batch = Recorded(self, bench, "batch")
        batch.check(4)
        car.check(5)
        self.assertEqual(bench.faults(), [])

    def test_scheme_1(self):
        vector = SESSION["scheme_1"]
        records = [
            VehicleRecord(name, "x", vector["password"], owner=vector["owner"])
            for name in vector["vehicles"]
        ]
        caller = Bench(records).caller()
        self.assertEqual(caller.line(vector["first_line"]), vector["from_server"])

    def test_provisioning(self):
        vector = SESSION["provisioning"]
        record = ProvisionRecord(vector["key"], vector["secret"], vector["record"])
        bench = Bench(tokens=[vector["token"]], provisioning=[record])
        caller = bench.caller()
        self.assertEqual(caller.line(vector["request"]), [vector["reply"]])
        self.assertEqual(caller.line(vector["request"]), ["AP-X"])
        self.assertEqual(bench.caller().line("AP-C 0 NOSUCHKEY"), ["AP-X"])
        self.assertEqual(
            bench.caller().line(vector["request"].lower().replace("ap-c", "AP-C")),
            [vector["reply"]],
        )


if __name__ == "__main__":
    unittest.main()
