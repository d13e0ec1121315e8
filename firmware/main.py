# Runs after boot.py. The board file knows the pins, the application does the rest. Where one of
# the two is missing or damaged, a sentence says so and the module starts anew: boot.py may then
# have another firmware to start, and nobody is left with a dead module. Ctrl-C stops it.
try:
    from board import Board

    from ovms.app import main

    _board = Board()
except Exception as _error:
    import time

    import machine

    print(
        "The firmware cannot be started: %s %s. Copy it to the module again (make deploy)."
        " Next try in 10 s." % (type(_error).__name__, _error)
    )
    time.sleep(10)
    machine.reset()
else:
    main(_board)
