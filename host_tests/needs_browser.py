"""What a test calls first that needs a real browser. CPython only."""

import os
import shutil

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")


def require():
    """Path of a Chromium; without one the test is skipped, or fails with CI=true."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        _miss("Playwright is not installed: make sets it up.")
    if path is None:
        _miss("There is no Chromium here: install Debian's package chromium.")
    return path


def _miss(sentence):
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)
