"""What ends in a question mark changes nothing: for every command of every car."""

from host_tests.services.sms_bench import PASSWORD, STRANGER, Bench
from host_tests.vehicle.example_car import ExampleCar
from ovms.services.sms.commands import names
from ovms.vehicle.base import Vehicle
from ovms.vehicle.demo.car import Demo
from ovms.vehicle.twizy.car import Twizy


class Car(Vehicle):
    SMS_NAME = "OWN"

    async def sms_range(self, arguments, is_query):
        return "Range %s %s\rline" % ("?" if is_query else "=", ",".join(arguments))

    def sms_commands(self):
        return (("RANGE", 3, Car.sms_range),)


def test_a_question_changes_nothing_whatever_the_command_and_the_car():
    for car_class in (Vehicle, Demo, Twizy, ExampleCar, Car):
        bench = Bench(car_class=car_class)
        bench.config.apply({3: "IP", 4: "host", 8: "ID", 9: "pw", 14: "RT", 26: "60", 31: "1"})
        before, features = list(bench.config.values), list(bench.config.features)
        calls = []

        async def command(code, arguments, calls=calls):
            calls.append(code)
            return 0, ""

        bench.car.command = command
        for name in names(bench.sms)[0] + names(bench.sms)[1]:
            for words in ("", "x", "1", PASSWORD, PASSWORD + " 1", "-", "9 30", "50%", "R", "- -"):
                for text in ("%s? %s", "%s ? %s"):
                    bench.send(text % (name.rstrip("?"), words))
        assert bench.config.values == before and bench.config.features == features
        assert calls == [] and bench.status.take_requests() == 0 and bench.pushes == []


def test_the_question_mark_may_stand_behind_the_words_of_a_cars_command():
    bench = Bench(car_class=Car)
    assert bench.send("RANGE 50?") == "Range ? 50\nline"
    assert bench.send("RANGE 50 ?") == "Range ? 50\nline"
    assert bench.send("RANGE 50 km ??") == "Range ? 50,km\nline"
    assert bench.send("RANGE 50 km") == "Range = 50,km\nline"
    # A password may end so.
    bench.send("PASS why?")
    assert bench.send("RANGE why? 50", STRANGER) == "Range = 50\nline"
    assert bench.send("RANGE why?", STRANGER) == "Range = \nline"
