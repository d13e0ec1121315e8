"""Runs on a VM: boots the firmware from flash as a cut would have left it, at every change.

    cut_child.py IMAGE JOURNAL STRIDE

IMAGE is the flash as it was before the changes in JOURNAL. For each of them, or every STRIDE-th,
the module starts from the flash without it and with the first half of it. Prints a line of JSON
for each start: {"cut": changes that were made, "torn": whether half of another one was,
"settings", "records": what it has for the server, "kept": whether it can store a setting after
that} or {"cut", "torn", "error"}. Modules are loaded at the first start and stay.
"""

import io
import json
import os
import sys

import life_child

# Before the harness is out of sight: the board's file wants it.
import machine  # noqa: F401
import vfs
from flash_device import CutFlash, read_journal

_VEHICLE_ID = 8
_NEW_ID = "AFTERCUT"
_PLACES = ("/o", "/")
_RINGS = 2


def boot(device):
    """The App, from `device` as the only file system."""
    # The flash and the broom of the App before.
    for place in _PLACES:
        try:
            vfs.umount(place)
        except (OSError, AttributeError):
            # The broom is never unmounted on a module, and has no method for it.
            continue
    vfs.mount(device, "/")
    os.chdir("/")
    sys.path[:] = ["", ".frozen"]
    from board import Board

    from ovms.app import App

    return App(Board())


def start(history):
    """Let it read what is on flash, as in the module's first seconds."""
    for _ in range(_RINGS):
        history.tick()


def look(device):
    """What the module has after its start, as above."""
    app = boot(device)
    seen = {"settings": life_child.settings(app)}
    app.clock.set_utc_s(app.clock.first_utc_s, "gps")
    start(app.history)
    seen["records"] = life_child.delivered(app.history, 1000)
    app.history.flush()
    app.config.apply({_VEHICLE_ID: _NEW_ID})
    app = boot(device)
    start(app.history)
    left = life_child.delivered(app.history, 1000)
    seen["kept"] = app.config.get(_VEHICLE_ID) == _NEW_ID and not left
    return seen


def told(device, seen):
    try:
        seen.update(look(device))
    except Exception as error:
        text = io.StringIO()
        sys.print_exception(error, text)
        seen["error"] = text.getvalue()
    print("CUT", json.dumps(seen))


def main(image, journal, stride):
    with open(image, "rb") as file:
        flash = bytearray(file.read())
    changes = read_journal(journal)
    for cut in range(len(changes) + 1):
        if cut % int(stride) == 0:
            told(CutFlash(flash), {"cut": cut, "torn": False})
            if cut < len(changes):
                device = CutFlash(flash)
                device.apply(changes[cut], 2)
                told(device, {"cut": cut, "torn": True})
        if cut < len(changes):
            device = CutFlash(flash)
            device.apply(changes[cut])
            device.into(flash)
    print("END")


main(*sys.argv[1:])
