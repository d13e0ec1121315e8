"""`play`: a log file as the bus of `module --can HOST:PORT`, with the times of its frames.

Nothing can be transmitted to a car: this program has no bus but that one connection, and what the
module says on it is read only to be told. A module that says anything has feature 15 on: the
playing ends with exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import time
from pathlib import Path

from tools.desk import arguments, canbus, canfiles

# As `can_controller.CANBus` keeps them: a module that does not read must not be told more.
_DRAIN_BYTES = 65536
# Frames that are due within this time leave together.
_TOGETHER_S = 0.005
# A pause in a log may be a night.
_LONGEST_PAUSE_S = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the log; see `canlog`")
    parser.add_argument(
        "--listen",
        type=arguments.address,
        default=("127.0.0.1", 7005),
        metavar="HOST:PORT",
        help="where the module connects (127.0.0.1:7005)",
    )
    parser.add_argument(
        "--speed", type=arguments.positive, default=1.0, metavar="X", help="X times as fast"
    )


class Player:
    """Plays `frames` to the first who connects."""

    def __init__(self, frames: list[canbus.Frame], speed: float):
        self.frames = frames
        self.speed = speed
        self.heard: list[str] = []
        self.is_complete = False
        self.ended = asyncio.Event()
        self._is_taken = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_taken:
            writer.close()
            return
        self._is_taken = True
        listening = asyncio.create_task(self._listen(reader))
        playing = asyncio.create_task(self._play(writer))
        with contextlib.suppress(ConnectionError):
            await asyncio.wait((listening, playing), return_when=asyncio.FIRST_COMPLETED)
        self.is_complete = playing.done() and not playing.exception() and not self.heard
        for task in (listening, playing):
            task.cancel()
        writer.close()
        self.ended.set()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            if line := await reader.readline():
                self.heard.append(line.decode("ascii", "replace").strip())

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        start_s = time.monotonic()
        due_s = 0.0
        before_s = self.frames[0].timestamp_s or 0.0
        for frame in self.frames:
            now_s = frame.timestamp_s or 0.0
            due_s += min(max(now_s - before_s, 0.0), _LONGEST_PAUSE_S) / self.speed
            before_s = now_s
            wait_s = start_s + due_s - time.monotonic()
            if wait_s > _TOGETHER_S:
                await asyncio.sleep(wait_s)
            writer.write(canbus.format_line(frame).encode() + b"\n")
            if writer.transport.get_write_buffer_size() > _DRAIN_BYTES:
                await writer.drain()
        await writer.drain()
        # Whatever the last frames make the module say comes now.
        await asyncio.sleep(1)


async def _run(options: argparse.Namespace, frames: list[canbus.Frame]) -> int:
    player = Player(frames, options.speed)
    host, port = options.listen
    try:
        server = await asyncio.start_server(player.serve, host, port)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        print(f"The player cannot listen at {host}:{port}: {reason}.", file=sys.stderr)
        return 2
    port = server.sockets[0].getsockname()[1]
    print(f"The bus is at {host}:{port}: module --can {host}:{port}", flush=True)
    await player.ended.wait()
    server.close()
    if player.heard:
        print(
            f"The module transmits ({player.heard[0]}), so the playing has ended: no car heard "
            "it. Send FEATURE 15 0 to that module.",
            file=sys.stderr,
        )
        return 1
    if not player.is_complete:
        print("The module went away before the end of the log.", file=sys.stderr)
        return 1
    print(f"{len(frames)} frames were played.")
    return 0


def run(options: argparse.Namespace) -> int:
    try:
        frames = canfiles.read(options.file)
        if not frames:
            raise canfiles.FileError(f"{options.file} has no frames.")
    except canfiles.FileError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        return asyncio.run(_run(options, frames))
    except KeyboardInterrupt:
        return 1
