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
    "test_random_input.py::test_both_answer_sms_alike": "the same",
    "test_mqtt_link.py::test_other_settings_connect_anew": "a moved broker waits as a server does",
    "test_vms.py::test_as_written[host_tests/links/test_mqtt_link.py]": "the same",
    "test_vms.py::test_as_flashed[host_tests/links/test_mqtt_link.py]": "the same",
}


def pytest_collection_modifyitems(items):
    for item in items:
        for name, reason in KNOWN_FAILURES.items():
            if item.nodeid.endswith(name):
                item.add_marker(pytest.mark.xfail(reason=reason))
