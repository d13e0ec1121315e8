"""A client of an OVMS server: the app's side of protocol v2.

client = AppClient("127.0.0.1", 6867, "TESTCAR", "TESTPASS")
await client.connect()
async for code, payload in client: ...
replies = await client.command(7, "stat")
await client.close()
"""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Callable

from tools.desk.ovms import wire
from tools.desk.ovms.commands import Reply, is_last, parse_reply
from tools.desk.ovms.history import SERVER_COMMANDS
from tools.desk.ovms.peers import APP
from tools.desk.ovms.text import to_wire

_LINE_BYTES = 1 << 20
_MESSAGES_KEPT = 10_000


class ClientError(Exception):
    """Anything that ends a client's work; the text is one sentence for its user."""


class LoginRefusedError(ClientError):
    """The server closed the connection instead of welcoming, or could not prove itself."""


class ConnectionLostError(ClientError):
    """No connection, or it ended."""


class NoReplyError(ClientError):
    """The reply, or the rest of a list, did not come in time; `replies` are the rows so far."""

    def __init__(self, text: str, replies: list[Reply]) -> None:
        super().__init__(text)
        self.replies = replies


class AppClient:
    """One login to one vehicle.

    kind: "A", or "B" for a batch client that the car does not count. paranoid_password: the
    module password; with it paranoid messages are decrypted and, once the car's token is known,
    commands encrypted. scheme "1" sends `owner` (default: the vehicle id) and password in plain
    text, meant for TLS.
    Messages wait in a queue of 10,000, the oldest give way (`dropped_count`).
    """

    def __init__(
        self,
        host: str,
        port: int,
        vehicle: str,
        password: str,
        *,
        kind: str = APP,
        paranoid_password: str | None = None,
        scheme: str = "0",
        owner: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        timeout_s: float = 15,
        new_token: Callable[[], str] = wire.new_token,
    ) -> None:
        self.vehicle = vehicle
        self.server_vehicles: list[str] = []
        self.ptoken = ""
        self.dropped_count = 0
        self._address = host, port
        self._password = password
        self._kind = kind
        self._paranoid_password = paranoid_password
        self._scheme = scheme
        self._owner = owner or vehicle
        self._ssl_context = ssl_context
        self._timeout_s = timeout_s
        self._new_token = new_token
        self._messages: deque[tuple[str, str]] = deque(maxlen=_MESSAGES_KEPT)
        self._news = asyncio.Event()
        self._replayed = asyncio.Event()
        self.end_reason: ClientError | None = None
        self._pending: tuple[int, asyncio.Queue[Reply | None]] | None = None
        self._command_turn = asyncio.Lock()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task | None = None
        self._lines: wire.EncryptedLines | wire.PlainLines | None = None

    async def connect(self) -> None:
        """Log in. ConnectionLostError or LoginRefusedError."""
        host, port = self._address
        try:
            async with asyncio.timeout(self._timeout_s):
                reader, self._writer = await asyncio.open_connection(
                    host, port, limit=_LINE_BYTES, ssl=self._ssl_context
                )
                self._lines = await self._log_in(reader, self._writer)
        except ssl.SSLError as error:
            raise ConnectionLostError(
                f"no TLS with {host}:{port}: {error.reason or error}"
            ) from None
        except TimeoutError:
            await self.close()
            raise ConnectionLostError(f"{host}:{port} does not answer") from None
        except ClientError:
            await self.close()
            raise
        except OSError as error:
            await self.close()
            reason = error.strerror or str(error)
            raise ConnectionLostError(f"no connection to {host}:{port}: {reason}") from None
        reading = self._read(reader, self._lines)
        self._reading = asyncio.create_task(reading, name="app client")

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
            self._reading = None
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None
        self._finish(ConnectionLostError("the client was closed"))

    def __aiter__(self):
        return self

    async def __anext__(self) -> tuple[str, str]:
        """Next (code, payload), paranoid ones decrypted; ends when the connection does.

        Command replies that `command` waits for do not appear here.
        """
        while not self._messages:
            if self.end_reason is not None:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._messages.popleft()

    @property
    def wants_paranoid(self) -> bool:
        return bool(self._paranoid_password)

    async def wait_replayed(self) -> None:
        """Until the server has sent what it stored, the car's paranoid token included."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._replayed.wait()
        except TimeoutError:
            raise NoReplyError("the server does not send its stored messages", []) from None

    async def send(self, code: str, payload: str = "") -> None:
        """Any message, unencrypted within the session."""
        if self._writer is None or self._lines is None or self.end_reason is not None:
            raise ConnectionLostError("not connected")
        self._writer.write(self._lines.encode(code + payload))
        try:
            await self._writer.drain()
        except OSError:
            raise ConnectionLostError("the server closed the connection") from None

    async def command(
        self, code: int, arguments: str = "", timeout_s: float | None = None
    ) -> list[Reply]:
        """Send a command and collect all rows of its reply, their texts as on the wire.

        `timeout_s` counts from the last row. One command at a time; a second caller waits.
        NoReplyError (with the rows so far) or ConnectionLostError.
        """
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        async with self._command_turn:
            incoming: asyncio.Queue[Reply | None] = asyncio.Queue()
            self._pending = code, incoming
            replies: list[Reply] = []
            try:
                await self._send_command(code, arguments)
                while not replies or not is_last(replies[-1]):
                    async with asyncio.timeout(limit_s):
                        reply = await incoming.get()
                    if reply is None:
                        raise self.end_reason or ConnectionLostError("the connection ended")
                    replies.append(reply)
            except TimeoutError:
                what = f"only {len(replies)} rows of the reply" if replies else "no reply"
                raise NoReplyError(
                    f"{what} to command {code} within {limit_s:g} s", replies
                ) from None
            finally:
                self._pending = None
            return replies

    async def _send_command(self, code: int, arguments: str) -> None:
        text = f"{code},{to_wire(arguments)}" if arguments else str(code)
        if self._paranoid_password and self.ptoken and code not in SERVER_COMMANDS:
            text = wire.paranoid_encrypt(self._paranoid_password, self.ptoken, text)
            await self.send("E", f"MC{text}")
        else:
            await self.send("C", text)

    async def _log_in(self, reader, writer) -> wire.EncryptedLines | wire.PlainLines:
        if self._scheme == "0":
            token = self._new_token()
            proof = wire.digest(self._password, token)
            first = f"MP-{self._kind} 0 {token} {proof} {self.vehicle}"
        else:
            first = f"MP-{self._kind} 1 {self._owner} {self._password} {self.vehicle}"
        welcome = await self._exchange(reader, writer, first)
        words = welcome.split()
        if len(words) < 4 or words[:2] != ["MP-S", self._scheme]:
            raise LoginRefusedError(f"no welcome but {welcome[:40]!r}")
        if self._scheme == "1":
            self.vehicle, self.server_vehicles = words[3], words[4:]
            return wire.PlainLines()
        server_token, server_proof = words[2:4]
        if server_token == token or not wire.digest_matches(
            self._password, server_token, server_proof
        ):
            raise LoginRefusedError("the server does not know the password itself")
        return wire.EncryptedLines(wire.session_key(self._password, server_token, token))

    async def _exchange(self, reader, writer, line: str) -> str:
        writer.write(line.encode() + b"\r\n")
        try:
            answer = await reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, ConnectionResetError):
            raise LoginRefusedError(
                f"the server refuses vehicle {self.vehicle} with this password"
            ) from None
        except asyncio.LimitOverrunError:
            raise LoginRefusedError("the server's welcome has no end") from None
        return answer.strip().decode("latin-1")

    async def _read(self, reader, lines) -> None:
        try:
            while True:
                message = lines.decode(await reader.readuntil(b"\n"))
                if message[0] == "A":
                    await self.send("a")
                self._take(message[0], message[1:])
        except wire.UndecodableLineError as error:
            self._finish(ConnectionLostError(f"undecodable line from the server: {error}"))
        except asyncio.LimitOverrunError:
            self._finish(ConnectionLostError("the server sends a line without end"))
        except (asyncio.IncompleteReadError, OSError, ConnectionLostError):
            self._finish(ConnectionLostError("the server closed the connection"))

    def _take(self, code: str, payload: str) -> None:
        if code == "E" and payload.startswith("T"):
            self.ptoken = payload[1:]
        elif code == "E" and payload.startswith("M") and len(payload) > 1:
            code, payload = self._unwrap(code, payload)
        elif code == "T":
            self._replayed.set()
        if code == "c" and self._pending is not None:
            reply = parse_reply(payload)
            if reply is not None and reply.command == self._pending[0]:
                self._pending[1].put_nowait(reply)
                return
        if len(self._messages) == self._messages.maxlen:
            self.dropped_count += 1
        self._messages.append((code, payload))
        self._news.set()

    def _unwrap(self, code: str, payload: str) -> tuple[str, str]:
        """The message inside `EM`; the wrapped one when it cannot be opened."""
        if not self._paranoid_password or not self.ptoken:
            return code, payload
        try:
            plain = wire.paranoid_decrypt(self._paranoid_password, self.ptoken, payload[2:])
        except wire.UndecodableLineError:
            return code, payload
        return payload[1], plain

    def _finish(self, end: ClientError) -> None:
        if self.end_reason is None:
            self.end_reason = end
            self._news.set()
            self._replayed.set()
            if self._pending is not None:
                self._pending[1].put_nowait(None)
