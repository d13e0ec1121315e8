"""The board's side of the CAN bus: what outside programs send as candump lines."""

from tools.desk.can_controller import MAX_COMPLAINTS, CANBus
from tools.simulated_board.models.mcp2515 import MCP2515Model

_GOOD = b"(1700000000.000000) can0 155#0797D0AF54\n"


def test_bad_lines_are_named_but_not_for_ever(capsys):
    """Nobody need read stderr: a pipe that fills up would stop the module."""
    bus = CANBus(MCP2515Model(8_000_000), lambda line: None)
    bus.receive_text(b"(1700000000.000000) can0 155#07zz\n" * 5000)
    complaints = capsys.readouterr().err.splitlines()
    assert bus.bad_lines == 5000
    assert len(complaints) == MAX_COMPLAINTS + 1
    assert complaints[0].startswith("CAN line ignored: '07zz'")
    assert complaints[-1] == "Further CAN lines are ignored without a word."


def test_a_line_without_end_is_not_kept_for_ever():
    bus = CANBus(MCP2515Model(8_000_000), lambda line: None)
    for _ in range(100):
        bus.receive_text(b"x" * 4096)
    bus.receive_text(b"\n" + _GOOD)
    assert bus.bad_lines == 1
    assert len(bus._waiting) == 1
