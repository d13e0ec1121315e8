"""Types of cars that there are, for who asks; loaded on demand.

`car_setup.py` has what belongs to them.
"""

# `CARS=...` leaves cars out of a package, and then writes both.
LEFT_OUT = ""
TYPES = "RT DEMO NL NL1 NL3 NLC MI TC KS VA TR OBD"
# What `car_setup.py` knows a car by where that is not how it is called here.
_KEYS = {"DEMO": "DE", "OBD": "O2"}


def refusal(text: str) -> str:
    """Why there is no car of the type `text`, in capitals: a sentence, "" where there is one.

    As `car_setup.py` looks for it: by the whole type, else by its first two characters. None at
    all, "" or "-", is no mistake. The sentence has no comma: apps get it as a field of a message.
    """
    types = TYPES.split()
    left_out = LEFT_OUT.split()
    if text in ("", "-") or text in types:
        return ""
    if text in left_out or text[:2] in left_out:
        return "This package was made without the car %s; it has %s." % (text, TYPES)
    if text[:2] in [_KEYS.get(name, name) for name in types]:
        return ""
    return "This firmware knows no car of that type; it has %s." % TYPES
