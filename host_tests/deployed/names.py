"""Decides at run time what a name is called on an object, for translated tests. VM only.

A test's class may use a name for itself that means something else to the firmware; there it ends
with `__t` (see `translate.py`, which fills in the table).
"""

# Long name to short one.
NAMES = {}
# What the cars of the firmware are imported as.
CARS = ()
# What a module of the firmware is imported as to the sources it is made of.
MODULES = {}

# Short name to the long ones, made when it is needed first.
_longs = {}
_NONE = object()
_OWN = "__t"


def get(thing, own, short):
    value = getattr(thing, own, _NONE)
    return getattr(thing, short) if value is _NONE else value


def load(module, name):
    """A global of the firmware."""
    return getattr(__import__(module, None, None, ("*",)), name)


class Place:
    """An attribute that is written, or read and written: `Place(thing, own, short).value += 1`."""

    def __init__(self, thing, own, short):
        self._thing = thing
        self._name = own if hasattr(thing, own) else short

    @property
    def value(self):
        return getattr(self._thing, self._name)

    @value.setter
    def value(self, value):
        setattr(self._thing, self._name, value)


class Absent:
    """Stands for what is not in the firmware that ships; using it fails the test that does."""

    def __init__(self, name):
        self._what = name

    def __call__(self, *arguments, **more):
        raise AssertionError(self._what + " is not in what ships")

    def __getattr__(self, name):
        raise AssertionError(self._what + " is not in what ships")


def _name_on(thing, name):
    own = name + _OWN
    return own if hasattr(thing, own) else NAMES.get(name, name)


def getattr_(thing, name, *default):
    return getattr(thing, _name_on(thing, name), *default)


def setattr_(thing, name, value):
    setattr(thing, _name_on(thing, name), value)


def hasattr_(thing, name):
    return hasattr(thing, _name_on(thing, name))


def delattr_(thing, name):
    delattr(thing, _name_on(thing, name))


def members(values):
    """`thing.__dict__` with every name that a short one may stand for."""
    if not _longs:
        for name, short in NAMES.items():
            _longs.setdefault(short, []).append(name)
    found = {}
    for name, value in values.items():
        for long in _longs.get(name, (name,)):
            found[long] = value
    return found
