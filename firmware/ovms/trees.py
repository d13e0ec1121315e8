"""Which of the two firmwares on flash is started: `boot.py` reads it, `make deploy` and an update
over the air write it.

The file `tree`: the folder, "a" or "b"; behind it, while that one has to prove itself, the folder
to go back to and how many starts are left to try.
"""

import os

_FILE = "tree"
_NAMES = ("a", "b")
_TRIAL_STARTS = 3


def is_on_trial() -> bool:
    """Whether the firmware that runs has still to prove itself."""
    return len(_words()) == 3


def running() -> str:
    """The tree that runs, "" where the firmware lies in none."""
    words = _words()
    return words[0] if words and words[0] in _NAMES else ""


def idle() -> str:
    """The other one."""
    return "a" if running() == "b" else "b"


def confirm() -> None:
    """It has: it is the one that is started from now on. OSError when it cannot be written."""
    words = _words()
    if len(words) == 3:
        _write(words[0])


def switch() -> None:
    """Let the idle tree start next, on trial. OSError when it cannot be written."""
    _write("%s %s %d" % (idle(), running(), _TRIAL_STARTS))


def _write(text):
    # Beside the old one, so that a cut leaves one of the two.
    with open(_FILE + ".new", "w") as file:
        file.write(text)
    os.rename(_FILE + ".new", _FILE)


def _words():
    try:
        with open(_FILE) as file:
            return file.read().split()
    except OSError:
        return []
