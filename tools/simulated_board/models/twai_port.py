"""Ways to the registers of the TWAI model: a port in Python, and what a native port points at."""

from tools.simulated_board.models.twai import COMMAND, ECC, INTERRUPTS, STATUS, WINDOW


class ModelPort:
    """The model in place of `twai_port.Port`, for a VM, where a pointer cannot lead to Python."""

    def __init__(self, model):
        self._model = model
        self.read = model.read
        self.write = model.write

    def configure(self, sequence):
        for at in range(0, len(sequence), 2):
            self.write(sequence[at], sequence[at + 1])

    def fetch(self, slot):
        read = self.read
        status = read(STATUS)
        if read(INTERRUPTS) & 0x80:
            place = read(ECC)
            is_near = place & 0x20 and place & 0x1F in (8, 10)
            status |= 0x400 if is_near else 0x200
            if not place & 0x20:
                status &= ~0x200
        if not status & 0x480 and status & 1:
            for n in range(11):
                slot[n] = read(WINDOW + n)
            self.write(COMMAND, 4)
        return status

    def start(self):
        model = self._model
        model.switch_clock(True)
        model.set_reset(True)
        model.set_reset(False)
        model.rx_gpio = 4

    def attach(self, is_on):
        self._model.is_attached = is_on

    def is_attached(self):
        return self._model.is_attached


class _Registers:
    """The model's registers as what a pointer leads to."""

    def __init__(self, model):
        self._model = model

    def __getitem__(self, index):
        return self._model.read(index)

    def __setitem__(self, index, value):
        self._model.write(index, value)


class _Cell:
    """One register of the system or the GPIO matrix."""

    def __init__(self, value, on_write):
        self._value = value
        self._on_write = on_write

    def __getitem__(self, index):
        assert index == 0
        return self._value

    def __setitem__(self, index, value):
        assert index == 0
        self._value = value & 0xFFFFFFFF
        self._on_write(self._value)


# Values of `twai_port.Port`'s numbers on an ESP32 with RX at GPIO 4 (hardware facts 3.2).
ESP32_NUMBERS = (1 << 19, 0x80 | 4, 123, 256)
# Other peripherals' bits, which nobody may touch.
_OTHERS = 0x00F01023


def native_port(port_class, numbers, model):
    """A `twai_port.Port` on the model: CPython only."""
    bit, route, on, off = numbers

    def on_clock(value):
        assert value & ~bit == _OTHERS
        model.switch_clock(bool(value & bit))

    def on_reset(value):
        assert value & ~bit == 0
        model.set_reset(bool(value & bit))

    def on_input(value):
        model.rx_gpio = value & 0x3F if value & 0x80 else None

    def on_output(value):
        assert value in (on, off)
        model.is_attached = value == on

    return port_class(
        _Registers(model),
        _Cell(_OTHERS, on_clock),
        _Cell(0, on_reset),
        _Cell(0, on_input),
        _Cell(off, on_output),
        numbers,
    )
