"""An SMS is answered or stays in the modem's store, and is carried out once at most."""

import asyncio

from host_tests.services.sms_bench import (
    OWNER,
    PASSWORD,
    STRANGER,
    Bench,
    FakeModem,
    RAMStore,
)
from host_tests.shims.expect import run
from ovms.services.sms import journal
from ovms.services.sms.work import begin, send
from ovms.vehicle.base import Vehicle

CUT_SHORT = "The module was interrupted while it worked on your SMS."


class StoringModem(FakeModem):
    """A modem whose store outlives the runs of the module. stored: [(number, text, crc)]."""

    def __init__(self, stored):
        FakeModem.__init__(self, ())
        self.stored = stored
        self.handed = []
        self.taken = ()

    async def next_sms(self):
        if self.taken:
            self.stored.pop(0)
            self.taken = ()
        if not self.stored:
            self.is_drained.set()
            await asyncio.Event().wait()
        number, text, crc = self.stored[0]
        self.taken = (("", 1, crc),)
        return number, text


# One for each run of a module.
RUNS = []


class GateCar(Vehicle):
    """Counts how often its gate was moved. on_gate: called then."""

    gates = 0
    on_gate = None

    def sms_commands(self):
        return (("GATE", 2, GateCar.gate),)

    async def gate(self, words, is_query):
        GateCar.gates += 1
        if GateCar.on_gate:
            GateCar.on_gate()
        return "Gate moved"


class CutError(Exception):
    """The module is gone at this instant."""


def cut():
    raise CutError


def live(stored, memory, modem_class=StoringModem, bench=None):
    """One run of the module: what it sends until the store is empty or the power fails."""
    bench = bench or Bench(car_class=GateCar)
    bench.status.is_registered = True
    bench.sms.journal = memory
    RUNS.append(None)
    bench.sms.run_id = len(RUNS)
    modem = modem_class(stored)

    async def main():
        task = asyncio.create_task(bench.sms.run(modem))
        while not (modem.is_drained.is_set() or task.done()):
            await asyncio.sleep_ms(1)
        if task.done():
            assert await error_of(task) is CutError
        task.cancel()

    run(main())
    return modem, bench


async def error_of(awaitable):
    """The class of what awaiting it raises."""
    try:
        await awaitable
    except Exception as error:
        return type(error)
    return None


def reset():
    GateCar.gates = 0
    GateCar.on_gate = None


def texts(modem):
    return [text for _, text in modem.sent]


def test_what_is_answered_is_deleted_and_noted():
    reset()
    stored, memory = [(OWNER, "GATE", 5), (OWNER, "VERSION", 6)], RAMStore()
    modem, bench = live(stored, memory)
    assert texts(modem)[0] == "Gate moved" and len(modem.sent) == 2
    assert stored == [] and GateCar.gates == 1
    assert memory.data == b"5 9 %d\n6 9 %d\n" % (bench.sms.run_id, bench.sms.run_id)


def test_a_command_that_was_cut_short_is_not_carried_out_again():
    reset()
    stored, memory = [(OWNER, "GATE", 5)], RAMStore()
    GateCar.on_gate = cut
    modem, _ = live(stored, memory)
    assert modem.sent == [] and len(stored) == 1 and GateCar.gates == 1
    GateCar.on_gate = None
    modem, bench = live(stored, memory)
    (text,) = texts(modem)
    assert text.startswith(CUT_SHORT) and len(text) <= 160
    assert stored == [] and GateCar.gates == 1
    assert bench.status.counts["sms_interrupted"] == 1
    # The next one, even the same to the letter, is another SMS.
    stored.append((OWNER, "GATE", 7))
    modem, _ = live(stored, memory)
    assert texts(modem) == ["Gate moved"] and GateCar.gates == 2


class CutModem(StoringModem):
    """The power fails while an SMS is sent, or as soon as it has left. is_late: the latter."""

    is_late = False

    async def send_sms(self, number, text):
        if self.is_late:
            self.sent.append((number, text))
        raise CutError


class LateModem(CutModem):
    is_late = True


def test_a_cut_while_it_is_answered():
    for modem_class in (CutModem, LateModem):
        reset()
        stored, memory = [(OWNER, "GATE", 5)], RAMStore()
        live(stored, memory, modem_class=modem_class)
        assert len(stored) == 1
        modem, _ = live(stored, memory)
        (text,) = texts(modem)
        assert text.startswith(CUT_SHORT) and GateCar.gates == 1 and stored == []


def test_a_cut_before_the_modem_has_deleted_it():
    reset()
    stored, memory = [(OWNER, "GATE", 5)], RAMStore()
    live(stored, memory)
    stored.append((OWNER, "GATE", 5))
    modem, bench = live(stored, memory)
    assert modem.sent == [] and stored == [] and GateCar.gates == 1
    assert bench.status.counts["sms_given_up"] == 1


def test_an_sms_that_crashes_the_module_does_so_twice_at_most():
    stored, memory = [(OWNER, "GATE", 5), (OWNER, "VERSION", 6)], RAMStore()
    reset()
    GateCar.on_gate = cut
    live(stored, memory)
    # To tell of it is what fails now.
    live(stored, memory, modem_class=CutModem)
    assert len(stored) == 2
    modem, _ = live(stored, memory)
    (text,) = texts(modem)
    assert "Version" in text or "4." in text
    assert stored == [] and GateCar.gates == 1


def test_only_who_may_is_told():
    for number, text, is_told in (
        (STRANGER, "GATE", False),
        (STRANGER, "STAT guess", False),
        (STRANGER, "STAT " + PASSWORD, True),
        (OWNER, "anything", True),
        ("00" + OWNER[1:], "anything", True),
        ("Renault", "x", False),
    ):
        stored, memory = [(number, text, 9)], RAMStore()
        memory.data = b"9 1 1234\n"
        modem, _ = live(stored, memory)
        assert bool(modem.sent) == is_told, (number, text, modem.sent)
        assert stored == []


def test_no_answer_twice_for_want_of_memory():
    """The second part of a long answer finds no memory: the first is not sent again."""

    class NarrowModem(StoringModem):
        fails = 2

        async def send_sms(self, number, text):
            if self.sent and self.fails:
                self.fails -= 1
                raise MemoryError
            self.sent.append((number, text))
            return True

    bench = Bench(car_class=GateCar)
    pauses(bench)
    modem, _ = live([(OWNER, "HELP", 5)], RAMStore(), modem_class=NarrowModem, bench=bench)
    parts = texts(modem)
    assert len(parts) == 3
    assert [part[:2] for part in parts] == ["%d/" % (n + 1) for n in range(len(parts))]


def pauses(bench):
    """No test waits for memory."""

    async def at_once(function, *arguments):
        for _ in range(5):
            try:
                return await function(*arguments)
            except MemoryError:
                bench.status.count("sms_retries")
        return None

    bench.sms._patiently = at_once


def test_what_the_car_may_have_done_is_not_done_again_for_want_of_memory():
    def no_room():
        raise MemoryError

    reset()
    GateCar.on_gate = no_room
    bench = Bench(car_class=GateCar)
    pauses(bench)
    modem, _ = live([(OWNER, "GATE", 5)], RAMStore(), bench=bench)
    (text,) = texts(modem)
    assert text.startswith("There was no memory for this.") and len(text) <= 160
    assert GateCar.gates == 1


def test_without_memory_it_stays_in_the_store_and_the_run_ends():
    stored, memory = [(OWNER, "VERSION", 5)], RAMStore()
    bench = Bench()
    pauses(bench)
    asked = []

    def execute(caller, text):
        asked.append(text)
        raise MemoryError

    bench.sms.execute = execute
    bench.sms.journal = memory
    modem = StoringModem(stored)

    async def main():
        task = asyncio.create_task(bench.sms.run(modem))
        while bench.sms.due_s:
            await asyncio.sleep_ms(1)
        task.cancel()

    run(main())
    # The guard ends this run of the module: it was promised for the uptime 0.
    assert len(asked) == 5 and len(stored) == 1 and modem.sent == []
    modem, _ = live(stored, memory)
    assert texts(modem)[0].startswith(CUT_SHORT) and stored == []


def test_an_answer_waits_for_the_network():
    class DeafModem(StoringModem):
        """There is no network for the first attempts."""

        left = 1

        async def send_sms(self, number, text):
            if self.left:
                self.left -= 1
                return False
            return await StoringModem.send_sms(self, number, text)

    bench = Bench()
    modem = DeafModem([(OWNER, "VERSION", 5), (OWNER, "REGISTER?", 6)])

    async def main():
        sms = bench.sms
        sms.current = OWNER, "VERSION"
        assert await begin(sms, modem) and sms.done is None
        sms.done = True, "4.0"
        assert await send(sms, modem) is False
        assert await begin(sms, modem) and sms.done
        assert await send(sms, modem) is True
        assert len(modem.sent) == 1
        # One that never finds a network is given up.
        modem.left = 99
        sms.begun, sms.done, sms.unsent = 1, (True, "x"), None
        sms.sendings = 0
        for _ in range(4):
            assert await send(sms, modem) is False
        assert await send(sms, modem) is True
        # With a network, or when it may have been sent, there is one attempt.
        bench.status.is_registered = True
        modem.left, sms.sendings, sms.unsent = 99, 0, None
        assert await send(sms, modem) is True and modem.left == 98

    run(main())


def test_an_error_of_one_sms_is_not_met_for_ever():
    """What lies in no store, and lets the task fail: told of the second time."""
    bench = Bench()
    bench.status.is_registered = True
    modem = FakeModem([(OWNER, "VERSION")])
    execute = bench.sms.execute

    def fail(caller, text):
        raise TypeError("a bug")

    async def main():
        bench.sms.execute = fail
        assert await error_of(bench.sms.run(modem)) is TypeError
        bench.sms.execute = execute
        task = asyncio.create_task(bench.sms.run(modem))
        await modem.is_drained.wait()
        task.cancel()

    run(main())
    (text,) = texts(modem)
    assert text.startswith(CUT_SHORT)


def test_the_file():
    bench = Bench()
    sms = bench.sms
    sms.journal = memory = RAMStore()
    for crc in range(1, 7):
        assert journal.begin(sms, crc) == 1
        journal.end(sms, crc)
    # The last ones only, and the longest lines fit.
    assert [line.split()[0] for line in memory.data.split(b"\n")[:-1]] == [b"3", b"4", b"5", b"6"]
    sms.run_id = 0xFFFFFF
    for crc in range(4):
        journal.begin(sms, 0xFFFFFFFF - crc)
    assert len(memory.data) <= 128
    # In one run the same may come again; in the next it is what was not deleted.
    journal.end(sms, 77)
    assert journal.begin(sms, 77) == 1
    journal.end(sms, 77)
    sms.run_id = 5
    assert journal.begin(sms, 77) == 10
    # What is no journal is none, and flash that takes nothing stops nobody.
    memory.data = b"x\n1 2\n1 2 3 4\n\xff"
    assert journal.begin(sms, 1) == 1
    memory.error = OSError(28)
    assert journal.begin(sms, 2) == 1
    assert bench.status.counts["sms_not_noted"] == 1
