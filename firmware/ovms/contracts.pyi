"""What is handed in, for annotations alone: no file of the module, and nothing imports it there.

A link knows no driver, a service no link: they are told what they get by a contract of
`firmware/README.md`. Those that no class states are written down here.

    TYPE_CHECKING = False
    if TYPE_CHECKING:
        from ovms.contracts import ByteStream

`tools/sources.py` takes these lines out of whatever is compiled.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from ovms.clock import Clock as Clock
from ovms.config import Config as Config
from ovms.drivers.can_bus import CANBus as CANBus
from ovms.drivers.ring_store import RingStore as RingStore
from ovms.drivers.store import Store as Store
from ovms.drivers.tree_files import TreeFiles as TreeFiles
from ovms.links.modem.at_port import ATPort as ATPort
from ovms.links.modem.modem import Modem as Modem
from ovms.log import Log as Log
from ovms.protocol.mqtt.session import Session as _MQTTSession
from ovms.services.commander import Commander as Commander
from ovms.services.history import History as History
from ovms.services.mqtt.conversation import Conversation as _MQTTConversation
from ovms.services.sms.service import SMSService as SMSService
from ovms.services.use_log import Use as Use
from ovms.status import Status as Status
from ovms.update_setup import Update as Update
from ovms.vehicle.base import Vehicle as Vehicle
from ovms.vehicle.state import VehicleState as VehicleState

# What a frame or a line may lie in.
Buffer = bytes | bytearray | memoryview
# What is filled.
WritableBuffer = bytearray | memoryview

# Of an MCP2515: (mask0, (f0, f1), mask1, (f2, f3, f4, f5)), see `mcp2515_filters.py`.
Filters = tuple[int, tuple[int, ...], int, tuple[int, ...]]

# utc_s() -> Unix seconds, or None as long as nobody told the time.
UTCClock = Callable[[], int | None]
# ticks_ms() -> milliseconds since some moment, modulo a power of 2.
TicksClock = Callable[[], int]
# urandom(n) -> n random bytes.
Random = Callable[[int], bytes]
# What a car answers to a protocol command, see `Vehicle.command`.
CommandResult = tuple[int, str] | tuple[int, str, str] | None
# predict(car, start_pct100, end_pct100, watts, mode) -> (end_pct100, minutes), see
# `Vehicle.charge_prediction`. Each car's own takes that car.
Predict = Callable[[Any, int, int | None, int | None, int | None], tuple[int, int | None]]
# A car's SMS command: method(car, arguments, is_query), and that with its name and authorisation
# mode in front; see `Vehicle.sms_commands`.
SMSMethod = Callable[[Any, list[str], bool], Awaitable[str | None]]
SMSCommand = tuple[str, int, SMSMethod]
# A task's body: an async function, called; and before it is called, without arguments.
Task = Coroutine[Any, Any, Any]
AsyncFunction = Callable[[], Awaitable[object]]
# What `App.in_turn` calls, with whatever arguments.
Step = Callable[..., object]
# boards/<BOARD>/board.py:Board, of pins and buses: each board has its own, see boards/README.md.
Board = Any

_Number = TypeVar("_Number", bound=int | None)

class Kept(Protocol):
    """What walks over the values that a car keeps, see `Vehicle.keep`."""

    is_restored: bool

    def number(self, key: str, value: _Number, /) -> _Number: ...
    def text(self, key: str, value: str, /) -> str: ...
    def numbers(self, key: str, values: Any, /) -> None: ...
    def age(self, key: str, age_s: _Number, least_s: int = ..., /) -> _Number: ...

class PowerTimes(Protocol):
    """How long a modem wants its lines held, see `modem_switch.py`; a profile has them."""

    @property
    def on_pulse_ms(self) -> int: ...
    @property
    def off_pulse_ms(self) -> int: ...
    @property
    def reset_pulse_ms(self) -> int: ...
    @property
    def supply_off_ms(self) -> int: ...

class ByteStream(Protocol):
    """A UART, a TCP connection of a modem, a socket of WiFi. OSError: broken."""

    async def readinto(self, view: Any, /) -> int: ...
    async def write(self, data: Any, /) -> None: ...
    async def close(self) -> None: ...

class OpenTCP(Protocol):
    """Opens a connection. OSError when it cannot be had."""

    def __call__(self, host: str, port: int, /) -> Awaitable[ByteStream]: ...

# What links and services are handed.

MQTTConversation = _MQTTConversation
MQTTSession = _MQTTSession

class Timer(Protocol):
    """What of `asyncio` waits, by itself; tests bring a time of their own."""

    # Read, never set: a module is one, too.
    @property
    def sleep_ms(self) -> Callable[[int], Awaitable[Any]]: ...
    @property
    def wait_for_ms(self) -> Callable[[Any, int], Any]: ...

# sleep_ms(ms) -> what to await.
Sleep = Callable[[int], Awaitable[Any]]

class CANController(Protocol):
    """The contract "CAN bus" of `firmware/README.md`."""

    def open(
        self,
        bitrate: int,
        rx_ids: tuple[int, ...] | None,
        tx_frames: tuple[tuple[int, int], ...] = (),
        is_silent: bool = True,
        foreign_ids: tuple[int, ...] = (),
        sub_types: tuple[tuple[int, int], ...] = (),
        /,
    ) -> None: ...
    def service(self) -> int: ...
    def recv(self, frame: list[Any], /) -> bool: ...
    def send(self, arbitration_id: int, data: Buffer, /) -> bool: ...
    def state(self) -> int: ...
    def check(self) -> bool: ...
    def restart(self) -> None: ...
    def counts(self) -> dict[str, int]: ...
    def sleep(self) -> bool: ...
    def close(self) -> None: ...

class SleepyController(CANController, Protocol):
    """One whose `sleep` may be True."""

    def is_woken(self) -> bool: ...
    def wake(self) -> None: ...

class CarOnBus(Protocol):
    """What a CAN link asks of its car: a Vehicle, or what logs in front of one."""

    BITRATE: int | None
    RX_IDS: tuple[int, ...] | None
    FOREIGN_IDS: tuple[int, ...]
    SUB_TYPES: tuple[tuple[int, int], ...]
    TX_FRAMES: tuple[tuple[int, int], ...]
    def on_frame(self, arbitration_id: int, data: Any, dlc: int, /) -> Any: ...

class Pin(Protocol):
    """`machine.Pin`."""

    def value(self, level: int, /) -> Any: ...

class ModemPower(Protocol):
    """`drivers/modem_power.py`; times: the lengths of pulses, of the modem's details."""

    def start(self, times: Any, /) -> Awaitable[None]: ...
    def restart(self, times: Any, /) -> Awaitable[None]: ...

# APN, its user and password, DNS server.
Bearer = tuple[str, ...]
# Of a message in a modem's stores: (time stamp, store, index), see `links/modem/sms_store.py`;
# what it was found by, (store, index, CRC-32); its lines, () for none.
Place = tuple[int, bytes, int]
Find = tuple[bytes, int, int]
Lines = list[bytes] | tuple[()]
# (sender, text, place among its parts) of a message, see `protocol/sms_pdu.py`.
Message = tuple[str, str, tuple[int, int, int] | None]

class ModemStream(ByteStream, Protocol):
    """The connection of a modem's own stack. state: 0 for open."""

    state: int
    @property
    def profile(self) -> ModemProfile: ...
    def send(self, segment: Any, /) -> Awaitable[Any]: ...
    def break_off(self) -> None: ...

class ModemDetails(Protocol):
    """`details()` of a modem's profile; what the attributes are stands in `sim800/details.py`."""

    @property
    def boot_ms(self) -> int: ...
    @property
    def iccid_command(self) -> bytes: ...
    @property
    def pin_tries_command(self) -> bytes | None: ...
    @property
    def reserved(self) -> tuple[str, ...]: ...
    @property
    def registrations(self) -> tuple[bytes, ...]: ...
    @property
    def series(self) -> bytes: ...
    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> tuple[bytes, ...]: ...
    @property
    def kept_settings(self) -> tuple[bytes, ...]: ...
    @property
    def sleep_command(self) -> bytes: ...
    @property
    def no_peer(self) -> tuple[bytes, ...]: ...
    def configure(self, modem: Modem, /) -> Awaitable[None]: ...
    def hear(self, modem: Modem, line: bytes, head: bytes, /) -> None: ...
    def utc_s(self, line: bytes, /) -> int | None: ...
    def open_tcp(self, host: str, port: int, /) -> Awaitable[ByteStream]: ...
    def open_socket(self, bearer: Bearer, host: str, port: int, /) -> Awaitable[ByteStream]: ...
    def drop(self, keeps_bearer: int = False, /) -> None: ...
    async def leave_gprs(self) -> None: ...
    async def check_gprs(self) -> bool: ...

class ModemProfile(Protocol):
    """A modem's profile, see `firmware/README.md`."""

    port: ATPort
    status: Status
    config: Config
    has_data: bool
    is_opening: bool
    bearer: Bearer | None
    refused: Bearer | None
    outcome: bytes | None
    failures: int
    bearer_failures: int
    rest_polls: int
    @property
    def announced(self) -> bytes: ...
    def __init__(self, port: ATPort, status: Status, config: Config, /) -> None: ...
    def details(self) -> ModemDetails: ...

class ModemPort(Protocol):
    """What services ask of a modem, or of what stands in its place on a board without one."""

    def send_sms(self, number: str, text: str, /) -> Awaitable[bool | None]: ...
    def next_sms(self) -> Awaitable[tuple[str, str]]: ...
    def command(self, at_command: str, level: int = ..., /) -> Awaitable[str]: ...
    def ussd(self, code: str, /) -> Awaitable[str]: ...

class SMSModem(ModemPort, Protocol):
    """One from which SMS come. taken: where the one in work lies, see `Modem`."""

    @property
    def taken(self) -> tuple[Find, ...]: ...

class SMSSender(Protocol):
    """Who sends SMS: the notifier, or who answers them."""

    @property
    def config(self) -> Config: ...
    @property
    def status(self) -> Status: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def car(self) -> Callable[[], Vehicle]: ...

class LogWriter(Protocol):
    """`drivers/can_log.py`."""

    lost: int
    @property
    def has_block(self) -> bool: ...
    @property
    def write_ms(self) -> int: ...
    def put(self, arbitration_id: int, data: Any, dlc: int, /) -> Any: ...
    def is_empty(self) -> bool: ...
    def age_ms(self) -> int: ...
    def turn(self) -> bool: ...
    def write(self, is_early: bool, /) -> None: ...
    def end(self, why: int, /) -> None: ...

class ServerSession(Protocol):
    """The engine of a connection to a server: `Session` of `protocol/v2` or `protocol/mqtt`."""

    code: Any
    payload: Any
    def reset(self) -> None: ...
    def welcome(self, name: str, access: Any, owner: str = "", /) -> Buffer: ...
    def receive(self, view: Any, n: int, /) -> None: ...
    def next_event(self) -> int: ...
    def send(self, code: str, payload: Any, /) -> Buffer: ...

class Outbox(Protocol):
    """What speaks by a server link: a `Conversation` of the services."""

    def is_answering(self) -> bool: ...
    def on_login(self) -> None: ...
    def on_closed(self) -> None: ...
    def on_message(self, code: Any, payload: Any, /) -> None: ...
    def on_sent(self, code: Any, /) -> None: ...
    def poll(self, elapsed_ms: int, /) -> tuple[str, Any] | None: ...

class LinkState(Protocol):
    """What a server link tells of itself: the Status, or the LinkStatus of the broker's."""

    is_server_connected: bool
    server_error: str
    @property
    def is_registered(self) -> bool: ...
    @property
    def uptime_s(self) -> int: ...
    def count(self, name: str, /) -> None: ...

class LinkWords(Protocol):
    """The module that makes sentences of the ends of a connection."""

    @property
    def REFUSALS(self) -> tuple[str, ...]: ...  # noqa: N802
    @property
    def IS_CLOSE_REFUSAL(self) -> bool: ...  # noqa: N802
    @property
    def of_end(self) -> Callable[[str, bool], str]: ...
    @property
    def of_breach(self) -> Callable[[str], str]: ...

class OpenStream(Protocol):
    """Opens a connection, by TLS or not. OSError when it cannot be had."""

    def __call__(self, host: str, port: int, is_tls: int, /) -> Awaitable[ByteStream]: ...

class Station(Protocol):
    """`drivers/wifi.py`."""

    @property
    def is_refused(self) -> bool: ...
    def is_joined(self) -> bool: ...
    def join(self, ssid: str, key: str, /) -> Awaitable[bool]: ...
    def off(self) -> None: ...
    def open_tcp(self, host: str, port: int, /) -> Awaitable[ByteStream]: ...

class UpdateWay(Protocol):
    """How a piece of an update comes: `update_way.py`."""

    @property
    def is_metered(self) -> bool: ...
    def open(self, host: str, port: int, is_tls: bool, /) -> Awaitable[ByteStream]: ...
    def close(self, stream: ByteStream, /) -> Awaitable[None]: ...

class HistoryRecord(Protocol):
    """`drivers/ring_store.py:Record`."""

    data: bytes
    boot: int

class UART(ByteStream, Protocol):
    """One whose rate can change."""

    def set_baudrate(self, rate: int, /) -> None: ...

class ConsolePort(Protocol):
    """`drivers/console_port.py`."""

    def is_ready(self) -> bool: ...
    def readinto(self, view: Any, /) -> int: ...
    def write(self, text: str, /) -> Any: ...

class ModuleParts(Protocol):
    """What services ask of the module under the names that `app.py:App` has for it."""

    use: Use | None
    @property
    def config(self) -> Config: ...
    @property
    def status(self) -> Status: ...
    @property
    def state(self) -> VehicleState: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def log(self) -> Log: ...
    # The board's module.
    @property
    def board(self) -> Any: ...
    @property
    def bus(self) -> CANController: ...
    @property
    def modem(self) -> Modem: ...
    @property
    def gps_uart(self) -> ByteStream: ...
    @property
    def sms(self) -> SMSService: ...
    @property
    def commander(self) -> Commander: ...
    @property
    def history(self) -> History: ...
    def can_log(self, words: list[str] | None, /) -> Awaitable[Any]: ...
    def current_car(self) -> Vehicle: ...
    def crash_lines(self) -> list[str]: ...
