"""The board around the firmware: UARTs, the SPI bus with its CAN controller, and the power.

The firmware runs in a process of its own (CPython or a MicroPython VM) and reaches its peripherals
through the `machine` of `tools/simulated_board/board`, one TCP connection to this host per device:

* `UART1`, `UART2`: bytes, passed on to the modem's and the receiver's simulator.
* `SPI`: `L`/`H` chip select, `T n bytes` a full-duplex transfer answered with n bytes, `I` the
  level of the interrupt pin or the RX pad answered with one byte, `F id id n bytes` a frame from
  another node.
* `TWAI`, three bytes each: `R i 0` and `W i v` a register, `F 0 0` the next frame answered with
  status and 13 bytes, `S 0 0` reset and clock, `A 0 v` and `C 0 0` the TX pad, connected or not.
* `IO`: supply, boot pin and sleep, see `board_io.py`.

A reset of the firmware is a process that ends with a certain exit code and is started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import fcntl
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tools import build, vm
from tools.desk.board_io import BoardIO
from tools.desk.can_controller import CANBus
from tools.simulated_board.models.mcp2515 import MCP2515Model
from tools.simulated_board.models.twai import TWAIModel

SHIMS = vm.ROOT / "tools" / "simulated_board"
# What a firmware on a VM imports in place of a board's hardware.
STAND_INS = tuple(SHIMS / "board" / f"{name}.py" for name in ("machine", "network", "twai_port"))
# Same number as in tools/simulated_board/board/machine.py.
RESET_EXIT_CODE = 75
RECONNECT_S = 0.5
# The WiFi of the desk: parameters of its name and key, and what they are.
WIFI = {44: "desk", 45: "desk-network"}
_BUS_TICK_S = 0.005
HARD_RESET = 2
WDT_RESET = 3
POWER_ON = 1


class HostError(Exception):
    """Something the user can mend, as one sentence."""


@dataclass
class Wiring:
    """What the board is connected to; addresses are (host, port) or None."""

    modem: tuple[str, int] | None = None
    gps: tuple[str, int] | None = None
    can: tuple[str, int] | None = None
    io: tuple[str, int] | None = None
    has_wifi: bool = False
    flash: Path = Path("flash")
    parameters: dict[int, str] = field(default_factory=dict)
    runtime: str = "cpython"
    bits: int = 64
    heap_kib: int | None = None
    board: str = "LILYGO_TCALL_SIM800"
    time_scale: float = 1.0
    supply_mv: int = 12600
    # Of the CAN controller; the usual module boards carry 8 MHz.
    crystal_hz: int = 8_000_000


class Line:
    """A serial line to a TCP address: reconnects for ever; bytes to an absent end are lost."""

    def __init__(self, address: tuple[str, int] | None, on_bytes, on_connected=None):
        self._address = address
        self._on_bytes = on_bytes
        self._on_connected = on_connected
        self._writer: asyncio.StreamWriter | None = None

    @property
    def is_connected(self) -> bool:
        return self._writer is not None

    async def run(self) -> None:
        while self._address is not None:
            with contextlib.suppress(OSError):
                reader, self._writer = await asyncio.open_connection(*self._address)
                if self._on_connected is not None:
                    self._on_connected()
                while data := await reader.read(4096):
                    self._on_bytes(data)
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            await asyncio.sleep(RECONNECT_S)

    def write(self, data: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(data)

    def cut(self) -> None:
        """Interrupt the line for RECONNECT_S."""
        if self._writer is not None:
            self._writer.close()


class BoardHost:
    """Runs the firmware on its board until `stop`; restarts it when it resets itself."""

    def __init__(self, wiring: Wiring, stdin=None, stdout=None, on_output=None):
        self.wiring = wiring
        self._stdin = stdin
        self._stdout = stdout
        self._on_output = on_output
        self._devices: dict[str, asyncio.StreamWriter] = {}
        self.modem_line = Line(wiring.modem, lambda data: self._to_device("UART1", data))
        self.gps_line = Line(wiring.gps, lambda data: self._to_device("UART2", data))
        self.can_line = Line(wiring.can, self._can_bytes)
        is_twai = "CAN_CS" not in self._pins()
        controller = TWAIModel() if is_twai else MCP2515Model(wiring.crystal_hz)
        self.bus = CANBus(controller, self.can_line.write)
        self.io = BoardIO(self._show, wiring.supply_mv, wiring.time_scale)
        self.io_line = Line(wiring.io, self.io.receive_text, self.io.tell)
        self.process: asyncio.subprocess.Process | None = None
        self.restarts = 0
        self._tasks: list[asyncio.Task] = []
        self._server: asyncio.Server | None = None
        self._flash_fd = -1
        self._rtc: IO[bytes] | None = None
        # What WiFi is in reach, see the simulated `network`.
        self._air: IO[bytes] | None = None

    async def start(self) -> None:
        """Open the hardware port and the lines, compile the firmware. Raises HostError."""
        # The memory of the RTC: it outlives the firmware, not the power.
        self._rtc = tempfile.NamedTemporaryFile(prefix="ovms-rtc-")  # noqa: SIM115
        self._air = tempfile.NamedTemporaryFile(prefix="ovms-wifi-")  # noqa: SIM115
        try:
            self._command = self._firmware_command()
        except (vm.VMMissingError, build.BuildError) as error:
            raise HostError(str(error)) from None
        flash = self.wiring.flash
        try:
            flash.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=flash):
                pass
            self._lock_flash()
        except BlockingIOError:
            raise HostError(
                f"The module's file system {flash} is used by another module."
            ) from None
        except OSError as error:
            raise HostError(
                f"The module's file system {flash} cannot be written: {error.strerror}."
            ) from None
        await self._check_parameters()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._tasks = [
            asyncio.create_task(line.run())
            for line in (self.modem_line, self.gps_line, self.can_line, self.io_line)
        ]
        self._tasks.append(asyncio.create_task(self._tick_bus()))

    def _lock_flash(self) -> None:
        """Two firmwares would overwrite each other's files. The lock ends with this process."""
        self._flash_fd = os.open(self.wiring.flash, os.O_RDONLY)
        fcntl.flock(self._flash_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def set_wifi(self, is_in_reach: bool) -> None:
        """Carry the module into the reach of the desk's WiFi, or out of it."""
        self.wiring.has_wifi = is_in_reach
        assert self._air is not None
        self._air.seek(0)
        self._air.truncate()
        if is_in_reach:
            self._air.write("\t".join(WIFI.values()).encode() + b"\n")
        self._air.flush()

    def _presets(self) -> dict[int, str]:
        """Once: what the user set since must outlive a reset."""
        known = WIFI if self.wiring.has_wifi else {}
        return {**known, **self.wiring.parameters}

    async def _check_parameters(self) -> None:
        """Let the firmware's own rules judge the presets before they reach a module."""
        if not self.wiring.parameters:
            return
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(SHIMS / "board" / "presets.py"), str(vm.ROOT)),
            json.dumps(self.wiring.parameters),
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await process.communicate()
        if process.returncode:
            raise HostError(complaint.decode("utf-8", "replace").strip())

    async def run(self) -> int:
        """Run the firmware until it ends by itself; returns its exit code."""
        cause = POWER_ON
        while True:
            self.process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self.wiring.flash,
                env=self._environment(cause),
                stdin=self._stdin,
                stdout=self._stdout,
            )
            if self._on_output is not None:
                await self._read_output(self.process)
            code = await self.process.wait()
            self.io.restarted(code == -signal.SIGALRM)
            if code == RESET_EXIT_CODE:
                cause = HARD_RESET
            elif code in (0, -15):
                return code
            else:
                # What the watchdog of a real board does with a firmware that is gone.
                cause = WDT_RESET
                if code == -signal.SIGKILL and self._rtc:
                    # Somebody took its power, for which five times in a row is no safe mode.
                    self._rtc.truncate(0)
                await asyncio.sleep(RECONNECT_S)
            self.restarts += 1

    async def cut_power(self) -> None:
        """Take the firmware's power for a moment; it starts as the wiring says by then.

        HostError when it cannot be started so; it runs on then.
        """
        try:
            self._command = self._firmware_command()
        except (vm.VMMissingError, build.BuildError) as error:
            raise HostError(str(error)) from None
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()

    async def stop(self) -> None:
        """End the firmware and close every line."""
        if self.process is not None and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 3)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._devices.values():
            writer.close()
        if self._server is not None:
            self._server.close()
        if self._flash_fd >= 0:
            os.close(self._flash_fd)
            self._flash_fd = -1
        if self._rtc:
            self._rtc.close()
            self._rtc = None
        if self._air:
            self._air.close()
            self._air = None

    async def _read_output(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self._on_output(line.decode("utf-8", "replace").rstrip())

    def _firmware_command(self) -> list[str]:
        entry = str(SHIMS / "board" / "start.py")
        board = str(build.board_folder(self.wiring.board))
        if self.wiring.runtime == "cpython":
            return [sys.executable, entry, str(vm.ROOT), board]
        bits = self.wiring.bits
        start = vm.command(bits, self.wiring.heap_kib)
        tree = build.vm_tree(bits, self.wiring.board, STAND_INS)
        return [*start, entry, str(tree)]

    def _pins(self) -> dict[str, str]:
        """GPIO numbers of the board by function; raises HostError for no board."""
        try:
            folder = build.board_folder(self.wiring.board)
        except build.BuildError as error:
            raise HostError(str(error)) from None
        with (folder / "pins.csv").open() as rows:
            return {name: gpio.removeprefix("GPIO") for name, gpio in csv.reader(rows)}

    def _environment(self, cause: int) -> dict[str, str]:
        assert self._server is not None and self._rtc is not None and self._air is not None
        self.set_wifi(self.wiring.has_wifi)
        pins = self._pins()
        port = self._server.sockets[0].getsockname()[1]
        return {
            **os.environ,
            "OVMS_BOARD_PORT": str(port),
            "OVMS_CAN_CS": pins.get("CAN_CS", ""),
            "OVMS_CAN_INT": pins.get("CAN_INT", ""),
            "OVMS_CAN_RX": pins.get("CAN_RX", ""),
            "OVMS_WIFI": self._air.name,
            "OVMS_SUPPLY_MV": str(self.wiring.supply_mv),
            "OVMS_MODEM_DTR": pins.get("MODEM_DTR", ""),
            "OVMS_FACTORY_RESET": pins.get("FACTORY_RESET", ""),
            "OVMS_RESET_CAUSE": str(cause),
            "OVMS_RTC_FILE": self._rtc.name,
            "OVMS_TIME_SCALE": str(self.wiring.time_scale),
            "OVMS_PARAMETERS": json.dumps(self._presets() if cause == POWER_ON else {}),
            "PYTHONUNBUFFERED": "1",
        }

    async def _tick_bus(self) -> None:
        while True:
            await asyncio.sleep(_BUS_TICK_S)
            self.bus.tick()
            self.io.look(self.bus.mode(), self.bus.is_interrupt_low())

    def _to_device(self, name: str, data: bytes) -> None:
        if self.io.takes_uart(name, data):
            return
        writer = self._devices.get(name)
        if writer is not None and not writer.is_closing():
            writer.write(data)

    def _show(self, line: bytes) -> None:
        self.io_line.write(line)

    def _can_bytes(self, data: bytes) -> None:
        self.bus.receive_text(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One device of the firmware; its first line is its name."""
        name = (await reader.readline()).decode("ascii", "replace").strip()
        self._devices[name] = writer
        try:
            if name in ("SPI", "TWAI"):
                handle = self.bus.handle if name == "SPI" else self.bus.handle_twai
                await self._serve_registers(reader, writer, handle)
            elif name == "IO":
                rest = b""
                while data := await reader.read(4096):
                    rest += data
                    rest = rest[self.io.handle(rest, writer.write) :]
            else:
                line = self.modem_line if name == "UART1" else self.gps_line
                while data := await reader.read(4096):
                    line.write(data)
        except ConnectionError:
            pass
        finally:
            if self._devices.get(name) is writer:
                del self._devices[name]
            writer.close()

    async def _serve_registers(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handle: Callable[[bytes], tuple[bytes, int]],
    ) -> None:
        rest = b""
        while data := await reader.read(4096):
            answer, used = handle(rest + data)
            rest = (rest + data)[used:]
            if answer:
                writer.write(answer)
