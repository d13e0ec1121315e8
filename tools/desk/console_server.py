"""A TCP port that stands for the cable to a module's serial console, one visitor at a time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys

from tools.desk.board_host import HostError
from tools.desk.translated import TranslatedOutput


class ConsoleServer:
    """`fd` is stdin and stdout of the firmware; what it prints is shown here, too."""

    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self.fd = self._theirs.fileno()
        self.port = 0
        self._visitor: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._reading: asyncio.Task | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen; `port` tells where, if that was 0. HostError when it cannot."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise HostError(f"The console cannot listen at {host}:{port}: {reason}.") from None
        self.port = self._server.sockets[0].getsockname()[1]
        reader, self._writer = await asyncio.open_connection(sock=self._ours)
        self._reading = asyncio.create_task(self._read(reader))

    async def stop(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._writer.close()
        if self._visitor is not None:
            self._visitor.close()
        if self._server is not None:
            self._server.close()
        self._theirs.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        shown = TranslatedOutput(sys.stdout.buffer)
        while data := await reader.read(4096):
            shown.write(data)
            if self._visitor is not None and not self._visitor.is_closing():
                self._visitor.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._visitor is not None:
            self._visitor.close()
        self._visitor = writer
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                self._writer.write(data)
        if self._visitor is writer:
            self._visitor = None
        writer.close()
