"""What a test calls first that needs mosquitto and an independent client. CPython only."""

import importlib.util
import os

import pytest

from tools import mosquitto


def require():
    """Skip the test without mosquitto or paho-mqtt; with CI=true that is a failure."""
    reason = ""
    try:
        mosquitto.command()
    except mosquitto.MosquittoMissingError as error:
        reason = str(error)
    if not reason and importlib.util.find_spec("paho") is None:
        reason = "There is no paho-mqtt here: remove .venv/.ready and run make again."
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
