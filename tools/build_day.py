"""The day of a build, which `firmware/ovms/build_id.py` tells the module."""

from __future__ import annotations

import os
import re
import time

# As with every build that can be repeated; Unix seconds.
EPOCH = "SOURCE_DATE_EPOCH"


class BuildDayError(Exception):
    """What is wrong with it, as one sentence for the user."""


def with_day(text: str) -> str:
    """The source of the build's id with the day of today, or of EPOCH, instead of its own.

    Never an earlier one than its own: a computer whose clock was never set must not make a module
    that believes anything.
    """
    epoch = os.environ.get(EPOCH, "")
    if epoch and not (epoch.isascii() and epoch.isdecimal()):
        raise BuildDayError(f"{EPOCH} is a number of seconds, and not {epoch!r}.")
    today = int(epoch or time.time()) // 86400
    return re.sub(
        r"^BUILD_DAY = (\d+)$",
        lambda found: f"BUILD_DAY = {max(int(found[1]), today)}",
        text,
        flags=re.MULTILINE,
    )
