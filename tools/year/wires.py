"""What the module's wires lead to, in the story's time: UARTs, power lines, CAN bus, flash.

None of it shares code with the firmware. Once a life has ended nothing of it reaches the world
any more (`cut`).
"""

from __future__ import annotations

import asyncio
import builtins
import errno
import os
from collections import Counter, deque

# A pulse of the power key that counts: hardware facts 4.1 (1 s to start, 1.5 s to stop).
_KEY_MS = 900
# Of a driver that is looked at once in five seconds of a charge, not a hundred times a second.
_RING_FRAMES = 400


class PowerCutError(BaseException):
    """The supply of the board is gone: nothing of the firmware may catch that."""


class ResetError(BaseException):
    """The board was reset; cause: what it says of that."""

    def __init__(self, cause: str):
        super().__init__(cause)
        self.cause = cause


class ModemUART:
    """The firmware's end of the modem's UART: what comes while the ESP32 sleeps is lost.

    is_cut: the module has died.
    """

    def __init__(self, world):
        self._world = world
        self._received = bytearray()
        self._has_more = asyncio.Event()
        self.is_cut = False

    def arrive(self, data: bytes) -> None:
        if self.is_cut:
            return
        if self._world.is_asleep:
            self._world.ledger.lost_bytes += len(data)
            return
        self._received += data
        self._has_more.set()

    async def readinto(self, view) -> int:
        while not self._received:
            self._has_more.clear()
            await self._has_more.wait()
        count = min(len(view), len(self._received))
        view[:count] = self._received[:count]
        del self._received[:count]
        return count

    async def write(self, data) -> None:
        if not self.is_cut:
            self._world.advance()
            self._world.modem.feed(bytes(data))

    def set_baudrate(self, rate: int) -> None:
        self._world.modem.line.host_baud = rate

    async def close(self) -> None:
        """A UART stays open."""


class Key:
    """PWRKEY: a toggle that counts when it was held long enough."""

    def __init__(self, world):
        self._world = world
        self._low_ms = None

    def value(self, level=None):
        world = self._world
        world.advance()
        now_ms = world.scheduler.now_ms()
        if not level:
            self._low_ms = now_ms if self._low_ms is None else self._low_ms
        elif self._low_ms is not None:
            if now_ms - self._low_ms >= _KEY_MS and world.has_modem_supply:
                world.modem.pwrkey_pulse()
            self._low_ms = None


class Reset:
    """The modem's reset line: it starts anew when that rises."""

    def __init__(self, world):
        self._world = world
        self._is_low = False

    def value(self, level=None):
        if level and self._is_low and self._world.modem.is_on:
            self._world.advance()
            self._world.modem.reboot()
        self._is_low = not level


class Supply:
    """The switch of the modem's supply."""

    def __init__(self, world):
        self._world = world

    def value(self, level=None):
        world = self._world
        world.advance()
        world.has_modem_supply = bool(level)
        if not level:
            world.modem.power_off()


class DTR:
    """The pin that keeps the modem awake."""

    def __init__(self, world):
        self._world = world

    def value(self, level=None):
        self._world.advance()
        self._world.modem.dtr_high = bool(level)


class GPSUART:
    """The receiver's UART. It says something every `world.period_s`, unless it was sent to sleep
    (any byte wakes it); what it says while the ESP32 sleeps is lost.
    """

    _SLEEPS = b"\xb5\x62\x02\x41"

    def __init__(self, world):
        self._world = world
        self._received = b""
        self._woken = asyncio.Event()
        self._woken.set()

    async def readinto(self, view) -> int:
        while not self._received:
            await self._woken.wait()
            await asyncio.sleep(self._world.period_s)
            if self._woken.is_set():
                self._received = self._world.nmea()
        count = min(len(view), len(self._received))
        view[:count] = self._received[:count]
        self._received = self._received[count:]
        return count

    async def write(self, data) -> None:
        if self._SLEEPS in bytes(data):
            self._woken.clear()
        else:
            self._woken.set()

    def set_baudrate(self, rate: int) -> None:
        """The receiver of this story has the rate of the board."""


class Bus:
    """A CAN controller that works, with the frames of the car: the contract of
    firmware/README.md. is_int_low: what wakes the ESP32.
    """

    def __init__(self):
        self._frames: deque[tuple[int, bytes]] = deque(maxlen=_RING_FRAMES)
        self._is_open = self._is_asleep = self.is_int_low = False
        self._ids: tuple = ()
        self.dropped = 0

    def open(self, bitrate, rx_ids, tx_frames=(), is_silent=True, foreign_ids=(), sub_types=()):
        self._is_open, self._is_asleep, self._ids = True, False, rx_ids
        self._frames.clear()

    def put(self, arbitration_id: int, data: bytes) -> None:
        """The car sends a frame."""
        if self._is_asleep:
            # The one that wakes it is lost.
            self.is_int_low, self._is_asleep = True, False
        elif self._is_open and arbitration_id in self._ids:
            self.dropped += len(self._frames) == _RING_FRAMES
            self._frames.append((arbitration_id, data))

    def service(self):
        return 0

    def recv(self, frame):
        if not self._frames:
            return False
        frame[0], data = self._frames.popleft()
        frame[1][: len(data)] = data
        frame[2] = len(data)
        return True

    def sleep(self):
        self._is_asleep = True
        self.is_int_low = False
        return True

    def is_woken(self):
        return not self._is_asleep

    def wake(self):
        self._is_asleep = self.is_int_low = False

    def state(self):
        return 0 if self._is_asleep or not self._is_open else 1

    def check(self):
        return self._is_open

    def counts(self):
        return {"can_ring_dropped": self.dropped} if self.dropped else {}

    def send(self, arbitration_id, data):
        return False

    def restart(self):
        """Never off."""

    def close(self):
        self._is_open = self._is_asleep = self.is_int_low = False


class RTC:
    """Its memory outlives a reset, and no power cut."""

    data = b""

    def memory(self, text=None):
        if text is None:
            return RTC.data
        RTC.data = bytes(text)
        return None


class _File:
    """A file that is written to: counts, and ends in the midst of a write when the power does."""

    def __init__(self, flash: Flash, file, name: str):
        self._flash = flash
        self._file = file
        self._name = name

    def write(self, data) -> int:
        flash = self._flash
        data = bytes(data)
        if flash.is_full:
            raise OSError(errno.ENOSPC, "flash is full")
        if flash.cuts_next:
            flash.cuts_next = False
            flash.is_on = False
            self._file.write(data[: len(data) // 2])
            self._file.close()
            raise PowerCutError
        flash.bytes[self._name] += len(data)
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def close(self):
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


class Flash:
    """The module's files are those of the current folder.

    writes, bytes: by file, how often it was opened to be written, and how much. is_on: else
    nothing is written any more. cuts_next: the power goes in the midst of the next write.
    """

    def __init__(self, on_write):
        self._on_write = on_write
        self.writes: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self.is_on = True
        self.is_full = False
        self.cuts_next = False

    def open(self, path, mode):
        if mode.startswith("r"):
            return builtins.open(path, mode)
        if not self.is_on:
            raise OSError(errno.EIO, "no power")
        if self.is_full and "a" not in mode:
            raise OSError(errno.ENOSPC, "flash is full")
        name = os.path.basename(path).rstrip("0123456789")
        self.writes[name] += 1
        self._on_write()
        # Unbuffered: what was written before a cut is there.
        return _File(self, builtins.open(path, mode, buffering=0), name)

    def rename(self, old, new):
        if not self.is_on:
            raise OSError(errno.EIO, "no power")
        os.rename(old, new)
