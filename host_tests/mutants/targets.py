"""The sources whose every small change a test must see, and the tests that belong to each.

Those of `slow` run only where the others saw nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

_FIRMWARE = "firmware/ovms/"
_TESTS = "host_tests/"
_SEVCON = (
    "vehicle/test_twizy_sevcon.py",
    "vehicle/test_twizy_sevcon_gate.py",
    "vehicle/test_twizy_sevcon_macros.py",
    "vehicle/test_twizy_sevcon_45.py",
    "vehicle/test_twizy_sevcon_journal.py",
    "vehicle/test_twizy_sevcon_watch.py",
    "vehicle/test_twizy_transmit.py",
)
_RING = (
    "drivers/test_ring_store.py",
    "drivers/test_ring_bounds.py",
    "drivers/test_ring_store_faults.py",
    "services/test_history.py",
    "services/test_history_age.py",
)
_SETTINGS = (
    "services/test_config.py",
    "services/test_owner_guard_rules.py",
    "services/test_owner_guard.py",
    "services/test_damaged_settings.py",
    "services/test_can_consent.py",
    "services/sms/test_wifi.py",
    "services/sms/test_mqtt.py",
    "services/sms/test_commands.py",
)
_SESSION = (
    "protocol/v2/test_session.py",
    "protocol/v2/test_handshake.py",
    "protocol/v2/test_paranoid.py",
)


@dataclass(frozen=True)
class Target:
    """A source and its tests, as paths from the top folder."""

    path: str
    tests: tuple[str, ...]
    slow: tuple[str, ...] = ()


def _target(path: str, tests: tuple[str, ...], slow: tuple[str, ...] = ()) -> Target:
    return Target(_FIRMWARE + path, _paths(tests), _paths(slow))


def _paths(tests: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_TESTS + test for test in tests)


TARGETS = (
    # What may transmit on CAN.
    _target(
        "drivers/can_bus.py",
        ("drivers/test_can_gate.py", "drivers/test_mcp2515.py", "drivers/test_twai.py"),
        ("drivers/test_can_contract.py",),
    ),
    _target("can_consent.py", ("services/test_can_consent.py", "test_app_consent.py")),
    _target("vehicle/twizy/sevcon/gate.py", _SEVCON),
    _target("vehicle/twizy/sevcon/consent.py", (*_SEVCON, "services/test_can_consent.py")),
    _target("vehicle/twizy/sevcon/session.py", _SEVCON, ("desk/test_sevcon_faults.py",)),
    # Who may do what by SMS.
    _target("services/sms/access.py", ("services/sms/test_access.py", *_SETTINGS)),
    _target("services/sms/callers.py", ("services/sms/test_access.py",)),
    _target("owner_guard.py", _SETTINGS),
    # The store.
    _target("drivers/ring_store.py", _RING),
    _target("drivers/ring_files.py", _RING),
    _target(
        "drivers/store_files.py",
        (
            "drivers/test_store.py",
            "drivers/test_store_bounds.py",
            "services/test_damaged_settings.py",
        ),
    ),
    _target("config_storage.py", _SETTINGS),
    # The session.
    _target("protocol/v2/session.py", _SESSION),
    _target("protocol/v2/handshake.py", _SESSION),
    # Supervision.
    _target("guard.py", ("services/test_guard.py",)),
    _target(
        "app.py",
        (
            "test_app_supervision.py",
            "test_app_second.py",
            "test_app.py",
            "test_app_car.py",
            "test_app_consent.py",
            "test_link_setup.py",
            "test_mqtt_setup.py",
        ),
    ),
)
