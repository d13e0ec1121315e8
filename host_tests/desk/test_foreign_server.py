"""The module against a server that shares nothing with it, nor with the desk's: `cryptography`.

Written from protocol guide 2.6.2 and server-and-clients 1 to 2 alone. CPython only.
"""

import asyncio
import base64
import hmac
import warnings

from host_tests.desk.module_rig import PASSWORD, VEHICLE, ModuleRig

with warnings.catch_warnings():
    # The cipher is as old as the protocol.
    warnings.simplefilter("ignore")
    from cryptography.hazmat.primitives.ciphers import Cipher

    try:
        from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
    except ImportError:
        from cryptography.hazmat.primitives.ciphers.algorithms import ARC4

LIMIT_S = 20
RUNTIME = ("cpython", "--time-scale", "8")
COMMANDS = (b"1", b"2,9,20", b"3", b"7,STAT?", b"10,0", b"18", b"26,1", b"41,*100#", b"99", b"203")


def digest(text):
    return hmac.digest(PASSWORD.encode(), text, "md5")


def cipher(key):
    stream = Cipher(ARC4(key), None).encryptor()
    stream.update(bytes(1024))
    return stream.update


class Connection:
    """One car's connection: `welcome` it, then `say` and `until`."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer
        self.heard = []

    async def welcome(self, token=b"ServerTokenOf22Letters", before=b"", is_padded=True):
        magic, scheme, car_token, proof, vehicle = (await self._reader.readline()).split()
        assert (magic, scheme, vehicle) == (b"MP-C", b"0", VEHICLE.encode())
        assert base64.b64decode(proof) == digest(car_token)
        proof = base64.b64encode(digest(token))
        self._writer.write(
            before + b"MP-S 0 %s %s\n" % (token, proof[: None if is_padded else 22])
        )
        key = digest(token + car_token)
        self._from_car, self._to_car = cipher(key), cipher(key)

    def sealed(self, *messages):
        lines = [base64.b64encode(self._to_car(b"MP-0 " + text)) for text in messages]
        return b"".join(line + b"\r\n" for line in lines)

    def say(self, *messages):
        """All in one segment."""
        self._writer.write(self.sealed(*messages))

    async def say_in_pieces(self, message, count):
        line = self.sealed(message)
        size = -(-len(line) // count)
        for at in range(0, len(line), size):
            self._writer.write(line[at : at + size])
            await self._writer.drain()
            await asyncio.sleep(0.02)

    async def until(self, start):
        """Listen until a message starts with `start`; all that came on the way."""
        heard = []
        async with asyncio.timeout(LIMIT_S):
            while not (heard and heard[-1].startswith(start)):
                line = await self._reader.readuntil(b"\r\n")
                plain = self._from_car(base64.b64decode(line[:-2], validate=True))
                assert plain.startswith(b"MP-0 ") and b"\n" not in plain
                heard.append(plain[5:])
        return heard

    def cut(self):
        self._writer.transport.abort()


def answers(messages):
    """(code, result) of the answers to commands, in their order; lists as one."""
    found = []
    for message in messages:
        if message[:1] == b"c":
            code, result = message[1:].split(b",")[:2]
            if not found or found[-1] != (code, result):
                found.append((code, result))
    return found


def test_a_server_from_the_documents(tmp_path):
    connections = asyncio.Queue()

    async def scenario():
        listener = await asyncio.start_server(
            lambda *streams: connections.put_nowait(Connection(*streams)), "127.0.0.1", 0
        )
        address = f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        options = ("--wifi",)
        for number, text in ((3, "IP"), (4, address), (8, VEHICLE), (9, PASSWORD)):
            options += ("--param", f"{number}={text}")
        async with ModuleRig(RUNTIME, tmp_path, options, has_server=False):
            car = await asyncio.wait_for(connections.get(), LIMIT_S)
            # A proxy's lines in front, the shortest token, a digest without padding, LF alone.
            await car.welcome(b"x", b"HTTP/1.1 200 OK\r\n\r\n", is_padded=False)
            car.say(b"Z0")
            # Of a car that nobody has heard there is nothing else to tell.
            assert [message[:1] for message in await car.until(b"V")] == [b"F", b"V"]
            car.say(*(b"C" + command for command in COMMANDS))
            heard = await car.until(b"c203,")
            codes = [code for code, _ in answers(heard)]
            assert codes == [command.split(b",")[0] for command in COMMANDS]
            assert sum(message.startswith(b"c1,0,") for message in heard) == 16
            assert sum(message.startswith(b"c3,0,") for message in heard) == 32
            assert sum(message[:1] == b"c" for message in heard) == 16 + 32 + len(COMMANDS) - 2
            await car.say_in_pieces(b"C7,STAT?", 7)
            assert answers(await car.until(b"c7,")) == [(b"7", b"0")]
            car.say(b"AFA", b"T5", b"Zx", b"q", b"h99")
            assert await car.until(b"a") == [b"a"]

            car.say(b"C3", b"C1", b"C7,STAT?")
            await car.until(b"c3,0,3")
            car.cut()
            car = await asyncio.wait_for(connections.get(), LIMIT_S)
            await car.welcome()
            car.say(b"Z1")
            # What nobody asked for on this connection would make a real server deaf.
            heard = await car.until(b"V")
            car.say(b"C99")
            assert answers(heard + await car.until(b"c99,")) == [(b"99", b"3")]
        listener.close()

    asyncio.run(scenario())
