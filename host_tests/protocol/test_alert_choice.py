"""Parameter ALERTS: what is chosen, what is refused, and that only differences are stored."""

from host_tests.shims.expect import raises
from ovms.protocol import alert_choice


def test_the_usual():
    assert (
        alert_choice.shown("") == "MOVED ON, HOME OFF, DOORS OFF, SOC OFF, CHARGE OFF, VALET OFF"
    )
    assert alert_choice.value("", "MOVED") == "ON"


def test_changes_in_any_order():
    text = ""
    for name, wanted, after in (
        ("SOC", "80%", "SOC=80"),
        ("MOVED", "off", "MOVED=OFF SOC=80"),
        ("CHARGE", "6:05", "MOVED=OFF SOC=80 CHARGE=06:05"),
        ("VALET", "007", "MOVED=OFF SOC=80 CHARGE=06:05 VALET=7"),
        ("DOORS", "On", "MOVED=OFF DOORS=ON SOC=80 CHARGE=06:05 VALET=7"),
        ("SOC", "OFF", "MOVED=OFF DOORS=ON CHARGE=06:05 VALET=7"),
        ("MOVED", "ON", "DOORS=ON CHARGE=06:05 VALET=7"),
        ("CHARGE", "OFF", "DOORS=ON VALET=7"),
        ("VALET", "OFF", "DOORS=ON"),
        ("DOORS", "OFF", ""),
    ):
        text = alert_choice.changed(text, name, wanted)
        assert text == after
        assert alert_choice.checked(text) == text


def test_refusals():
    for name, wanted in (
        ("WHEELS", "ON"),
        ("", "ON"),
        ("MOVED", "80"),
        ("MOVED", ""),
        ("SOC", "0"),
        ("SOC", "101"),
        ("SOC", "ON"),
        ("SOC", "-5"),
        ("SOC", "\u0665\u0665"),
        ("VALET", "1000"),
        ("CHARGE", "24:00"),
        ("CHARGE", "22:60"),
        ("CHARGE", "22"),
        ("CHARGE", "22:3"),
        ("CHARGE", ":30"),
        ("CHARGE", "222:30"),
        ("CHARGE", "1:2:3"),
    ):
        assert str(raises(ValueError, alert_choice.changed, "SOC=80", name, wanted)).endswith(".")


def test_what_was_stored_once():
    for text in ("SOC", "SOC=", "X=1", "SOC=80 SOC=999", "MOVED=\xe4"):
        raises(ValueError, alert_choice.checked, text)
    assert alert_choice.checked(" SOC=80  DOORS=ON ") == "DOORS=ON SOC=80"
