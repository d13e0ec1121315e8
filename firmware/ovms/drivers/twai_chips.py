"""Where the CAN controllers of the ESP32 family have their registers. Loaded once, at the start.

Source of the ESP32's: hardware facts 3.1 and 3.2. Of S3 and C3: their technical reference manuals,
chapters "System Registers", "IO MUX and GPIO Matrix" and "TWAI".
"""

from array import array

from micropython import const

from ovms.drivers.twai import TWAI
from twai_port import Port

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The controller's bit in the registers for clock and reset, on all three.
_TWAI_BIT = const(1 << 19)
_WORD = const(4)

# Of each chip: the controller's registers, clock enable, reset, the first route of an input and of
# an output; signals of the controller's input and output; what connects an input to a pad; what
# leaves an output to the level of its pin.
_CHIPS = {
    "ESP32": (0x3FF6B000, 0x3FF000C0, 0x3FF000C4, 0x3FF44130, 0x3FF44530, 94, 123, 0x80, 256),
    "ESP32S3": (0x6002B000, 0x600C0018, 0x600C0020, 0x60004154, 0x60004554, 116, 116, 0x80, 256),
    "ESP32C3": (0x6002B000, 0x600C0010, 0x600C0018, 0x60004154, 0x60004554, 74, 74, 0x40, 128),
}


def make(chip: str, rx_gpio: int, rx: "Any", tx_gpio: int, tx: "Any", timer: "Any") -> "TWAI":
    """The driver of a chip's controller.

    chip: ESP32, ESP32S3 or ESP32C3. rx, tx: the pins, tx an output, high. timer: `machine.Timer`.
    """
    registers, clock, reset, inputs, outputs, rx_signal, tx_signal, connect, level = _CHIPS[chip]
    port = Port(
        registers,
        clock,
        reset,
        inputs + _WORD * rx_signal,
        outputs + _WORD * tx_gpio,
        array("I", (_TWAI_BIT, connect | rx_gpio, tx_signal, level)),
    )
    return TWAI(port, rx, tx, timer)
