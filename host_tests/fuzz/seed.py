"""The seed of all random input: OVMS_FUZZ_SEED, else a new one where CI is set, else 1.

The same for all processes of a run, told when it starts, and again when something failed.
CPython only.
"""

import os
import random

NAME = "OVMS_FUZZ_SEED"
USUAL = "1"


def settle(environ):
    """Write the seed of this run into `environ`, for the processes it starts, too."""
    if not environ.get(NAME):
        # Whoever calls it a new seed must be able to type it.
        environ[NAME] = (
            str(random.SystemRandom().randrange(2, 10**6)) if environ.get("CI") else USUAL
        )


def current():
    return int(os.environ.get(NAME) or USUAL)


def how_to_repeat(seed):
    """One line for whoever reads what a run printed."""
    return f"Random input: {NAME}={seed} make test PYTEST='-k random_' repeats it."
