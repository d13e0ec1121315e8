"""A whole module takes an update by the modem's one connection, and by TLS. CPython only."""

import asyncio
import re

from host_tests.update.update_bench import FileServer, Module, bundle_of, files_of
from tools import bundle
from tools.desk.ovms import tls
from tools.desk.ovms.client import AppClient
from tools.desk.ovms.server import OvmsServer
from tools.desk.sim800 import Sim800Server

OWNER = "+4915112345678"
VEHICLE, PASSWORD = "TWIZY42", "NETPASS"
# Between two pieces the server has its turn, of 10 s at least.
LIMIT_S = 240
PIECE_BYTES = 16384
MORE = b"M\x06\x00\x1f" + bytes(20000)


def offer(tmp_path, tree):
    """(key, files of the firmware that is offered, the folder with its bundle)."""
    key = bundle.load_key(tmp_path / "key.pem")
    good = {**files_of(tree), "more.mpy": MORE}
    offered = tmp_path / "offered"
    offered.mkdir()
    (offered / "good.bundle").write_bytes(bundle_of(good, key))
    return key, good, offered


def sizes(ranges):
    """Bytes of each range that was asked for."""
    numbers = [re.fullmatch(r"bytes=(\d+)-(\d+)", text).groups() for text in ranges]
    return [int(last) - int(first) + 1 for first, last in numbers]


def test_over_gprs_with_leave_alone_while_the_server_rests(tree, tmp_path):
    key, good, offered = offer(tmp_path, tree)
    events, sent = [], []

    async def scenario():
        ovms = OvmsServer([f"{VEHICLE}:{PASSWORD}"], http_port=None, on_event=events.append)
        await ovms.start()
        modem = Sim800Server(delay_factor=0.1, on_sms=sent.append)
        await modem.start()

        def logins():
            return len([event for event in events if event.kind == "login"])

        wiring = {"limit_s": LIMIT_S, "modem": ("127.0.0.1", modem.port)}
        try:
            async with (
                FileServer(offered) as server,
                Module(tmp_path, tree, key, **wiring) as module,
            ):
                await module.seen("OVMS 4.0.0 on ")
                host = f"127.0.0.1:{ovms.port}"
                values = {0: OWNER, 3: "IP", 5: "internet", 8: VEHICLE, 9: PASSWORD, 4: host}
                for n, text in values.items():
                    module.type(f"SET {n}={text}")
                async with asyncio.timeout(LIMIT_S):
                    while not logins():
                        await asyncio.sleep(0.2)
                # An app may not, then may, but never over GPRS.
                app = AppClient("127.0.0.1", ovms.port, VEHICLE, PASSWORD)
                await app.connect()
                order = f"UPDATE {server.address}/good.bundle"
                refused = (await app.command(7, order))[0]
                assert refused.result == 1 and "SUPPORT ON" in str(refused)
                module.type("S SUPPORT ON")
                await module.seen("SUPPORT: ON")
                refused = (await app.command(7, order + " GPRS"))[0]
                assert refused.result == 1 and "may spend GPRS data" in str(refused)
                before = logins()
                assert (await app.command(7, order))[0].result == 0
                # The manifest alone is fetched, and the owner is told of the rest.
                await module.seen(r"takes 20 KB over GPRS\. To allow it: UPDATE")
                assert sum(sizes(server.ranges)) < PIECE_BYTES
                async with asyncio.timeout(LIMIT_S):
                    while not any("takes 20 KB over GPRS" in str(sms) for sms in sent):
                        await asyncio.sleep(0.2)
                    while logins() == before:
                        await asyncio.sleep(0.2)
                assert not (module.flash / "b" / "more.mpy").exists()
                assert (await app.command(7, "UPDATE GPRS"))[0].result == 1
                await app.close()
                told = len(server.ranges)
                before = logins()
                module.type("S UPDATE GPRS")
                await module.seen(r"Update to 4\.0\.1, build 0badcafe: restart")
                # Two pieces, with a turn of the server between them.
                assert sizes(server.ranges[told:]) == [PIECE_BYTES, len(MORE) - PIECE_BYTES]
                assert logins() > before
                await module.seen("OVMS 4.0.0 on ", 2)
                assert files_of(module.flash / "b") == good
                before = logins()
                async with asyncio.timeout(LIMIT_S):
                    while logins() == before:
                        await asyncio.sleep(0.2)
        finally:
            await modem.stop()
            await ovms.stop()

    asyncio.run(scenario())


def test_by_https_from_a_server_that_is_trusted(tree, tmp_path):
    key, good, offered = offer(tmp_path, tree)
    certificate, secret = tls.self_signed(str(tmp_path / "server"), "localhost")
    foreign, _ = tls.self_signed(str(tmp_path / "foreign"), "localhost")

    async def scenario():
        context = tls.server_context(certificate, secret)
        async with (
            FileServer(offered, context) as server,
            Module(tmp_path, tree, key) as module,
        ):
            await module.seen("OVMS 4.0.0 on ")
            module.type("S WIFI desk desk-network")
            await module.seen(r"1:desk \(key")
            order = f"S UPDATE {server.address}/good.bundle"
            authority = module.flash / "ca.pem"
            for text, word in (
                (None, r"Update: TLS needs the file ca\.pem"),
                ("rubbish", r"Update: The file ca\.pem or ca\.der is not a certificate"),
                (open(foreign).read(), "refused: TLS: The certificate is not correctly signed"),
            ):
                if text is not None:
                    authority.write_text(text)
                module.type(order)
                await module.seen(word)
                # The last one has ended by that.
                module.type("S UPDATE -")
                await module.is_free()
            assert server.ranges == [], "nobody was asked whom the module does not trust"
            assert not (module.flash / "update").exists()
            authority.write_text(open(certificate).read())
            module.type(order)
            await module.seen(r"Update to 4\.0\.1, build 0badcafe: restart")
            assert sizes(server.ranges)[1:] == [PIECE_BYTES, len(MORE) - PIECE_BYTES]
            await module.seen("OVMS 4.0.0 on ", 2)
            assert (module.flash / "tree").read_text() == "b a 2"
            assert files_of(module.flash / "b") == good

    asyncio.run(scenario())
