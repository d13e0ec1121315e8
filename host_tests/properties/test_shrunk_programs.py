"""Generated programs of three modules say the same plain and shrunk. CPython starts the VM.

A program has classes that inherit over modules, constants, closures, keywords, properties,
exceptions, imports at the top and in functions. The pieces draw their names from few words, so
that attributes, methods, globals, parameters and texts of the same name meet.
"""

import contextlib
import importlib.machinery
import io
import subprocess
import sys

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from host_tests.needs_vm import require
from tools import shrink, vm
from tools.shrink import split

WORDS = ("limit_w", "total_km", "speed_kmh", "told", "ask", "name", "value", "e", "cos", "read")
TESTED, ON_VM = 60, 25
DIGIT = st.integers(min_value=0, max_value=9)
OUTSIDE = ["from ovms.app import main"]


@st.composite
def classes(draw, place, bases):
    """Text of a class `Kind<place>`, with the attribute, method and property that it has."""
    attribute, method, shown, parameter, late = draw(st.permutations(WORDS))[:5]
    base = draw(st.sampled_from([None, *bases]))
    default, step = draw(DIGIT), draw(DIGIT)
    header = f"class Kind{place}({base}):" if base else f"class Kind{place}:"
    start = "super().__init__()" if base else "self.note = 'new'"
    return f"""
class Fault{place}(ValueError):
    pass
SIZE_{place} = {step} * 2
{method}_{place} = {default}
{header}
    LIMIT = SIZE_{place} + 1
    {method} = {method}_{place}
    def __init__(self):
        {start}
        self.{attribute} = {default}
        self.items = [SIZE_{place}]
    def {method}_by(self, {parameter}=SIZE_{place}, *more, {late}={step}):
        self.{attribute} += {parameter} * {late} + len(more)
        return self
    @property
    def {shown}_shown(self):
        return '%s %d' % ('{attribute}', self.{attribute})
    @{shown}_shown.setter
    def {shown}_shown(self, {parameter}):
        self.{attribute} = {parameter}
    async def wait(self):
        return [{late} + self.LIMIT for {late} in self.items if {late} != self.{attribute}]
def make_{place}({parameter}, {late}={default}):
    total = {parameter}
    def grow({attribute}):
        nonlocal total
        total += {attribute} + {late}
        if (half := total // 2) > 20:
            raise Fault{place}('%d' % half)
        return half
    return grow
def use_{place}(thing):
    found = [thing.{method}_by(2, {late}=3).{shown}_shown, getattr(thing, '{attribute}', None)]
    thing.{shown}_shown = 5
    thing.{late}_set = thing.LIMIT
    setattr(thing, 'by_text', thing.{attribute} + thing.{method})
    found += [thing.by_text, thing.{late}_set, hasattr(thing, '{parameter}_absent')]
    found += [thing.{attribute}, thing.LIMIT, thing.note]
    del thing.{late}_set
    try:
        thing.wait().send(None)
    except StopIteration as told:
        found.append(told.value)
    grow = make_{place}({late}=1, {parameter}=2)
    try:
        for {parameter} in range(9):
            found.append(grow(total_km_sum({parameter}, {default})))
    except Exception as error:
        found.append((type(error).__name__, str(error), isinstance(error, Fault{place})))
    return found
def total_km_sum({attribute}, {method}):
    return sum({attribute} for {attribute} in range({attribute})) + {method}
"""


@st.composite
def programs(draw):
    """Sources by path: a base module, two on demand, and the app."""
    counter = draw(st.sampled_from(WORDS))
    alias = draw(st.sampled_from(WORDS))
    text = draw(st.sampled_from(WORDS))
    base = draw(classes("A", []))
    one, two, three, item = draw(st.permutations(WORDS))[:4]
    # Asked for by name, as a whole, in a branch, and by another module on demand; with helpers of
    # one place and of two, and variables that are called like them.
    asked = (
        f"from ovms.deep.base import SIZE_A, MARK as {item}_mark\n"
        f"{two}_items = [SIZE_A]\n{three}_table = ((1, 2), {item}_mark)\n"
        f"class Kind_{one}:\n    def {two}(self, {one}):\n        return {two}_help({one})\n"
        f"def {two}_help({item}):\n    return {item} + {two}_items[0] + {one}_help(1)\n"
        f"def {one}_help({two}):\n    return {two} * {draw(DIGIT)}\n"
        f"def {one}({item}):\n    return Kind_{one}().{two}({item}), {one}_help\n"
        f"def {two}({item}, {three}=3):\n    {one} = {one}_help({item})\n"
        f"    return {one}, {three}, {three}_table, {item}_mark\n"
        f"def {three}({item}):\n    return {two}_help({item}), {three}_table[{item} > 5]\n"
        f"def {item}():\n    from ovms.deep.asked import {two} as {one}\n    return {one}(1)\n"
    )
    late = (
        "from ovms.deep.base import KindA\n"
        f"from ovms.deep import asked as {item}_asked\n"
        f"from ovms.deep.asked import {two} as {one}_other\n"
        f"def ask_late({one}):\n    {two} = {item}_asked.{two}({one})\n"
        f"    return {two}, {item}_asked.{three}(9), {one}_other({three}=1, {item}=2)\n"
    )
    late += draw(classes("B", ["KindA"]))
    base += (
        f"{counter} = {{'{text}': 0}}\nMARK = '{text}-mark'\n"
        f"def tick(by=1):\n    global ticks\n    ticks += by\n    {counter}['{text}'] += by\n"
        f"    return ticks\nticks = {draw(DIGIT)}\n"
    )
    app = (
        f"from ovms.deep.base import KindA as First, MARK, tick, use_A\n"
        f"import ovms.deep.base as {alias}_base\n"
        f"class Own(First):\n    {alias} = {alias}_base.SIZE_A\n"
        f"def main():\n"
        f"    from ovms.deep.late import KindB, ask_late, use_B\n"
        f"    import ovms.deep.asked as {text}\n"
        f"    kind, helper = {text}.{one}(2)\n"
        f"    print(kind, helper(3), helper is {text}.{one}(1)[1], ask_late(4), {text}.{item}())\n"
        f"    for {alias}_n in (1, 7):\n"
        f"        if {alias}_n > 5:\n            print({text}.{two}({alias}_n))\n"
        f"        else:\n"
        f"            print({text}.{three}({alias}_n), {text}.Kind_{one}().{two}(0))\n"
        f"    print(use_A(First()), use_A(Own()), use_B(KindB()), Own.{alias})\n"
        f"    print(tick(), tick(by=2), {alias}_base.ticks, {alias}_base.{counter}, MARK)\n"
        f"    print(isinstance(Own(), First), MARK is {alias}_base.MARK, MARK == '{text}-mark')\n"
    )
    return {
        "ovms/app.py": app,
        "ovms/deep/base.py": base,
        "ovms/deep/late.py": late,
        "ovms/deep/asked.py": asked,
    }


def said(sources):
    """What `main` of a tree prints, under CPython."""
    names = {}
    for path, text in sources.items():
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        names[name] = text
    for name in list(names):
        for end in range(1, name.count(".") + 1):
            names.setdefault(".".join(name.split(".")[:end]), "")
    loader = Loader(names)
    before = dict(sys.modules)
    for name in names:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, loader)
    output = io.StringIO()
    try:
        with contextlib.redirect_stdout(output):
            __import__("ovms.app")
            sys.modules["ovms.app"].main()
    finally:
        sys.meta_path.remove(loader)
        for name in names:
            sys.modules.pop(name, None)
        sys.modules.update({name: before[name] for name in names if name in before})
        sys.modules.update(
            {n: m for n, m in before.items() if n == "ovms" or n.startswith("ovms.")}
        )
    return output.getvalue()


class Loader:
    """Finds and loads modules by their text."""

    def __init__(self, names):
        self._names = names

    def find_spec(self, name, path=None, target=None):
        if name not in self._names:
            return None

        return importlib.machinery.ModuleSpec(
            name, self, is_package=any(n.startswith(name + ".") for n in self._names)
        )

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(self._names[module.__name__], module.__name__, "exec"), module.__dict__)


def shrunk_forms(sources):
    """The tree cut as finely as can be, as it is deployed, and with each module by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(split, "_MODULE_BYTES", 0)
        patch.setattr(split, "_LASTING_BYTES", 0)
        fine = shrink.shrink(dict(sources), OUTSIDE, groups=[("ovms.app",)])
    assert sum(":" in path for path in fine.paths) >= 3
    yield fine.sources
    for groups in ([("ovms.app",)], []):
        yield shrink.shrink(dict(sources), OUTSIDE, groups=groups).sources


@seed(7)
@settings(max_examples=TESTED, deadline=None, database=None)
@given(programs())
def test_shrunk_program_says_the_same(sources):
    expected = said(sources)
    assert expected.count("\n") == 6
    for form in shrunk_forms(sources):
        assert said(form) == expected


VM_RUN = """
import sys
known = set(sys.modules)
for number in range({count}):
    sys.path[:] = ["%s/%d" % ({folder!r}, number)]
    from ovms.app import main
    main()
    for name in set(sys.modules) - known:
        del sys.modules[name]
"""


def test_shrunk_programs_say_the_same_on_the_vm(tmp_path):
    require(32)
    expected = []

    @seed(8)
    @settings(max_examples=ON_VM, deadline=None, database=None, phases=[Phase.generate])
    @given(programs())
    def write(sources):
        form = next(shrunk_forms(sources))
        for path, text in form.items():
            file = tmp_path / str(len(expected)) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        expected.append(said(sources))

    write()
    script = VM_RUN.format(count=len(expected), folder=str(tmp_path))
    done = subprocess.run(
        [*vm.command(32, heap_kib=4096), "-c", script],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert len(expected) == ON_VM
    assert done.stdout == "".join(expected), done.stderr
