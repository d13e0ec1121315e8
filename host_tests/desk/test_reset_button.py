"""The button of a factory reset on the desk: `{"boot_pin": 0|1}` at the pin that pins.csv names.

The whole module on CPython. A hand that counts the module's looks presses: no matter how fast.
"""

import asyncio

import pytest

from host_tests.desk.test_wifi_module import LIMIT_S
from tools.desk.board_host import BoardHost, Wiring
from tools.desk.board_io import BoardIO

OWNER = "+4915112345678"
SCALE = 8.0
SIGN = "Factory reset: let go now"
LOW, HIGH = b'{"boot_pin": 0}\n', b'{"boot_pin": 1}\n'


class Hand(BoardIO):
    """plan: {number of a look: the line that comes before it}. looks: how many there were."""

    def __init__(self, plan):
        super().__init__(lambda line: None, 12600, SCALE)
        self.plan = plan
        self.looks = 0

    def handle(self, request, answer):
        # The firmware waits for each answer.
        if request[:1] == b"B":
            self.receive_text(self.plan.get(self.looks, b""))
            self.looks += 1
        return super().handle(request, answer)


async def start(flash, plan, board):
    """A module that starts with this hand at its button: (looks, console lines, GET 0, GET 1)."""
    lines = []
    wiring = Wiring(flash=flash, time_scale=SCALE, board=board)
    wiring.parameters = {0: OWNER, 1: "Module1"}
    pipe = asyncio.subprocess.PIPE
    host = BoardHost(wiring, stdin=pipe, stdout=pipe, on_output=lines.append)
    host.io = hand = Hand(plan)
    await host.start()
    task = asyncio.create_task(host.run())
    answers = []
    try:
        async with asyncio.timeout(LIMIT_S):
            while host.process is None:
                await asyncio.sleep(0.01)
            for line in ("GET 0", "GET 1"):
                start = len(lines)
                host.process.stdin.write(line.encode() + b"\r\n")
                while not any(text.rstrip() == "#." for text in lines[start:]):
                    await asyncio.sleep(0.02)
                answers.append("\n".join(lines[start:]))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await host.stop()
    return hand.looks, lines, *answers


@pytest.mark.parametrize("board", ["LILYGO_TCALL_SIM800", "ESP32C3_WIFI"])
def test_held_let_go_at_the_sign_and_pressed_once_more(board, tmp_path):
    plan = {0: LOW, 210: HIGH, 215: LOW}
    looks, lines, owner, password = asyncio.run(start(tmp_path, plan, board))
    assert any(SIGN in line for line in lines)
    assert any("All settings are those of the factory." in line for line in lines)
    assert looks == 215 + 20
    assert OWNER not in owner and "OVMS" in password


@pytest.mark.parametrize(
    ("plan", "looks", "has_sign"),
    [
        # Nobody is there.
        ({}, 1, False),
        # A glitch, and one in the midst of a hold.
        ({0: LOW, 3: HIGH}, 201, False),
        ({0: LOW, 100: HIGH, 101: LOW}, 201, False),
        # A terminal whose DTR holds the pin low.
        ({0: LOW}, 401, True),
    ],
)
def test_what_is_no_person_changes_nothing(plan, looks, has_sign, tmp_path):
    seen, lines, owner, _ = asyncio.run(start(tmp_path, plan, "LILYGO_TCALL_SIM800"))
    assert seen == looks and OWNER in owner
    assert any(SIGN in line for line in lines) == has_sign
    assert not any("factory." in line for line in lines)
