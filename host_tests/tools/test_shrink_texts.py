"""Short texts of modules on demand that are to be no names. CPython starts the VMs."""

import re
import subprocess

import pytest

from host_tests.needs_vm import require
from host_tests.tools.shrinking import shrunk
from tools import build, vm

LATE = (
    "def texts(kind, last='done-1', *rest):\n"
    "    add = lambda text, tail='!': text + tail + last\n"
    "    table = {'key-1': 'value-1', 'upper': f'x{kind}y'}\n"
    "    for word in ('one-1', 'two-1'):\n"
    "        if word == 'two-1':\n"
    "            return add('kw-1', tail='tail-1'), table['key-1'].upper(), '%d.%d' % (1, 2)\n"
)
APP = "def main():\n    from ovms.late import texts\n    return texts('kind-1')\n"
EXPECTED = ("kw-1tail-1done-1", "VALUE-1", "1.2")


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
def test_no_text_becomes_a_name_and_all_mean_the_same(bits, tmp_path):
    require(bits)
    result = shrunk(APP, late=LATE, groups=[("ovms.app",)])
    build.compile_package(result.sources, tmp_path)
    late = result.paths["ovms/late.py"].removesuffix(".py")
    script = (
        f"import sys, micropython\nsys.path[:] = [{str(tmp_path)!r}]\n"
        f"from ovms.app import main\nprint(main())\nimport {late}\nmicropython.qstr_info(1)\n"
    )
    done = subprocess.run(
        [*vm.command(bits), "-c", script], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.stdout.splitlines()[0] == repr(EXPECTED), done.stderr
    # What stays imported may have its texts as names.
    assert re.findall(r"Q\((\w+-1)\)", done.stdout) == ["kind-1"]


def test_texts_that_are_names_anyway_stay_as_they_are():
    app = APP.replace("texts('kind-1')", "texts('two-1', step=1)")
    result = shrunk(app, late=LATE.replace("*rest", "step=0"), groups=[("ovms.app",)])
    text = result.sources[result.paths["ovms/late.py"]]
    # A name of MicroPython, of what stays imported, and one that is not.
    assert "'upper':" in text and "== 'two-1'" in text and "('key-1',)[0]: ('value-1',)[0]" in text
