"""Which build this is, and of which day: the build writes both in here.

Tracebacks are translated by the id. The day, counted from 1970-01-01, is where the time that
sources tell begins to be plausible (`clock_rules.py`).
"""

BUILD_ID = "source"
# 2026-01-01, for who runs the sources as they are.
BUILD_DAY = 20454
