"""`module`: the firmware alone, on streams that any program may provide."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from tools.desk import arguments
from tools.desk.board_host import BoardHost, HostError, Wiring
from tools.desk.console_server import ConsoleServer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of design 4.2; outside programs rely on them."""
    parser.add_argument(
        "--modem", type=arguments.address, metavar="HOST:PORT", help="UART of the SIM800"
    )
    parser.add_argument(
        "--gps", type=arguments.address, metavar="HOST:PORT", help="NMEA of the GPS receiver"
    )
    parser.add_argument(
        "--can", type=arguments.address, metavar="HOST:PORT", help="candump -L lines, both ways"
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
        "--heap", type=int, metavar="KIB", help="heap of the VM in KiB (default: the VM's own)"
    )
    parser.add_argument("--board", default="LILYGO_TCALL_SIM800", metavar="NAME")
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


async def _run(options: argparse.Namespace) -> int:
    console = ConsoleServer() if options.console else None
    host = BoardHost(
        wiring(
            options,
            modem=options.modem,
            gps=options.gps,
            can=options.can,
            has_wifi=options.wifi,
            flash=options.flash,
            parameters=dict(options.param),
        ),
        stdin=console and console.fd,
        stdout=console and console.fd,
    )
    module = asyncio.current_task()
    assert module is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, module.cancel)
    try:
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


def run(options: argparse.Namespace) -> int:
    try:
        return asyncio.run(_run(options))
    except HostError as error:
        print(error, file=sys.stderr)
        return 2
