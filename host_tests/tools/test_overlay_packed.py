"""Overlays of a packed tree, on the VMs. CPython starts them."""

import subprocess

import pytest

from host_tests.needs_vm import require
from tools import build, vm

CHECK = """
import gc, os, sys
os.mount(os.VfsPosix({folder!r}), "/t")
sys.path[:] = ["/t", ".frozen"]
import shelf
import asyncio

async def later():
    return await shelf.call_async("second", "soon", 3)

def everything():
    return shelf.call("first", "twice", 4), asyncio.run(later())

print(everything(), shelf.call("first", "twice", 2), "ov" in sys.modules)
for name, function in (("first", "fail"), ("missing", "twice")):
    try:
        shelf.call(name, function)
    except (ValueError, OSError) as error:
        print(type(error).__name__)
gc.collect()
before = gc.mem_alloc()
for _ in range(50):
    everything()
gc.collect()
print(gc.mem_alloc() - before)
kept = shelf.load("first")
shelf.load("second")
print(kept.twice(1), kept.__name__)
"""


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
def test_overlays_come_and_go_without_a_trace(bits, tmp_path):
    require(bits)
    sources = {
        "first.py": "def twice(x):\n    return 2 * x\ndef fail():\n    raise ValueError()\n",
        "second.py": "import asyncio\nasync def soon(x):\n"
        "    await asyncio.sleep_ms(1)\n    return x + 1\n",
        "shelf.py": build.firmware_sources()["ovms/overlay_packed.py"],
    }
    build.compile_package(sources, tmp_path)
    script = tmp_path / "check.py"
    script.write_text(CHECK.format(folder=str(tmp_path)), "utf-8")
    done = subprocess.run(
        [*vm.command(bits), str(script)], capture_output=True, text=True, check=False, timeout=20
    )
    lines = done.stdout.splitlines()
    assert lines == ["(8, 4) 4 False", "ValueError", "OSError", "0", "2 ov"], done.stderr


def test_it_offers_what_the_other_one_does():
    sources = build.firmware_sources()
    heads = [
        {line for line in sources[f"ovms/{name}.py"].splitlines() if "def " in line}
        for name in ("overlay", "overlay_packed")
    ]
    wanted = {line.removeprefix("async ") for line in heads[0]}
    assert wanted <= heads[1]
