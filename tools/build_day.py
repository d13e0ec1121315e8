"""The day of a build, which `firmware/ovms/build_id.py` tells the module."""

from __future__ import annotations

import os
import re

# As with every build that can be repeated; Unix seconds.
EPOCH = "SOURCE_DATE_EPOCH"


class BuildDayError(Exception):
    """What is wrong with it, as one sentence for the user."""


def with_day(text: str) -> str:
    """The source of the build's id with the day of EPOCH instead of its own, where that is set.

    Not of today: the same sources make the same files on any day, and a module must not refuse
    what was true when they were written. Never an earlier one than its own, so that no module
    believes anything.
    """
    epoch = os.environ.get(EPOCH, "")
    if epoch and not (epoch.isascii() and epoch.isdecimal()):
        raise BuildDayError(f"{EPOCH} is a number of seconds, and not {epoch!r}.")
    day = int(epoch or 0) // 86400
    return re.sub(
        r"^BUILD_DAY = (\d+)$",
        lambda found: f"BUILD_DAY = {max(int(found[1]), day)}",
        text,
        flags=re.MULTILINE,
    )
