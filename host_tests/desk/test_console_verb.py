"""`console` against the real firmware, over a pseudo terminal and over TCP.

Runs on CPython only.
"""

import asyncio
import contextlib
import os
import pty
import re
import threading
import tty

import pytest
import serial

from host_tests.desk.module_rig import RUNTIMES, name_of, require
from host_tests.desk.program_rig import Program, module, run_program
from tools import vm


def console(port, *words, text=""):
    return run_program("tools.desk", "console", "--port", port, *words, text=text)


@pytest.mark.parametrize("runtime", RUNTIMES[::2], ids=name_of)
def test_one_line(runtime, tmp_path):
    async def scenario():
        async with module(tmp_path, runtime) as (_, port):
            code, output = await console(port, "S", "VERSION")
            assert code == 0, output
            assert output.startswith("OVMS Firmware version: 4.0.0/RT3.0/")
            assert output.endswith("\n CarType:RT\n VIN:-----------------\n")
            # A line longer than MicroPython's buffer of a serial port.
            name = "x" * 24
            words = ("S", "PARAMS", *["-"] * 6, name, *["-"] * 100)
            assert await console(port, *words) == (0, "Parameters have been set.\n")
            assert await console(port, "get", "8") == (0, f"8:{name}\n")

    require(runtime)
    asyncio.run(scenario())


def test_exit_codes_and_piped_lines(tmp_path):
    async def scenario():
        async with module(tmp_path) as (_, port):
            hint = "Unknown input: send HELP for a list.\n"
            assert await console(port, "nonsense") == (1, hint)
            assert await console(port, "M 999") == (1, "MP-0 c999,3\n")
            assert (await console(port, "S", "NONSENSE"))[0] == 1
            lines = "BEGIN\nSET 8=TWIZY 42\nSET 5=internet\nAPPLY\nGET 5\nDIAG"
            code, output = await console(port, text=lines)
            assert code == 1
            assert output.split("\n")[3:6] == [
                "Nothing was changed: Parameter 8 has a character that is not allowed.",
                "5:",
                "DIAG",
            ]

    asyncio.run(scenario())


def test_watching_until_ctrl_c(tmp_path):
    async def scenario():
        async with module(tmp_path) as (_, port):
            watcher = await Program(
                "tools.desk", "console", "--port", port, "WATCH", "CAN", "597"
            ).start()
            await watcher.until("Watching")
            watcher.process.send_signal(2)
            assert await watcher.end() == 0
            assert watcher.text == "Watching. WATCH alone ends it.\n"
            watcher = await Program("tools.desk", "console", "--port", port).start()
            # The Twizy asks for 597, not for 123.
            watcher.type("WATCH CAN\nINJECT 123#00\nINJECT 597#2000A42141290001\n")
            watcher.process.stdin.close()
            await watcher.until("can< 597#2000A42141290001\n")
            watcher.process.send_signal(2)
            assert await watcher.end() == 0
            assert "123#" not in watcher.text and "#." not in watcher.text
            # The next one finds the console quiet.
            assert (await console(port, "GET", "14"))[1] == "14:RT\n"

    asyncio.run(scenario())


def test_typed_by_hand_over_a_serial_port(tmp_path):
    """The module at one end of a pseudo terminal, a person at another."""

    async def scenario():
        master, slave = pty.openpty()
        tty.setraw(slave)
        firmware = Program(
            *("tools.desk", "module", "--vm", "cpython", "--flash", str(tmp_path)),
            *("--param", "14=RT"),
        )
        await firmware.start(stdin=master, stdout=master)
        hand = Program("tools.desk", "console", "--port", os.ttyname(slave), has_terminal=True)
        try:
            await hand.start()
            await hand.until("Connected to ")
            hand.type("S VEHICLE?\r")
            await hand.until(r"VehicleType:RT\r\n")
            assert "# Vehicle" not in hand.text and "#." not in hand.text
            # Ctrl-D leaves; the module gets neither that nor Ctrl-C.
            hand.type("\x04")
            assert await hand.end() == 0
            again = await Program(
                "tools.desk", "console", "--port", os.ttyname(slave), has_terminal=True
            ).start()
            await again.until("Connected to ")
            again.process.send_signal(2)
            assert await again.end() == 0
            assert "Traceback" not in hand.text + again.text
            assert (await console(os.ttyname(slave), "GET", "14"))[1] == "14:RT\n"
        finally:
            await firmware.stop()
            os.close(master)
            os.close(slave)

    asyncio.run(scenario())


@contextlib.contextmanager
def port_that_answers(answer):
    """A serial port whose far end says `answer(bytes)` to what it hears; (name, bytes heard)."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    heard = bytearray()

    def serve():
        with contextlib.suppress(OSError):
            while data := os.read(master, 256):
                heard.extend(data)
                os.write(master, answer(data))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave), heard
    finally:
        os.close(slave)
        thread.join(2)
        os.close(master)


def test_a_prompt_of_micropython(tmp_path):
    with port_that_answers(lambda data: data.replace(b"\r", b"\r\n>>> ")) as (port, heard):
        code, output = asyncio.run(console(port, "S", "PASS", "secret"))
    assert code == 1
    assert output.startswith(
        "The module shows MicroPython's prompt, so its firmware does not run:"
    )
    assert output.count("\n") == 1
    # Neither the password nor a control character that would disturb whoever works there.
    assert heard == b"\r"


def test_a_port_where_nobody_answers():
    with port_that_answers(lambda data: b"") as (port, heard):
        code, output = asyncio.run(console(port, "--timeout", "1", "S", "STAT?"))
    assert code == 1
    assert output.startswith(f"Nothing answers at {port}: ") and output.count("\n") == 1
    assert not re.search(rb"[^\rA-Z]", bytes(heard))


def test_a_line_that_is_not_answered():
    def answer(data):
        return b"\r\n#.\r\n" if b"WATCH" in data else b""

    with port_that_answers(answer) as (port, _):
        code, output = asyncio.run(console(port, "--timeout", "1", "S", "STAT?"))
    assert (code, output) == (1, f"{port} did not answer within 1 s.\n")


def test_a_port_that_is_lost(tmp_path):
    async def scenario():
        async with module(tmp_path) as (program, port):
            hand = await Program(
                "tools.desk", "console", "--port", port, has_terminal=True
            ).start()
            await hand.until("Connected to ")
            await program.stop()
            assert await hand.end() == 1
            assert f"The connection to {port} was lost." in hand.text
            assert "Traceback" not in hand.text

    asyncio.run(scenario())


def test_a_port_that_is_in_use():
    with (
        port_that_answers(lambda data: b"") as (port, _),
        serial.serial_for_url(port, exclusive=True),
    ):
        code, output = asyncio.run(console(port, "S", "STAT?"))
    assert (code, output) == (2, f"{port} cannot be opened: another program uses it.\n")


def test_no_board_can_inject_frames():
    """The desk's does, in `tools/simulated_board/board/start.py`; that is no part of a module."""
    sources = [*(vm.ROOT / "boards").rglob("*.py"), *(vm.ROOT / "firmware").rglob("*.py")]
    assert len(sources) > 50
    assert not [path for path in sources if "def inject" in path.read_text("utf-8")]


@pytest.mark.parametrize(
    "words, sentence",
    [
        (("--port", "/dev/none"), "/dev/none cannot be opened: No such file or directory.\n"),
        (("--port", "127.0.0.1:1"), "127.0.0.1:1 cannot be opened: Connection refused.\n"),
        (("--port", "x://y"), "x://y cannot be opened: invalid URL, protocol 'x' not known.\n"),
        ((), "the following arguments are required: --port"),
    ],
)
def test_ports_that_cannot_be_opened(words, sentence):
    code, output = asyncio.run(run_program("tools.desk", "console", *words))
    assert code == 2 and sentence in output and output.count("\n") == 1
