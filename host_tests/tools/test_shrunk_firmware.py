"""The firmware's own tests against the shrunk package, on both VMs. CPython starts them.

The tests use public names, so those stay here; private names, parameters, constants and all that
nobody needs are shrunk as for a module.
"""

import re
import subprocess

import pytest

from host_tests.needs_vm import require
from tools import build, shrink, vm

FOLDERS = ("protocol", "links", "services", "vehicle", "drivers")
HERE = vm.ROOT / "host_tests"
# `session._buffer` in a test is a name that the shrunk package no longer has.
PRIVATE = re.compile(r"\w\._(?!_)[a-z]|import \(?_")

RUNNER = """
import sys
sys.path[0] = ""
from host_tests import vm_run
sys.path[:] = ["", {tree!r}, ".frozen"]
import ovms.config
assert ovms.config.__file__.startswith({tree!r}), ovms.config.__file__
sys.exit(vm_run.main({files!r}))
"""


def files_of(folder):
    """Test files of `folder` that keep to public names."""
    found = []
    for path in sorted((HERE / folder).glob("**/test_*.py")):
        if not PRIVATE.search(path.read_text("utf-8")):
            found.append(str(path.relative_to(vm.ROOT)))
    return found


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    """Folder of the package for each VM by its bits."""
    helpers = [path for path in HERE.rglob("*.py") if "desk" not in path.parts]
    outside = [path.read_text("utf-8") for path in [*build.outside_sources(), *helpers]]
    shrunk = shrink.shrink(build.firmware_sources(), outside, public=False)
    folders = {}
    for bits in vm.available():
        folders[bits] = tmp_path_factory.mktemp(f"bits{bits}")
        build.compile_package(shrunk.sources, folders[bits])
        build.compile_modules(folders[bits], vm.march(bits))
    return folders


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
@pytest.mark.parametrize("folder", FOLDERS)
def test_on_vm(trees, tmp_path, bits, folder):
    require(bits)
    files = files_of(folder)
    assert files, f"no test of {folder} keeps to public names"
    runner = tmp_path / "runner.py"
    runner.write_text(RUNNER.format(tree=str(trees[bits]), files=files), "utf-8")
    done = subprocess.run(
        [*vm.command(bits, heap_kib=8192), str(runner)],
        cwd=vm.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
