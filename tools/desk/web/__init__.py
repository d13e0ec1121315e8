"""`web`: the desk's page for a real module, over its serial console.

The page itself is in this folder: `site.py` serves it, `stage_view.py` fills it for `run`, and
`module_view.py` for a module on a cable. No build step, nothing from elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from tools.desk import arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    # Only who serves a page waits for what that needs.
    from tools.desk.console_client import BAUD

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
        "--web-port", type=arguments.port, help="the page's port (6866, else a free one)"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C; 2 when the port cannot be opened, 1 when nobody answers there."""
    from tools.desk.console_client import ConsoleClient, ConsoleError, PortError

    try:
        with ConsoleClient(options.port, options.baud) as client:
            client.connect()
            return asyncio.run(_serve(client, options.web_port))
    except PortError as error:
        print(error, file=sys.stderr)
        return 2
    except ConsoleError as error:
        print(error, file=sys.stderr)
        return 1


async def _serve(client, port: int | None) -> int:
    from tools.desk.web.module_view import ModuleView
    from tools.desk.web.site import WebSite

    view = ModuleView(client)
    site = WebSite(view, port)
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    try:
        await view.start()
        try:
            await site.start()
        except OSError as error:
            print(error.strerror, file=sys.stderr)
            return 2
        print(f"The module in a browser: {site.address}", flush=True)
        await end.wait()
    finally:
        await site.stop()
        await view.stop()
    return 0
