"""A SIM800 or SIM7000 as an engine: bytes of its UART in and out, power, sleep, command lines.

Knows no socket and no clock of its own: scheduler, dialler and phone are injected. Written from
hardware facts 4 and the SIM800 AT manual V1.12; shares no code with the firmware. What is
different in a SIM7000: `command_table.py`, `app_stack.py` and `profile.new_profile`.
"""

from tools.desk.modem.app_stack import AppStack
from tools.desk.modem.at_line import MAX_LINE_CHARS, parse_line
from tools.desk.modem.calls import Calls
from tools.desk.modem.command_table import run_line
from tools.desk.modem.data_mode import DataEntry, OnlineMode
from tools.desk.modem.faults import Faults
from tools.desk.modem.ip_stack import IpStack
from tools.desk.modem.network import Network
from tools.desk.modem.profile import Profile
from tools.desk.modem.settings import KEPT_BY_RESET, SavedSettings, SessionSettings
from tools.desk.modem.sim import Sim
from tools.desk.modem.sms_service import SmsService
from tools.desk.modem.tasks import TaskGroup
from tools.desk.modem.uart import UartLine

SYNC_BYTES = b"\x00\x49\x49\x49\x49\xff\xff\xff\xff"
_BROWN_OUT_BYTES = b"\xff\x00"
_BROWN_OUT_MS = 400
_SYNC_BAUD = 115200
_WARN_LOW_MV, _OFF_LOW_MV, _WARN_HIGH_MV, _OFF_HIGH_MV = 3500, 3400, 4300, 4400
_BACKSPACE, _LINE_FEED = 0x08, 0x0A
# "AT", the longest line, and one character more that proves it too long.
_MAX_KEPT_CHARS = MAX_LINE_CHARS + 3
_RESULT_NUMBERS = {"OK": 0, "CONNECT": 1, "RING": 2, "NO CARRIER": 3, "ERROR": 4}


class Modem:
    """One module with SIM, antenna and supply.

    scheduler: see `scheduler.py`. output: callback for bytes to the host, which must not call
    `feed` before it returns. dialler: opens TCP
    connections, see `dialler.py`. on_sms: callback that gets each `OutgoingSms` of the phone.
    delay_factor: every delay of the profile times this. It starts switched off.
    """

    entry: DataEntry | None
    online: OnlineMode | None
    _text: bytearray
    _last_line: str
    _has_fresh_rate: bool
    _after_line: list
    _held_urcs: list

    def __init__(self, scheduler, output, dialler, profile=None, on_sms=None, delay_factor=1.0):
        self.profile = profile or Profile()
        self.timing = self.profile.timing
        self.quirks = self.profile.quirks
        self.dialler = dialler
        self.tasks = TaskGroup(scheduler, delay_factor)
        self.line = UartLine(scheduler, output)
        self.faults = Faults(self)
        self.saved = SavedSettings(
            echo=int(self.profile.echo), baud=0 if self.profile.is_autobaud else self.profile.baud
        )
        self.saved_cfun = 1
        self.settings = self.saved.copy()
        self.session = SessionSettings()
        self.is_on = False
        self.is_alive = False
        # It hears nothing any more, until it is started anew.
        self.is_hung = False
        self._dtr_high = False
        self.supply_mv = 4000
        self.baud = 0
        self.input_dropped = 0
        self.sim = Sim(self)
        self.network = Network(self, scheduler)
        self.sms = SmsService(self, scheduler, on_sms)
        self.is_sim7000 = self.profile.dialect == "SIM7000"
        self.ready_texts = ("SMS Ready",) if self.is_sim7000 else ("Call Ready", "SMS Ready")
        self.ip = AppStack(self) if self.is_sim7000 else IpStack(self)
        self.calls = Calls(self)
        self._reset_input()

    # ---- power ----

    def power_on(self):
        """Supply and PWRKEY switch the module on; nothing happens if it already runs."""
        if self.is_on:
            return
        self.is_on = True
        self.is_hung = False
        self.settings = self.saved.copy()
        self.session = SessionSettings()
        self.baud = self.settings.baud
        self._reset_input()
        self.network.power_on(self.saved_cfun)
        self.tasks.spawn(self._boot())

    def power_off(self):
        """The module is dark at once: no last words to the host, the network or the server."""
        self.is_on = self.is_alive = False
        self.tasks.cancel_all()
        self.ip.power_lost()
        self.calls.power_lost()
        self.network.power_lost()
        self.sms.power_lost()
        self._reset_input()

    def shut_down(self):
        """Orderly end: says so, then goes dark (AT+CPOWD=1 or PWRKEY)."""
        self.urc("NORMAL POWER DOWN")
        self.power_off()

    def pwrkey_pulse(self):
        """One long low pulse on PWRKEY: a toggle (hardware facts 4.1)."""
        if self.is_on:
            self.shut_down()
        else:
            self.power_on()

    def brown_out(self):
        """The supply collapses for a moment: a last scrap of noise, then a cold start."""
        if not self.is_on:
            return
        self.line.emit(_BROWN_OUT_BYTES, self.baud)
        self.power_off()
        self.tasks.later(_BROWN_OUT_MS, self.power_on)

    def reboot(self):
        """Restart commanded by AT+CFUN=1,1."""
        self.power_off()
        self.power_on()

    def set_supply_mv(self, millivolts):
        """VBAT changes; warnings and switch-off as AT+CBATCHK=1 has them (hardware facts 4.7)."""
        self.supply_mv = millivolts
        if not self.is_on or not self.session.cbatchk:
            return
        if millivolts < _OFF_LOW_MV or millivolts > _OFF_HIGH_MV:
            which = "UNDER" if millivolts < _OFF_LOW_MV else "OVER"
            self.urc(which + "-VOLTAGE POWER DOWN")
            self.power_off()
        elif millivolts <= _WARN_LOW_MV:
            self.urc("UNDER-VOLTAGE WARNNING")
        elif millivolts >= _WARN_HIGH_MV:
            self.urc("OVER-VOLTAGE WARNNING")

    def _boot(self):
        timing = self.timing
        if self.profile.has_boot_noise:
            yield timing.boot_noise_ms
            self.line.emit(b"\x00\xff\xfe", _SYNC_BAUD)
        yield timing.boot_sync_ms
        if not self.is_sim7000:
            self.line.emit(SYNC_BYTES, _SYNC_BAUD)
        self.is_alive = True
        yield timing.boot_rdy_ms
        self.urc("RDY")
        yield timing.boot_cfun_ms
        self.urc(f"+CFUN: {self.network.cfun}")
        yield timing.boot_cpin_ms
        self.sim.power_on()
        if self.network.cfun == 1:
            yield from self.announce_ready(
                timing.boot_call_ready_ms, timing.boot_sms_ready_ms, self.ready_texts
            )

    def announce_ready(self, first_ms, second_ms, texts):
        """Steps: once the SIM is usable, the two ready URCs in the order of `texts`."""
        yield self.sim.ready
        yield first_ms
        for index, text in enumerate(texts):
            if index:
                yield second_ms
            if self.network.cfun != 1:
                return
            self.urc(text)
            if text == "SMS Ready":
                self.sms.set_ready()

    # ---- bytes from the host ----

    def feed(self, data):
        """Bytes the host sent; any split is fine."""
        if not self.is_alive:
            self.input_dropped += len(data)
            return
        data = self.line.received(data, self.baud)
        if not self._is_listening():
            self.input_dropped += len(data)
            return
        self._last_activity_ms = self.tasks.now_ms()
        while data:
            if not self.is_alive:
                return
            if self.online is not None:
                self.online.feed(data)
                return
            if self.entry is not None:
                data = data[self.entry.feed(data) :]
            elif self._is_busy:
                data = self._feed_busy(data)
            else:
                data = self._feed_command(data)

    @property
    def dtr_high(self):
        """Level of DTR; low keeps awake, and wakes what sleeps (AT+CSCLK=1)."""
        return self._dtr_high

    @dtr_high.setter
    def dtr_high(self, is_high):
        if self._dtr_high and not is_high and self._is_asleep():
            self._deaf_until_ms = self.tasks.now_ms() + self.timing.dtr_wake_ms
            self._last_activity_ms = self.tasks.now_ms()
        self._dtr_high = is_high

    def _is_idle(self):
        return (
            self.tasks.now_ms() - self._last_activity_ms > self.timing.sleep_after_ms
            and self.online is None
            and self.entry is None
        )

    def _is_asleep(self):
        return self.settings.csclk == 1 and self._dtr_high and self._is_idle()

    def _is_listening(self):
        now_ms = self.tasks.now_ms()
        if self.is_hung or now_ms < self.faults.hang_until_ms:
            return False
        if self.settings.csclk == 2 and self._is_idle():
            # The first characters only wake the module (hardware facts 4.7).
            self._deaf_until_ms = now_ms + self.timing.wake_ms
            self._last_activity_ms = now_ms
        return not self._is_asleep() and now_ms >= self._deaf_until_ms

    def _feed_busy(self, data):
        if self.quirks.input_while_busy_merges:
            self._text += data
        else:
            self.input_dropped += len(data)
        return b""

    def _feed_command(self, data):
        end = data.find(b"\r")
        text = data if end < 0 else data[:end]
        if self.settings.echo and self.baud:
            self._echo(data if end < 0 else data[: end + 1])
        for byte in text:
            if byte == _BACKSPACE:
                del self._text[-1:]
            elif byte != _LINE_FEED:
                self._text.append(byte)
        del self._text[_MAX_KEPT_CHARS:]
        if end < 0:
            return b""
        line, self._text = bytes(self._text), bytearray()
        self._on_line(line)
        return data[end + 1 :]

    def _echo(self, chunk):
        if self._has_fresh_rate and self.quirks.cut_first_echo_after_sync:
            chunk = chunk[:1] + b"\xf8" + chunk[2:]
        self._has_fresh_rate = False
        self.emit(chunk)

    def _on_line(self, line):
        if not self.baud and not self._train(line):
            return
        text = line.decode("latin-1")
        if text.strip().upper() == "A/":
            text = self._last_line
        start = text.upper().find("AT")
        if start < 0:
            return
        self._last_line = text[start:]
        self._is_busy = True
        try:
            calls = parse_line(text[start + 2 :])
        except ValueError:
            calls = None
        self.tasks.spawn(run_line(self, calls))

    def _train(self, line):
        """Autobaud locks on "AT" only; returns whether this line found a rate."""
        if line.upper() != b"AT":
            return False
        self._training_lines += 1
        if self._training_lines <= self.profile.autobaud_lost_lines:
            return False
        self.baud = self.line.host_baud or self.profile.baud
        self._has_fresh_rate = True
        if self.settings.echo:
            self._echo(line + b"\r")
        return True

    def line_done(self):
        """The running command line has had its final result."""
        self._is_busy = False
        callbacks, self._after_line = self._after_line, []
        for callback in callbacks:
            callback()

    def after_line(self, callback):
        """Call `callback()` when the running line's final result is out."""
        self._after_line.append(callback)

    def begin_entry(self, entry):
        """The host's next bytes belong to `entry` until it is done; URCs wait meanwhile."""
        self.entry = entry
        entry.when_done(lambda _: self._end_entry())

    def _end_entry(self):
        self.entry = None
        self._release_urcs()

    def begin_online(self, kind, on_data, on_escape):
        """PPP or transparent mode: bytes pass through, URCs wait, `+++` leads out."""
        self.online = OnlineMode(self, kind, on_data, on_escape)

    def end_online(self):
        self.online = None
        self._release_urcs()

    def _reset_input(self):
        self.entry = None
        self.online = None
        self._text = bytearray()
        self._last_line = "AT"
        self._is_busy = False
        self._after_line = []
        self._held_urcs = []
        self._was_payload = False
        self._training_lines = 0
        self._has_fresh_rate = False
        self._deaf_until_ms = 0.0
        self._last_activity_ms = self.tasks.now_ms()

    # ---- bytes to the host ----

    def emit(self, unit):
        """Send bytes that belong together, if the module runs and has a rate."""
        if not self.is_alive or not self.baud or self.is_hung:
            return
        if self.tasks.now_ms() < self.faults.hang_until_ms:
            return
        self._last_activity_ms = self.tasks.now_ms()
        self._was_payload = False
        self.line.emit(unit, self.baud)

    def info(self, text):
        """An information response line; `text` is str or bytes."""
        data = text if isinstance(text, bytes) else text.encode("latin-1", "replace")
        self.emit(b"\r\n" + data + b"\r\n" if self.settings.verbose else data + b"\r\n")

    def result(self, text):
        """A final result, as ATV and ATQ want it."""
        if self.settings.quiet:
            return
        if self.settings.verbose or text not in _RESULT_NUMBERS:
            self.emit(f"\r\n{text}\r\n".encode("latin-1", "replace"))
        else:
            self.emit(b"%d\r" % _RESULT_NUMBERS[text])

    def urc(self, text):
        """An unsolicited line: at once between other lines, later if the host enters data."""
        data = text if isinstance(text, bytes) else text.encode("latin-1", "replace")
        self.urc_unit(b"\r\n" + data + b"\r\n")

    def urc_unit(self, unit, is_payload=False):
        """Unsolicited bytes that bring their own line ends.

        is_payload: pushed TCP data with its header, which starts a line of its own unless it
        follows other pushed data (unverified, see `Quirks.ipd_follows_payload_directly`).
        """
        is_closed = self.entry is not None and not self.quirks.urc_during_prompt
        if is_closed or self.online is not None:
            self._held_urcs.append((unit, is_payload))
            return
        if is_payload:
            is_glued = self._was_payload and self.quirks.ipd_follows_payload_directly
            self.emit(unit if is_glued else b"\r\n" + unit)
        else:
            self.emit(unit)
        self._was_payload = is_payload

    def _release_urcs(self):
        held, self._held_urcs = self._held_urcs, []
        for unit, is_payload in held:
            self.urc_unit(unit, is_payload)

    # ---- settings ----

    def save_settings(self):
        self.saved = self.settings.copy()

    def restore_settings(self, to_factory):
        """ATZ brings the saved profile back, AT&F the factory's."""
        source = SavedSettings(cscs="IRA") if to_factory else self.saved.copy()
        for name in KEPT_BY_RESET:
            setattr(source, name, getattr(self.settings, name))
        self.settings = source
