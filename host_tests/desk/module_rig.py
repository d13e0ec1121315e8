"""Runs `python -m tools.desk module` as outside programs do, with the server in this process.

Runs on CPython only; what runs the firmware is an argument.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

from host_tests import needs_vm
from tools import vm
from tools.desk import canbus
from tools.desk.gps_server import GPSServer
from tools.desk.ovms import fields
from tools.desk.ovms.client import AppClient
from tools.desk.ovms.server import OvmsServer

VEHICLE = "TWIZY42"
PASSWORD = "NETPASS"
OWNER_PASSWORD = "OWNERPASS"
RUNTIMES = (
    ("cpython", "--time-scale", "8"),
    ("micropython", "--bits", "64"),
    ("micropython", "--bits", "32"),
)
# End of the console's answer to `S` and `M` (module-behaviour 8).
_END = "#."
_LIMIT_S = 600
# Of what takes a minute when nothing else runs. Only what hangs waits as long as any of these.
_RUN_LIMIT_S = 900
# 60 %, without any current.
_SOC = (0x155, "07 97 D0 54 5D C0 00 73")


def require(runtime):
    """Skip the test, or fail it in CI, where the VM of `runtime` is missing."""
    if runtime[0] == "micropython":
        needs_vm.require(int(runtime[2]))


def name_of(runtime):
    """`micropython32`, for test ids."""
    return runtime[0] + (runtime[2] if "--bits" in runtime else "")


def children(pid):
    """Process ids of the children of process `pid`, oldest first."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # Behind the name, which may have blanks: state, parent.
            if int(entry.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.parent.name))
    return sorted(found)


def is_running(pid):
    """Whether process `pid` is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def run_desk(*words, env=None, seconds=_LIMIT_S):
    """Run a verb to its end: (exit code, stdout, stderr)."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tools.desk", *words),
        cwd=vm.ROOT,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, complaint = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode, output.decode(), complaint.decode()


async def run_desk_until(is_enough, *words, seconds=_RUN_LIMIT_S):
    """Run a verb until `is_enough(stdout so far)` holds, and end it by SIGTERM then, or after
    `seconds`: (exit code, stdout, stderr). How long that takes is the computer's business.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tools.desk", *words),
        cwd=vm.ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    complaint = asyncio.create_task(process.stderr.read())
    output = ""
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not is_enough(output) and (line := await process.stdout.readline()):
                    output += line.decode()
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(_LIMIT_S):
            output += (await process.stdout.read()).decode()
            return await process.wait(), output, (await complaint).decode()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise


class BusServer:
    """The far end of `--can`. received: the frames that the module sent.

    on_frame(arbitration_id, data) -> frames that answer it, as (arbitration_id, data).
    """

    def __init__(self, on_frame=lambda arbitration_id, data: ()):
        self.port = 0
        self.received = []
        self._on_frame = on_frame
        self._writer = None
        self._connected = asyncio.Event()

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        self._writer = writer
        self._connected.set()
        while line := await reader.readline():
            frame = canbus.parse_line(line.decode())
            self.received.append(frame)
            self._put(self._on_frame(frame.arbitration_id, frame.data))

    async def play(self, *frames):
        """Put frames, (arbitration_id, hexadecimal data), onto the bus."""
        await self._connected.wait()
        self._put((number, bytes.fromhex(data)) for number, data in frames)

    def _put(self, frames):
        for number, data in frames:
            self._writer.write(canbus.format_line(canbus.Frame(number, data)).encode() + b"\n")

    async def stop(self):
        if self._writer:
            self._writer.close()
        self._server.close()


class ModuleRig:
    """Server, CAN bus, GPS receiver and module, over WiFi unless `has_server` is false.

    has_position: the receiver talks from the start. on_message: is given every message of the car.
    server_options: of the OvmsServer. REST has the password OWNER_PASSWORD.
    messages: newest payloads of the car by code. lines: what the console printed.
    """

    def __init__(
        self,
        runtime,
        flash,
        options=(),
        has_server=True,
        on_frame=None,
        has_position=True,
        on_message=None,
        server_options=None,
    ):
        self._runtime = runtime
        self._flash = flash
        self._options = options
        self._has_server = has_server
        self.messages = {}
        self.lines = []
        self.bus = BusServer(on_frame) if on_frame else BusServer()
        self.server = OvmsServer(
            [f"{VEHICLE}:{PASSWORD}:{OWNER_PASSWORD}"],
            on_event=self._on_event,
            **(server_options or {}),
        )
        self.gps = GPSServer()
        self.gps.position(52.5, 13.4)
        self.gps.receiver.faults.is_silent = not has_position
        self._on_message = on_message
        self.process = None
        self._reading = None

    async def __aenter__(self):
        await self.server.start()
        await self.bus.start()
        await self.gps.start()
        words = ["--vm", *self._runtime, "--flash", str(self._flash)]
        words += ["--can", f"127.0.0.1:{self.bus.port}", "--param", "14=RT", *self._options]
        words += ["--gps", f"127.0.0.1:{self.gps.port}"]
        if self._has_server:
            server = f"127.0.0.1:{self.server.port}"
            words.append("--wifi")
            for number, text in ((3, "IP"), (4, server), (8, VEHICLE), (9, PASSWORD)):
                words += ["--param", f"{number}={text}"]
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tools.desk", "module", *words),
            cwd=vm.ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_):
        await self.terminate()
        await self._reading
        await self.bus.stop()
        await self.gps.stop()
        await self.server.stop()

    async def terminate(self):
        """SIGTERM; returns the exit code."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
        try:
            return await asyncio.wait_for(self.process.wait(), 100)
        except TimeoutError:
            self.process.kill()
            raise

    async def until(self, condition, seconds=_LIMIT_S):
        """Wait until `condition()` holds; TimeoutError when it does not in time."""
        async with asyncio.timeout(seconds):
            while not condition():
                assert self.process.returncode is None, "the module ended"
                await asyncio.sleep(0.05)

    async def log_in(self):
        """Wait for the module's first messages, and let the battery tell its SOC: no S before."""
        await self.until(lambda: "V" in self.messages)
        await self.bus.play(_SOC)

    async def type(self, line):
        """Type a line at the console; returns the lines that answer it, framing included."""
        start = len(self.lines)
        self.process.stdin.write(line.encode() + b"\r\n")
        await self.until(lambda: _END in self.lines[start:])
        return self.lines[start:]

    async def settle(self, expected, seconds=_LIMIT_S):
        """Wait until the car reports `expected`, {(code, field name): text}; what it reports.

        An app that comes makes the module tell everything, changed or not; after `seconds` the
        last values are returned, right or wrong.
        """
        values = {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while values != expected:
                    await self.tell_everything({code for code, _ in expected} | {"F"})
                    values = {key: self.value(*key) for key in expected}
        return values

    def value(self, code, name):
        """A field of the newest message `code`, as it was sent."""
        for field, text in zip(fields.MESSAGE_FIELDS[code], self.messages[code].split(",")):
            if field.name == name:
                return text
        raise KeyError(name)

    async def tell_everything(self, codes):
        """Let an app come, and wait for the messages `codes`."""
        for code in codes:
            self.messages.pop(code, None)
        app = AppClient("127.0.0.1", self.server.port, VEHICLE, PASSWORD)
        await app.connect()
        try:
            # The firmware leaves out what has not changed, but not for a new app.
            await self.until(lambda: set(codes) <= set(self.messages))
        finally:
            await app.close()

    def _on_event(self, event):
        if event.kind == "car":
            self.messages[event.text[0]] = event.text[2:]
            if self._on_message:
                self._on_message(event.text)

    async def _read(self):
        async for line in self.process.stdout:
            self.lines.append(line.decode("utf-8", "replace").rstrip("\r\n"))
