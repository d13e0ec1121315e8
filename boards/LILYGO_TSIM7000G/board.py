"""LilyGO T-SIM7000G (ESP32-WROVER-B + SIM7000G), a transceiver on its CAN controller, and GPS.

The only place with pin numbers. `board.md` says where each one is proven.
"""

from esp32_board import ESP32Board
from machine import UART, Pin, Signal, Timer
from micropython import const

_MODEM_TX = const(27)
_MODEM_RX = const(26)
_MODEM_PWRKEY = const(4)
_MODEM_DTR = const(25)
_GPS_TX = const(32)
_GPS_RX = const(33)
_CAN_TX = const(18)
_CAN_RX = const(34)
_SUPPLY_SENSE = const(39)


class Board(ESP32Board):
    """See `boards/esp32_board.py`."""

    NAME = "TSIM7000G"
    CHIP = "ESP32"
    MODEM = "SIM7000"
    SUPPLY_GPIO = _SUPPLY_SENSE

    def modem_uart(self):
        """UART1. The big buffers hold one TCP segment while the event loop is busy."""
        return UART(1, baudrate=115200, tx=_MODEM_TX, rx=_MODEM_RX, txbuf=2048, rxbuf=2048)

    def modem_pins(self):
        """Pins of the modem: power key, no reset, no supply, DTR.

        A transistor pulls the modem's key low while the pin is high, so the pin's sense is turned.
        """
        return (
            Signal(Pin(_MODEM_PWRKEY, Pin.OUT, value=0), invert=True),
            None,
            None,
            Pin(_MODEM_DTR, Pin.OUT, value=0),
        )

    def gps_uart(self):
        """UART2, 9600 baud: what every receiver of hardware facts 5.3 starts with."""
        return UART(2, baudrate=9600, tx=_GPS_TX, rx=_GPS_RX, rxbuf=1024)

    def twai(self):
        """Chip, RX and TX of the transceiver as GPIO number and pin each, and a timer.

        TX is high, recessive, before anything else may drive it.
        """
        rx, tx = Pin(_CAN_RX, Pin.IN), Pin(_CAN_TX, Pin.OUT, value=1)
        return self.CHIP, _CAN_RX, rx, _CAN_TX, tx, Timer(0)
