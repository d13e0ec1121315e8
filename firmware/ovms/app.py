"""The module while it runs: its tasks, its second hand, and what it was asked to do.

`assembly.py` builds the parts. Nothing imports this file but main.py.
"""

import asyncio
import gc
import sys
import time

from micropython import const

import ovms
from ovms import status as requests
from ovms.broom import Broom
from ovms.parameters import FEATURE_LOGS, LOGS_ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms import assembly as parts
    from ovms import contracts

_TICK_MS = const(1000)
_COLLECT_BYTES = const(6144)
# Longer than any call that may block (hardware facts 6.5): a name look-up takes up to 15 s.
_WATCHDOG_MS = const(60_000)
_CONSOLE_WATCHDOG_MS = const(3_600_000)
_SUPPLY_PERIOD_S = const(60)
_RESTART_FIRST_S = const(1)
_RESTART_LONGEST_S = const(60)
_REBOOT_DELAY_S = const(8)  # Time for a reply to leave over GPRS before the module restarts.
_MOVE_DELAY_S = const(60)  # Time for an app to send the other settings of a new server.
_CONSOLE_POLL_MS = const(200)  # A person types: a few looks a second are plenty.
_CONSOLE_S = const(600)  # The ESP32 is deaf while it sleeps, and nothing typed wakes it.
_CRASH_PAUSE_S = const(5)  # Time to read the reason on the console, and to press Ctrl-C.
# When `runs.py` has to be asked first: a firmware that ran so long is kept.
_PROVEN_S = const(180)
_ROOMS = const(20)  # How often nobody may find memory until `guard.py` is asked.
# Steps that wait. The end of a Twizy's trip that is a turn of its battery, too, has some 20.
_STEPS_MAX = const(24)


class App:
    """One per module. board: boards/<BOARD>/board.py:Board. presets: {parameter: text}."""

    clock: "parts.Clock"
    status: "parts.Status"
    log: "parts.Log"
    state: "parts.VehicleState"
    config: "parts.Config"
    is_safe: bool
    modem: "parts.Modem"
    sms: "parts.SMSService"
    reporter: "parts.Reporter"
    commander: "parts.Commander"
    history: "parts.History"
    notifier: "parts.Notifier"
    keeper: "parts.Keeper"
    server: "parts.ServerLink"
    gps_uart: "parts.UARTStream"
    gps: "parts.GPSLink"
    bus: "contracts.CANController"
    can: "parts.CANLink"
    car: "contracts.Vehicle"
    sleeps: bool
    tasks: "tuple[tuple[str, contracts.AsyncFunction], ...]"
    guarded: tuple

    def __init__(self, board: "contracts.Board", presets: dict[int, str] | None = None) -> None:
        self.board = board
        self._ticked_ms = self._supply_due_s = 0
        # The uptime at which `power.py` is asked next, and what of the use it has seen, as bits.
        self.power_due_s = self._use = 0
        self._revision = -1  # Of the settings that were looked at for WiFi and a broker.
        self._is_supply_told = False
        # The uptime at which the module restarts, None while nobody asked for it.
        self._reboot_s: int | None = None
        self._note_due_s = _PROVEN_S  # The uptime at which `runs.py` is asked next.
        self.ended = ""  # The task that ended, "" while all of them run.
        # (function, arguments) of what `in_turn` was given, oldest first.
        self._steps: "list[tuple[contracts.Step, tuple]]" = []
        self.broom = Broom()
        self.broom.install(ovms)
        from ovms import assembly

        assembly.build(self, presets or {})

    async def run(self) -> None:
        """Start every task; the ticker is this one, and its end the module's."""
        # Garbage is collected before it has spread over the heap: what lives long would else be
        # put between it, and in a small heap no piece of 300 bytes would be left.
        gc.threshold(_COLLECT_BYTES)
        for name, run in self.tasks:
            asyncio.create_task(self.keep(name, run))
        await self._tick_for_ever()

    async def keep(self, name: str, run: "contracts.AsyncFunction") -> None:
        """Run one task for ever: an error is kept, and followed by a fresh start.

        A first lack of memory is no error: others need it for a moment only.
        """
        pause_s = _RESTART_FIRST_S
        try:
            while True:
                started_s = self.clock.uptime_s()
                try:
                    await run()
                    return
                except MemoryError as error:
                    self.broom.make_room()
                    if pause_s > _RESTART_FIRST_S:
                        self.on_error(name, error)
                    else:
                        self.status.count("memory_retries")
                except Exception as error:
                    self.on_error(name, error)
                if self.clock.uptime_s() - started_s > _RESTART_LONGEST_S:
                    pause_s = _RESTART_FIRST_S
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _RESTART_LONGEST_S)
        finally:
            # Whatever did it, a cancellation as well. Only the console, the last one, may end.
            if (name, run) in self.tasks[:-1]:
                self.ended = name

    async def _tick_for_ever(self):
        watchdog = self.board.watchdog(_WATCHDOG_MS)
        while True:
            self.in_turn(self._tick)
            while self._steps:
                self._take_step()
                # Each step may load code, which takes its time: others have their turn.
                await asyncio.sleep_ms(0)
            due_s = min([part.due_s for part in self.guarded])
            broker = self.status.mqtt
            if broker is not None:
                due_s = min(due_s, broker.due_s)
            if self.ended or self.broom.rooms > _ROOMS or self.status.uptime_s > due_s:
                self._judge()
            watchdog.feed()
            # A quiet point once a second: short pauses now instead of a long one in a burst.
            gc.collect()
            self.broom.tidy()
            if self.sleeps:
                self._rest()
            await asyncio.sleep_ms(_TICK_MS)

    def in_turn(self, function: "contracts.Step", *arguments: object) -> None:
        """Call `function` soon, after all that was asked for before.

        What happens at once and loads code for each of its parts (the end of a trip: events,
        texts, records, flash) comes here part by part. The other tasks have their turn between
        two. None is lost: with too many the oldest is done now.
        """
        if len(self._steps) >= _STEPS_MAX:
            self._take_step()
        self._steps.append((function, arguments))

    def _take_step(self):
        function, arguments = self._steps.pop(0)
        try:
            try:
                function(*arguments)
            except MemoryError:
                # Once more, with all the room there is.
                self.status.count("memory_retries")
                self.broom.make_room()
                function(*arguments)
        except Exception as error:
            # A car that cannot think must not take SMS and the server link with it.
            self.on_error("tick", error)

    def _tick(self):
        status = self.status
        # Others read the clock, too, so what passed since the last second is counted here.
        now_ms = self.clock.uptime_ms()
        elapsed_ms = now_ms - self._ticked_ms
        self._ticked_ms = now_ms
        elapsed_s = self.clock.uptime_s() - status.uptime_s
        status.uptime_s += elapsed_s
        # Whatever becomes of the car, the others have their second.
        try:
            self._carry_out(status.take_requests())
            self.state.tick(elapsed_s)
            status.is_car_on = self.state.is_on
            self.car.poll(elapsed_ms)
            if status.uptime_s >= self._supply_due_s:
                self._supply_due_s = status.uptime_s + _SUPPLY_PERIOD_S
                self.state.supply_mv = self._supply_mv()
                # Storms of a lack of memory pass.
                self.broom.rooms //= 2
                if status.uptime_s >= self._note_due_s:
                    self.in_turn(self._note)
            if self.config.revision != self._revision:
                self._revision = self.config.revision
                self.power_due_s = 0
                self.in_turn(self._set_links)
            state = self.state
            use = state.is_on | state.is_charging << 1 | state.is_awake << 2
            use |= state.is_exporting << 3 | (status.peers > 0) << 4 | bool(self.notifier.ip) << 5
            if use != self._use or status.uptime_s >= self.power_due_s:
                self._use = use
                self.in_turn(self._govern)
        finally:
            if 0 < self.config.feature(FEATURE_LOGS) <= LOGS_ALL:
                self.in_turn(self._log_use)
            self.in_turn(self.notifier.tick)
            self.in_turn(self.notifier.hand_over)
            self.in_turn(self.history.tick)
            self.in_turn(self.keeper.tick)

    def _govern(self):
        from ovms.power import look

        look(self)

    def _rest(self):
        from ovms.power import rest

        rest(self)

    def _log_use(self):
        from ovms.services import use_log

        use_log.tick(self)

    def _set_links(self):
        from ovms.link_setup import update

        update(self)

    def _note(self):
        from ovms.runs import note

        self._note_due_s = note(self)

    def _judge(self):
        broker = self.status.mqtt
        has_no_room = self.broom.rooms > _ROOMS
        if broker is not None and (
            (broker.tasks and has_no_room) or self.status.uptime_s > broker.due_s
        ):
            # What the module can do without goes first.
            self.status.count("mqtt_dropped")
            broker.give_up(has_no_room)
            self.broom.make_room()
            self.broom.rooms = 0
            return
        from ovms.guard import judge

        judge(self)

    def _supply_mv(self):
        """The 12 V battery's voltage; None without a reading, which is told once."""
        try:
            return self.board.supply_mv()
        except OSError as error:
            # An ESP32 without calibration data cannot say how many volts its ADC reads.
            self.status.count("supply_unread")
            if not self._is_supply_told:
                self._is_supply_told = True
                self.log.error("The 12 V input cannot be read: %s", error)
            return None

    def _carry_out(self, wanted):
        if wanted & requests.REQUEST_ROOM:
            self.broom.make_room()
        if wanted & requests.REQUEST_VEHICLE_RESTART:
            self.set_car()
        if wanted & requests.REQUEST_MODEM_RESTART:
            self.modem.restart()
        if wanted & requests.REQUEST_RECONNECT:
            self.server.reconnect()
        elif wanted & requests.REQUEST_MOVE:
            self.server.reconnect(_MOVE_DELAY_S)
        if wanted & requests.REQUEST_REBOOT and self._reboot_s is None:
            self._reboot_s = self.status.uptime_s + _REBOOT_DELAY_S
        if self._reboot_s is not None and self.status.uptime_s >= self._reboot_s:
            while self._steps:
                self._take_step()
            self.history.flush()
            self.keeper.save()
            self._end()
            self.board.reset()

    def _end(self):
        from ovms.runs import ended

        ended(self)

    def set_car(self) -> None:
        """Make the car that parameter 14 names the module's."""
        from ovms.car_setup import connect

        connect(self)

    def on_can_write(self, origin: int, is_done: bool) -> None:
        """Feature 15 is switched on: what `Config` calls before and after."""
        from ovms import can_consent

        can_consent.ask(self, origin, is_done)

    def can_log(self, words: list[str] | None) -> "contracts.Task":
        """Begin, end or tell of a log of the CAN bus: what LOG asks for, as a coroutine."""
        from ovms.can_logging import act

        return act(self, words)

    def spawn(self, function: "contracts.AsyncFunction") -> "asyncio.Task":
        """Run an async function once, as a task whose errors are logged."""
        return asyncio.create_task(self._once(function))

    async def _once(self, function):
        try:
            try:
                await function()
            except MemoryError:
                # Once more, with all the room there is.
                self.status.count("memory_retries")
                self.broom.make_room()
                await function()
        except Exception as error:
            self.on_error("task", error)

    def on_error(self, where: str, error: BaseException) -> None:
        """Log, count and keep an error that the task `where` survives."""
        errors = self.status.errors
        errors[where] = errors.get(where, 0) + 1
        try:
            self.log.error("%s: %s %s", where, type(error).__name__, error)
            from ovms.faults import keep

            keep(self.status, self.config, where, error)
        except MemoryError:
            # Counted it is. Who lets this out ends the module for want of a line in the log.
            pass

    def crash_lines(self) -> list[str]:
        """What is known of the last crash, as a list of str; empty when there was none."""
        from ovms.crash import shown

        return shown()

    def csq(self) -> int:
        """Signal quality, 0 to 31 or 99."""
        return self.status.csq

    def current_car(self) -> "contracts.Vehicle":
        """The car of the moment, for those that must not keep it; at once when it changes."""
        bits = self.status.take_requests()
        if bits & requests.REQUEST_VEHICLE_RESTART:
            self.set_car()
        self.status.request(bits & ~requests.REQUEST_VEHICLE_RESTART)
        return self.car

    async def open_stream(
        self, host: str, port: int, is_tls: int = False
    ) -> "contracts.ByteStream":
        """By WiFi where it is joined, else by the modem. TLS inside of it."""
        if is_tls:
            from ovms.drivers import tls_setup

            is_checked = is_tls != requests.TLS_UNCHECKED
            utc_s = self.clock.utc_s()
            return await tls_setup.open_stream(self.open_stream, host, port, utc_s, is_checked)
        wifi = self.status.wifi
        if wifi is not None and wifi.is_usable():
            self.status.link_name = "WiFi"
            self.status.is_dialled = True
            return await wifi.open_tcp(host, port)
        self.status.link_name = "GPRS"
        return await self.modem.open_tcp(host, port)

    def tls_ready(self, is_needed: bool) -> int:
        """How the server could be spoken to inside TLS: see `link_setup.py`."""
        from ovms.link_setup import tls_ready

        return tls_ready(self, is_needed)

    def provision(self, link: "parts.ServerLink", sleep_ms: "contracts.Sleep") -> "contracts.Task":
        """Ask the server for the module's settings: what the ServerLink calls without them."""
        from ovms.links import provisioning

        return provisioning.attempt(link, self.state.vin, sleep_ms)

    def order_update(self, url: str, may_gprs: bool) -> None:
        """UPDATE: begin one, allow GPRS for it (url ""), or stop it (url "-")."""
        from ovms.update_setup import order

        order(self, url, may_gprs)

    def on_network_time(self, utc_s: int) -> None:
        """The modem has learnt the time from its network."""
        self.clock.set_utc_s(utc_s, "modem")

    def seek_gps(self, link: "parts.GPSLink", is_read: bool) -> "contracts.Task":
        """Find the GPS receiver's baud rate: what the GPSLink calls when it reads nothing."""
        from ovms.gps_setup import seek

        return seek(link, is_read)

    async def run_sms(self) -> None:
        """Task: answer SMS."""
        await self.sms.run(self.modem)

    async def run_console(self) -> None:
        """Task: whoever types at the serial port; ends with a piped input."""
        keys = self._console_keys()
        is_open = True
        while is_open:
            while not keys.poll(0):
                await asyncio.sleep_ms(_CONSOLE_POLL_MS)
            is_open = await self._talk(keys)

    def _console_keys(self):
        from ovms.drivers import console_port

        return console_port.keys()

    def _talk(self, keys):
        self.status.awake_until_s = self.status.uptime_s + _CONSOLE_S
        from ovms.drivers import console_port
        from ovms.services.console.session import talk

        return talk(self, console_port.ConsolePort(keys))


def main(board: "contracts.Board", presets: dict[int, str] | None = None) -> None:
    """Run the module on `board` until it is reset. What nobody caught resets it, after a pause."""
    app = None
    try:
        app = App(board, presets)
        asyncio.run(app.run())
    except KeyboardInterrupt:
        # Somebody works at the console. The watchdog cannot be stopped, but it can wait.
        board.watchdog(_CONSOLE_WATCHDOG_MS)
        if app:
            app._end()
        raise
    except (Exception, asyncio.CancelledError) as error:
        sys.print_exception(error)
        try:
            from ovms.crash import keep

            keep(app, error)
        except Exception as other:
            # The restart matters more.
            sys.print_exception(other)
        time.sleep(_CRASH_PAUSE_S)
        board.reset()
