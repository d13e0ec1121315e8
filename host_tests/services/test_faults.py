"""Errors that were survived, and the one that was not: what is kept, shown, written and told."""

from host_tests.fakes.fake_flash import FakeFlash
from host_tests.services.console_bench import Desk
from host_tests.services.sms_bench import PASSWORD
from ovms import crash, faults
from ovms.build_id import BUILD_ID
from ovms.parameters import SERVER


class OwnError(Exception):
    pass


def innermost(words):
    raise OwnError(words)


def error_of(words="no luck", depth=0):
    """An exception as it is caught: with its traceback."""

    def call(n):
        if n:
            call(n - 1)
        innermost(words)

    try:
        call(depth)
    except OwnError as error:
        return error


def other_error():
    try:
        return [].missing
    except AttributeError as error:
        return error


class Module:
    """status and config of a module, and its flash."""

    def __init__(self):
        self.desk = Desk()
        self.status = self.desk.status
        self.config = self.desk.config
        self.flash = FakeFlash()
        self.car = self.desk.current_car()
        self.history = self
        self.records = []

    def add(self, type, number, lifetime_s, data, priority=None):
        self.records.append((type, number, lifetime_s, data, priority))

    def keep(self, where, error):
        """What `App.on_error` does, without the log."""
        self.status.errors[where] = self.status.errors.get(where, 0) + 1
        faults.keep(self.status, self.config, where, error)

    def crash(self, error, uptime_s=10):
        self.status.uptime_s = uptime_s
        crash.save(self.config, self.status, error, self.flash)
        self.status.uptime_s = 0

    def start(self, cause="hard reset"):
        """Start again; what was put into the history meanwhile."""
        self.status.errors = {}
        self.status.faults = []
        self.records = []
        self.status.reset_cause = cause
        crash.report(self, self.flash)
        return self.records


def test_an_error_is_kept_with_its_frames():
    text = faults.traced(Module().config, error_of("so and so"))
    lines = text.split("\n")
    assert "in innermost" in lines[-2] and lines[-2].startswith('File "')
    assert lines[-1].endswith("OwnError: so and so")
    assert "Traceback" not in text


def test_the_same_error_is_counted():
    module = Module()
    for n in range(5):
        # Its words may differ, as those of a MemoryError do.
        module.status.uptime_s = n
        module.keep("sms", error_of("%d bytes" % n))
    assert len(module.status.faults) == 1
    text, where, times, uptime_s = module.status.faults[0]
    assert (where, times, uptime_s) == ("sms", 5, 4) and text.endswith("4 bytes")
    # In another task it is another one.
    module.keep("tick", error_of())
    module.keep("sms", other_error())
    assert [fault[1:3] for fault in module.status.faults] == [("sms", 5), ("tick", 1), ("sms", 1)]
    # The newest last, and never more than three.
    module.keep("sms", error_of())
    module.keep("gps", other_error())
    assert [fault[1:3] for fault in module.status.faults] == [("sms", 1), ("sms", 6), ("gps", 1)]
    assert faults.summary(module.status) == "gps 1, sms 7, tick 1"


def test_what_is_kept_is_bounded_and_printable():
    module = Module()
    text = faults.traced(module.config, error_of("x\n\x00\u00e9" * 300, 40))
    assert len(text) <= 400 and "in innermost" in text
    assert all(32 <= ord(char) < 127 or char == "\n" for char in text)
    for n in range(30):
        module.keep("task %d" % n, error_of("y" * 5000, 40))
    assert sum([len(fault[0]) for fault in module.status.faults]) <= 1200


def test_no_secrets():
    module = Module()
    module.config.apply({7: "apnsecret", 9: PASSWORD + "longer"})
    for cut in range(100, 125):
        text = faults.traced(module.config, error_of("z" * cut + PASSWORD + "longer apnsecret"))
        assert PASSWORD not in text and "apnsecret" not in text
        assert "z%s" % PASSWORD[:1] not in text
    # Nobody knows yet what is secret.
    text = faults.traced(None, error_of("my " + PASSWORD))
    assert text.endswith("\nOwnError") and PASSWORD not in text


def test_diag_and_summary_name_the_task():
    module = Module()
    desk = module.desk
    assert "Errors" not in desk.handle("S SUMMARY")
    module.keep("sms", error_of())
    module.keep("sms", error_of())
    module.keep("tick", other_error())
    assert "\r\n# Errors: sms 2, tick 1\r\n" in desk.handle("S SUMMARY")
    text = desk.handle("DIAG")
    assert "\r\n#  ERRORS:   sms 2, tick 1\r\n#   build " + BUILD_ID in text
    assert "\r\n#   sms: 2 times, last" in text
    assert text.count("in innermost") == 1 and text.count("AttributeError") == 1
    desk.crash = ["build source", "OwnError: gone"]
    assert "\r\n#   The last crash:\r\n#   build source\r\n#   OwnError: gone\r\n" in desk.handle(
        "DIAG"
    )


def test_a_crash_is_told_once():
    module = Module()
    module.config.set(SERVER, "host")
    assert module.start() == [] and crash.shown(module.flash) == []
    module.keep("sms", other_error())
    module.crash(error_of("gone, at last"))
    (record,) = module.start()
    type, number, lifetime_s, data, priority = record
    assert (type, number, lifetime_s, priority) == ("*-OVM-DebugCrash", 0, 2592000, None)
    fields = data.split(",")
    assert fields[1:4] == ["1", "hard reset", "0"] and len(fields) == 5
    assert fields[4].startswith("build " + BUILD_ID + "|") and fields[4].endswith(
        "OwnError: gone; at last"
    )
    assert "in innermost|" in fields[4]
    shown = crash.shown(module.flash)
    assert shown[0] == "build " + BUILD_ID and "Before: sms 1" in shown
    assert shown[-1].startswith("AttributeError")
    # Not again, but still to be seen.
    assert module.start() == [] and crash.shown(module.flash) == shown
    # Nor by a start that the watchdog caused, which is told as before.
    (record,) = module.start("watchdog")
    assert record[3].endswith(",1,watchdog,0")


def test_the_record_fits_into_a_line():
    module = Module()
    module.crash(error_of("w" * 500, 60))
    (record,) = module.start()
    assert len("%s,%d,%d,%s" % record[:4]) < 480


def test_a_loop_of_crashes_does_not_wear_the_flash():
    module = Module()
    writes = []
    plain_open = module.flash.open

    def counted(path, mode):
        if mode == "wb":
            writes.append(path)
        return plain_open(path, mode)

    module.flash.open = counted
    for n in range(200):
        module.crash(error_of("%d bytes" % n))
        assert len(module.start()) == (n == 0)
    assert len(writes) == 2
    # Another crash, or the same one after a long time, is worth it.
    module.crash(other_error())
    assert len(module.start()) == 1
    module.crash(other_error(), 4000)
    assert len(module.start()) == 1
    assert len(writes) == 6


def test_a_crash_before_there_is_a_config():
    module = Module()
    crash.save(None, None, error_of(PASSWORD), module.flash)
    assert crash.shown(module.flash)[-1] == "OwnError"
    assert PASSWORD.encode() not in b"".join(module.flash.files.values())
