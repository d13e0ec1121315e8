"""pytest runs the firmware's tests on CPython with the shims; test_vms.py runs them on the VMs."""

from host_tests.shims import cpython

cpython.install()
