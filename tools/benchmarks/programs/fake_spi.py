# ruff: noqa: F821 (viper's pointers have names that only viper knows)
"""A controller that has one frame for each interrupt: the cheapest answer to every SPI question.

Compiled as native code, so that what is counted is the driver. `prepared` holds SPI answers of 14
bytes, taken in turn; the flags say that RXB0 is full. MicroPython only.
"""

import micropython

prepared = bytearray(14)
# Position in `prepared`.
place = bytearray(4)


@micropython.viper
def transfer(command, buffer):
    """SPI.write_readinto of CANINTF or of a receive buffer."""
    c = ptr8(command)
    b = ptr8(buffer)
    if c[0] == 3:
        b[2] = 1
        return
    p = ptr32(place)
    s = ptr8(prepared)
    at = p[0]
    i = 0
    while i < 14:
        b[i] = s[at + i]
        i += 1
    p[0] = at + 14


@micropython.viper
def calls(is_line_high, chip_select):
    """What a driver cannot do without for one frame, called from native code."""
    is_line_high()
    chip_select(0)
    transfer(b"\x03\x2c\x00\x00", flags)
    chip_select(1)
    chip_select(0)
    transfer(b"\x90\0\0\0\0\0\0\0\0\0\0\0\0\0", slot)
    chip_select(1)
    is_line_high()


flags = bytearray(4)
slot = bytearray(14)


class Bus:
    """What a driver takes for its SPI."""

    def __init__(self):
        self.write_readinto = transfer
        self.write = None


class Pin:
    """A pin whose `value` is any callable."""

    def __init__(self, value):
        self.value = value
