"""Any ESP32 module without PSRAM, a SIM800 breakout, GPS, and an MCP2515 or a CAN transceiver.

The only place with pin numbers. `board.md` says where each one is proven.
"""

from esp32_board import ESP32Board
from machine import SPI, UART, Pin, Timer
from micropython import const

_MODEM_TX = const(27)
_MODEM_RX = const(26)
_MODEM_PWRKEY = const(4)
_MODEM_RESET = const(33)
_MODEM_SUPPLY = const(25)
_MODEM_DTR = const(32)
_GPS_TX = const(17)
_GPS_RX = const(16)
_CAN_TX = const(22)
_CAN_RX = const(35)
_CAN_SCK = const(18)
_CAN_MISO = const(19)
_CAN_MOSI = const(23)
_CAN_CS = const(21)
_CAN_INT = const(34)
_SUPPLY_SENSE = const(36)
_FACTORY_RESET = const(0)


class Board(ESP32Board):
    """See `boards/esp32_board.py`."""

    NAME = "ESP32"
    CHIP = "ESP32"
    MODEM = "SIM800"
    SUPPLY_GPIO = _SUPPLY_SENSE
    CRYSTAL_HZ = 8_000_000
    # The one line to change: True for a transceiver on CAN_TX and CAN_RX in place of an MCP2515.
    HAS_TWAI = False

    def modem_uart(self):
        """UART1. The big buffers hold one TCP segment while the event loop is busy."""
        return UART(1, baudrate=115200, tx=_MODEM_TX, rx=_MODEM_RX, txbuf=2048, rxbuf=2048)

    def modem_pins(self):
        """Pins of the modem: power key, reset, supply, DTR."""
        return (
            Pin(_MODEM_PWRKEY, Pin.OUT, value=1),
            Pin(_MODEM_RESET, Pin.OUT, value=1),
            Pin(_MODEM_SUPPLY, Pin.OUT, value=1),
            Pin(_MODEM_DTR, Pin.OUT, value=0),
        )

    def reset_pin(self):
        """The BOOT button, free once the chip has started, and no LED."""
        return Pin(_FACTORY_RESET, Pin.IN, Pin.PULL_UP), None

    def gps_uart(self):
        """UART2, 9600 baud: what every receiver of hardware facts 5.3 starts with."""
        return UART(2, baudrate=9600, tx=_GPS_TX, rx=_GPS_RX, rxbuf=1024)

    def can(self):
        """SPI bus, chip select and interrupt pin of the MCP2515."""
        spi = SPI(
            2,
            baudrate=8_000_000,
            polarity=0,
            phase=0,
            sck=Pin(_CAN_SCK),
            mosi=Pin(_CAN_MOSI),
            miso=Pin(_CAN_MISO),
        )
        return spi, Pin(_CAN_CS, Pin.OUT, value=1), Pin(_CAN_INT, Pin.IN)

    def twai(self):
        """Chip, RX and TX of the transceiver as GPIO number and pin each, and a timer.

        None where an MCP2515 is. TX is high, recessive, before anything else may drive it.
        """
        if not self.HAS_TWAI:
            return None
        rx, tx = Pin(_CAN_RX, Pin.IN), Pin(_CAN_TX, Pin.OUT, value=1)
        return self.CHIP, _CAN_RX, rx, _CAN_TX, tx, Timer(0)
