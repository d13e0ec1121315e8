"""`machine` for a firmware that runs alone in one VM: a modem that answers, a CAN controller with
an empty bus, everything else silent. The board file of a real board runs on it.

The modem is a `FakeModem`; `MODEM` is there once the board has made its UART.
"""

import sys

from at_peer import FakeModem, Wire

MODEM = None
# What `reset` ends the VM with.
RESET_EXIT_CODE = 75

_MODEM_UART = 1
_CANSTAT = 0x0E
_CANCTRL = 0x0F
_MODE_BITS = 0xE0
# SPI instructions: data sheet DS20001801, table 12-1.
_RESET = 0xC0
_READ = 0x03
_WRITE = 0x02
_MODIFY = 0x05


class _ModemWire(Wire):
    """The modem's wire as a UART reads and writes it."""

    def readinto(self, view):
        count = min(len(view), len(self._pending))
        if not count:
            return None
        view[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count

    def write(self, data):
        self._on_write(bytes(data))
        return len(data)


class UART:
    def __init__(self, number, baudrate=0, tx=None, rx=None, txbuf=0, rxbuf=0):
        global MODEM
        self._wire = None
        if number == _MODEM_UART:
            MODEM = FakeModem()
            MODEM.wire = self._wire = _ModemWire(MODEM._on_write)

    def init(self, baudrate=0):
        """Bytes without wires have no rate."""

    def readinto(self, view):
        return self._wire.readinto(view) if self._wire else None

    def write(self, data):
        return self._wire.write(data) if self._wire else len(data)


class Pin:
    IN = 1
    OUT = 3
    PULL_UP = 2
    IRQ_FALLING = 2

    def __init__(self, number, mode=IN, pull=None, value=None):
        # The controller's interrupt line rests high: no frame ever comes.
        self._level = 1 if value is None else value

    def value(self, level=None):
        if level is None:
            return self._level
        self._level = level
        if not level:
            SPI.command = None
        return None

    __call__ = value

    def irq(self, handler=None, trigger=None):
        """Nothing happens on these pins."""


class SPI:
    """An MCP2515 by its registers; reset and mode changes take no time."""

    # Bytes since the chip was selected; any pin that goes low selects it.
    command = None
    registers = bytearray(128)

    def __init__(self, number, baudrate=0, polarity=0, phase=0, sck=None, mosi=None, miso=None):
        self._write(_CANCTRL, 0x87)

    def write(self, data):
        self.write_readinto(data, bytearray(len(data)))

    def readinto(self, buffer):
        self.write_readinto(bytes(len(buffer)), buffer)

    def write_readinto(self, data, buffer):
        for i in range(len(data)):
            buffer[i] = self._exchange(data[i])

    def _exchange(self, byte):
        if SPI.command is None:
            SPI.command = bytearray()
        command = SPI.command
        command.append(byte)
        kind, count = command[0], len(command)
        if kind == _RESET:
            self._write(_CANCTRL, 0x87)
        elif kind == _READ and count > 2:
            return self.registers[(command[1] + count - 3) & 127]
        elif kind == _WRITE and count > 2:
            self._write((command[1] + count - 3) & 127, byte)
        elif kind == _MODIFY and count == 4:
            kept = self.registers[command[1]] & ~command[2]
            self._write(command[1], kept | byte & command[2])
        return 0

    def _write(self, register, value):
        self.registers[register] = value
        if register == _CANCTRL:
            self.registers[_CANSTAT] = value & _MODE_BITS


class ADC:
    ATTN_11DB = 3

    def __init__(self, pin):
        pass

    def atten(self, attenuation):
        """12.6 V behind the board's divider need no range."""

    def read_uv(self):
        return 12_600_000 * 15 // 115


class WDT:
    def __init__(self, timeout):
        pass

    def feed(self):
        """Nobody waits."""


def reset():
    """As a reset does: nobody cleans up."""
    sys.exit(RESET_EXIT_CODE)


def reset_cause():
    return 1
