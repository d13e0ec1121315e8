"""LilyGO T-Call v1.4 (ESP32-WROVER-B + SIM800), a transceiver on its CAN controller, and GPS.

The only place with pin numbers. `board.md` says where each one is proven.
"""

from machine import ADC, UART, WDT, Pin, Timer, reset, reset_cause
from micropython import const

try:
    import esp32
except ImportError:
    # The VMs on a computer have none.
    esp32 = None  # type: ignore[assignment]

_MODEM_TX = const(27)
_MODEM_RX = const(26)
_MODEM_PWRKEY = const(4)
_MODEM_RESET = const(5)
_MODEM_SUPPLY = const(23)
_MODEM_DTR = const(32)
_GPS_TX = const(14)
_GPS_RX = const(39)
_CAN_TX = const(18)
_CAN_RX = const(19)
_SUPPLY_SENSE = const(36)

# 100 kOhm over 15 kOhm in front of the pin (hardware facts 6.3).
_SUPPLY_R_TOP = const(100)
_SUPPLY_R_BOTTOM = const(15)

_RESET_CAUSES = ("", "power on", "hard reset", "watchdog", "deep sleep", "soft reset")


class Board:
    """Builds each peripheral when it is asked for; nothing happens before that."""

    NAME = "TCALLT"

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

    def gps_uart(self):
        """UART2, 9600 baud: what every receiver of hardware facts 5.3 starts with."""
        return UART(2, baudrate=9600, tx=_GPS_TX, rx=_GPS_RX, rxbuf=1024)

    def twai(self):
        """Chip, RX and TX of the transceiver as GPIO number and pin each, and a timer.

        TX is high, recessive, before anything else may drive it.
        """
        rx, tx = Pin(_CAN_RX, Pin.IN), Pin(_CAN_TX, Pin.OUT, value=1)
        return "ESP32", _CAN_RX, rx, _CAN_TX, tx, Timer(0)

    def supply_mv(self):
        """Voltage of the 12 V battery in millivolts, None when the sense input is not wired.

        OSError when it cannot be measured: an ESP32 may come without its ADC's calibration.
        """
        sense = ADC(Pin(_SUPPLY_SENSE))
        sense.atten(ADC.ATTN_11DB)
        pin_mv = sense.read_uv() // 1000
        battery_mv = pin_mv * (_SUPPLY_R_TOP + _SUPPLY_R_BOTTOM) // _SUPPLY_R_BOTTOM
        # Below 3 V there is no battery at the divider, only the noise of an open input.
        return battery_mv if battery_mv > 3000 else None

    def system_free(self):
        """Largest piece of RAM that the system has left, in bytes; None where nobody knows.

        MicroPython's heap may grow by it, so `gc.mem_free()` counts it in (py/gc.c,
        `gc_get_max_new_split`), and TLS and WiFi live of it.
        """
        if esp32 is None:
            return None
        return max([heap[2] for heap in esp32.idf_heap_info(esp32.HEAP_DATA)])

    def watchdog(self, timeout_ms):
        """Start the watchdog; feed the object it returns. It cannot be stopped again."""
        return WDT(timeout=timeout_ms)

    def reset(self):
        """Restart the ESP32."""
        reset()

    def reset_cause(self):
        """Why the ESP32 started, in words."""
        cause = reset_cause()
        return _RESET_CAUSES[cause] if 0 <= cause < len(_RESET_CAUSES) else str(cause)
