"""Modules on demand out of one file, and the broom that forgets them, on the VMs."""

import subprocess

import pytest

from host_tests.needs_vm import require
from tools import build, shelf, vm

# What is on the shelf: `pair` needs `single` while it is imported, `late` inside a function.
MODULES = {
    "single": "def twice(x):\n    return 2 * x\n",
    "pair": "from single import twice\ndef four(x):\n    return twice(twice(x))\n",
    "late": "def eight(x):\n    from pair import four\n    return 2 * four(x)\n",
    "fails": "1 // 0\n",
    "outer": "import fails\n",
    "first": "import second\nX = 1\n",
    "second": "import first\nimport single\ndef f():\n    return first.X\n",
    "x": "def f():\n    return 'x'\n",
    "car": "from wheel import WHEELS\nclass Car:\n    wheels = WHEELS\n",
    "wheel": "WHEELS = 4\n",
    "big": "def f(x):\n    return x\n"
    + "".join(f"def g{n}(x):\n    return {n}\n" for n in range(240)),
}
CHECK = """
import gc, os, sys
os.mount(os.VfsPosix({folder!r}), "/t")
sys.path[:] = ["/t", ".frozen"]
import ovms
from ovms.broom import Broom
broom = Broom()
broom.install(ovms)

def loaded():
    return sorted(name for name in broom.names if name in sys.modules)

{program}
"""


def run(bits, folder, program, heap_kib=1024):
    """Lines that `program` prints on the VM, with `broom` and `loaded` at hand."""
    require(bits)
    sources = {"ovms/__init__.py": "", "ovms/broom.py": build.firmware_sources()["ovms/broom.py"]}
    build.compile_package(sources, folder)
    build.compile_package(
        {f"{name}.py": text for name, text in MODULES.items()}, folder / "modules"
    )
    compiled = {name: (folder / "modules" / f"{name}.mpy").read_bytes() for name in MODULES}
    (folder / "ovms" / shelf.FILE).write_bytes(shelf.packed(compiled))
    assert shelf.unpacked(shelf.packed(compiled)) == compiled
    script = folder / "check.py"
    script.write_text(CHECK.format(folder=str(folder), program=program), "utf-8")
    done = subprocess.run(
        [*vm.command(bits, heap_kib), str(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.fixture(params=sorted(vm.TARGETS))
def on_vm(request, tmp_path):
    return lambda program, heap_kib=1024: run(request.param, tmp_path, program, heap_kib)


def test_what_was_imported_stays_until_it_is_swept(on_vm):
    program = """
import late
print(late.eight(1), loaded(), broom.loads)
print(late.eight(1), broom.loads)
broom.sweep()
print(loaded(), late.eight(1), broom.loads)
try:
    import nothing
except ImportError as error:
    print(error)
"""
    assert on_vm(program) == [
        "8 ['late', 'pair', 'single'] 3",
        "8 3",
        "[] 8 5",
        "no module named 'nothing'",
    ]


def test_a_module_that_fails_can_be_asked_for_again(on_vm):
    program = """
for _ in range(2):
    try:
        import fails
    except ZeroDivisionError:
        print(loaded())
"""
    assert on_vm(program) == ["[]", "[]"]


def test_an_error_deep_inside_is_the_one_that_is_told(on_vm):
    program = """
for _ in range(2):
    try:
        import outer
    except ZeroDivisionError:
        print(loaded())
import pair
print(pair.four(1))
"""
    assert on_vm(program) == ["[]", "[]", "4"]


def test_modules_that_import_each_other(on_vm):
    program = """
import second
print(second.f(), loaded(), broom.loads)
import x
print(x.f())
"""
    assert on_vm(program) == ["1 ['first', 'second', 'single'] 3", "x"]


def test_other_modules_come_from_elsewhere(on_vm):
    """Also what a package loads by a relative import when a name of it is used: asyncio does."""
    program = """
import asyncio
print(asyncio.Lock.__name__, asyncio.wait_for.__name__)
import os as again
print(again is os, broom.loads)
"""
    assert on_vm(program) == ["Lock wait_for", "True 0"]


def test_no_path_of_a_module_becomes_a_name(on_vm):
    """MicroPython keeps names for ever; the VM tells how many it made."""
    program = """
import late, car
broom.sweep()
late = car = None
import micropython
micropython.qstr_info(1)
"""
    lines = on_vm(program)
    assert [line for line in lines if line.endswith(".mpy)") and "/o/" in line] == ["Q(/o/-.mpy)"]


def test_what_is_kept_stays_until_something_else_is(on_vm):
    program = """
import single

def load():
    from car import Car
    broom.sweep()
    import single
    return Car

print(broom.keep(load).wheels, loaded())
broom.sweep()
print(loaded())
broom.keep(lambda: None)
print(loaded())
"""
    # Swept while it was being imported, and not lost.
    assert on_vm(program) == ["4 ['car', 'single', 'wheel']", "['car', 'single', 'wheel']", "[]"]


def test_what_could_not_be_loaded_to_stay_keeps_nothing(on_vm):
    program = """
def load():
    import single
    import fails

try:
    broom.keep(load)
except ZeroDivisionError:
    import pair
    print(loaded())
broom.sweep()
print(loaded())
"""
    assert on_vm(program) == ["['pair', 'single']", "[]"]


# What the broom thinks a module takes: half as much again as its file, and a little.
ROOM = """
def room(*names):
    sizes = [os.stat("/t/modules/%s.mpy" % name)[6] for name in names]
    return sum([size + size // 2 + 64 for size in sizes])

"""


def test_a_full_heap_is_swept_by_the_ticker_and_before_an_import_when_room_ran_out(on_vm):
    """Room for two modules, and the third comes before the heap is weighed again."""
    program = """
wanted = room("big", "single") + 100
gc.collect()
broom.limit_bytes = gc.mem_alloc() + wanted
broom.tidy()
ballast = bytearray(9000)
import big, single
print(loaded(), broom.sweeps)
import car
print(loaded(), broom.sweeps)
big = single = car = None
gc.collect()
broom.tidy()
print(loaded(), broom.sweeps)
import big
gc.collect()
broom.tidy()
print(loaded(), broom.sweeps)
gc.collect()
broom.limit_bytes += 60000
broom.tidy()
import big, late
gc.collect()
broom.tidy()
print(loaded(), broom.sweeps)
broom.make_room()
print(loaded(), broom.sweeps, broom.rooms)
"""
    assert on_vm(ROOM + program) == [
        # A module is counted as twice its file, so `big` had to make room for `single`.
        "['single'] 2",
        # What is small and was read last is needed still.
        "['car', 'single', 'wheel'] 2",
        # The ballast takes all there is, but a few modules are no reason to forget them.
        "['car', 'single', 'wheel'] 2",
        # `big` found no room when it came, and is too much to stay.
        "[] 4",
        "['big', 'late'] 4",
        "[] 5 1",
    ]


def test_what_stays_may_take_more_than_the_limit(on_vm):
    """Else each second all would be forgotten that the next one needs."""
    program = """
gc.collect()
broom.limit_bytes = gc.mem_alloc() - 20000
broom.tidy()
import pair, late, car
for _ in range(3):
    gc.collect()
    broom.tidy()
print(loaded(), broom.sweeps)
import big
print(loaded(), broom.sweeps)
"""
    assert on_vm(program) == [
        "['car', 'late', 'pair', 'single', 'wheel'] 0",
        # But for the last four.
        "['big', 'car', 'late', 'single', 'wheel'] 1",
    ]


def test_all_is_swept_at_once(on_vm):
    """To weigh the heap again after each part of it would stall longer than to read it anew."""
    program = """
import big, single, pair, late
gc.collect()
broom.limit_bytes = gc.mem_alloc() - 100
big = single = pair = late = None
broom.tidy()
print(loaded(), broom.sweeps)
"""
    assert on_vm(program) == ["[] 1"]


def test_a_sweep_takes_no_memory(on_vm):
    """It is what is left to do for who found none."""
    program = """
import micropython
import pair, late, car, x
micropython.heap_lock()
broom.sweep()
broom.sweep(2500)
micropython.heap_unlock()
print(loaded(), broom.sweeps)
"""
    assert on_vm(program) == ["[] 2"]


def test_a_load_that_has_to_sweep_collects_once(on_vm):
    """What comes next lies beside what is left, and no load collects that has room."""
    program = """
collected = 0

class Counting:
    def __getattr__(self, name):
        return getattr(gc, name)

    def collect(self):
        global collected
        collected += 1

broom.load.__globals__["gc"] = Counting()
broom.limit_bytes = 0
broom.tidy()
import big
import pair
import big
print(loaded(), broom.sweeps, collected)
broom.limit_bytes += 60000
broom.tidy()
collected = 0
import late
print(collected)
"""
    assert on_vm(program) == ["['big', 'pair', 'single'] 3 3", "0"]


def test_swept_code_leaves_nothing_behind(on_vm):
    program = """
def round():
    import big, late
    late.eight(big.f(1))
    broom.sweep()

used = [0] * 30
for n in range(30):
    round()
    gc.collect()
    used[n] = gc.mem_alloc()
print(used[-1] - used[3])
"""
    assert on_vm(program) == ["0"]


def test_a_large_heap_is_never_swept(on_vm):
    program = """
import single
ballast = [bytearray(100_000) for _ in range(30)]
import pair
broom.tidy()
print(loaded(), broom.sweeps)
"""
    assert on_vm(program, 8192) == ["['pair', 'single'] 0"]


def test_interrupts_have_their_turn_while_a_module_is_read(on_vm):
    """A soft interrupt is a scheduled call: here each one asks for the next, as frames come in.

    Some 15 turns come about between the files of an import, and 100 more while reading.
    """
    program = """
import micropython
turns = 0

def turn(_):
    global turns
    turns += 1
    if is_loading:
        micropython.schedule(turn, 0)

is_loading = True
micropython.schedule(turn, 0)
before = turns
import big
is_loading = False
print(turns - before > 60)
"""
    assert on_vm(program) == ["True"]


def test_a_name_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="too long a name"):
        shelf.packed({"thirteenchars": b""})
