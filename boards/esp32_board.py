"""What all boards with an ESP32 have in common. A board is a folder beside this file.

A board's own file has its pins, and builds each peripheral when it is asked for:

    NAME CHIP                 at most 10 characters; ESP32, ESP32S3 or ESP32C3
    SUPPLY_GPIO               ADC1 input behind the divider of the 12 V battery, None without one
    MODEM                     name of the modem, as in `firmware/ovms/assembly.py`
    modem_uart() modem_pins() its UART and pins (power key, reset, supply, DTR); a board without
                              the three has none and needs WiFi
    gps_uart()
    can() CRYSTAL_HZ          SPI bus, chip select and interrupt pin of an MCP2515; its crystal: in
                              Hz, a tuple of likely ones, or None where nobody knows
    twai()                    or: chip, RX and TX as GPIO number and pin each, a timer
    RI_GPIO INT_GPIO          RTC pins at the modem's RI and the MCP2515's INT, None where there is
                              no wire: without RI the ESP32 never sleeps
    reset_pin()               input with a pull-up that a button pulls low, and LED or None: a
                              factory reset, see `ovms/reset_pin.py`; a board may have none
"""

from machine import ADC, WDT, Pin, reset, reset_cause
from micropython import const

try:
    import esp32
except ImportError:
    # The VMs on a computer have none.
    esp32 = None  # type: ignore[assignment]

# 100 kOhm over 15 kOhm in front of the pin (hardware facts 6.3).
_SUPPLY_R_TOP = const(100)
_SUPPLY_R_BOTTOM = const(15)
# Below there is no battery at the divider, only the noise of an open input.
_SUPPLY_MIN_MV = const(3000)

_RESET_CAUSES = ("", "power on", "hard reset", "watchdog", "deep sleep", "soft reset")


class ESP32Board:
    """The chip's own part of a board; nothing happens before it is asked for."""

    SUPPLY_GPIO: int | None = None
    RI_GPIO: int | None = None
    INT_GPIO: int | None = None

    def supply_mv(self):
        """Voltage of the 12 V battery in millivolts, None when the sense input is not wired.

        OSError when it cannot be measured: an ESP32 may come without its ADC's calibration.
        """
        if self.SUPPLY_GPIO is None:
            return None
        sense = ADC(Pin(self.SUPPLY_GPIO))
        sense.atten(ADC.ATTN_11DB)
        pin_mv = sense.read_uv() // 1000
        battery_mv = pin_mv * (_SUPPLY_R_TOP + _SUPPLY_R_BOTTOM) // _SUPPLY_R_BOTTOM
        return battery_mv if battery_mv > _SUPPLY_MIN_MV else None

    def system_free(self):
        """Largest piece of RAM that the system has left, in bytes; None where nobody knows.

        MicroPython's heap may grow by it, so `gc.mem_free()` counts it in (py/gc.c,
        `gc_get_max_new_split`), and TLS and WiFi live of it.
        """
        if esp32 is None:
            return None
        return max([heap[2] for heap in esp32.idf_heap_info(esp32.HEAP_DATA)])

    def set_cpu_mhz(self, mhz):
        """Clock of the CPU, 80 or more: so UARTs, SPI and CAN keep theirs."""
        from machine import freq

        freq(mhz * 1_000_000)

    def light_sleep(self, limit_ms):
        """Sleep until RI or INT is low, or `limit_ms` have passed; RAM and pins are kept.

        Returns `machine.wake_reason()`: 2 for RI, 3 for INT, 4 for the time. Bytes that come to a
        UART meanwhile are lost, and so is a WiFi connection. One source each, as ext1 of the ESP32
        can only wait until all of its pins are low (hardware facts 1.11).
        """
        from machine import lightsleep, wake_reason

        ri = Pin(self.RI_GPIO, Pin.IN)
        interrupt = Pin(self.INT_GPIO, Pin.IN) if self.INT_GPIO is not None else None
        if esp32 is not None:
            esp32.wake_on_ext0(ri, esp32.WAKEUP_ALL_LOW)
            esp32.wake_on_ext1((interrupt,) if interrupt else (), esp32.WAKEUP_ALL_LOW)
        lightsleep(limit_ms)
        reason = wake_reason()
        # The pads that woke it belong to the RTC until they are set up anew.
        for gpio in (self.RI_GPIO, self.INT_GPIO):
            if gpio is not None:
                Pin(gpio, Pin.IN)
        return reason

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
