"""`SERVER host` against a real TLS server, by a relay that can cut port 6870. CPython only."""

import asyncio
import contextlib
import random

import pytest

from host_tests.desk.test_demo_module import LOGIN_S, PASSWORD, RUNTIMES, VEHICLE, Desk
from tools.desk.sim800 import Sim800Server

TLS_PORT, PORT = 6870, 6867


class Relay:
    """In the path between module and server, at an address of its own with both of its ports.

    calls: how often each port was called. cut: ports whose callers are sent away. seen: bytes from
    the module at each port.
    """

    def __init__(self, server):
        self.host = "127.%d.%d.%d" % tuple(random.randint(1, 254) for _ in range(3))
        self.targets = {TLS_PORT: server.tls_port, PORT: server.port}
        self.calls = {TLS_PORT: 0, PORT: 0}
        self.seen = {TLS_PORT: b"", PORT: b""}
        self.cut = set()
        self._listeners = []
        self._open = {}

    async def __aenter__(self):
        for port in self.targets:
            listener = await asyncio.start_server(self._taker(port), self.host, port)
            self._listeners.append(listener)
        return self

    async def __aexit__(self, *_):
        for listener in self._listeners:
            listener.close()
        for port in self.targets:
            self.cut_off(port)

    def cut_off(self, port):
        self.cut.add(port)
        for writer in self._open.pop(port, ()):
            writer.transport.abort()

    def _taker(self, port):
        async def take(reader, writer):
            self.calls[port] += 1
            if port in self.cut:
                writer.transport.abort()
                return
            there, back = await asyncio.open_connection("127.0.0.1", self.targets[port])
            self._open.setdefault(port, []).extend((writer, back))
            await asyncio.gather(self._carry(reader, back, port), self._carry(there, writer, None))

        return take

    async def _carry(self, reader, writer, port):
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                if port is not None:
                    self.seen[port] += data
                writer.write(data)
                await writer.drain()
        writer.close()


async def until(desk, is_true):
    try:
        async with asyncio.timeout(LOGIN_S):
            while not is_true():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"{desk.output}") from None


async def said(desk, command, expected):
    """Type an SMS command at the console until what it answers is as expected."""
    desk.output.clear()
    async with asyncio.timeout(LOGIN_S):
        while not [line for line in desk.output if expected in line]:
            desk.process.stdin.write(f"S {command}\r".encode())
            await desk.process.stdin.drain()
            await asyncio.sleep(0.7)


async def restart(desk, parameters=None, *options):
    """Start the module, or start it again with what is in its flash."""
    if desk.process is not None:
        desk.process.terminate()
        await desk.process.wait()
    await desk.start_module(parameters or {}, *options)


def settings(host):
    return {3: "IP", 4: host, 5: "internet", 8: VEHICLE, 9: PASSWORD, 14: "DEMO"}


@pytest.mark.parametrize("runtime", RUNTIMES[::2], ids=lambda words: "".join(words[::2]))
def test_a_relay_that_cuts_the_tls_port_gets_nothing_in_clear(runtime, tmp_path):
    async def scenario():
        async with Desk(runtime, tmp_path) as desk, Relay(desk.server) as relay:
            await restart(desk, settings(relay.host))
            await said(desk, "SERVER?", "Link:TLS, certificate not checked: no ca.pem")
            assert relay.calls == {TLS_PORT: 1, PORT: 0}
            assert b"MP-C" not in relay.seen[TLS_PORT]
            relay.cut_off(TLS_PORT)
            await until(desk, lambda: relay.calls[TLS_PORT] >= 3)
            await said(desk, "SERVER?", "Link:none, TLS only: it has worked")
            # The module is started anew in the midst of it.
            relay.calls[TLS_PORT] = 0
            await restart(desk)
            await until(desk, lambda: relay.calls[TLS_PORT] >= 2)
            relay.cut.clear()
            await said(desk, "SERVER?", "Link:TLS, certificate not checked: no ca.pem")
            assert relay.calls[PORT] == 0
            # The owner may want it otherwise.
            await said(desk, f"SERVER {relay.host}:{PORT}", f"IP:{relay.host}:{PORT}")
            await said(desk, "SERVER?", "Link:plain: SERVER names the port")
            assert relay.seen[PORT].startswith(b"MP-C 0 ")

    asyncio.run(scenario())


@pytest.mark.parametrize("runtime", RUNTIMES[::2], ids=lambda words: "".join(words[::2]))
def test_a_server_without_tls_is_spoken_to_in_clear_at_once(runtime, tmp_path):
    async def scenario():
        async with Desk(runtime, tmp_path) as desk, Relay(desk.server) as relay:
            relay.cut_off(TLS_PORT)
            await restart(desk, settings(relay.host))
            await said(desk, "SERVER?", "Link:plain: no TLS at port 6870")
            for _ in range(2):
                before = relay.calls[PORT]
                relay.cut_off(PORT)
                relay.cut.discard(PORT)
                await until(desk, lambda before=before: relay.calls[PORT] > before)
            assert relay.calls[TLS_PORT] == 1, "once a start"

    asyncio.run(scenario())


def test_the_ca_of_another_server_locks_nobody_out(tmp_path):
    async def scenario():
        async with Desk(RUNTIMES[0], tmp_path) as desk, Relay(desk.server) as relay:
            desk.trust_the_server()
            await restart(desk, settings(relay.host))
            # It is for another address.
            await said(desk, "SERVER?", "not checked: not by the CA of ca.pem")
            assert relay.calls == {TLS_PORT: 2, PORT: 0}

    asyncio.run(scenario())


@pytest.mark.parametrize("runtime", RUNTIMES[::2], ids=lambda words: "".join(words[::2]))
def test_over_gprs(runtime, tmp_path):
    async def scenario():
        modem = Sim800Server()
        await modem.start()
        options = ("--modem", f"127.0.0.1:{modem.port}")
        try:
            async with Desk(runtime, tmp_path, links=()) as desk, Relay(desk.server) as relay:
                await restart(desk, settings(relay.host), *options)
                await said(desk, "SERVER?", "Link:TLS, certificate not checked: no ca.pem")
                assert relay.calls == {TLS_PORT: 1, PORT: 0}
                relay.cut_off(TLS_PORT)
                await until(desk, lambda: relay.calls[TLS_PORT] >= 3)
                assert relay.calls[PORT] == 0
        finally:
            await modem.stop()

    asyncio.run(scenario())
