"""LilyGO T-Call v1.4 (ESP32-WROVER-B + SIM800), a transceiver on its CAN controller, and GPS.

The only place with pin numbers. `board.md` says where each one is proven.
"""

from esp32_board import ESP32Board
from machine import UART, Pin, Timer
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
_CAN_TX = const(18)
_CAN_RX = const(34)
_SUPPLY_SENSE = const(36)
_FACTORY_RESET = const(0)
_LED = const(13)


class Board(ESP32Board):
    """See `boards/esp32_board.py`."""

    NAME = "TCALLT"
    CHIP = "ESP32"
    MODEM = "SIM800"
    SUPPLY_GPIO = _SUPPLY_SENSE
    RI_GPIO = _MODEM_RI

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

    def twai(self):
        """Chip, RX and TX of the transceiver as GPIO number and pin each, and a timer.

        TX is high, recessive, before anything else may drive it.
        """
        rx, tx = Pin(_CAN_RX, Pin.IN), Pin(_CAN_TX, Pin.OUT, value=1)
        return self.CHIP, _CAN_RX, rx, _CAN_TX, tx, Timer(0)
