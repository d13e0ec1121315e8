"""`console`: a terminal for a module's DIAG console, over a serial port or TCP.

With words behind the options it sends them as one line, prints the answer and ends: 0 when it was
done, 1 when it was refused or nobody answered. With a piped input it does so for every line.
WATCH shows traffic until Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys

from tools.desk import arguments
from tools.desk.console_client import BAUD, END, ConsoleClient, ConsoleError, PortError, plain

_PROMPT = "> "
_CLEAR_LINE = "\r\x1b[K"
_WELCOME = "Connected to %s. HELP lists the commands, Ctrl-D leaves; the module runs on."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        required=True,
        metavar="DEVICE_OR_HOST:PORT",
        help="serial port of the module, such as /dev/ttyUSB0",
    )
    parser.add_argument(
        "--baud", type=arguments.count, default=BAUD, help=f"rate of a serial port ({BAUD})"
    )
    parser.add_argument(
        "--timeout",
        type=arguments.positive,
        default=15.0,
        metavar="S",
        help="longest time for an answer (15)",
    )
    parser.add_argument("words", nargs="*", metavar="LINE", help="send this line only")


def run(options: argparse.Namespace) -> int:
    try:
        with ConsoleClient(options.port, options.baud) as client:
            client.connect(options.timeout)
            if options.words:
                line = " ".join(options.words)
                is_watch = line.upper().startswith("WATCH ")
                return (_watch if is_watch else _ask)(client, line, options.timeout)
            if not sys.stdin.isatty():
                return _ask_all(client, options.timeout)
            return _interact(client)
    except PortError as error:
        print(error, file=sys.stderr)
        return 2
    except ConsoleError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1


def _ask(client: ConsoleClient, line: str, limit_s: float) -> int:
    answer = client.ask(line, limit_s)
    print("".join(f"{text}\n" for text in answer.lines), end="", flush=True)
    return 0 if answer.is_done else 1


def _ask_all(client: ConsoleClient, limit_s: float) -> int:
    """Every line of stdin; the exit code of the worst."""
    code = 0
    is_watching = False
    for line in map(str.strip, sys.stdin):
        if not line:
            continue
        if is_watching:
            # Everything that comes is shown already.
            code = max(code, 0 if client.ask(line, limit_s).is_done else 1)
        else:
            code = max(code, _ask(client, line, limit_s))
        if line.split(" ")[0].upper() == "WATCH":
            is_watching = " " in line
            client.on_line = _show if is_watching else None
    return _watch(client, "", limit_s) if is_watching else code


def _watch(client: ConsoleClient, line: str, limit_s: float) -> int:
    """Show what is watched until Ctrl-C, then tell the module to stop. line: "" if it knows."""
    with contextlib.suppress(KeyboardInterrupt):
        if line and _ask(client, line, limit_s):
            return 1
        client.on_line = _show
        client.on_lost = _interrupt
        signal.pause()
    client.on_line = client.on_lost = None
    client.ask("WATCH")
    return 0


def _interact(client: ConsoleClient) -> int:
    """A line editor with history; what the module says meanwhile is put above its line."""
    # For its side effect on `input`; the history is not written anywhere, it may hold a password.
    try:
        import readline
    except ImportError:
        readline = None  # type: ignore[assignment]

    def show(text: str) -> None:
        if not text or text == END:
            return
        typed = readline.get_line_buffer() if readline else ""
        sys.stdout.write(_CLEAR_LINE)
        _show(text)
        sys.stdout.write(_PROMPT + typed)
        sys.stdout.flush()

    print(_WELCOME % client.port)
    client.on_line = show
    client.on_lost = _interrupt
    is_watching = False
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            line = input(_PROMPT).strip()
            client.send(line)
            if line.upper().split(" ")[0] == "WATCH":
                is_watching = " " in line
    client.on_line = client.on_lost = None
    print()
    if client.is_lost:
        raise ConsoleError(f"The connection to {client.port} was lost.")
    if is_watching:
        client.send("WATCH")
    return 0


def _interrupt() -> None:
    """Wake the main thread, which waits for a key or a signal."""
    os.kill(os.getpid(), signal.SIGINT)


def _show(text: str) -> None:
    if text and text != END:
        print(plain(text), flush=True)
