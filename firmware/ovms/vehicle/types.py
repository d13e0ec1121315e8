"""Types of cars that there are, for who asks; loaded on demand.

`car_setup.py` has what belongs to them.
"""

# `CARS=...` leaves cars out of a package, and then writes both.
LEFT_OUT = ""
TYPES = "RT DEMO NL NL1 NL3 NLC MI TC KS VA TR OBD"
