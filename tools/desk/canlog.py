"""`canlog`: fetches a module's log of its CAN bus into a file, or makes a file of another format.

The end of the name says the format: `.log` (`candump -L`), `.crtd`, and python-can's `.asc`,
`.blf`, `.csv`, `.trc`. What the module says of the log goes to stderr.
"""

from __future__ import annotations

import argparse
import queue
import sys
from pathlib import Path

from tools.desk import arguments, canbus, canfiles
from tools.desk.console_client import BAUD, END, ConsoleClient, ConsoleError, PortError, plain

# A module that is busy pauses; one that says nothing for so long has gone.
_SILENCE_S = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--port", metavar="DEVICE_OR_HOST:PORT", help="the module's console")
    source.add_argument("--file", type=Path, metavar="FILE", help="a log that was fetched before")
    parser.add_argument(
        "--baud", type=arguments.count, default=BAUD, help=f"rate of a serial port ({BAUD})"
    )
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="file to write")


def fetch(port: str, baud: int) -> tuple[list[canbus.Frame], list[str]]:
    """(frames, what the module says of them). Raises ConsoleError, PortError."""
    lines: queue.Queue[str | None] = queue.Queue()
    frames: list[canbus.Frame] = []
    words: list[str] = []
    with ConsoleClient(port, baud, on_lost=lambda: lines.put(None)) as client:
        client.connect()
        client.on_line = lines.put
        client.send("LOG DUMP")
        while True:
            try:
                line = lines.get(timeout=_SILENCE_S)
            except queue.Empty:
                line = None
            if line is None:
                raise ConsoleError(f"{port} ended in the middle of the log.")
            if line == END:
                return frames, words
            text = plain(line)
            # Lines without a mark are the module's own log.
            if not line.startswith("#") or not text:
                continue
            try:
                frames.append(canbus.parse_line(text))
            except ValueError:
                words.append(text)


def run(options: argparse.Namespace) -> int:
    words: list[str] = []
    try:
        canfiles.check(options.output)
        if options.port:
            frames, words = fetch(options.port, options.baud)
        else:
            frames = canfiles.read(options.file)
        for word in words:
            print(word, file=sys.stderr)
        if not frames:
            print("There are no frames, so nothing was written.", file=sys.stderr)
            return 1
        canfiles.write(options.output, frames)
    except (canfiles.FileError, PortError) as error:
        print(error, file=sys.stderr)
        return 2
    except ConsoleError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    print(f"{len(frames)} frames in {options.output}")
    return 0
