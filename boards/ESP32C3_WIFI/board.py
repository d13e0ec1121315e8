"""A desk board: any ESP32-C3 module with a CAN transceiver and a GPS receiver. No modem: WiFi.

The only place with pin numbers. `board.md` says where each one is proven.
"""

from esp32_board import ESP32Board
from machine import UART, Pin, Timer
from micropython import const

_GPS_TX = const(7)
_GPS_RX = const(6)
_CAN_TX = const(5)
_CAN_RX = const(4)
_SUPPLY_SENSE = const(3)
_FACTORY_RESET = const(9)


class Board(ESP32Board):
    """See `boards/esp32_board.py`."""

    NAME = "C3WIFI"
    CHIP = "ESP32C3"
    SUPPLY_GPIO = _SUPPLY_SENSE

    def reset_pin(self):
        """The BOOT button, free once the chip has started, and no LED."""
        return Pin(_FACTORY_RESET, Pin.IN, Pin.PULL_UP), None

    def gps_uart(self):
        """UART1, 9600 baud: what every receiver of hardware facts 5.3 starts with."""
        return UART(1, baudrate=9600, tx=_GPS_TX, rx=_GPS_RX, rxbuf=1024)

    def twai(self):
        """Chip, RX and TX of the transceiver as GPIO number and pin each, and a timer.

        TX is high, recessive, before anything else may drive it.
        """
        rx, tx = Pin(_CAN_RX, Pin.IN), Pin(_CAN_TX, Pin.OUT, value=1)
        return self.CHIP, _CAN_RX, rx, _CAN_TX, tx, Timer(0)
