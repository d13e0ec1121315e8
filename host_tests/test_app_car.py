"""The module's car: made, made anew, changed and kept over a restart. CPython only."""

import pytest

from host_tests.test_app import PRESETS, Board, ResetError, flash_in
from ovms import app as app_module
from ovms import car_setup, parameters
from ovms.vehicle.base import Vehicle
from ovms.vehicle.types import TYPES


@pytest.fixture
def flash(tmp_path, monkeypatch):
    return flash_in(tmp_path, monkeypatch)


def knowing_app(board=None):
    """A module whose Twizy has told its SOC."""
    app = app_module.App(board or Board(), {**PRESETS, parameters.VEHICLE_TYPE: "RT"})
    app.state.soc_pct100 = 6000
    app.car.decoder.soc_min_pct100 = 5500
    return app


def test_a_car_made_anew_goes_on_with_what_was_known(flash):
    app = knowing_app()
    for _ in range(2):
        car = app.car
        app.set_car()
        assert app.car is not car and app.state.soc_pct100 == 6000
        assert app.car.decoder.soc_min_pct100 == 5500
    # On a flash that takes nothing the car's own is lost, and nothing older comes instead.
    app.state.soc_pct100 = 5900
    app.keeper.store.save_in_steps = lambda pieces: (_ for _ in ()).throw(OSError(28))
    app.set_car()
    assert app.state.soc_pct100 == 5900 and app.car.decoder.soc_min_pct100 == 10000


def test_another_car_begins_with_an_unknown_state(flash):
    app = knowing_app()
    app.state.supply_mv = 12600
    app.config.set(parameters.VEHICLE_TYPE, "DEMO")
    app.set_car()
    assert app.state.soc_pct100 == 8000 and app.state.vin.startswith("DEM0")
    revision = app.state.revision
    app.config.set(parameters.VEHICLE_TYPE, "RT")
    app.set_car()
    state = app.state
    assert state.soc_pct100 is None and state.odometer_m is None and state.vin == ""
    assert state.latitude_udeg is None and state.told_age_s is None and state.tyres_age_s is None
    assert state.revision > revision, "to be told, if there were something to tell"
    assert state.supply_mv == 12600
    assert app.car.decoder.soc_min_pct100 == 10000


def test_a_car_that_cannot_be_made_for_a_moment_loses_nothing(flash, monkeypatch):
    app = knowing_app()
    keep = app.broom.keep

    def full(load):
        if load.__name__ == "_twizy":
            raise MemoryError
        return keep(load)

    monkeypatch.setattr(app.broom, "keep", full)
    app.set_car()
    assert app.car.TYPE == "NONE"
    app.keeper.save()
    app._tick()
    assert app.car.TYPE == "NONE"
    monkeypatch.setattr(app.broom, "keep", keep)
    app._tick()
    assert app.car.TYPE == "RT" and app.state.soc_pct100 == 6000
    assert app.car.decoder.soc_min_pct100 == 5500


def test_a_start_without_room_for_the_car_loses_nothing(flash, monkeypatch):
    knowing_app().keeper.save()

    class Full(app_module.Broom):
        def keep(self, load):
            if load.__name__ == "_twizy":
                raise MemoryError
            return super().keep(load)

    monkeypatch.setattr(app_module, "Broom", Full)
    app = app_module.App(Board())
    assert app.car.TYPE == "NONE" and app.state.soc_pct100 is None
    app.keeper.save()
    app.broom.__class__ = Full.__base__
    app._tick()
    assert app.car.TYPE == "RT" and app.state.soc_pct100 == 6000


def test_what_is_known_is_saved_before_a_restart(flash):
    app = knowing_app()
    app.status.request(app_module.requests.REQUEST_REBOOT)
    app._reboot_s = 0
    with pytest.raises(ResetError):
        app._tick()
    assert app_module.App(Board()).state.soc_pct100 == 6000


def test_what_is_known_survives_a_crash(flash, monkeypatch):
    def build(app, presets, real=app_module.App.__init__):
        real(app, Board(), presets)
        app.state.soc_pct100 = 6000

    monkeypatch.setattr(
        app_module.App, "__init__", lambda self, board, presets: build(self, presets)
    )
    with pytest.raises(ResetError):
        app_module.main(Board(), {**PRESETS, parameters.VEHICLE_TYPE: "RT"})
    monkeypatch.undo()
    monkeypatch.chdir(flash)
    assert app_module.App(Board()).state.soc_pct100 == 6000


def test_the_types_that_users_are_told_are_those_that_there_are(flash):
    found = {name if name in car_setup._CARS else name[:2] for name in TYPES.split()}
    # O2 is what other firmwares call OBD.
    assert found == set(car_setup._CARS) - {"O2"}
    for name in TYPES.split():
        app = app_module.App(Board(), {**PRESETS, parameters.VEHICLE_TYPE: name})
        assert type(app.car) is not Vehicle
        assert name.startswith(app.car.TYPE) or (name, app.car.TYPE) == ("OBD", "O2")
    app = app_module.App(Board(), {**PRESETS, parameters.VEHICLE_TYPE: "O2"})
    assert app.car.TYPE == "O2"
