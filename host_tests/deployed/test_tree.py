"""What the translated tests run against is what a module gets."""

from host_tests.deployed import tree
from host_tests.needs_vm import require
from tools import build, packages, shelf


def files_of(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in (folder / "ovms").rglob("*")
        if path.is_file()
    }


def test_the_files_are_those_that_are_flashed(tmp_path, monkeypatch):
    """To the byte, although the VM has another processor: only `modules/` is machine code."""
    require(tree.BITS)
    translated = files_of(tree.firmware_tree())
    # Made anew, not a copy of the same package.
    monkeypatch.setattr(packages, "FOLDER", tmp_path / "packages")
    build.compile_tree("xtensawin", tmp_path / "t")
    flashed = files_of(tmp_path / "t")
    assert translated == flashed
    assert {f"ovms/{shelf.FILE}", "ovms/app.mpy"} <= set(flashed)
    assert not [name for name in flashed if name.endswith(".py")]
