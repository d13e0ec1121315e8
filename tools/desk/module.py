"""`module`: the firmware alone, on streams that any program may provide."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from tools.desk import arguments
from tools.desk.board_host import BoardHost, HostError, Wiring
from tools.desk.console_server import ConsoleServer
from tools.desk.translated import TranslatedOutput

USUAL_BOARD = "LILYGO_TCALL_SIM800"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of design 4.2; outside programs rely on them."""
    parser.add_argument(
        "--modem", type=arguments.address, metavar="HOST:PORT", help="UART of the modem"
    )
    parser.add_argument(
        "--gps", type=arguments.address, metavar="HOST:PORT", help="NMEA of the GPS receiver"
    )
    parser.add_argument(
        "--can", type=arguments.address, metavar="HOST:PORT", help="candump -L lines, both ways"
    )
    parser.add_argument(
        "--io", type=arguments.address, metavar="HOST:PORT", help="supply and power, as JSON lines"
    )
    parser.add_argument(
        "--wifi", action="store_true", help="the host's network is the module's WiFi"
    )
    parser.add_argument(
        "--flash", type=Path, default=Path("flash"), metavar="DIR", help="the module's files"
    )
    parser.add_argument(
        "--param",
        type=arguments.parameter,
        action="append",
        default=[],
        metavar="N=VALUE",
        help="preset a parameter (repeatable)",
    )
    parser.add_argument(
        "--console",
        type=arguments.address,
        metavar="HOST:PORT",
        help="a TCP port in place of stdin as the module's serial console",
    )
    add_runtime_arguments(parser)


def add_runtime_arguments(parser: argparse.ArgumentParser) -> None:
    """What `run` and `module` share: how the firmware itself is started."""
    parser.add_argument("--vm", choices=("cpython", "micropython"), help="what runs the firmware")
    parser.add_argument("--bits", type=int, choices=(32, 64), default=64, help="width of the VM")
    parser.add_argument(
        "--heap",
        type=arguments.count,
        metavar="KIB",
        help="heap of the VM in KiB (default: the VM's own)",
    )
    parser.add_argument("--board", default=USUAL_BOARD, metavar="NAME")
    parser.add_argument(
        "--time-scale",
        type=arguments.positive,
        default=1.0,
        metavar="X",
        help="the module's clock runs X times faster (CPython only)",
    )


def wiring(options: argparse.Namespace, **connections) -> Wiring:
    """The Wiring for the options of `add_runtime_arguments`. Raises HostError."""
    runtime = options.vm or "cpython"
    if runtime == "micropython" and options.time_scale != 1.0:
        raise HostError("--time-scale works with --vm cpython only.")
    if options.heap is not None and options.heap < 32:
        raise HostError("--heap takes at least 32 KiB.")
    return Wiring(
        runtime=runtime,
        bits=options.bits,
        heap_kib=options.heap,
        board=options.board,
        time_scale=options.time_scale,
        **connections,
    )


class _OwnOutput:
    """stdout for a firmware with short names: a pipe, translated on its way to ours."""

    def __init__(self) -> None:
        self._ours, self.fd = os.pipe()
        self._passing: asyncio.Task | None = None

    async def start(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(self._ours, "rb", 0)
        )
        self._passing = asyncio.create_task(self._pass_on(reader))

    async def _pass_on(self, reader: asyncio.StreamReader) -> None:
        shown = TranslatedOutput(sys.stdout.buffer)
        while data := await reader.read(4096):
            shown.write(data)
        shown.close()

    async def stop(self) -> None:
        """Pass on what is left of a firmware that has ended."""
        os.close(self.fd)
        if self._passing is not None:
            await self._passing


async def _run(options: argparse.Namespace) -> int:
    console = ConsoleServer() if options.console else None
    is_short = not console and options.vm == "micropython"
    output = _OwnOutput() if is_short else None
    host = BoardHost(
        wiring(
            options,
            modem=options.modem,
            gps=options.gps,
            can=options.can,
            io=options.io,
            has_wifi=options.wifi,
            flash=options.flash,
            parameters=dict(options.param),
        ),
        stdin=console and console.fd,
        stdout=console.fd if console else output and output.fd,
    )
    module = asyncio.current_task()
    assert module is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, module.cancel)
    try:
        if output:
            await output.start()
        if console:
            await console.start(*options.console)
            print(f"The console listens at {options.console[0]}:{console.port}.", flush=True)
        await host.start()
        return await host.run()
    except asyncio.CancelledError:
        return 0
    finally:
        await host.stop()
        if console:
            await console.stop()
        if output:
            await output.stop()


def run(options: argparse.Namespace) -> int:
    try:
        return asyncio.run(_run(options))
    except HostError as error:
        print(error, file=sys.stderr)
        return 2
