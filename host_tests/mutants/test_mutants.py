"""The mutation run: what it changes, how it tells the dead; each survivor has its reason."""

import ast
import json
import subprocess
import sys

import pytest

from host_tests.mutants import survivors
from host_tests.mutants.changes import mutants
from host_tests.mutants.targets import TARGETS
from tools.vm import ROOT

SOURCE = '''
"""A text is no matter."""

LIMIT = 7


def sign(n, part):
    """Nor here."""
    if n < 0 and not part.is_off:
        part.value = -1
        part.tell("%d" % n)
        return n
    try:
        total = n + (1 if n in part.known else 0)
    except ValueError:
        raise
    except OSError:
        total = 0
    return ""
'''


def changes(source):
    return {(mutant.function, mutant.before, mutant.after) for mutant in mutants(source)}


def test_what_is_changed():
    test = "if n < 0 and (not part.is_off):"
    total = "total = n + (1 if n in part.known else 0)"
    ours = {("module", "LIMIT = 7", "LIMIT = 8"), ("module", "LIMIT = 7", "LIMIT = 6")}
    ours |= {
        ("sign", test, after)
        for after in (
            "if False:",
            "if not (n < 0 and (not part.is_off)):",
            "if n < 0 or not part.is_off:",
            "if n <= 0 and (not part.is_off):",
            "if n < 1 and (not part.is_off):",
            "if n < -1 and (not part.is_off):",
            "if n < 0 and (not not part.is_off):",
        )
    }
    ours |= {
        ("sign", before, after)
        for before, after in (
            ("part.value = -1", "pass"),
            ("part.value = -1", "part.value = -2"),
            ("part.value = -1", "part.value = -0"),
            ("part.tell('%d' % n)", "pass"),
            ("return n", "return None"),
            (total, "total = n - (1 if n in part.known else 0)"),
            (total, "total = n + (2 if n in part.known else 0)"),
            (total, "total = n + (0 if n in part.known else 0)"),
            (total, "total = n + (1 if n not in part.known else 0)"),
            (total, "total = n + (1 if n in part.known else 1)"),
            (total, "total = n + (1 if n in part.known else -1)"),
            ("raise", "pass"),
            ("except OSError:", "except ():"),
            ("total = 0", "total = 1"),
            ("total = 0", "total = -1"),
        )
    }
    assert changes(SOURCE) == ours


def test_each_mutant_is_one_change_of_a_source_that_stays():
    plain = ast.unparse(ast.parse(SOURCE)).splitlines()
    sources = [mutant.source for mutant in mutants(SOURCE)]
    assert sources == [mutant.source for mutant in mutants(SOURCE)], "the same each time"
    for source in sources:
        changed = [a for a, b in zip(plain, source.splitlines(), strict=False) if a != b]
        assert len(changed) == 1, changed
        compile(source, "mutant", "exec")


def test_the_same_change_twice_in_a_function_has_a_number():
    found = changes("def f(a):\n    a.b()\n    a.b()\n")
    assert found == {("f", "a.b()", "pass"), ("f", "a.b()", "pass (2)")}


def test_no_mutant_of_the_real_sources_is_there_twice_and_each_reason_has_its_mutant():
    argued = survivors.read(
        survivors.SURVIVORS.read_text("utf-8"), [target.path for target in TARGETS]
    )
    for target in TARGETS:
        keys = [mutant.key for mutant in mutants((ROOT / target.path).read_text("utf-8"))]
        assert len(keys) == len(set(keys)), target.path
        assert not set(argued.get(target.path, ())) - set(keys), target.path
        for test in (*target.tests, *target.slow):
            assert (ROOT / test).is_file(), test


def test_reasons_are_read_by_file_and_function():
    text = "# x\n\na.py f\n- x = 1\n+ x = 2\n+ x = 0\n= Why.\na.py g\n- y\n+ pass\n= So.\n"
    assert survivors.read(text, ["a.py"]) == {
        "a.py": {
            ("f", "x = 1", "x = 2"): "Why.",
            ("f", "x = 1", "x = 0"): "Why.",
            ("g", "y", "pass"): "So.",
        }
    }


@pytest.mark.parametrize(
    "text",
    ["b.py f\n", "a.py\n", "a.py f\n- x\n+ y\n", "a.py f\n+ y\n", "a.py f\n- x\n+ y\n= \n", "x\n"],
)
def test_what_is_no_reason_is_a_sentence(text):
    with pytest.raises(survivors.SurvivorsError, match=r"survivors.txt.*\.$"):
        survivors.read(text, ["a.py"])


PART = """
def twice(n):
    total = 0
    while total < 2 * n:
        total += 1
    return total + spare(0)


def spare(n):
    if n > 0:
        return 0 * n
    return 0
"""
TESTS = "from part import twice\n\n\ndef test_twice():\n    assert twice(3) == 6\n"


def run_bench(folder, tests=TESTS):
    (folder / "part.py").write_text(PART)
    (folder / "test_part.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (folder / "build").mkdir()
    program = (
        "import sys; from host_tests.mutants import bench; bench._CPU_S = 1;"
        "sys.exit(bench.run(bench.Target('part.py', ('test_part.py',))))"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_bench_tells_the_living_from_the_dead_and_those_who_never_end(tmp_path):
    bench = run_bench(tmp_path)
    assert bench.returncode == 0, bench.stderr
    ends = {tuple(line[1:3]): line[3] for line in map(json.loads, bench.stdout.splitlines())}
    assert ends["return total + spare(0)", "return None"] == "killed"
    assert ends["total += 1", "pass"] == "timed out"
    assert ends["return 0 * n", "return None"] == "survived"
    assert ends["if n > 0:", "if n >= 0:"] == "survived"
    assert ends["while total < 2 * n:", "while total <= 2 * n:"] == "killed"
    assert len(ends) == len(changes(PART))


def test_tests_that_fail_anyway_are_a_sentence(tmp_path):
    bench = run_bench(tmp_path, TESTS.replace("6", "7"))
    assert bench.returncode == 2 and bench.stdout == ""
    assert bench.stderr == "Without any change this fails: test_part.py\n"
