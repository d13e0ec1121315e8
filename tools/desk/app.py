"""`python -m tools.desk app`: watch a car through a server, or send it one command."""

import argparse
import asyncio
import signal
import ssl
import sys
import time

from tools.desk.ovms.client import AppClient, ClientError, NoReplyError
from tools.desk.ovms.commands import RECORDS_COMMAND, SMS_COMMAND, Reply, parse_command
from tools.desk.ovms.describe import RESULTS, Describer
from tools.desk.ovms.peers import APP, BATCH
from tools.desk.ovms.text import from_wire, printable

_PORT, _TLS_PORT = 6867, 6870
_PING_EVERY_S = 300
_INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of design.md 4.2."""
    add = parser.add_argument
    add("--server", metavar="HOST[:PORT]", required=True, help="port 6867, or 6870 with --tls")
    add("--vehicle", metavar="ID", required=True)
    add("--password", metavar="PW", required=True, help="network password of the vehicle")
    add("--owner", metavar="NAME", help="owner name for --scheme 1 (default: the vehicle id)")
    add("--paranoid", metavar="MODULEPW", help="module password, to read and send paranoid")
    add("--batch", action="store_true", help="the car shall not see a watcher")
    add("--tls", metavar="CAFILE", help="TLS; CAFILE says which server to trust")
    add("--scheme", choices=("0", "1"), default="0", help="protection scheme (default 0)")
    add("--timeout", type=float, default=15, metavar="S", help="for a reply (default 15)")
    add("command", nargs="*", metavar="CODE [ARGS]", help="number or name; none: follow the car")


def run(args: argparse.Namespace) -> int:
    """0 ok, 1 the car said it failed, 2 usage, no connection, refused login or no reply.

    130 when a command is interrupted before its reply.
    """
    try:
        command = parse_command(args.command) if args.command else None
        client = _client(args)
    except (ValueError, OSError) as error:
        return _refuse(str(error))
    try:
        return asyncio.run(_work(client, command))
    except ClientError as error:
        return _refuse(str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone (`app ... | head`): nothing is left to tell.
        sys.stderr.close()
        return 0


def _client(args: argparse.Namespace) -> AppClient:
    host, port = _server_address(args.server, _TLS_PORT if args.tls else _PORT)
    context = None
    if args.tls:
        try:
            context = ssl.create_default_context(cafile=args.tls)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"cannot use {args.tls} as CA file: {error}") from None
    if not args.timeout > 0:
        raise ValueError("--timeout must be more than 0 s")
    return AppClient(
        host,
        port,
        args.vehicle,
        args.password,
        kind=BATCH if args.batch else APP,
        paranoid_password=args.paranoid,
        scheme=args.scheme,
        owner=args.owner,
        ssl_context=context,
        timeout_s=args.timeout,
    )


def _server_address(text: str, default_port: int) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, default_port
    if not host or not port.isdecimal() or not 0 < int(port) <= 65_535:
        raise ValueError(f"--server is HOST or HOST:PORT, not {text!r}")
    return host, int(port)


async def _work(client: AppClient, command: tuple[int, str] | None) -> int:
    await client.connect()
    try:
        if command is None:
            return await _follow(client)
        return await _command(client, *command)
    finally:
        await client.close()


async def _command(client: AppClient, code: int, arguments: str) -> int:
    if code == RECORDS_COMMAND and not arguments:
        return _refuse("command 32 needs a record type, for example 32 D")
    if client.wants_paranoid:
        await client.wait_replayed()
    try:
        replies = await client.command(code, arguments)
    except NoReplyError as error:
        for reply in error.replies:
            print(_reply_line(reply))
        raise
    for reply in replies:
        print(_reply_line(reply), file=sys.stderr if reply.result else sys.stdout)
    return 0 if all(reply.result == 0 for reply in replies) else 1


def _reply_line(reply: Reply) -> str:
    """Rows of 1, 3, 30, 31 without their counters, of 32 as CSV, of 7 as the SMS text."""
    if reply.result != 0:
        name = RESULTS.get(reply.result, f"result {reply.result}")
        return f"{reply.command}: {name} {printable(reply.text)}".rstrip()
    if reply.command == RECORDS_COMMAND:
        # row, rows, type, timestamp, number, data: the data's own commas become columns.
        return from_wire(reply.text.split(",", 2)[-1])
    if reply.command in (1, 3) and len(reply.fields) > 2:
        row, _, value = reply.text.split(",", 2)
        return f"{row}: {printable(value)}"
    if reply.command in (30, 31):
        return from_wire(reply.text.split(",", 2)[-1])
    if reply.command == SMS_COMMAND:
        return from_wire(reply.text.replace("\r", "\n"))
    return printable(reply.text) or "ok"


async def _follow(client: AppClient) -> int:
    """Print every message until the connection ends (2) or SIGTERM or SIGINT comes (0)."""
    loop = asyncio.get_running_loop()
    printing = asyncio.create_task(_print_messages(client))
    pinging = asyncio.create_task(_ping(client))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, printing.cancel)
    try:
        await printing
    except asyncio.CancelledError:
        return 0
    finally:
        pinging.cancel()
    return _refuse(str(client.end_reason))


async def _print_messages(client: AppClient) -> None:
    describer = Describer()
    async for code, payload in client:
        clock = time.strftime("%H:%M:%S")
        print(clock, describer.line(code, payload), flush=True)


async def _ping(client: AppClient) -> None:
    while True:
        await asyncio.sleep(_PING_EVERY_S)
        await client.send("A")


def _refuse(sentence: str) -> int:
    print(f"app: {sentence}", file=sys.stderr)
    return 2
