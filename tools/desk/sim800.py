"""`sim800`: the modem simulator behind a TCP port that stands for its UART; a SIM7000, too.

The modem lives as long as the program; the host may come and go like an ESP32 that restarts.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any

from tools import boards
from tools.desk.arguments import count
from tools.desk.modem.basic_commands import RATES
from tools.desk.modem.console import Console, ConsoleError
from tools.desk.modem.dialler import AsyncioDialler, parse_route
from tools.desk.modem.engine import Modem
from tools.desk.modem.fault_switches import apply_fault
from tools.desk.modem.profile import Profile, as_modem
from tools.desk.modem.scheduler import AsyncioScheduler
from tools.desk.modem.sim import is_pin

_MAX_UNSENT_BYTES = 65536
_MAX_STDIN_LINE_BYTES = 8192


class Sim800Server:
    """A modem with its UART on TCP, for `desk run`, tests and the command line.

    routes: `dialler.Route` list. on_sms: gets every `phone.OutgoingSms`. on_refused(host, port)
    hears of connections that stay forbidden without `allow_network`. starts_on False leaves the
    module dark until `modem.power_on()` or a PWRKEY pulse.
    """

    modem: Any
    _dialler: Any

    def __init__(
        self,
        profile=None,
        routes=(),
        allow_network=False,
        on_sms=None,
        on_refused=None,
        delay_factor=1.0,
        starts_on=True,
    ):
        self.profile = profile or Profile()
        self.modem = None
        self.port = None
        self.bytes_overrun = 0
        # on_bytes(is_from_module, data): whoever reads along on the UART.
        self.on_bytes = None
        self._routes = routes
        self._allow_network = allow_network
        self._on_sms = on_sms
        self._on_refused = on_refused
        self._delay_factor = delay_factor
        self._starts_on = starts_on
        self._dialler = None
        self._server = None
        self._host = None

    async def start(self, host="127.0.0.1", port=0):
        """Listen and switch the modem on; OSError if the port is taken. `.port` tells which."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _HostConnection(self), host, port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._dialler = AsyncioDialler(self._routes, self._allow_network, self._on_refused)
        self.modem = Modem(
            AsyncioScheduler(loop),
            self._to_host,
            self._dialler,
            self.profile,
            self._sms_sent,
            self._delay_factor,
        )
        if self._starts_on:
            self.modem.power_on()

    async def stop(self):
        """Switch off, close every connection and the port."""
        if self.modem is not None:
            self.modem.power_off()
            self._dialler.stop()
        if self._server is not None:
            self._server.close()
            if self._host is not None:
                self._host.abort()
            await self._server.wait_closed()

    def set_on_sms(self, callback):
        """From now on `callback(OutgoingSms)` gets what the module sends."""
        self._on_sms = callback

    async def deliver_sms(self, number, text):
        """A phone sends `text`; ValueError if it exceeds 255 parts."""
        self.modem.sms.submit(number, text)

    def fault(self, name, *values, **named):
        """Switch a fault of `fault_switches`; `FaultError` with one sentence if impossible."""
        apply_fault(self.modem, name, *values, **named)

    def _sms_sent(self, message):
        if self._on_sms is not None:
            self._on_sms(message)

    def feed(self, data):
        """Bytes of the module for the modem."""
        if self.on_bytes is not None:
            self.on_bytes(True, data)
        self.modem.feed(data)

    def _to_host(self, data):
        if self.on_bytes is not None:
            self.on_bytes(False, data)
        host = self._host
        if host is None:
            return
        if host.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            # A UART without flow control loses what its host does not take.
            self.bytes_overrun += len(data)
            return
        host.write(data)

    def host_connected(self, transport):
        """A new host takes the UART; the one before it is cut off."""
        if self._host is not None:
            self._host.abort()
        self._host = transport

    def host_lost(self, transport):
        if self._host is transport:
            self._host = None


class _HostConnection(asyncio.Protocol):
    _transport: Any

    def __init__(self, server):
        self._server = server
        self._transport = None

    def connection_made(self, transport):
        self._transport = transport
        self._server.host_connected(transport)

    def data_received(self, data):
        if not self._transport.is_closing():
            self._server.feed(data)

    def connection_lost(self, exc):
        self._server.host_lost(self._transport)


# ---- command line ----


def add_arguments(parser):
    """The options of `python -m tools.desk sim800`."""
    parser.add_argument("--listen", required=True, metavar="HOST:PORT", help="the modem's UART")
    parser.add_argument(
        "--route",
        action="append",
        default=[],
        metavar="NAME[:PORT]=HOST:PORT",
        help="where a name that the module dials leads to (repeatable)",
    )
    parser.add_argument("--allow-network", action="store_true", help="dial other machines too")
    parser.add_argument(
        "--modem",
        type=str.upper,
        choices=boards.MODEMS,
        default=boards.MODEMS[0],
        help="which modem it is",
    )
    parser.add_argument("--baud", type=count, default=115200, help="rate stored in the modem")
    parser.add_argument("--autobaud", action="store_true", help="factory state, AT+IPR=0")
    parser.add_argument("--no-echo", action="store_true", help="ATE0 stored in the modem")
    parser.add_argument("--no-sim", action="store_true", help="empty SIM holder")
    parser.add_argument("--sim-pin", metavar="PIN", help="the SIM asks for this PIN")
    parser.add_argument("--apn", help="the only APN that the network accepts")
    parser.add_argument("--store", type=int, default=30, help="places in the SMS store")
    parser.add_argument("--delay-factor", type=float, default=1.0, help="all delays times this")
    parser.add_argument("--off", action="store_true", help="start switched off")
    parser.add_argument(
        "--fault", action="append", default=[], metavar="'NAME ARGS'", help="as FAULT on stdin"
    )


def run(args):
    """Run the verb; returns the exit code."""
    return asyncio.run(main(args))


async def main(args):
    """Serve until SIGTERM or SIGINT; 2 with one sentence on stderr if it cannot start."""
    try:
        host, port = _listen_address(args.listen)
        server = Sim800Server(
            _profile(args),
            [parse_route(text) for text in args.route],
            args.allow_network,
            _print_sms,
            _say_refused,
            args.delay_factor,
            starts_on=not args.off,
        )
    except ValueError as error:
        return _refuse(str(error))
    try:
        await server.start(host, port)
    except OSError as error:
        return _refuse(f"Cannot listen on {args.listen}: {os.strerror(error.errno or 0)}.")
    console = Console(server.modem)
    try:
        for text in args.fault:
            console.execute("FAULT " + text)
        _print_json({"type": "listening", "host": host, "port": server.port})
        await _serve(console)
    except ConsoleError as error:
        return _refuse(str(error))
    finally:
        await server.stop()
    return 0


async def _serve(console):
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)

    def on_line(line):
        try:
            answer = console.execute(line)
        except ConsoleError as error:
            answer = str(error)
        if answer:
            print(answer, file=sys.stderr, flush=True)

    # A thread, because stdin may be a plain file; os.read, because a buffered reader would be
    # locked when the interpreter ends.
    threading.Thread(target=_read_lines, args=(loop, on_line), daemon=True).start()
    await ended.wait()


def _read_lines(loop, on_line):
    pending = b""
    while chunk := os.read(0, 4096):
        *lines, pending = (pending + chunk).split(b"\n")
        pending = pending[:_MAX_STDIN_LINE_BYTES]
        for line in lines:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(on_line, line.decode("utf-8", "replace"))


def _listen_address(text):
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isascii() or not port.isdigit():
        raise ValueError(f"--listen needs HOST:PORT, not {text!r}.")
    if int(port) > 65535:
        raise ValueError(f"Port {port} of --listen is above 65535.")
    return host, int(port)


def _profile(args):
    if args.sim_pin is not None and not is_pin(args.sim_pin):
        raise ValueError("--sim-pin needs 4 to 8 digits.")
    if not 1 <= args.store <= 250:
        raise ValueError("--store must be between 1 and 250.")
    if not 0 <= args.delay_factor <= 1000:
        raise ValueError("--delay-factor must be between 0 and 1000.")
    if args.baud not in RATES or not args.baud:
        raise ValueError(f"--baud must be one of {', '.join(map(str, RATES[1:]))}.")
    profile = Profile(
        baud=args.baud,
        is_autobaud=args.autobaud,
        echo=not args.no_echo,
        has_sim=not args.no_sim,
        sim_pin=args.sim_pin,
        valid_apn=args.apn,
        store_capacity=args.store,
        network_utc_s=time.time(),
    )
    return as_modem(profile, args.modem)


def _print_json(message):
    print(json.dumps(message, ensure_ascii=False), flush=True)


def _print_sms(message):
    _print_json(
        {
            "type": "sms",
            "to": message.number,
            "text": message.text,
            "coding": message.coding,
            "parts": message.part_count,
        }
    )


def _say_refused(host, port):
    print(f"Did not dial {host}:{port}: no route and no --allow-network.", file=sys.stderr)


def _refuse(sentence):
    print(sentence, file=sys.stderr)
    return 2
