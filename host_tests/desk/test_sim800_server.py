"""The modem simulator on real sockets and as a program (CPython only)."""

import asyncio
import json
import random
import signal
import subprocess
import sys

import pytest

from tools.desk.modem.dialler import Route, parse_route
from tools.desk.sim800 import Sim800Server

PROGRAM = (
    "import argparse, sys\n"
    "from tools.desk import sim800\n"
    "parser = argparse.ArgumentParser()\n"
    "sim800.add_arguments(parser)\n"
    "sys.exit(sim800.run(parser.parse_args()))\n"
)
TIMEOUT_S = 80


class Host:
    """The module's side of the UART."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, server):
        return cls(*await asyncio.open_connection("127.0.0.1", server.port))

    async def command(self, text, end=b"OK\r\n"):
        self.writer.write(text.encode() + b"\r")
        return await self.until(end)

    async def until(self, end):
        return await asyncio.wait_for(self.reader.readuntil(end), TIMEOUT_S)

    def close(self):
        self.writer.close()


class Echo:
    """A TCP peer that returns what it gets, and can hang up."""

    def __init__(self):
        self.writers = []

    async def start(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        self.writers.append(writer)
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()

    def close(self):
        self.server.close()
        for writer in self.writers:
            writer.close()


def scenario(test):
    """Run `test(server, host, echo)` with a modem that is ready and routed to an echo peer."""

    async def run():
        echo = Echo()
        await echo.start()
        server = Sim800Server(
            routes=[Route("server.test", None, "127.0.0.1", echo.port)], delay_factor=0.005
        )
        await server.start()
        host = await Host.open(server)
        try:
            await host.until(b"SMS Ready\r\n")
            await host.command("ATE0")
            await test(server, host, echo)
        finally:
            host.close()
            echo.close()
            await server.stop()

    asyncio.run(run())


async def dial(host, target='"server.test",6867', end=b"CONNECT OK\r\n"):
    await host.command("AT+CIPSHUT", b"SHUT OK\r\n")
    await host.command("AT+CIPRXGET=1")
    await host.command('AT+CSTT="internet","",""')
    await host.command("AT+CIICR")
    await host.command("AT+CIFSR", b"10.178.45.9\r\n")
    await host.command(f'AT+CIPSTART="TCP",{target}')
    await host.until(end)


def test_binary_payload_there_and_back():
    data = b"\r\nOK\r\n+IPD,3:\x1a> " + random.Random(3).randbytes(30000)

    async def test(server, host, echo):
        await dial(host)
        received = b""
        for start in range(0, len(data), 1460):
            chunk = data[start : start + 1460]
            await host.command(f"AT+CIPSEND={len(chunk)}", b"> ")
            host.writer.write(chunk)
            await host.until(b"SEND OK\r\n")
            while len(received) < start + len(chunk):
                answer = await host.command("AT+CIPRXGET=2,1460", b"+CIPRXGET: 2,")
                length = int((await host.until(b"\r\n")).split(b",")[0])
                received += await asyncio.wait_for(host.reader.readexactly(length), TIMEOUT_S)
                await host.until(b"OK\r\n")
                assert answer
        assert received == data

    scenario(test)


def test_peer_close_and_state_across_a_new_host():
    async def test(server, host, echo):
        await dial(host)
        second = await Host.open(server)
        assert await asyncio.wait_for(host.reader.read(), TIMEOUT_S) is not None
        assert b"STATE: CONNECT OK" in await second.command("AT+CIPSTATUS", b"CONNECT OK\r\n")
        echo.writers[0].close()
        await second.until(b"\r\nCLOSED\r\n")
        second.close()

    scenario(test)


def test_sms_both_ways():
    async def test(server, host, echo):
        messages: list = []
        server.set_on_sms(messages.append)
        await host.command("AT+CMGF=1;+CNMI=2,2")
        await server.deliver_sms("+491511", "STAT?")
        assert (await host.until(b"STAT?\r\n")).startswith(b'\r\n+CMT: "+491511","",')
        await host.command('AT+CMGS="+491511"', b"> ")
        host.writer.write(b"SOC: 79%\x1a")
        await host.until(b"OK\r\n")
        assert [(m.number, m.text) for m in messages] == [("+491511", "SOC: 79%")]

    scenario(test)


@pytest.mark.parametrize("target", ['"192.0.2.1",6867', '"127.0.0.1",1'])
def test_connections_that_cannot_be_made(target):
    async def test(server, host, echo):
        await dial(host, target, b"CONNECT FAIL\r\n")

    scenario(test)


def test_single_bytes_and_unknown_fault_by_the_server():
    async def test(server, host, echo):
        server.fault("bytes", gap_ms=0.1)
        assert await host.command("AT+CSQ") == b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n"
        with pytest.raises(ValueError, match="Unknown fault"):
            server.fault("nosuch")

    scenario(test)


@pytest.mark.parametrize(
    "text", ["", "a", "a=b", "a=b:x", "a=b:0", "a=:1", "a:x=b:1", "=b:1", "a=b:70000"]
)
def test_bad_routes(text):
    with pytest.raises(ValueError, match=r"\.$"):
        parse_route(text)


def test_routes_by_name_and_port():
    route = parse_route("Server.Test:6867=127.0.0.1:7000")
    assert (route.name, route.name_port, route.host, route.port) == (
        "server.test",
        6867,
        "127.0.0.1",
        7000,
    )
    assert parse_route("server=127.0.0.1:7000").name_port is None


def start_program(*options):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--listen", "nowhere"), "HOST:PORT"),
        (("--listen", "127.0.0.1:99999"), "65535"),
        (("--listen", "127.0.0.1:0", "--route", "x"), "NAME=HOST:PORT"),
        (("--listen", "127.0.0.1:0", "--sim-pin", "1"), "digits"),
        (("--listen", "127.0.0.1:0", "--baud", "7"), "--baud"),
        (("--listen", "127.0.0.1:0", "--store", "0"), "--store"),
        (("--listen", "127.0.0.1:0", "--delay-factor", "-1"), "--delay-factor"),
        (("--listen", "127.0.0.1:0", "--fault", "nosuch"), "Unknown fault"),
    ],
)
def test_bad_options(options, word):
    process = start_program(*options)
    _, errors = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 2
    assert word in errors and errors.count("\n") == 1


def test_port_in_use():
    async def test():
        server = Sim800Server(starts_on=False)
        await server.start()
        try:
            process = start_program("--listen", f"127.0.0.1:{server.port}")
            _, errors = await asyncio.to_thread(process.communicate, timeout=TIMEOUT_S)
            assert (process.returncode, errors.count("\n")) == (2, 1)
            assert errors.startswith("Cannot listen on 127.0.0.1:")
        finally:
            await server.stop()

    asyncio.run(test())


def test_program_talks_on_stdin_and_stdout_and_ends_on_sigterm():
    process = start_program("--listen", "127.0.0.1:0", "--no-echo", "--delay-factor", "0.005")
    try:
        ready = json.loads(process.stdout.readline())
        assert ready["type"] == "listening"

        async def talk():
            host = Host(*await asyncio.open_connection("127.0.0.1", ready["port"]))
            await host.until(b"SMS Ready\r\n")
            await host.command("AT+CMGF=1;+CNMI=2,2")
            process.stdin.write("NONSENSE\nSMS +491511 STAT?\n")
            process.stdin.flush()
            await host.until(b"\r\nSTAT?\r\n")
            await host.command('AT+CMGS="+491511"', b"> ")
            host.writer.write(b"one\ntwo\x1a")
            await host.until(b"OK\r\n")
            host.close()

        asyncio.run(talk())
        assert json.loads(process.stdout.readline()) == {
            "type": "sms",
            "to": "+491511",
            "text": "one\ntwo",
            "coding": "gsm7",
            "parts": 1,
        }
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=TIMEOUT_S)
    finally:
        process.kill()
    assert process.returncode == 0
    assert errors == "Unknown command 'NONSENSE'; HELP lists the commands.\n"
