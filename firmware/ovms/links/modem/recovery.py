"""Finds a modem that answers, and starts or restarts one that does not.

A running modem is never toggled off: the power key is pressed only after it stayed silent at every
rate. The recovery ladder: look again, restart by `AT+CFUN=1,1`, restart by the power lines, each
after a longer pause, which the radio of a modem without a network spends switched off; in the end
the board. Source: hardware facts 4.1 and 4.2, dialogues D1, D2 and D16.
"""

from micropython import const

from ovms import status as states
from ovms.links.modem.modem import ALIVE_S, RESTART, SET_UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.modem.modem import Modem

_PROBES = const(3)
_PROBE_MS = const(1000)
# From a UART that works to an answer, in seconds (hardware facts 4.1).
_BOOT_PROBES = const(12)
# RDY, +CFUN and +CPIN come within this time of each other.
_BOOT_LINES_MS = const(1500)
_ESCAPE = b"\x1b"
# All that a modem may have stored (SIM800 AT manual, AT+IPR), the usual ones first.
_BAUDRATES = (9600, 57600, 38400, 19200, 460800, 230400, 4800, 2400, 1200, 115200)
# At the wrong rate a modem heard noise, and takes the next line for the rest of it. At the right
# one it answers at once, a tenth of a second at 1200 baud.
_RATE_PROBES = const(2)
_RATE_MS = const(250)

_NO_SIGNAL = const(99)
_LOOK_MS = const(2500)
# Pauses double: for a modem that stays dark, and for one that comes up and gets nowhere.
_PAUSE_MS = const(5000)
_DARK_MAX_MS = const(60000)
_PAUSE_MAX_MS = const(3600000)
_RESTART_S = const(15)
# In a longer pause a modem without a network searches no more. With the car on there is none.
_SEARCH_MS = const(300000)
_CAR_ON_MS = const(60000)
# Power cycles, some 25 minutes, after which the board itself may be to blame. It is not restarted
# for a modem that never answered it.
_DARK_TURNS = const(20)


async def wake(modem: "Modem") -> None:
    """Return once the modem answers; the first `AT` goes out at once."""
    if modem.port.dtr is not None:
        modem.port.dtr.value(0)
        modem.port.dtr = None
    if not (
        await _probe(modem, _PROBES) or await _left_prompt(modem) or await _find_baudrate(modem)
    ):
        await _power_up(modem)
        await modem.port.clock.sleep_ms(_BOOT_LINES_MS)
    modem.has_answered = True
    modem.due_s = modem.status.uptime_s + ALIVE_S
    modem.fault = None
    modem.was_call_ready = False


async def recover(modem: "Modem") -> None:
    """The next step of the ladder, after a pause that an announced network cuts short."""
    clock = modem.port.clock
    status = modem.status
    status.count(modem.fault or "modem_stream_lost")
    step = modem.fault_step if modem.fault else SET_UP
    modem.fault = None
    modem.failures += 1
    modem.port.is_up = False
    modem.profile.details().drop()
    had_network = status.is_registered
    status.is_registered = False
    status.csq = _NO_SIGNAL
    status.net_state = states.NET_RETRY
    pause_ms = min(_PAUSE_MS << min(modem.failures - 1, 10), _PAUSE_MAX_MS)
    modem.is_found = False
    if pause_ms > _SEARCH_MS and not (had_network or status.is_car_on):
        await modem.port.ask(b"AT+CFUN=0", limit_s=_RESTART_S)
    # In looks: a car that is switched on is nobody's event. The ESP32 may sleep meanwhile.
    modem.slept_s = 0
    modem.is_pausing = True
    while pause_ms > 0 and not modem.is_found:
        if status.is_car_on:
            pause_ms = min(pause_ms, _CAR_ON_MS)
        modem.due_s = status.uptime_s + ALIVE_S
        await clock.sleep_ms(_LOOK_MS)
        pause_ms -= _LOOK_MS + modem.slept_s * 1000
        modem.slept_s = 0
    modem.is_pausing = False
    step = SET_UP if modem.is_found else max(step, modem.failures)
    if step < RESTART:
        return
    if step > RESTART and modem.power is not None:
        status.count("modem_power_cycle")
        await modem.power.restart(modem.profile.details())
    else:
        status.count("modem_restart")
        await modem.port.ask(b"AT+CFUN=1,1", limit_s=_RESTART_S)
    await clock.sleep_ms(modem.profile.details().boot_ms)


async def _probe(modem, times, limit_ms=_PROBE_MS):
    async with modem.port.lock:
        from ovms.links.modem.at_rescue import probe

        return await probe(modem.port, times, limit_ms)


async def _left_prompt(modem):
    """Whether the modem answers once it does not wait for the text of an SMS any more."""
    if modem.has_answered:
        await modem.port.uart.write(_ESCAPE)
    return modem.has_answered and await _probe(modem, 1)


async def _find_baudrate(modem):
    """Whether the modem answers at another rate, which then stays set."""
    set_baudrate = getattr(modem.port.uart, "set_baudrate", None)
    if set_baudrate is not None:
        for rate in _BAUDRATES:
            set_baudrate(rate)
            if await _probe(modem, _RATE_PROBES, _RATE_MS):
                return True
    return False


async def _power_up(modem):
    """Start the modem softly and hard in turn until it answers.

    One that answered before hangs: a press of its key would only switch it off.
    """
    pause_ms = _PAUSE_MS
    is_hard = modem.has_answered
    turns = 0
    while True:
        modem.status.count("modem_power_cycle" if is_hard else "modem_power_key")
        turns += 1
        modem.due_s = modem.status.uptime_s + ALIVE_S
        if turns == _DARK_TURNS and modem.has_answered:
            modem.status.count("board_restart")
            modem.status.request(states.REQUEST_REBOOT)
        if modem.power is not None:
            times = modem.profile.details()
            await (modem.power.restart(times) if is_hard else modem.power.start(times))
        await modem.port.clock.sleep_ms(modem.profile.details().boot_ms)
        if await _probe(modem, _BOOT_PROBES) or await _find_baudrate(modem):
            return
        is_hard = not is_hard
        await modem.port.clock.sleep_ms(pause_ms)
        pause_ms = min(2 * pause_ms, _DARK_MAX_MS)
