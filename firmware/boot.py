# Runs first after every reset: room for a traceback even when the heap is full, and which of two
# firmwares is started. The file `tree` names the folder of one, `a` or `b`; without it the
# firmware lies beside this file, in ROMFS or in the image. Behind the name may stand the one to go
# back to and how many starts are left to try: "b a 2". What this file cannot read leaves things as
# they are, so that nothing here can keep a module from starting.
import sys

import micropython

micropython.alloc_emergency_exception_buf(100)
try:
    with open("tree") as _file:
        # No more than it may be long: of what else lies there no piece of heap has the size.
        _words = _file.read(64).split()
    _tree = _words[0]
    if len(_words) == 3:
        _left = int(_words[2])
        if _left > 0:
            _text = "%s %s %d" % (_tree, _words[1], _left - 1)
        else:
            _text = _tree = _words[1]
        with open("tree", "w") as _file:
            _file.write(_text)
    if _tree in ("a", "b"):
        sys.path.insert(0, "/" + _tree)
except Exception:
    # Whatever it was: after an error here MicroPython would not start main.py.
    pass
