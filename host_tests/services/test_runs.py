"""What outlives a reset: how the run before ended, and how many in a row crashed."""

from host_tests.fakes.rtc_memory import Memory
from ovms import runs
from ovms.config import Config
from ovms.drivers import rtc_note
from ovms.parameters import PHONE
from ovms.status import REQUEST_REBOOT, Status
from tools.simulated_board.fakes.memory_store import MemoryStore


class Part:
    def __init__(self, **values):
        for name in values:
            setattr(self, name, values[name])


class Module:
    """What `runs.py` sees of an App."""

    def __init__(self, phone="+4512345678"):
        self.told = []
        self.status = Status("BENCH")
        self.status.is_registered = True
        self.config = Config(MemoryStore())
        if phone:
            self.config.set(PHONE, phone)
        self.notifier = Part(sms=self.told)
        digester = Part(command=b'AT+CSTT="apn","user","secret"')
        self.modem = Part(port=Part(digester=digester))
        self.is_safe, self.ending = runs.begin(self)
        self.due_s = 180
        self.notes = self.tests = 0

    def spawn(self, function):
        """The self test of a start, which is not for here."""
        self.tests += 1

    def minutes(self, count):
        """So many pass; the REQUEST_ bits that were asked for meanwhile."""
        for _ in range(count):
            self.status.uptime_s += 60
            if self.status.uptime_s >= self.due_s:
                self.notes += 1
                self.due_s = runs.note(self)
        return self.status.take_requests()


def crashing(count):
    """The module after so many crashes soon after its start."""
    for _ in range(count):
        runs.crashed(Module())
    return Module()


def test_five_crashes_in_a_row_and_not_four():
    with Memory():
        assert not crashing(4).is_safe
    with Memory():
        assert crashing(5).is_safe


def test_one_who_crashes_while_its_parts_are_made_counts():
    with Memory():
        for _ in range(5):
            Module()
            runs.crashed(None)
        assert Module().is_safe


def test_ends_that_nobody_wrote_down_count_and_are_told():
    """The watchdog, a panic: the run before simply goes on, as far as the note knows."""
    with Memory():
        module = Module()
        assert module.ending == ""
        module.minutes(3)
        module = Module()
        assert module.ending.startswith("Up 180 s or more, heap ")
        assert module.ending.endswith("last AT command AT+CSTT")
        for _ in range(3):
            module = Module()
            assert not module.is_safe
        assert Module().is_safe


def test_a_restart_that_was_asked_for_begins_anew():
    with Memory():
        module = crashing(4)
        runs.ended(module)
        module = crashing(4)
        assert not module.is_safe and module.ending == ""
        runs.ended(crashing(1))
        assert not Module().is_safe, "RESET leaves safe mode"


def test_a_good_hour_begins_anew():
    with Memory():
        module = crashing(4)
        module.minutes(60)
        runs.crashed(module)
        assert not crashing(3).is_safe
        assert crashing(1).is_safe
    with Memory():
        module = crashing(4)
        module.minutes(60)
        # Of a crash that nobody wrote down the same.
        assert not Module().is_safe


def test_a_power_cut_begins_anew_whatever_the_memory_holds():
    with Memory() as memory:
        crashing(4)
        whole = memory.data[0]
        for data in (b"", b"\xff" * 40, whole[:-1], b"9" + whole, b"1 x" + whole[-8:]):
            memory.data[0] = data
            assert rtc_note.load() == ""
            assert not Module().is_safe
            memory.data[0] = data
            assert not crashing(4).is_safe
            runs.ended(Module())


def test_whole_notes_that_say_nothing():
    with Memory():
        for text in ("", "1", "a b c d e f g", "1 2 3", "- - - - - - -", "1 1 1 1 1 1"):
            rtc_note.save(text)
            module = Module()
            assert not module.is_safe and module.ending == ""


def test_safe_mode_tells_the_owner_once_and_leaves_after_an_hour():
    with Memory():
        module = crashing(5)
        module.status.is_registered = False
        module.minutes(5)
        assert module.told == []
        module.status.is_registered = True
        assert not module.minutes(3)
        (text,) = module.told
        # As `notifier_events.py` reads it.
        number, news, words = text.split("\t", 2)
        assert number == "N+4512345678" and not news and len(words) <= 160
        assert words.startswith("The module crashed 5 times in a row") and "RESET" in words
        # It crashes in safe mode as well: nothing new.
        runs.crashed(module)
        module = Module()
        assert module.is_safe
        assert not module.minutes(59)
        assert module.told == []
        assert module.minutes(1) == REQUEST_REBOOT
        runs.ended(module)
        # The same again: the owner knows.
        module = crashing(5)
        assert module.is_safe
        module.minutes(5)
        assert module.told == []
        runs.ended(module)
        # All was well for an hour: then it is news.
        module = Module()
        module.minutes(60)
        runs.crashed(module)
        module = crashing(4)
        assert module.is_safe
        module.minutes(3)
        assert len(module.told) == 1


def test_without_an_owner_nobody_is_told():
    for phone in ("", "NOPHONE"):
        with Memory():
            for _ in range(5):
                runs.crashed(Module())
            module = Module(phone)
            module.minutes(5)
            assert module.is_safe and module.told == []


def test_without_such_a_memory_no_start_is_a_safe_one():
    assert rtc_note.load() == ""
    assert not crashing(20).is_safe


def test_what_an_at_command_sets_or_dials_is_not_told():
    for command, shown in (
        (b"ATD0049151;", "ATD"),
        (b"AT+CPIN=1234", "AT+CPIN"),
        (b"AT+CREG?", "AT+CREG"),
        (b"AT", "AT"),
        (b"", "-"),
        (None, "-"),
        (b"\xff\xfe", "-"),
    ):
        with Memory():
            module = Module()
            module.modem.port.digester.command = command
            assert runs.last_command(module) == shown
    module.modem.port = None
    assert runs.last_command(module) == "-"


def test_a_note_is_rare_as_it_loads_code():
    with Memory():
        module = Module()
        module.minutes(120)
        # At three minutes, then every ten.
        assert module.notes == 1 + 12
        module.minutes(9)
        assert module.notes == 13
        # One self test in a start.
        assert module.tests == 1
