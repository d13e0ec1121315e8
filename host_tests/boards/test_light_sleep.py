"""What a board tells the ESP32 before it sleeps, and after. CPython only."""

import importlib
import sys
import types

import pytest

from tools import boards
from tools.vm import ROOT


class Pin:
    IN = 1
    made: list = []

    def __init__(self, number, mode=None):
        self.number = number
        Pin.made.append(number)


def board_class(monkeypatch, calls):
    """`ESP32Board` with a chip that writes down what it is told."""
    machine = types.ModuleType("machine")
    machine.__dict__.update(
        {"ADC": None, "WDT": None, "Pin": Pin, "reset": None, "reset_cause": None},
        freq=lambda hertz: calls.append(("freq", hertz)),
        lightsleep=lambda ms: calls.append(("sleep", ms)),
        wake_reason=lambda: 3,
    )
    esp32 = types.ModuleType("esp32")
    esp32.__dict__.update(
        WAKEUP_ALL_LOW=False,
        wake_on_ext0=lambda pin, level: calls.append(("ext0", pin.number, level)),
        wake_on_ext1=lambda pins, level: calls.append(
            ("ext1", tuple(pin.number for pin in pins), level)
        ),
    )
    monkeypatch.setitem(sys.modules, "machine", machine)
    monkeypatch.setitem(sys.modules, "esp32", esp32)
    monkeypatch.syspath_prepend(str(ROOT / "boards"))
    monkeypatch.delitem(sys.modules, "esp32_board", raising=False)
    module = importlib.import_module("esp32_board")
    monkeypatch.delitem(sys.modules, "esp32_board")
    return module.ESP32Board


@pytest.mark.parametrize("interrupt", [34, None])
def test_ri_and_int_wake_it_and_the_pads_are_taken_back(monkeypatch, interrupt):
    calls = []
    board = board_class(monkeypatch, calls)()
    board.RI_GPIO, board.INT_GPIO = 33, interrupt
    Pin.made = []
    assert board.light_sleep(45_000) == 3
    pins = (interrupt,) if interrupt else ()
    assert calls == [("ext0", 33, False), ("ext1", pins, False), ("sleep", 45_000)]
    # Before the sleep, and after it.
    assert Pin.made == [33, *pins, 33, *pins]


def test_clock(monkeypatch):
    calls = []
    board_class(monkeypatch, calls)().set_cpu_mhz(80)
    assert calls == [("freq", 80_000_000)]


@pytest.mark.parametrize("name", boards.names())
def test_pins_that_wake_are_those_of_the_drawing_and_rtc_pins(name):
    source = (ROOT / "boards" / name / "board.py").read_text("utf-8")
    pins = (ROOT / "boards" / name / "pins.csv").read_text("utf-8")
    for attribute, constant, function in (
        ("RI_GPIO", "_MODEM_RI", "MODEM_RI"),
        ("INT_GPIO", "_CAN_INT", "CAN_INT"),
    ):
        if f"    {attribute} = " not in source:
            continue
        assert f"    {attribute} = {constant}\n" in source
        number = source.partition(f"{constant} = const(")[2].partition(")")[0]
        assert f"{function},GPIO{number}\n" in pins
        # Hardware facts 1.11.
        assert int(number) in {0, 2, 4, *range(12, 16), *range(25, 28), *range(32, 40)}
