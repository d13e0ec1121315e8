"""What cannot be shrunk without changing its meaning is refused; what can means the same.

CPython only.
"""

import subprocess

import pytest

from host_tests.needs_vm import require
from host_tests.tools.shrinking import run, shrunk
from tools import shrink, vm
from tools.shrink.kept import kept_names

LIMITED = (
    "class Car:\n"
    "    def __init__(self):\n        self.limit_w = 7\n"
    "    def set_limit(self, power_w=0, name='-'):\n        self.limit_w = power_w\n"
    "def main(*given):\n"
    "    car = Car()\n"
    "    {}\n"
    "    return 'limit %d W' % car.limit_w\n"
)
REFUSED = {
    "setattr(car, 'limit' + '_w', 3)": "setattr with a computed name",
    "name = 'limit_w'; setattr(car, name, 3)": "setattr with a computed name",
    "look = getattr": "getattr with a computed name",
    "list(map(hasattr, [car], ['limit_w']))": "hasattr with a computed name",
    "delattr(car, given[0])": "delattr with a computed name",
    "car.set_limit(**{'power_w': 7})": r"\*\* in a call",
    "print(type(car).__name__)": "__name__ shows a name",
    "print(main.__name__)": "__name__ shows a name",
    "show = lambda thing: type(thing).__name__": "__name__ shows a name",
    "error = car; print(type(error).__name__)": "__name__ shows a name",
    "print(Car.__qualname__)": "__qualname__ shows a name",
    "car.__dict__['limit_w'] = 7": "__dict__ shows a name",
    "print(car.__class__)": "__class__ shows a name",
    "globals()['Car'] = 1": r"globals\(\) shows names",
    "print('{limit}'.format(limit=1) % locals())": r"locals\(\) shows names",
    "vars(car)['limit_w'] = 7": r"vars\(\) shows names",
    "print(dir(car))": r"dir\(\) shows names",
    "exec('car.limit_w = 7')": r"exec\(\) shows names",
    "print('{0.limit_w}'.format(car))": "a format that reads an attribute",
    "print('{a[0].limit_w}'.format(a=[car]))": "a format that reads an attribute",
    "car = type('Other', (Car,), {'limit_w': 8})()": r"type\(\) makes a class of texts",
    "print(__name__)": "__name__ depends on names",
    "import collections; make = collections.namedtuple": "namedtuple makes attributes of texts",
    "from collections import namedtuple": "namedtuple makes attributes of texts",
    "from uctypes import struct": "uctypes makes attributes of texts",
    "import uctypes; x = uctypes.struct": "uctypes makes attributes of texts",
}


@pytest.mark.parametrize("line", REFUSED)
def test_refused_with_file_line_and_reason(line):
    # After the seven lines in front of it.
    with pytest.raises(shrink.ShrinkError, match=rf"^ovms/app\.py, line 8: .*{REFUSED[line]}"):
        shrunk(LIMITED.format(line))


WHOLE = {
    "from ovms.base import *\n": r"line 1: import \*",
    "from . import base\n": "relative imports",
    "def f(x):\n    try:\n        x.y\n    except (KeyError, AttributeError):\n        pass\n": (
        "line 4: except AttributeError"
    ),
    "class A:\n    __slots__ = ('a',)\n": "line 2: __slots__ depends",
    "class A:\n    def __getattr__(self, name):\n        return 1\n": "__getattr__ depends",
    "class A(metaclass=type):\n    pass\n": "line 1: a class takes no keywords",
    "class A:\n    pass\nB = A\nclass C(B):\n    pass\n": "line 4: nothing tells which class B",
    "def f(x):\n    class A(x.y()):\n        pass\n": "nothing tells which class",
    "def f(count):\n    class A:\n        LIMIT = count\n    return A\n": "in a class body",
    "import ovms.base as base\nbase.LIMIT = 5\n": "line 2: base, a module",
    "import ovms.base as base\ndef f(g):\n    g(base)\n": "line 3: base, a module",
    "import ovms.base as base\ndef f():\n    return base\n": "line 3: base, a module",
    "def f(g):\n    import ovms.base as base\n    g(base)\n": "line 3: base, a module",
    "import micropython\n@micropython.viper\ndef f(x: int):\n    pass\n": "viper code",
    "def f(x):\n    return __import__(x)\n": "only an ordinary import",
    "class A:\n    global LATE\n    LATE = 1\n": "line 2: LATE of a class body",
    "match 1:\n    case 1:\n        pass\n": "line 1: MicroPython has no match",
}


@pytest.mark.parametrize("text", WHOLE)
def test_refused_in_a_module(text):
    with pytest.raises(shrink.ShrinkError, match=WHOLE[text]):
        shrunk(text + "def main():\n    pass\n", base="LIMIT = 4\n")


ACCEPTED = (
    "car.limit_w += 0",
    "setattr(car, 'limit_w', getattr(car, 'limit_w') if hasattr(car, 'limit_w') else 1)",
    "car.set_limit(name='x', power_w=7)",
    "print('%(limit_w)s {limit_w}' % {'limit_w': 1})",
    "{**{'limit_w': 1}}",
)


@pytest.mark.parametrize("line", ACCEPTED)
def test_accepted_means_the_same(line):
    assert run(shrunk(LIMITED.format(line)))["main"]() == "limit 7 W"


def test_the_name_of_an_exception_is_what_users_see():
    fault = "class SevconError(Exception):\n    pass\nclass Deep(SevconError):\n    pass\n"
    app = (
        "from ovms.fault import Deep as Below, SevconError\n"
        "def main(which):\n"
        "    try:\n        raise (SevconError, Below, ValueError)[which]('x')\n"
        "    except Exception as error:\n        return told(error), repr(error)\n"
        "def told(error):\n    return type(error).__name__\n"
    )
    result = shrunk(app, fault=fault, groups=[("ovms.app",)])
    space = run(result)
    names = [space["main"](which) for which in range(3)]
    assert [name for name, _ in names] == ["SevconError", "Deep", "ValueError"]
    assert names[1][1] == "Deep('x')"


def test_two_exceptions_of_one_name_are_refused_in_a_bundle():
    with pytest.raises(shrink.ShrinkError, match="Two exceptions are called Fault"):
        shrunk(
            "from ovms.one import Fault\nfrom ovms.two import Fault as Other\n"
            "def main():\n    return Fault, Other\n",
            one="class Fault(Exception):\n    pass\n",
            two="class Fault(Exception):\n    pass\n",
            groups=[("ovms.app",)],
        )


def test_a_global_that_changes_later_is_not_merged_with_its_copy():
    base = "count = 1\ndef grow():\n    global count\n    count += 1\n"
    app = "from ovms.base import count, grow\ndef main():\n    grow()\n    return count\n"
    with pytest.raises(shrink.ShrinkError, match="line 1: count is changed in ovms.base"):
        shrunk(app, base=base, groups=[("ovms.app",)])


def test_self_of_a_function_is_not_taken_for_an_object_of_a_class_nearby():
    """Code on demand works on objects of other modules; a method may name its first one so."""
    source = (
        "class First:\n"
        "    def __init__(self):\n        self.alpha = 1\n"
        "    def other(this, self):\n        self.beta = 5\n        return this.alpha\n"
        "    @staticmethod\n    def loose(self):\n        self.gamma = 6\n"
        "class Second:\n"
        "    def __init__(self):\n        self.delta = 2\n        self.epsilon = 3\n"
        "def late(self):\n    self.zeta = 7\n"
        "def main():\n"
        "    first, second = First(), Second()\n"
        "    late(second)\n    First.loose(second)\n    first.other(second)\n"
        "    return second.delta, second.epsilon, second.beta, second.gamma, second.zeta\n"
    )
    assert run(shrunk(source))["main"]() == (2, 3, 5, 6, 7)


# What the VM calls on a file system, a stream and a block device of ours.
CALLED = """
mount umount open stat statvfs ilistdir remove rename mkdir rmdir chdir getcwd
read readinto readline write close flush seek ioctl poll irq readblocks writeblocks
send throw value setter getter deleter
"""
PROBE = (
    "import io, os, sys, array, collections, asyncio\n"
    "file = open('probe', 'w')\n"
    "def generator():\n    yield\n"
    "things = [file, io.BytesIO(), io.StringIO(), '', b'', bytearray(), [], (), {}, set(), "
    "frozenset(), 1, 1.5, array.array('B'), generator(), OSError(1), memoryview(b''), "
    "property(), {}.keys(), collections.deque((), 1), collections.OrderedDict()]\n"
    "print(' '.join(n for thing in things for n in dir(thing)))\n"
)


def test_what_micropython_calls_keeps_its_name():
    assert not set(CALLED.split()) - kept_names()


@pytest.mark.parametrize("bits", sorted(vm.TARGETS))
def test_names_of_the_vm_s_objects_are_known(bits, tmp_path):
    require(bits)
    done = subprocess.run(
        [*vm.command(bits), "-c", PROBE],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=200,
    )
    names = {name for name in done.stdout.split() if not name.startswith("__")}
    assert len(names) > 80, done.stderr
    assert not names - kept_names()
