"""pytest runs the firmware's tests on CPython with the shims; test_vms.py runs them on the VMs."""

import signal

from host_tests.shims import cpython

cpython.install()

# Whoever starts the tests in the background ignores Ctrl-C, and programs would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
