"""Feature 15 through the composition root. CPython only."""

import pytest

from host_tests.test_app import PRESETS, Board, flash  # noqa: F401 - a fixture
from ovms import app as app_module
from ovms import parameters


def test_feature_15_passes_the_car_and_the_owner_hears_of_it(flash):  # noqa: F811
    """Refused at 60 km/h; at a standstill the owner is told; a preset is the cable's."""
    app = app_module.App(Board(), {**PRESETS, 14: "RT", 0: "+491701234567"})
    decoder = app.car.decoder

    def hear(speed):
        for arbitration_id, data in (
            (0x597, b"\x00\x95\x21\x41\x29\x00\x01\x35"),
            (0x599, b"\x00\x00\x04\xb8\xff\x49" + speed.to_bytes(2, "big")),
        ):
            app.car.on_frame(arbitration_id, bytearray(data), 8)

    hear(6000)
    with pytest.raises(ValueError, match="standstill"):
        app.config.set_feature(15, 1)
    assert decoder is app.car.decoder and app.config.feature(15) == 0
    assert not app.notifier.sms
    hear(0)
    app.status.request(app.config.set_feature(15, 1))
    (text,) = app.notifier.sms
    assert "set to 1 by the server or an app" in text
    assert app.config.get(parameters.CAN_WRITE_FROM) == ""
    app.config.set_feature(15, 0)
    preset = app_module.App(Board(), {**PRESETS, 14: "RT", 31: "1"})
    assert preset.config.get(parameters.CAN_WRITE_FROM) == "CABLE"
    assert not preset.notifier.sms
