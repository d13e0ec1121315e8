"""What every car is to the rest of the firmware, and the car that is none.

A car is pure: it gets frames and time, changes the `VehicleState`, and answers commands. It never
sees a bus, a clock or a network. One level of inheritance (two for a car made of a table), and a
car never imports another.
"""

from micropython import const

from ovms.parameters import FROM_SERVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import (
        Buffer,
        CommandResult,
        Config,
        Kept,
        Predict,
        SMSCommand,
        VehicleState,
    )

# Results of a command (protocol guide 2.6.2, "Command response").
OK = const(0)
FAILED = const(1)
UNSUPPORTED = const(2)
UNIMPLEMENTED = const(3)

# Commands that a car may carry out (protocol guide 2.6.2, "Command").
COMMAND_CHARGE_MODE = const(10)
COMMAND_START_CHARGE = const(11)
COMMAND_STOP_CHARGE = const(12)
COMMAND_CHARGE_CURRENT = const(15)
COMMAND_MODE_AND_CURRENT = const(16)
COMMAND_CHARGE_TIMER = const(17)
COMMAND_WAKE = const(18)
COMMAND_WAKE_TEMPERATURES = const(19)
COMMAND_LOCK = const(20)
COMMAND_VALET = const(21)
COMMAND_UNLOCK = const(22)
COMMAND_UNVALET = const(23)
COMMAND_HOMELINK = const(24)
COMMAND_COOLDOWN = const(25)
COMMAND_CLIMATE = const(26)

# What a car announces through `on_event`; the notifier decides who hears of it and how.
EVENT_CHARGE_STARTED = const(1)
EVENT_CHARGE_TOPPING_OFF = const(2)
EVENT_CHARGE_DONE = const(3)
EVENT_CHARGE_INTERRUPTED = const(4)
EVENT_CHARGE_RESUMED = const(5)
EVENT_CHARGE_SUFFICIENT = const(6)
EVENT_BATTERY = const(7)
EVENT_TRIP_END = const(8)
EVENT_FAULT = const(9)
EVENT_MINIMUM_SOC = const(10)


def _unconnected(*_):
    return None


async def _no_pause(ms):
    """What a car on its own waits."""


def _at_once(function, *arguments):
    function(*arguments)


class Vehicle:
    """A car without any data: also what an unknown vehicle type gets.

    state: the VehicleState to fill. config: the Config, read whenever a value is needed.
    """

    # Vehicle type code: parameter 14 starts with it, the F message reports it.
    TYPE = "NONE"
    # The car's own part of the firmware version text.
    VERSION = ""
    # Bits per second of the car's bus, or None for a car without CAN.
    BITRATE: int | None = None
    # Standard ids the car decodes. A car may set its own to None, at any time: whatever is on the
    # bus, to find out whether that lives.
    RX_IDS: tuple | None = ()
    # Standard ids that its bus carries ten times a second or more and the car does not decode: a
    # hint for the controller's filters. Empty where nobody knows.
    FOREIGN_IDS: tuple = ()
    # (arbitration_id, first data byte) of frames that must not be lost for others when the car
    # sends many at once: a hint, too.
    SUB_TYPES: tuple = ()
    # (arbitration_id, dlc) of every frame that may leave, if feature 15 allows; no other does.
    TX_FRAMES: tuple = ()
    # Commands beyond the framework's, as the V message lists them.
    CAPABILITIES = ""
    # What HELP writes in front of `sms_commands`.
    SMS_NAME = ""
    # Whether SMS begin with the time of day. Those of the Twizy never did.
    HAS_SMS_TIME = False
    # Whether what the car told is kept over a restart; not of a car that makes its values up.
    IS_KEPT = True

    def __init__(self, state: "VehicleState", config: "Config") -> None:
        self.state = state
        self.config = config
        # FROM_...: who asks for the SMS command that is being called.
        self.asked_from = FROM_SERVER
        # What a car may ask of the module; the composition root connects these.
        # send(arbitration_id, data) -> bool: a frame of TX_FRAMES onto the bus.
        self.send = _unconnected
        # sleep_ms(ms): coroutine, for commands that wait for the car's answer.
        self.sleep_ms = _no_pause
        # spawn(function): run an async function without arguments as a task; None if it cannot.
        self.spawn = _unconnected
        # in_turn(function, *arguments): call it soon, in the order asked for, while the other
        # tasks of the module have their turn in between; for what loads code or takes long.
        self.in_turn = _at_once
        # on_event(EVENT_...): something a user may want to hear of; `event_text` says it.
        self.on_event = _unconnected
        # on_record(type, number, lifetime_s, data): one history record, data as str.
        self.on_record = _unconnected
        # ticks_ms() -> milliseconds since some moment, modulo a power of 2 of 2**30 or more.
        self.ticks_ms = _unconnected
        # csq() -> signal quality of the modem, 0 to 31 or 99 for unknown; None without a modem.
        self.csq = _unconnected
        # utc_s() -> Unix seconds, or None as long as nobody told the time.
        self.utc_s = _unconnected
        # open_store(name) -> drivers/store.py:Store, for what must survive a power cut.
        self.open_store = _unconnected

    def on_frame(self, arbitration_id: int, data: "Buffer", dlc: int) -> None:
        """One frame of RX_IDS. data: 8-byte buffer, borrowed. Hot path: must not allocate."""

    def poll(self, elapsed_ms: int) -> None:
        """About once a second: state machine, derived values, stale rules.

        As long as the bus talks `state.told_age_s` becomes 0 here: S and D are only sent of a car
        that was heard.
        """

    def keep(self, kept: "Kept") -> None:
        """Hand every value that is kept over a restart to `kept` and take what it returns.

        One walk saves and restores: `self.x = kept.number("x", self.x)` for an int, a bool or
        None; `kept.text` for a str; `kept.numbers` for a list or array, changed in place;
        `kept.age` for seconds since something was seen. Keys are for ever: they stand in a file.
        kept.is_restored: what is returned is from before a restart of the module or of this
        object, so it is known, but old; the bus has said nothing yet. A car that extends this
        keeps what the state has, too.
        """
        from ovms.vehicle import kept_values

        kept_values.walk(self.state, kept)

    def type_text(self) -> str:
        """The car type as reported (F field 4); may become longer once the VIN is known."""
        return self.TYPE

    def sms_commands(self) -> "tuple[SMSCommand, ...]":
        """SMS commands beyond the framework's, or in the place of one of them.

        A tuple of (name, authorisation mode, function): mode 2 for the owner alone, which those in
        the place of an owner's command have in any case, 3 also with the password. The function is
        `async function(car, arguments, is_query) -> str or None`. arguments: list of words. A
        ValueError carries a sentence for the user, and `\\r` alone separates lines. is_query: the
        command or its last word ended in `?`, so nothing must be changed; the contract suite
        asks each. Who asks stands in `asked_from` while it is called: an async function, which
        starts later, is called by a plain one that looks.
        """
        return ()

    def stat_text(self) -> str | None:
        """The car's own STAT text with `\\r` between lines, or None for the standard one."""
        return None

    def announce(self, event: int) -> None:
        """Tell of an event, in two turns: the first loads its words, the second is told."""
        self.in_turn(self.event_text, event)
        self.in_turn(self.on_event, event)

    def event_text(self, event: int) -> tuple[str, str] | None:
        """(kind, text) to notify for an event: kind "A" alert or "I" info; None for silence."""
        return None

    def write_refusal(self) -> str:
        """Why feature 15, which lets the car write to its bus, cannot be switched on now.

        A sentence for the user, "" when it can.
        """
        return ""

    def charge_prediction(self) -> "Predict | None":
        """What foretells charges, or None for a car that cannot.

        It is `predict(car, start_pct100, end_pct100, watts, mode) -> (end_pct100, minutes)`: SOC
        in 1/100 %, power at the plug, MODE_...; all but the start may be None: as the car does it.
        """
        return None

    async def command(self, code: int, arguments: str) -> "CommandResult":
        """Carry out a protocol command of this car.

        arguments: str behind the first comma, or "". Returns (result, text) with text "" when
        there is none, (result, text, alert) with the text of a push message that is to follow the
        answer, or None when this car does not know the command.
        """
        return None
