"""Y and X: fields of server-and-clients 5.6 and 5.7, and when there is nothing to tell."""

from ovms.protocol.v2 import optional_reports
from ovms.vehicle.state import MODE_STORAGE, VehicleState


class Config:
    is_miles = False


def payload(state, code, was_told=False, limit=255, is_miles=False):
    config = Config()
    config.is_miles = is_miles
    return optional_reports.payload_of(code, was_told, state, config, limit)


def test_tyres():
    state = VehicleState()
    assert payload(state, "Y") == b""
    state.tyre_kpa = [225, 226, 230, 231]
    state.tyre_temp_c = [20, 21, -2, 23]
    state.tyres_age_s = 5
    assert payload(state, "Y") == (b"4,FL,FR,RL,RR,4,225,226,230,231,1,4,20,21,-2,23,1,0,-1,0,-1")
    state.tyres_age_s = 500
    assert payload(state, "Y").count(b",0,4,20") == 1
    # One wheel without a value leaves the section out: an empty element breaks the app.
    state.tyre_temp_c = [20, None, 22, 23]
    assert payload(state, "Y") == b"4,FL,FR,RL,RR,4,225,226,230,231,0,0,-1,0,-1,0,-1"
    state.tyre_kpa = [None] * 4
    assert payload(state, "Y") == b""


def exporting():
    state = VehicleState()
    state.is_exporting = state.has_pilot = True
    state.line_v = 230
    state.charge_a10 = 160
    state.battery_w = 4088
    state.charge_type = 25
    state.charge_mode = MODE_STORAGE
    state.charge_limit_a = 16
    state.range_limit_km = 50
    state.soc_limit_pct = 40
    state.energy_used_wh = 2000
    state.export_wh = 1800
    state.export_total_wh = 12345
    state.export_s = 1800
    state.charger_temp_c = 31
    return state


def test_export():
    state = exporting()
    made = payload(state, "X")
    assert made == (
        b"1,1,230,16.0,3.7,90.0,25,exporting,onrequest,storage,16.0,50,40,2.00,1.80,12.35,1800"
        b",0,0,-1,-1,-1,31,-1"
    )
    assert len(made.split(b",")) == 24
    assert payload(state, "X", is_miles=True).split(b",")[11] == b"31"


def test_the_end_of_an_export_is_told_to_who_heard_of_it():
    assert payload(VehicleState(), "X") == b""
    state = exporting()
    state.is_exporting = False
    state.battery_w = 0
    assert payload(state, "X") == b""
    ended = payload(state, "X", was_told=True).split(b",")
    assert len(ended) == 24
    assert ended[0] == b"0" and ended[3:6] == [b"0.0", b"0.0", b"0.0"] and ended[7] == b"stopped"


def test_what_is_too_long_is_not_sent_in_part():
    state = exporting()
    assert payload(state, "X", limit=40) == b""
    assert len(payload(state, "X")) < 189
