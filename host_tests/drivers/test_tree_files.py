"""Files of the idle tree, in a real folder."""

import hashlib

from host_tests.fakes.folder import ROOT, clear, content, put
from host_tests.shims.expect import run
from ovms.drivers.tree_files import TreeFiles


def fresh(files=None):
    """TreeFiles for an idle `b`, where `a` has two files."""
    clear()
    put("a/app.mpy", b"app")
    put("a/ovms/on_demand.bin", b"x" * 1500)
    for path in files or {}:
        put(path, files[path])
    return TreeFiles("b", "a", ROOT)


def test_a_file_comes_in_parts():
    files = fresh()
    digest = hashlib.sha256(b"one two").digest()
    assert files.part_size("ovms/deep/x.mpy") == 0
    for piece in (b"one", b" two"):
        file = files.open_part("ovms/deep/x.mpy")
        file.write(piece)
        file.close()
    assert files.part_size("ovms/deep/x.mpy") == 7
    assert run(files.part_digest("ovms/deep/x.mpy")) == digest
    assert not run(files.is_here("ovms/deep/x.mpy", 7, digest))
    files.finish("ovms/deep/x.mpy")
    assert run(files.is_here("ovms/deep/x.mpy", 7, digest))
    assert not run(files.is_here("ovms/deep/x.mpy", 7, hashlib.sha256(b"").digest()))
    assert not run(files.is_here("ovms/deep/x.mpy", 8, digest))
    assert files.part_size("ovms/deep/x.mpy") == 0
    files.drop("ovms/deep/x.mpy")
    assert content()["b/ovms/deep/x.mpy"] == b"one two"
    assert run(files.part_digest("none")) is None
    clear()


def test_what_runs_is_copied_and_stays():
    files = fresh({"b/ovms/on_demand.bin.part": b"older"})
    digest = hashlib.sha256(b"x" * 1500).digest()
    assert run(files.is_running("ovms/on_demand.bin", 1500, digest))
    assert not run(files.is_running("ovms", 0, digest))
    run(files.copy("ovms/on_demand.bin"))
    assert run(files.is_here("ovms/on_demand.bin", 1500, digest))
    assert "b/ovms/on_demand.bin.part" not in content()
    assert content()["a/ovms/on_demand.bin"] == b"x" * 1500
    clear()


def test_only_the_idle_tree_is_tidied():
    files = fresh({"b/old.mpy": b"1", "b/x/y/old.mpy": b"2", "b/x/new.mpy": b"3", "b/e.part": b""})
    put("ovms.cfg", b"settings")
    run(files.tidy(lambda path: path == "x/new.mpy"))
    assert sorted(content()) == [
        "a/app.mpy",
        "a/ovms/on_demand.bin",
        "b/x/new.mpy",
        "ovms.cfg",
    ]
    # Where there is no such tree yet, there is nothing to do.
    run(TreeFiles("c", "a", ROOT).tidy(lambda path: False))
    clear()


def test_the_manifest_and_what_the_flash_has():
    files = fresh()
    assert files.manifest_size() == 0
    for piece in (b"one\n", b"two\n"):
        file = files.open_manifest("ab")
        file.write(piece)
        file.close()
    assert files.manifest_size() == 8
    file = files.open_manifest("rb")
    assert file.readline() == b"one\n"
    file.close()
    files.drop_manifest()
    files.drop_manifest()
    assert files.manifest_size() == 0
    assert files.form() == "small" and TreeFiles("a", "b", ROOT).form() == "plain"
    assert files.free_bytes() > 100_000
    assert [files.flash_bytes(n) for n in (0, 1, 4096, 4097)] == [0, 4096, 4096, 8192]
    clear()
