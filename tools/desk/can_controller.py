"""The bus of the desk's board: candump lines here, a controller's registers there."""

from __future__ import annotations

import random
import sys
import time
from collections import deque

from tools.desk import canbus
from tools.simulated_board.models.mcp2515 import MCP2515Model
from tools.simulated_board.models.mcp2515_registers import CANINTE, NORMAL, SLEEP, WAKIF
from tools.simulated_board.models.twai import TWAIModel
from tools.simulated_board.models.twai_port import ModelPort

# A firmware that stops reading must not make the host hold a day of traffic.
MAX_WAITING_FRAMES = 5000
# Frames sent while the firmware still boots wait for it, but not for a car chosen minutes later.
MAX_WAIT_S = 5.0
MAX_COMPLAINTS = 10
# A line that has not ended by then is none.
MAX_LINE = 4096


class CANBus:
    """A CAN controller's registers on one side, the bus as candump lines on the other.

    The controller is a model with `is_on_bus`, `can_accept`, `bus_frame` and `tick_us`.

    The bus waits for the controller: a frame enters only when the controller listens and a receive
    buffer is free, so a recording can be played at any speed. One that sleeps is woken by the next
    frame, and that one is lost. Losing frames to a slow driver is what the tests of driver and
    model are for.
    """

    def __init__(self, controller: MCP2515Model | TWAIModel, write_line):
        self.controller = controller
        # Of a TWAI; nobody asks an MCP2515 for it.
        self._port = ModelPort(controller) if isinstance(controller, TWAIModel) else None
        self._spi = controller if isinstance(controller, MCP2515Model) else None
        self._write_line = write_line
        self._waiting: deque[tuple[float, canbus.Frame]] = deque(maxlen=MAX_WAITING_FRAMES)
        self._partial = b""
        self._ticked_s = time.monotonic()
        self.dropped_frames = 0
        self.bad_lines = 0
        # Share of the frames that arrive damaged, 0 to 1.
        self.noise = 0.0
        self._random = random.Random(1)
        controller.on_transmit = self._transmitted

    def mode(self) -> str:
        """What the controller does: normal, silent, sleep or off."""
        if self._spi is not None and self._spi.mode == SLEEP:
            return "sleep"
        if not self.controller.is_on_bus():
            return "off"
        if self._spi is not None:
            return "normal" if self._spi.mode == NORMAL else "silent"
        assert self._port is not None
        return "normal" if self._port.is_attached() else "silent"

    def _waits_for_wake(self) -> bool:
        """Whether the controller sleeps until a frame comes, unlike one that is switched off."""
        spi = self._spi
        return spi is not None and spi.mode == SLEEP and bool(spi.registers[CANINTE] & WAKIF)

    def is_interrupt_low(self) -> bool:
        """Whether INT would wake the ESP32; a TWAI has none."""
        return self._spi is not None and not self._spi.line_level()

    def receive_text(self, data: bytes) -> None:
        """Bytes of candump lines from the bus's side, cut anywhere."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        self._partial = self._partial[:MAX_LINE]
        for line in lines:
            text = line.decode("ascii", "replace").strip()
            if not text:
                continue
            try:
                frame = canbus.parse_line(text)
            except ValueError as error:
                self._complain(error)
                continue
            self._wait(frame)
        self.tick()

    def _complain(self, error: ValueError) -> None:
        """Name the first bad lines; a stderr that nobody reads must not fill up and block us."""
        self.bad_lines += 1
        if self.bad_lines <= MAX_COMPLAINTS:
            print(f"CAN line ignored: {error}", file=sys.stderr)
        if self.bad_lines == MAX_COMPLAINTS:
            print("Further CAN lines are ignored without a word.", file=sys.stderr)

    def _wait(self, frame: canbus.Frame) -> None:
        """Queue a frame for the bus; the oldest makes room."""
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped_frames += 1
        self._waiting.append((time.monotonic(), frame))

    def tick(self) -> None:
        """Let the bus's time pass, and waiting frames onto it while the controller has room."""
        now = time.monotonic()
        controller = self.controller
        controller.tick_us(int((now - self._ticked_s) * 1_000_000))
        self._ticked_s = now
        if self._waiting and self._waits_for_wake():
            # It starts the oscillator, and is lost.
            _, frame = self._waiting.popleft()
            controller.bus_frame(frame.arbitration_id, frame.data)
        is_listening = controller.is_on_bus()
        while self._waiting:
            since_s, frame = self._waiting[0]
            if not is_listening:
                if now - since_s < MAX_WAIT_S:
                    return
                self.dropped_frames += 1
            elif not controller.can_accept(frame.arbitration_id, frame.is_extended_id):
                return
            elif self._random.random() < self.noise:
                # A TWAI's driver hears of it by the next frame that is missing.
                if self._spi is not None:
                    self._spi.bus_error()
            else:
                controller.bus_frame(
                    frame.arbitration_id,
                    frame.data,
                    is_extended=frame.is_extended_id,
                    is_remote=frame.is_remote_frame,
                )
            self._waiting.popleft()

    def _transmitted(self, arbitration_id, data, is_extended, is_remote) -> None:
        frame = canbus.Frame(arbitration_id, data, is_extended, is_remote)
        self._write_line(canbus.format_line(frame).encode() + b"\n")

    def handle(self, request: bytes) -> tuple[bytes, int]:
        """Carry out the requests in `request`; returns (answer, bytes used)."""
        answer = b""
        at = 0
        while at < len(request):
            kind = request[at]
            if kind == ord("T"):
                if at + 1 >= len(request) or at + 2 + request[at + 1] > len(request):
                    break
                count = request[at + 1]
                data = request[at + 2 : at + 2 + count]
                assert self._spi is not None
                answer += bytes(self._spi.transfer(byte) for byte in data)
                at += 2 + count
                continue
            if kind == ord("F"):
                if at + 3 >= len(request) or at + 4 + request[at + 3] > len(request):
                    break
                count = request[at + 3]
                number = int.from_bytes(request[at + 1 : at + 3], "big")
                self._wait(canbus.Frame(number, request[at + 4 : at + 4 + count]))
                self.tick()
                at += 4 + count
                continue
            if kind == ord("L") and self._spi:
                self._spi.select()
            elif kind == ord("H") and self._spi:
                self._spi.deselect()
                self.tick()
            elif kind == ord("I"):
                answer += bytes([self.controller.line_level()])
            at += 1
        return answer, at

    def handle_twai(self, request: bytes) -> tuple[bytes, int]:
        """The same for registers of the ESP32's own controller."""
        port = self._port
        assert port is not None
        answer = b""
        at = 0
        while at + 3 <= len(request):
            kind, index, value = request[at : at + 3]
            at += 3
            if kind == ord("R"):
                answer += port.read(index).to_bytes(2, "big")
            elif kind == ord("W"):
                port.write(index, value)
            elif kind == ord("F"):
                self.tick()
                slot = bytearray(13)
                answer += port.fetch(slot).to_bytes(2, "big") + slot
            elif kind == ord("S"):
                port.start()
            elif kind == ord("A"):
                port.attach(bool(value))
            elif kind == ord("C"):
                answer += int(port.is_attached()).to_bytes(2, "big")
        return answer, at
