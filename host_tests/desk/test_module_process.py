"""`module` as a program: console, restarts, files, signals and wrong options.

Runs on CPython only, which starts the firmware on CPython and on both VMs.
"""

import asyncio
import os
import signal
import sys

import pytest

from host_tests.desk.module_rig import (
    RUNTIMES,
    ModuleRig,
    children,
    is_running,
    name_of,
    require,
    run_desk,
)
from tools import vm

# As the firmware greets whoever listens; a restarted one does it again.
_GREETING = "OVMS 4.0.0 on "


def greetings(rig):
    return sum(_GREETING in line for line in rig.lines)


@pytest.mark.parametrize("runtime", RUNTIMES, ids=name_of)
def test_console_reset_and_kept_files(runtime, tmp_path):
    """What the console set outlives a reset and a new start; presets come first, but once."""

    async def scenario():
        async with ModuleRig(runtime, tmp_path, has_server=False) as rig:
            await rig.until(lambda: greetings(rig))
            # Module-behaviour 8: a blank line, `# ` before each line, `#.` behind the last.
            version = await rig.type("S VERSION")
            assert version[0] == ""
            assert version[1].startswith("# OVMS Firmware version: 4.0.0/RT3.0/")
            assert version[2:] == ["#  CarType:RT", "#  VIN:-----------------", "#."]
            await rig.type("S MODULE CAR7 M SMS RT")
            params = await rig.type("S PARAMS?")
            assert params[:2] == ["", "# Params:"] and params[-1] == "#."
            assert set(params) >= {"# 1:****", "# 2:M", "# 3:SMS", "# 8:CAR7", "# 14:RT"}
            # Who names another car hears of that one.
            assert "#  CarType:NONE" in await rig.type("S VEHICLE -")
            assert "#  CarType:RT" in await rig.type("S MODULE CAR7 M SMS RT")
            await rig.type("S MODULE CAR7 M SMS -")
            kept = await rig.type("S PARAMS?")
            assert kept != params

            rig.process.stdin.write(b"RESET\r\n")
            await rig.until(lambda: greetings(rig) == 2)
            assert await rig.type("S PARAMS?") == kept
            firmware = children(rig.process.pid)
            assert firmware
            assert await rig.terminate() == 0
            assert not [pid for pid in firmware if is_running(pid)]

        assert list(tmp_path.iterdir())
        async with ModuleRig(runtime, tmp_path, has_server=False) as rig:
            await rig.until(lambda: greetings(rig))
            # `--param 14=RT` of the rig is stored like any other.
            assert await rig.type("S PARAMS?") == params

    require(runtime)
    asyncio.run(scenario())


def test_firmware_that_dies_is_started_again(tmp_path):
    """And tells the server, once (module-behaviour 4.8)."""

    async def scenario():
        async with ModuleRig(("cpython",), tmp_path) as rig:
            await rig.log_in()
            assert "H" not in rig.messages
            os.kill(children(rig.process.pid)[0], 9)
            await rig.until(lambda: greetings(rig) == 2)
            assert "# OVMS" in (await rig.type("S VERSION"))[1]
            await rig.until(lambda: "H" in rig.messages)
            fields = rig.messages["H"].split(",")
            assert fields[:3] == ["*-OVM-DebugCrash", "0", "2592000"]
            assert fields[3].startswith("4.0.0/RT") and fields[4:] == ["1", "watchdog", "0"]

    asyncio.run(scenario())


def test_host_that_dies_takes_the_firmware_with_it(tmp_path):
    async def scenario():
        async with ModuleRig(("cpython",), tmp_path, has_server=False) as rig:
            await rig.until(lambda: greetings(rig))
            (firmware,) = children(rig.process.pid)
            # Not `wait()`: that waits for the firmware, too, which holds the same stdout.
            rig.process.kill()
            for _ in range(1000):
                if not is_running(firmware):
                    break
                await asyncio.sleep(0.1)
            assert not is_running(firmware)

    asyncio.run(scenario())


def test_presets_that_cannot_be_stored_count_all_the_same(tmp_path):
    async def scenario():
        (tmp_path / "ovms.cfg" / "in_the_way").mkdir(parents=True)
        async with ModuleRig(("cpython",), tmp_path, has_server=False) as rig:
            await rig.until(lambda: greetings(rig))
            assert any("The settings could not be stored." in line for line in rig.lines)
            assert "# 14:RT" in await rig.type("S PARAMS?")

    asyncio.run(scenario())


def test_two_modules_do_not_share_their_files(tmp_path):
    async def scenario():
        async with ModuleRig(("cpython",), tmp_path, has_server=False) as rig:
            await rig.until(lambda: greetings(rig))
            second = await run_desk("module", "--flash", str(tmp_path))
            assert second == (
                2,
                "",
                f"The module's file system {tmp_path} is used by another module.\n",
            )
            assert "# OVMS" in (await rig.type("S VERSION"))[1]

    asyncio.run(scenario())


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_while_the_desk_is_still_being_imported(number, code, tmp_path):
    async def scenario():
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-X", "importtime", "-m", "tools.desk", "module"),
            *("--flash", str(tmp_path)),
            cwd=vm.ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        async for line in process.stderr:
            if line.endswith(b" tools.desk.arguments\n"):
                process.send_signal(number)
        return await process.wait()

    assert asyncio.run(scenario()) == code


@pytest.mark.parametrize(
    "words, sentence",
    [
        (("--can", "nowhere"), "'nowhere' is not HOST:PORT"),
        (("--gps", "127.0.0.1:99999"), "'127.0.0.1:99999' is not HOST:PORT"),
        (("--param", "32=1"), "'32=1' is not N=VALUE with N from 0 to 31"),
        (("--param", "31=much"), "Parameter 31 cannot be preset: That is not a whole number."),
        (("--vm", "pypy"), "invalid choice: 'pypy'"),
        (("--vm", "micropython", "--time-scale", "2"), "--time-scale works with --vm cpython"),
        (("--vm", "micropython", "--heap", "8"), "--heap takes at least 32 KiB."),
        (("--board", "NONE"), "There is no board NONE"),
        (("--time-scale", "-1"), "'-1' is not a number greater than 0"),
        (("--flash", "/dev/null/flash"), "/dev/null/flash cannot be written: Not a directory."),
        # Not writable even for root.
        (("--flash", "/proc"), "/proc cannot be written"),
    ],
)
def test_wrong_options_are_one_sentence(words, sentence, tmp_path):
    flash = () if "--flash" in words else ("--flash", str(tmp_path))
    code, output, complaint = asyncio.run(run_desk("module", *flash, *words))
    assert code == 2 and output == ""
    assert sentence in complaint and complaint.count("\n") == 1


@pytest.mark.parametrize("bits", [64, 32])
def test_missing_vm_is_one_sentence(bits, tmp_path):
    """With nothing on PATH, and an empty folder where the VMs would be unpacked."""

    async def scenario():
        script = (
            "import pathlib, sys; from tools import vm; vm.CACHE = pathlib.Path(sys.argv[1]); "
            "from tools.desk.__main__ import main; sys.exit(main(sys.argv[2:]))"
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", script, str(tmp_path / "cache"), "module"),
            *("--vm", "micropython", "--bits", str(bits), "--flash", str(tmp_path / "flash")),
            cwd=vm.ROOT,
            env={**os.environ, "PATH": str(tmp_path)},
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await process.communicate()
        return process.returncode, complaint.decode()

    code, complaint = asyncio.run(scenario())
    assert code == 2 and complaint.count("\n") == 1
    assert complaint.startswith(f"There is no {bits}-bit MicroPython here: run `make micropython`")
