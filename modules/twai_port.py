"""The registers of an ESP32's CAN controller (TWAI), as few lines of native code as will do.

Nothing is decided here. The same source runs on CPython and on a VM over buffers in place of
registers, and compiled by mpy-cross to a native .mpy. Positional arguments only, all of them:
viper knows no defaults. Registers: hardware facts 3.1 and 3.2.
"""

import micropython


class Port:
    """One controller and the pads it may be connected to. No function allocates.

    What a pointer can be made of: the address of a register as an int, or a buffer.

    registers: the controller's, one 8-bit register in each 32-bit word.
    clock, reset: where the system switches the controller's clock on, and holds it in reset.
    rx_route, tx_route: where the pads' signals are chosen in the GPIO matrix.
    numbers: array("I") of 4: the controller's bit in clock and reset; the value of rx_route that
        connects RX; those of tx_route for the controller's output and for the pin's own level.
    """

    def __init__(self, registers, clock, reset, rx_route, tx_route, numbers):
        self.registers = registers
        self.system = (registers, clock, reset, rx_route, numbers)
        self.output = (tx_route, numbers)

    @micropython.viper
    def read(self, index: int) -> int:
        """Register `index`, 0 to 31."""
        r = ptr32(self.registers)
        return r[index]

    @micropython.viper
    def write(self, index: int, value: int):
        r = ptr32(self.registers)
        r[index] = value

    @micropython.viper
    def configure(self, sequence):
        """Write a sequence of registers. sequence: bytes, index and value in turn."""
        r = ptr32(self.registers)
        s = ptr8(sequence)
        size = int(len(sequence))
        at = 0
        while at < size:
            index = s[at]
            r[index] = s[at + 1]
            at += 2

    @micropython.viper
    def fetch(self, slot) -> int:
        """Take the oldest frame into `slot`, if there is one and nothing is wrong with it.

        slot: 13 bytes, the frame as the controller holds it. Returns its status register, with
        0x400 set when a receive error may have damaged what follows it; then and in bus-off
        (0x80) nothing is taken.
        """
        r = ptr32(self.registers)
        s = ptr8(slot)
        status = r[2] & 0x1FF
        if r[3] & 0x80:
            # A bus error. In the data or the checksum of somebody else's frame (erratum 3.13.11)?
            place = r[12]
            segment = place & 0x1F
            if place & 0x20:
                if segment == 8 or segment == 10:
                    status |= 0x400
                else:
                    status |= 0x200
        if status & 0x480 == 0 and status & 1:
            s[0] = r[16]
            s[1] = r[17]
            s[2] = r[18]
            s[3] = r[19]
            s[4] = r[20]
            s[5] = r[21]
            s[6] = r[22]
            s[7] = r[23]
            s[8] = r[24]
            s[9] = r[25]
            s[10] = r[26]
            r[1] = 4
        return status

    @micropython.viper
    def start(self):
        """Give the controller its clock, reset it, and connect its input to the RX pad."""
        registers, clock, reset, rx_route, numbers = self.system
        r = ptr32(registers)
        n = ptr32(numbers)
        bit = n[0]
        c = ptr32(clock)
        # A read of this bus right before one of the system's registers (erratum 3.10).
        near = r[0]
        value = c[0]
        c[0] = value | bit
        x = ptr32(reset)
        near |= r[0]
        value = x[0]
        x[0] = value | bit
        near |= r[0]
        value = x[0]
        x[0] = value & ~bit
        route = ptr32(rx_route)
        route[0] = n[1]

    @micropython.viper
    def attach(self, is_on: bool):
        """Connect the controller's output to the TX pad, or leave it to the pin's own level."""
        tx_route, numbers = self.output
        route = ptr32(tx_route)
        n = ptr32(numbers)
        if is_on:
            route[0] = n[2]
        else:
            route[0] = n[3]

    @micropython.viper
    def is_attached(self) -> bool:
        tx_route, numbers = self.output
        route = ptr32(tx_route)
        n = ptr32(numbers)
        return route[0] == n[2]
