"""The GPS receiver's UART as a TCP port: what `module --gps HOST:PORT` connects to."""

from __future__ import annotations

import asyncio
import contextlib

from tools.desk.gps import GPSReceiver

# A reader that stopped must not make the desk hold a day of sentences: about 100 s at 1 Hz.
_MAX_WAITING_BYTES = 50_000


class GPSServer:
    """Sends the sentences of `receiver` to everybody connected; bytes sent to it are ignored.

    period_s: time between two epochs. time_scale: so many times faster than the wall clock.
    """

    def __init__(
        self,
        receiver: GPSReceiver | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        period_s: float = 1.0,
        time_scale: float = 1.0,
    ):
        self.receiver = receiver or GPSReceiver()
        self.host = host
        self.port = port
        self._period_s = period_s
        self.time_scale = time_scale
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.Task | None = None

    async def start(self) -> None:
        """Listen and tick; afterwards `port` is the real one. OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._ticker = asyncio.create_task(self._tick_for_ever())

    async def stop(self) -> None:
        """Close everything; harmless when not started."""
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
            self._ticker = None
        if self._server is not None:
            self._server.close()
            for writer in tuple(self._writers):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    def position(self, latitude, longitude, speed_kmh=0.0, course_deg=0.0, altitude_m=48.0):
        """Put the receiver somewhere; from now on it does not follow its route."""
        self.receiver.position(latitude, longitude, speed_kmh, course_deg, altitude_m)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            # Configuration commands of the module; this receiver has nothing to configure.
            while await reader.read(256):
                pass
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._period_s / self.time_scale)
            data = self.receiver.tick(self._period_s)
            for writer in tuple(self._writers):
                if writer.transport.get_write_buffer_size() < _MAX_WAITING_BYTES:
                    writer.write(data)
