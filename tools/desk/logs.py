"""`logs`: what a module prints, over a serial port or TCP, until Ctrl-C; nothing is sent.

Tracebacks are told in the names of the sources, where the table of the module's build is under
`build/`. A text that was saved is translated by `make explain FILE=...`.
"""

from __future__ import annotations

import argparse
import sys
import threading

from tools.desk.console_client import BAUD, ConsoleClient, PortError
from tools.shrink.explain import missing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        required=True,
        metavar="DEVICE_OR_HOST:PORT",
        help="serial port of the module, such as /dev/ttyUSB0",
    )
    parser.add_argument("--baud", type=int, default=BAUD, help=f"rate of a serial port ({BAUD})")


def run(options: argparse.Namespace) -> int:
    told: set[str] = set()
    is_lost = threading.Event()

    def show(text: str) -> None:
        print(text, flush=True)
        if unknown := client.translator.unknown - told:
            told.update(unknown)
            print(missing(unknown), file=sys.stderr, flush=True)

    try:
        # Heard only once it can be asked for its translator.
        client = ConsoleClient(options.port, options.baud, on_lost=is_lost.set)
    except PortError as error:
        print(error, file=sys.stderr)
        return 2
    with client:
        client.on_line = show
        try:
            is_lost.wait()
        except KeyboardInterrupt:
            return 0
    print(f"The connection to {options.port} was lost.", file=sys.stderr)
    return 1
