"""Which of the two firmwares on flash is started: `boot.py` reads it, `make deploy` writes it.

The file `tree`: the folder, "a" or "b"; behind it, while that one has to prove itself, the folder
to go back to and how many starts are left to try.
"""

import os

_FILE = "tree"


def is_on_trial():
    """Whether the firmware that runs has still to prove itself."""
    return len(_words()) == 3


def confirm():
    """It has: it is the one that is started from now on. OSError when it cannot be written."""
    words = _words()
    if len(words) != 3:
        return
    # Beside the old one, so that a cut leaves one of the two.
    with open(_FILE + ".new", "w") as file:
        file.write(words[0])
    os.rename(_FILE + ".new", _FILE)


def _words():
    try:
        with open(_FILE) as file:
            return file.read().split()
    except OSError:
        return []
