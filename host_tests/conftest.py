"""The firmware's tests on CPython with the stand-ins; test_vms.py runs them on the VMs."""

import gc
import os
import signal
import sys

import pytest

from host_tests import schedule
from host_tests.fuzz import seed
from tools.simulated_board import cpython

cpython.install()

# Whoever starts the tests in the background ignores Ctrl-C, and programs would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Each worker, and each program that a test starts, would compile all sources again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_addoption(parser):
    parser.addoption(
        "--write-durations", action="store_true", help="note how long the long tests took"
    )


def pytest_configure(config):
    # Before the workers of pytest-xdist start: all have the same.
    seed.settle(os.environ)
    if config.option.write_durations:
        config.pluginmanager.register(schedule.Meter())
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(schedule.Recorder())


def pytest_xdist_auto_num_workers(config):
    # Whoever asks pytest-xdist itself for a number gets it.
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else schedule.worker_count()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    schedule.arrange(items)


def pytest_collection_finish():
    # The firmware collects garbage often, which would look at all the tests there are each time.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session):
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal and os.environ[seed.NAME] != seed.USUAL:
        terminal.write_line(seed.how_to_repeat(seed.current()))


def pytest_terminal_summary(terminalreporter):
    failed = terminalreporter.getreports("failed") + terminalreporter.getreports("error")
    if any("random_" in report.nodeid for report in failed):
        terminalreporter.write_line(seed.how_to_repeat(seed.current()))
