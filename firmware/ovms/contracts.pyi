"""What is handed in, for annotations alone: no file of the module, and nothing imports it there.

A link knows no driver, a service no link: they are told what they get by a contract of
`firmware/README.md`. Those that no class states are written down here.

    TYPE_CHECKING = False
    if TYPE_CHECKING:
        from ovms.contracts import ByteStream

`tools/sources.py` takes these lines out of whatever is compiled.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from ovms.config import Config as Config
from ovms.drivers.can_bus import CANBus as CANBus
from ovms.drivers.store import Store as Store
from ovms.links.modem.modem import Modem as Modem
from ovms.status import Status as Status
from ovms.vehicle.base import Vehicle as Vehicle
from ovms.vehicle.state import VehicleState as VehicleState

# What a frame or a line may lie in.
Buffer = bytes | bytearray | memoryview

# utc_s() -> Unix seconds, or None as long as nobody told the time.
UTCClock = Callable[[], int | None]
# ticks_ms() -> milliseconds since some moment, modulo a power of 2.
TicksClock = Callable[[], int]
# urandom(n) -> n random bytes.
Random = Callable[[int], bytes]
# A task's body: an async function, called.
Task = Coroutine[Any, Any, Any]

class ByteStream(Protocol):
    """A UART, a TCP connection of a modem, a socket of WiFi. OSError: broken."""

    async def readinto(self, view: Any, /) -> int: ...
    async def write(self, data: Any, /) -> None: ...
    async def close(self) -> None: ...

class OpenTCP(Protocol):
    """Opens a connection. OSError when it cannot be had."""

    def __call__(self, host: str, port: int, /) -> Awaitable[ByteStream]: ...
