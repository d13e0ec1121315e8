"""LOG on a module: simulated car, log, dump, files, and the same SOC in another module.

Runs on CPython only.
"""

import asyncio
import contextlib
import os
import re
import signal

import pytest

from host_tests.desk.module_rig import RUNTIMES, BusServer, children, name_of, require
from host_tests.desk.program_rig import Program, run_program
from tools.desk import canbus, canfiles
from tools.desk.twizy_sim import TwizySimulator

_LISTENS = re.compile(r"The console listens at (\S+)\.")
_SOC = re.compile(r"SOC: (6[34][\d.]*%)")
_WAIT_S = 100
_HOW = (("cpython",), RUNTIMES[2])


@contextlib.asynccontextmanager
async def module(flash, runtime, can, car="RT"):
    """A module on the bus at 127.0.0.1:`can`: (its Program, the address of its console)."""
    words = ("--vm", *runtime, "--flash", str(flash), "--can", f"127.0.0.1:{can}")
    words += ("--param", f"14={car}", "--console", "127.0.0.1:0")
    program = await Program("tools.desk", "module", *words).start()
    try:
        port = (await program.until(_LISTENS))[1]
        await program.until("OVMS 4.0.0 on")
        yield program, port
    finally:
        await program.stop()


def console(port, *words):
    return run_program("tools.desk", "console", "--port", port, *words)


async def until(port, line, pattern):
    """Ask until the answer matches; the match."""
    async with asyncio.timeout(_WAIT_S):
        while not (found := re.search(pattern, (await console(port, *line.split()))[1])):
            await asyncio.sleep(0.2)
    return found


async def play(bus, frames):
    """Some 300 frames a second onto the bus: what comes at once is more than any bus carries."""
    for start in range(0, len(frames), 15):
        await bus.play(*[(number, data.hex()) for number, data in frames[start : start + 15]])
        await asyncio.sleep(0.05)


async def counted(port, total):
    """(frames, lost) of the log, when all `total` were heard: a busy machine loses some."""
    count = lost = 0
    async with asyncio.timeout(_WAIT_S):
        while count + lost != total:
            found = await until(port, "LOG?", r"Frames: (\d+), lost: (\d+)\n")
            count, lost = int(found[1]), int(found[2])
    return count, lost


@pytest.mark.parametrize("runtime", _HOW, ids=name_of)
def test_from_a_car_over_a_log_into_another_module(runtime, tmp_path):
    car = TwizySimulator("drive", soc_pct=64.0)
    # The battery does not know its SOC at once.
    car.step(15_000)
    frames = car.step(4000)
    assert len(frames) > 400

    async def scenario():
        bus = BusServer()
        await bus.start()
        fetched = tmp_path / "drive.log"
        async with module(tmp_path / "first", runtime, bus.port) as (_, port):
            code, output = await console(port, "LOG", "START", "10M")
            assert code == 0 and output.startswith("CAN log: runs, "), output
            assert (await console(port, "LOG", "START"))[1].startswith("A log runs already.")
            assert (await console(port, "LOG", "DUMP"))[1].startswith("A log runs already.")
            await play(bus, frames)
            count, lost = await counted(port, len(frames))
            output = (await console(port, "LOG", "STOP"))[1]
            assert re.search(rf"ended by LOG STOP\n Frames: {count} in .*, lost: {lost}\n", output)
            told = (await until(port, "S STAT", _SOC))[1]
            assert (await console(port, "S", "LOG", "DUMP"))[1].startswith("A log is fetched")
            code, output = await run_program("tools.desk", "canlog", "--port", port, str(fetched))
            assert code == 0 and f"{count} frames in " in output, output
            # The console is as it was.
            assert (await console(port, "GET", "14")) == (0, "14:RT\n")
        await bus.stop()
        assert bus.received == []
        found = [(frame.arbitration_id, frame.data) for frame in canfiles.read(fetched)]
        assert len(found) == count and count > len(frames) // 2
        # In order; what is missing was counted.
        left = iter(frames)
        assert all(frame in left for frame in found)
        # What others read says the same.
        for suffix in (".blf", ".crtd", ".asc"):
            other = fetched.with_suffix(suffix)
            code, output = await run_program(
                "tools.desk", "canlog", "--file", str(fetched), str(other)
            )
            assert code == 0, output
            again = canfiles.read(other)
            assert [(frame.arbitration_id, frame.data) for frame in again] == found
        player = await Program(
            "tools.desk", "play", str(fetched.with_suffix(".blf")), "--listen", "127.0.0.1:0"
        ).start()
        bus_port = (await player.until(r"The bus is at 127.0.0.1:(\d+):"))[1]
        async with module(tmp_path / "second", runtime, bus_port) as (_, port):
            assert await player.end() == 0, player.text
            assert (await until(port, "S STAT", _SOC))[1] == told
        assert player.text.endswith(f"{count} frames were played.\n")

    require(runtime)
    asyncio.run(scenario())


@pytest.mark.parametrize("runtime", _HOW, ids=name_of)
def test_a_bus_without_a_car_and_a_power_cut(runtime, tmp_path):
    async def scenario():
        bus = BusServer()
        await bus.start()
        async with module(tmp_path, runtime, bus.port, "-") as (program, port):
            assert (await console(port, "LOG?")) == (0, "CAN log: none\n")
            code, output = await console(port, "LOG", "START")
            assert code == 1 and output.startswith("Which bit rate has the bus?")
            for words in ("7FFF", "500K x", "0S", "25H", "2000K", "-1"):
                code, output = await console(port, "LOG", "START", *words.split())
                assert code == 1 and "Traceback" not in output, output
            code, output = await console(port, "LOG", "START", "500K", "123", "60s")
            assert code == 0, output
            await play(bus, [(number, b"1234") for number in (0x123, 0x124) * 100])
            count, lost = await counted(port, 100)
            # What waits is in flash after five seconds; then the power goes.
            await asyncio.sleep(7)
            os.kill(children(program.process.pid)[0], signal.SIGKILL)
        await bus.stop()
        bus = BusServer()
        await bus.start()
        async with module(tmp_path, runtime, bus.port, "-") as (program, port):
            _, output = await console(port, "LOG?")
            assert output.startswith("CAN log: ended with the power or a restart\n")
            assert f"\n Frames: {count} in " in output
        await bus.stop()
        assert bus.received == []

    require(runtime)
    asyncio.run(scenario())


def test_a_module_that_transmits_ends_the_playing(tmp_path):
    log = tmp_path / "a.log"
    lines = [f"({n}.000000) can0 155#07" for n in range(60)]
    log.write_text("\n".join(lines))

    async def scenario():
        player = await Program(
            "tools.desk", "play", str(log), "--listen", "127.0.0.1:0", "--speed", "0.1"
        ).start()
        port = (await player.until(r"The bus is at 127.0.0.1:(\d+):"))[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        assert await reader.readline() == b"(0.000000) can0 155#07\n"
        writer.write(b"(0.000000) can0 601#40\n")
        assert await player.end() == 1
        assert "The module transmits ((0.000000) can0 601#40)" in player.text
        writer.close()

    asyncio.run(scenario())


def test_files(tmp_path):
    frames = [
        canbus.Frame(0x155, b"\x07\x97", timestamp_s=1_700_000_000.125),
        canbus.Frame(0x18DAF110, b"", True, timestamp_s=1_700_000_000.5),
    ]
    for suffix in (".log", ".candump", ".crtd", ".blf", ".asc", ".trc"):
        path = tmp_path / f"a{suffix}"
        canfiles.write(path, frames)
        found = canfiles.read(path)
        assert [(f.arbitration_id, f.data, f.is_extended_id) for f in found] == [
            (f.arbitration_id, f.data, f.is_extended_id) for f in frames
        ]
        apart_s = found[1].timestamp_s - found[0].timestamp_s
        assert apart_s == pytest.approx(0.375, abs=0.002)
    assert (tmp_path / "a.crtd").read_text() == (
        "1700000000.125000 1R11 155 07 97\n1700000000.500000 1R29 18DAF110\n"
    )
    (tmp_path / "b.crtd").write_text("1700000000.1 CXX a comment\n1700000000.2 1R11 7FF 01\n")
    assert canfiles.read(tmp_path / "b.crtd")[0].data == b"\x01"
    for name, text in (("c.log", "nonsense"), ("c.crtd", "1 R11 155"), ("c.xyz", "")):
        (tmp_path / name).write_text(text)
        with pytest.raises(canfiles.FileError):
            canfiles.read(tmp_path / name)
    with pytest.raises(canfiles.FileError, match="cannot be read: No such file"):
        canfiles.read(tmp_path / "missing.log")
    with pytest.raises(canfiles.FileError, match="the end of the name"):
        canfiles.check(tmp_path / "a.xyz")
