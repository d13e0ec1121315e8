"""A whole module takes an update by WiFi, and leaves a broken one. CPython only."""

import asyncio
import stat

from host_tests.update.update_bench import FileServer, Module, bundle_of, files_of
from tools import bundle


def test_an_update_comes_and_a_broken_one_is_left(tree, tmp_path):
    key = bundle.load_key(tmp_path / "key.pem")
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    files = files_of(tree)
    good = {**files, "more.mpy": b"M\x06\x00\x1f" + bytes(3000)}
    broken = {**files, "board.mpy": b"none"}
    offered = tmp_path / "offered"
    offered.mkdir()
    (offered / "good.bundle").write_bytes(bundle_of(good, key))
    (offered / "broken.bundle").write_bytes(bundle_of(broken, key))
    (offered / "older.bundle").write_bytes(bundle_of(good, key, 100))

    async def scenario():
        async with FileServer(offered) as server, Module(tmp_path, tree, key) as module:
            address = server.address
            await module.seen("OVMS 4.0.0 on ")
            module.type("S WIFI desk desk-network")
            await module.seen(r"1:desk \(key")
            module.type(f"S UPDATE {address}/older.bundle")
            await module.seen("The update was refused: The bundle is older than what runs")
            await module.is_free()
            module.type(f"S UPDATE {address}/broken.bundle")
            await module.seen(r"Update to 4.0.1, build 0badcafe: restart")
            assert (module.flash / "tree").read_text() == "b a 3"
            # It cannot be started, three times; then the old one is.
            await module.seen("The firmware cannot be started", 3)
            await module.seen(r"\(build 0badcafe\) did not prove itself; 4.0.0 goes")
            assert (module.flash / "tree").read_text() == "a"
            assert not (module.flash / "update").exists()
            assert files_of(module.flash / "a") == files
            await module.is_free()
            module.type(f"S UPDATE {address}/good.bundle")
            await module.seen(r"Update to 4.0.1, build 0badcafe: restart", 2)
            await module.seen("OVMS 4.0.0 on ", 3)
            assert (module.flash / "tree").read_text() == "b a 2"
            assert files_of(module.flash / "b") == good
            assert files_of(module.flash / "a") == files
            module.type("S UPDATE?")
            await module.seen("the new firmware has to prove itself")

    asyncio.run(scenario())
