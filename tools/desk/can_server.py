"""The car's bus as candump lines on TCP: what `module --can HOST:PORT` connects to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from tools.desk import canbus
from tools.desk.twizy_sim import candump_line

# A reader that stopped must not make the desk hold a day of frames: about 10 s of driving.
_MAX_WAITING_BYTES = 200_000


class CANServer:
    """Frames to everybody connected; on_frame(Frame) gets what they send.

    port: 0 for any; afterwards the real one, also for a later `start`. bad_lines: of theirs.
    """

    def __init__(self, on_frame: Callable[[canbus.Frame], None]):
        self.port = 0
        self.bad_lines = 0
        self._on_frame = on_frame
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str) -> None:
        """Listen. OSError when the port is taken."""
        self._server = await asyncio.start_server(self._serve, host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut everybody off; harmless when not started."""
        if self._server is None:
            return
        self._server.close()
        for writer in tuple(self._writers):
            writer.close()
        await self._server.wait_closed()
        self._server = None

    def put(self, frames: list[tuple[int, int, bytes]]) -> None:
        """Frames of the car, (time in us, id, data), onto the bus."""
        if not frames or not self._writers:
            return
        text = "".join(candump_line(*frame) + "\n" for frame in frames).encode()
        for writer in self._writers:
            if writer.transport.get_write_buffer_size() < _MAX_WAITING_BYTES:
                writer.write(text)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        # A line without end ends the connection.
        with contextlib.suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                self._receive(line)
        self._writers.discard(writer)
        writer.close()

    def _receive(self, line: bytes) -> None:
        try:
            frame = canbus.parse_line(line.decode("ascii", "replace"))
        except ValueError:
            self.bad_lines += 1
            return
        self._on_frame(frame)
