"""SIGKILL at random moments during history traffic. CPython only: it starts the children.

What was acknowledged the server has; what was queued for longer than a flush interval before a
kill reaches it after the restart, with the time it was made.
"""

import random
import subprocess
import sys
import time

import pytest

from host_tests.needs_vm import require
from ovms.services.history import FLUSH_INTERVAL_S
from tools import vm

CHILD = "host_tests/desk/history_child.py"
SEED = 20261120
UTC_S = 1_790_000_000


def start(interpreter, folder, number, utc_s, seed, *more):
    return subprocess.Popen(
        [*interpreter, CHILD, str(folder), str(number), str(utc_s), str(seed), *more],
        cwd=vm.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(child, code):
    """The rest of the output of a child that ends with exit code `code`."""
    with child:
        rest = child.stdout.read()
        errors = child.stderr.read()
    assert child.returncode == code, errors
    return rest


class Books:
    """What all children said: when each record was made, when the server says it was."""

    def __init__(self):
        self.utc_s = UTC_S
        self.number = 0
        self.made = {}
        self.safe = set()
        self.stored = {}
        self.deliveries = 0

    def read(self, text):
        """Take the output of one child; a last line that was cut does not count."""
        now_s = 0
        queued = {}
        for line in text[: text.rfind("\n") + 1].splitlines():
            kind, *values = line.split()
            numbers = [int(value) for value in values]
            if kind == "Q":
                self.number, queued_s = numbers
                queued[self.number] = queued_s
                self.made[self.number] = self.utc_s + queued_s
            elif kind == "D":
                number, sent_s, difference = numbers
                self.deliveries += 1
                self.stored.setdefault(number, set()).add(self.utc_s + sent_s + difference)
            elif kind == "T":
                now_s = numbers[0]
            assert kind != "X"
        self.safe |= {n for n, queued_s in queued.items() if now_s - queued_s > FLUSH_INTERVAL_S}
        # Some seconds for the restart.
        self.utc_s += now_s + 7
        # One more may have been queued that the cut line would have told of.
        self.number += 1


def interpreter_of(bits):
    if bits is None:
        return [sys.executable, "-u", "-B"]
    require(bits)
    return vm.command(bits, heap_kib=2048)


@pytest.mark.parametrize(
    ("bits", "kills"), [(None, 30), (32, 60), (64, 110)], ids=["cpython", "vm32", "vm64"]
)
def test_kill_at_random_moments(bits, kills, tmp_path):
    interpreter = interpreter_of(bits)
    rng = random.Random(SEED)
    books = Books()
    for kill in range(kills):
        child = start(interpreter, tmp_path, books.number, books.utc_s, SEED + kill)
        assert child.stdout.readline() == "R\n", child.stderr.read()
        time.sleep(rng.uniform(0.001, 0.06))
        child.kill()
        books.read(ended(child, -9))
    child = start(interpreter, tmp_path, books.number, books.utc_s, SEED, "drain")
    assert child.stdout.readline() == "R\n", child.stderr.read()
    rest = ended(child, 0)
    assert rest.endswith("E\n")
    books.read(rest)

    lost = books.safe - set(books.stored)
    assert not lost, f"seed {SEED}: lost {len(lost)}, {sorted(lost)[:20]}"
    assert len(books.safe) > kills
    for number, times in books.stored.items():
        # One that was queued in the very moment of the kill could not be noted.
        if number in books.made:
            assert times == {books.made[number]}, (number, times)
    # Sending everything again and again would be no queue.
    assert books.deliveries < 3 * len(books.made)
