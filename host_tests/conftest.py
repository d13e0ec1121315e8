"""pytest runs the firmware's tests on CPython with the shims; test_vms.py runs them on the VMs."""

import signal

import pytest

from host_tests.shims import cpython

cpython.install()

# Whoever starts the tests in the background ignores Ctrl-C, and programs would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


# What fails and is not mended yet, with what is known of it. A test that passes again is told.
KNOWN_FAILURES = {
    "test_random_input.py::test_on_the_vm[sms]": "a change shows at the message after its own",
}


def pytest_collection_modifyitems(items):
    for item in items:
        for name, reason in KNOWN_FAILURES.items():
            if item.nodeid.endswith(name):
                item.add_marker(pytest.mark.xfail(reason=reason))
