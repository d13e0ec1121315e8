"""`python -m tools.desk server`: the desk OVMS server on the command line."""

import argparse
import asyncio
import signal
import ssl
import sys

from tools.desk.arguments import port
from tools.desk.ovms import tls
from tools.desk.ovms.context import Quirks, Timers
from tools.desk.ovms.events import Event
from tools.desk.ovms.server import OvmsServer
from tools.desk.ovms.vehicles import DEFAULT_OWNER, SERVER_TYPE, ProvisionRecord, VehicleRecord


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of design.md 4.2."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    add("--port", type=port, default=6867, help="v2 port, 0 for any (default %(default)s)")
    add("--http-port", type=port, default=6868, help="REST port (default %(default)s)")
    add("--tls-port", type=port, default=6870, help="v2 inside TLS (default %(default)s)")
    add("--https-port", type=port, default=6869, help="REST inside TLS (default %(default)s)")
    add("--tls-cert", metavar="FILE", help="certificate (PEM); opens the TLS ports")
    add("--tls-key", metavar="FILE", help="key of --tls-cert (PEM)")
    add("--tls-self-signed", metavar="DIR", help="make a certificate there and use it")
    add(
        "--vehicle",
        metavar="ID:PASSWORD[:OWNERPASS]",
        action="append",
        default=[],
        help="a vehicle with its network password (repeatable)",
    )
    add(
        "--server-peer",
        metavar="ID:PASSWORD",
        action="append",
        default=[],
        help="a record another server may log in with (repeatable)",
    )
    add(
        "--owner",
        default=DEFAULT_OWNER,
        help="REST user name, besides the vehicle ids (default %(default)s)",
    )
    add(
        "--provision",
        metavar="VIN:ICCID:RECORD",
        action="append",
        default=[],
        help="auto-provisioning record: parameter values 0, 1, ... separated by blanks",
    )
    add("--db", metavar="FILE", default=":memory:", help="SQLite store (default: in memory)")
    defaults = Timers()
    add("--timeout-car", type=_seconds, default=defaults.car_s, metavar="S")
    add("--timeout-app", type=_seconds, default=defaults.app_s, metavar="S")
    # As in the sample configuration, which everybody starts with; the code alone has 120.
    add("--timeout-api", type=_seconds, default=300.0, metavar="S")
    add(
        "--log-history",
        type=_seconds,
        default=defaults.log_history_s,
        metavar="S",
        help="keep every stored message as history for so long, 0 for not at all",
    )
    add("--wedge", action="store_true", help="go deaf after an unsolicited reply")
    add("--dead-ap", action="store_true", help="never answer AP-C")
    add("--routing-slips", action="store_true", help="misroute replies after a bad list")
    add("--tpms-404", action="store_true", help="fail REST tpms when Y is stored")
    add("--json", action="store_true", help="events as JSON lines")


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT (0); 2 with one sentence on stderr when it cannot start."""
    try:
        server = _build(args)
    except (ValueError, OSError, ssl.SSLError) as error:
        return _refuse(str(error))
    return asyncio.run(_serve(server))


def _build(args: argparse.Namespace) -> OvmsServer:
    vehicles = [VehicleRecord.parse(text, args.owner) for text in args.vehicle]
    vehicles += [VehicleRecord.parse(text, args.owner, SERVER_TYPE) for text in args.server_peer]
    if not vehicles:
        raise ValueError("no vehicle given: use --vehicle ID:PASSWORD")
    context = _ssl_context(args)
    return OvmsServer(
        vehicles,
        host=args.host,
        port=args.port,
        http_port=args.http_port,
        tls_port=args.tls_port if context else None,
        https_port=args.https_port if context else None,
        ssl_context=context,
        db=args.db,
        provisioning=[ProvisionRecord.parse(text) for text in args.provision],
        timers=Timers(args.timeout_car, args.timeout_app, args.timeout_api, args.log_history),
        quirks=Quirks(args.wedge, args.dead_ap, args.routing_slips, args.tpms_404),
        on_event=_printer(args.json),
    )


def _ssl_context(args: argparse.Namespace) -> ssl.SSLContext | None:
    certificate, key = args.tls_cert, args.tls_key
    if args.tls_self_signed:
        certificate, key = tls.self_signed(args.tls_self_signed, args.host)
    if not certificate and not key:
        return None
    if not certificate or not key:
        raise ValueError("--tls-cert and --tls-key belong together")
    try:
        return tls.server_context(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"cannot use {certificate} and {key} for TLS: {error}") from None


def _printer(as_json: bool):
    def show(event: Event) -> None:
        if as_json:
            text = event.json()
        elif event.kind == "listening":
            text = f"listening {event.text}"
        else:
            text = event.line()
        print(text, flush=True)

    return show


async def _serve(server: OvmsServer) -> int:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        await server.start()
    except OSError as error:
        return _refuse(error.strerror or str(error))
    await ended.wait()
    await server.stop()
    return 0


def _refuse(sentence: str) -> int:
    print(f"server: {sentence}", file=sys.stderr)
    return 2


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 <= number < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds")
    return number
