"""LilyGO T-Call v1.4 (ESP32-WROVER-B + SIM800) with an MCP2515 module and a GPS receiver.

The only place with pin numbers. `board.md` says where each one is proven.
"""

from esp32_board import ESP32Board
from machine import SPI, UART, Pin
from micropython import const

_MODEM_TX = const(27)
_MODEM_RX = const(26)
_MODEM_PWRKEY = const(4)
_MODEM_RESET = const(5)
_MODEM_SUPPLY = const(23)
_MODEM_DTR = const(32)
_MODEM_RI = const(33)
_GPS_TX = const(14)
_GPS_RX = const(39)
_CAN_SCK = const(18)
_CAN_MISO = const(19)
_CAN_MOSI = const(25)
_CAN_CS = const(15)
_CAN_INT = const(34)
_SUPPLY_SENSE = const(36)
_FACTORY_RESET = const(0)
_LED = const(13)


class Board(ESP32Board):
    """See `boards/esp32_board.py`."""

    NAME = "TCALL"
    CHIP = "ESP32"
    MODEM = "SIM800"
    SUPPLY_GPIO = _SUPPLY_SENSE
    RI_GPIO = _MODEM_RI
    INT_GPIO = _CAN_INT
    CRYSTAL_HZ = 8_000_000

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
        """The BOOT button, free once the chip has started, and the LED."""
        return Pin(_FACTORY_RESET, Pin.IN, Pin.PULL_UP), Pin(_LED, Pin.OUT, value=0)

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
