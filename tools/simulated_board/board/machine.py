"""`machine` for firmware that runs on a computer: the peripherals are sockets to the board host.

The host (`tools/desk/board_host.py`) owns the wires: each UART is one connection, the SPI bus with
the CAN controller another. The same file serves CPython and the MicroPython VM, so both run the
firmware's own drivers. Only what the drivers call exists here.
"""

import gc
import os
import socket
import sys

# Exit code by which the host knows that the firmware asked for a reset.
RESET_EXIT_CODE = 75

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

_EAGAIN = 11

_SPI_LOW = b"L"
_SPI_HIGH = b"H"
_SPI_INTERRUPT = b"I"
_SPI_TRANSFER = b"T"
_FRAME = b"F"


def _leave(code):
    """End the firmware at once, as a board without power does; no task may clean up first."""
    if hasattr(os, "_exit"):
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


def _connect(device):
    """A connection to the board host for one device; its first line names the device."""
    address = socket.getaddrinfo("127.0.0.1", int(os.getenv("OVMS_BOARD_PORT")))[0][-1]
    connection = socket.socket()
    connection.connect(address)
    connection.setsockopt(6, 1, 1)  # TCP_NODELAY: a register access is a few bytes
    connection.send(device + b"\n")
    return connection


def inject(arbitration_id, data):
    """Another node of the bus sends a frame; only a desk has one that can be told to."""
    _Bus.link().send(
        _FRAME + bytes((arbitration_id >> 8, arbitration_id & 0xFF, len(data))) + data
    )


class Link:
    """The connection to a CAN controller.

    It takes no heap on the VM: a car's 500 frames a second would else leave 70 KB of garbage a
    second in the firmware's heap, which no real peripheral does.
    """

    def __init__(self, device):
        self._connection = _connect(device)
        self.send = self._connection.send
        # MicroPython's fills the buffer, CPython's may stop before.
        self._readinto = getattr(self._connection, "readinto", None) or self._recv_into

    def _recv_into(self, buffer):
        view = memoryview(buffer)
        while len(view):
            count = self._connection.recv_into(view)
            if not count:
                return 0
            view = view[count:]
        return len(buffer)

    def receive(self, buffer):
        """Fill `buffer`; a host that is gone ends the firmware."""
        try:
            if self._readinto(buffer) == len(buffer):
                return
        except OSError:
            pass
        _leave(0)


class _Bus:
    """The link of SPI, interrupt pin and RX pad, made when the first user of it appears."""

    _link = None
    header = bytearray(_SPI_TRANSFER + b"\0")
    level = bytearray(1)

    @classmethod
    def link(cls):
        if cls._link is None:
            cls._link = Link(b"SPI")
        return cls._link


class _IO:
    """The link for all that is neither UART nor CAN: see `tools/desk/board_io.py`."""

    _link = None
    answer = bytearray(2)

    @classmethod
    def link(cls):
        if cls._link is None:
            cls._link = Link(b"IO")
        return cls._link

    @classmethod
    def ask(cls, request):
        """Two bytes from the host, as a number."""
        link = cls.link()
        link.send(request)
        link.receive(cls.answer)
        return cls.answer[0] << 8 | cls.answer[1]

    @classmethod
    def show(cls, text):
        """Tell the host a part of what the board shows, a JSON object."""
        data = text.encode()
        cls.link().send(b"J" + bytes((len(data),)) + data)


def show(text):
    """What only a desk can show of the firmware, a JSON object of at most 255 bytes."""
    _IO.show(text)


def freq(hertz):
    """Clock of the CPU; the computer's own stays."""
    _IO.show('{"cpu_mhz": %d}' % (hertz // 1_000_000))


def lightsleep(ms):
    """Nothing runs until RI or INT falls or the time is over; the host takes the UARTs' bytes."""
    global _wake_reason
    _wake_reason = _IO.ask(b"S" + bytes((ms >> 16 & 0xFF, ms >> 8 & 0xFF, ms & 0xFF)))


def wake_reason():
    """2 for RI (EXT0), 3 for INT (EXT1), 4 for the time."""
    return _wake_reason


_wake_reason = 0


class Pin:
    """A pin by GPIO number; the host tells which belong to CAN controller, modem and button."""

    IN = 1
    OUT = 3
    PULL_UP = 2
    PULL_DOWN = 1
    IRQ_FALLING = 2
    IRQ_RISING = 1

    def __init__(self, number, mode=IN, pull=None, value=None, hold=None):
        # The pad of a CAN transceiver is asked for its level in the same way.
        self._is_can_input = str(number) in (os.getenv("OVMS_CAN_INT"), os.getenv("OVMS_CAN_RX"))
        self._is_can_select = str(number) == os.getenv("OVMS_CAN_CS")
        self._is_dtr = str(number) == os.getenv("OVMS_MODEM_DTR")
        self._is_button = str(number) == os.getenv("OVMS_FACTORY_RESET")
        self._level = 1 if value is None else value

    def value(self, level=None):
        """The pin's level, or set it."""
        if level is None:
            if self._is_can_input:
                link = _Bus.link()
                link.send(_SPI_INTERRUPT)
                link.receive(_Bus.level)
                return _Bus.level[0]
            return _IO.ask(b"B") if self._is_button else self._level
        if self._is_dtr and level != self._level:
            _IO.show('{"dtr": %s}' % ("true" if level else "false"))
        self._level = level
        if self._is_can_select:
            _Bus.link().send(_SPI_HIGH if level else _SPI_LOW)
        return None

    def __call__(self, level=None):
        return self.value(level)

    def irq(self, handler=None, trigger=None):
        """An interrupt is a hint that may be lost; here every one is."""


class Signal:
    """A pin whose sense may be turned."""

    def __init__(self, pin, invert=False):
        self._pin = pin
        self._turn = int(invert)

    def value(self, level=None):
        """The level that is meant, or set it."""
        if level is None:
            return self._pin.value() ^ self._turn
        return self._pin.value(int(bool(level)) ^ self._turn)


class SPI:
    """The bus with the CAN controller; each transfer is one question to the host."""

    MSB = 0

    def __init__(
        self, number, baudrate=1_000_000, polarity=0, phase=0, sck=None, mosi=None, miso=None
    ):
        pass

    def write(self, data):
        self.write_readinto(data, bytearray(len(data)))

    def readinto(self, buffer, fill=0):
        self.write_readinto(bytes(len(buffer)), buffer)

    def write_readinto(self, data, buffer):
        link = _Bus.link()
        _Bus.header[1] = len(data)
        link.send(_Bus.header)
        link.send(data)
        link.receive(buffer)


class Timer:
    """A timer whose callback never comes: the driver's backstop, its link, looks all the same."""

    PERIODIC = 1

    def __init__(self, number):
        pass

    def init(self, period=0, mode=PERIODIC, callback=None):
        """Nobody runs it."""

    def deinit(self):
        """Nobody ran it."""


class UART:
    """A serial port whose far end the host connects to a simulator or to nothing."""

    RTS = 2
    CTS = 1

    def __init__(
        self, number, baudrate=115200, tx=None, rx=None, txbuf=256, rxbuf=256, timeout=0, **options
    ):
        self._socket = _connect(b"UART%d" % number)
        self._socket.setblocking(False)
        self._readinto = getattr(self._socket, "recv_into", None) or self._socket.readinto

    def init(self, baudrate=None, **options):
        """Bytes on a socket have no rate."""

    def readinto(self, view):
        """Bytes read into `view`, or None when nothing arrived."""
        try:
            count = self._readinto(view)
        except OSError as error:
            if error.errno == _EAGAIN:
                return None
            count = 0
        if count == 0:
            _leave(0)
        return count

    def write(self, data):
        """How many bytes the port took."""
        try:
            return self._socket.send(data)
        except OSError:
            return 0


class ADC:
    """The 12 V sense input; the host says how many millivolts the battery has."""

    ATTN_11DB = 3

    def __init__(self, pin):
        pass

    def atten(self, attenuation):
        """The host's millivolts need no range."""

    def read_uv(self):
        """Microvolts at the pin behind the board's divider."""
        return _IO.ask(b"A") * 1000 * 15 // 115


def _alarm():
    """The system's alarm(seconds), which ends a process that does not ask for it anew."""
    try:
        import ffi
    except ImportError:
        import signal

        return signal.alarm
    return ffi.open(None).func("I", "alarm", "I")


class RTC:
    """Its memory is a file of the host's, which is empty after a power cut; the computer has its
    own clock."""

    def memory(self, data=None):
        """What was put there, or put `data` (bytes) there."""
        name = os.getenv("OVMS_RTC_FILE")
        if data is not None:
            if name:
                with open(name, "wb") as file:
                    file.write(data)
            return None
        if not name:
            return b""
        with open(name, "rb") as file:
            return file.read()

    def datetime(self, moment=None):
        """Left as it is."""


class WDT:
    """A watchdog that bites: without food for `timeout` milliseconds, rounded up to whole seconds,
    the process ends by SIGALRM, and the host starts the firmware as after the chip's own.

    Being fed once a second, it also weighs the heap for `make bench`: the file OVMS_HEAP_FILE then
    holds the bytes in use after a collection, their peak so far, and the most seen before one.
    """

    def __init__(self, id=0, timeout=5000):
        self._heap_file = os.getenv("OVMS_HEAP_FILE")
        self._peak = self._highest = 0
        self._seconds = -(-timeout // 1000)
        self._alarm = _alarm()
        self._alarm(self._seconds)

    def feed(self):
        """The firmware lives."""
        self._alarm(self._seconds)
        if self._heap_file:
            self._highest = max(self._highest, gc.mem_alloc())
            gc.collect()
            self._peak = max(self._peak, gc.mem_alloc())
            with open(self._heap_file, "w") as file:
                file.write("%d %d %d\n" % (gc.mem_alloc(), self._peak, self._highest))


def reset():
    """Leave, so that the host starts the firmware again."""
    _leave(RESET_EXIT_CODE)


def reset_cause():
    """Why the firmware started, as the host says."""
    return int(os.getenv("OVMS_RESET_CAUSE") or PWRON_RESET)


def unique_id():
    """Six bytes, as a MAC address."""
    return b"\x02DESK\x01"
