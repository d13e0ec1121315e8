"""SPI side of the MCP2515 model: the instruction decoder, and a bus and pins to hold it by.

Nothing here allocates, so that heap tests may lock the heap around a driver (hardware facts 2.1).
"""

from micropython import const

from tools.simulated_board.models import mcp2515_registers as reg

_IDLE = const(0)
_COMMAND = const(1)
_ADDRESS = const(2)
_READ = const(3)
_WRITE = const(4)
_MODIFY_MASK = const(5)
_MODIFY = const(6)
_STATUS = const(7)
_RX_STATUS = const(8)
# READ RX BUFFER 90, 92, 94, 96 start here.
_RX_BUFFERS = b"\x61\x66\x71\x76"


class InstructionDecoder:
    """Turns CS-framed bytes into reads and writes of a chip with `peek`, `poke`, `power_on`,
    `free_buffers`, `tick_us` and `registers`. Switches: `miso_stuck`, 0x00 or 0xFF when MISO is
    broken; `us_per_byte`, the time a byte takes on the wire (1 at 8 MHz).
    """

    def __init__(self, chip):
        self._chip = chip
        self._state = _IDLE
        self._after_address = _IDLE
        self._address = 0
        self._modify_mask = 0
        self._to_free = 0
        self._bytes = 0
        self.miso_stuck = None
        self.us_per_byte = 1

    def select(self):
        """CS goes low: the next byte is an instruction."""
        self._state = _COMMAND
        self._to_free = 0

    def deselect(self):
        """CS goes high: ends the instruction; a buffer read by READ RX BUFFER is free now."""
        self._state = _IDLE
        if self._to_free:
            self._chip.free_buffers(self._to_free)
            self._to_free = 0
        self._chip.tick_us(self._bytes * self.us_per_byte)
        self._bytes = 0

    def transfer(self, byte):
        """Clock one byte in and one out."""
        self._bytes += 1
        answer = self._step(byte)
        return answer if self.miso_stuck is None else self.miso_stuck

    def _step(self, byte):
        chip = self._chip
        state = self._state
        address = self._address
        if state == _READ:
            self._address = (address + 1) & 0x7F
            return chip.peek(address)
        if state == _STATUS:
            return self._status()
        if state == _RX_STATUS:
            return self._rx_status()
        if state == _WRITE:
            self._address = (address + 1) & 0x7F
            chip.poke(address, byte)
        elif state == _COMMAND:
            self._instruction(byte)
        elif state == _ADDRESS:
            self._address = byte & 0x7F
            self._state = self._after_address
        elif state == _MODIFY_MASK:
            is_legal = address & 0x0F == 0x0F or address in reg.BIT_MODIFY_OK
            self._modify_mask = byte if is_legal else 0xFF
            self._state = _MODIFY
        elif state == _MODIFY:
            self._state = _IDLE
            mask = self._modify_mask
            old = chip.registers[reg.CANCTRL if address & 0x0F == 0x0F else address]
            chip.poke(address, (old & ~mask & 0xFF) | (byte & mask))
        return 0x00

    def _instruction(self, byte):
        self._state = _IDLE
        if byte == 0x03 or byte == 0x02 or byte == 0x05:
            self._state = _ADDRESS
            self._after_address = (
                _READ if byte == 0x03 else _WRITE if byte == 0x02 else _MODIFY_MASK
            )
        elif byte & 0xF9 == 0x90:
            self._address = _RX_BUFFERS[byte >> 1 & 3]
            self._to_free = reg.RX1IF if byte & 0x04 else reg.RX0IF
            self._state = _READ
        elif 0x40 <= byte <= 0x45:
            self._address = 0x31 + (byte >> 1 & 3) * 0x10 + (5 if byte & 1 else 0)
            self._state = _WRITE
        elif byte & 0xF8 == 0x80:
            for n in range(3):
                if byte >> n & 1:
                    control = 0x30 + n * 0x10
                    self._chip.poke(control, self._chip.registers[control] | reg.TXREQ)
        elif byte == 0xA0:
            self._state = _STATUS
        elif byte == 0xB0:
            self._state = _RX_STATUS
        elif byte == 0xC0:
            self._chip.power_on()

    def _status(self):
        registers = self._chip.registers
        flags = registers[reg.CANINTF]
        status = flags & 0x03
        for n in range(3):
            status |= (registers[0x30 + n * 0x10] & reg.TXREQ) >> 3 << (2 + 2 * n)
            status |= (flags >> (2 + n) & 1) << (3 + 2 * n)
        return status

    def _rx_status(self):
        registers = self._chip.registers
        flags = registers[reg.CANINTF] & 0x03
        if not flags:
            return 0
        base = reg.RXB0CTRL if flags & reg.RX0IF else reg.RXB1CTRL
        low = registers[base + 2]
        is_extended = low & 0x08
        is_remote = registers[base + 5] & 0x40 if is_extended else low & 0x10
        hit = registers[base] & (0x01 if base == reg.RXB0CTRL else 0x07)
        if base == reg.RXB1CTRL and hit < 2:
            hit += 6
        return flags << 6 | (0x10 if is_extended else 0) | (0x08 if is_remote else 0) | hit


class ModelSPI:
    """What of `machine.SPI` a driver calls, wired to a model.

    on_transaction(n), when set, is called before the n-th call: a test lets frames arrive there.
    """

    def __init__(self, model):
        self._model = model
        self.transactions = 0
        self.on_transaction = None

    def _begin(self, size):
        # As on the ESP32, where an empty transfer is an error.
        if not size:
            raise ValueError("empty SPI transfer")
        self.transactions += 1
        if self.on_transaction is not None:
            self.on_transaction(self.transactions)

    def write(self, buffer):
        size = len(buffer)
        self._begin(size)
        for i in range(size):
            self._model.transfer(buffer[i])

    def readinto(self, buffer, write=0x00):
        size = len(buffer)
        self._begin(size)
        for i in range(size):
            buffer[i] = self._model.transfer(write)

    def write_readinto(self, write_buffer, read_buffer):
        size = len(write_buffer)
        if len(read_buffer) != size:
            raise ValueError("buffers must be the same length")
        self._begin(size)
        for i in range(size):
            read_buffer[i] = self._model.transfer(write_buffer[i])


class ChipSelectPin:
    """Output pin on CS, high at the start."""

    def __init__(self, model):
        self._model = model
        self._level = 1

    def value(self, level=None):
        if level is None:
            return self._level
        if level != self._level:
            self._level = level
            if level:
                self._model.deselect()
            else:
                self._model.select()
        return None


class InterruptPin:
    """Input pin on INT. Switches: `is_deaf` loses edges, `is_broken` reads high for ever."""

    IRQ_FALLING = 2

    def __init__(self, model):
        self._model = model
        self._handler = None
        self.is_deaf = False
        self.is_broken = False
        model.on_interrupt = self._fall

    def value(self):
        return 1 if self.is_broken or not self._model.is_interrupt_low else 0

    def irq(self, handler=None, trigger=IRQ_FALLING):
        if trigger != self.IRQ_FALLING:
            raise ValueError("INT is active low")
        self._handler = handler

    def _fall(self):
        if self._handler is not None and not self.is_deaf and not self.is_broken:
            self._handler(self)
