"""Prepares a SIM800 that answers: settings and SIM (overlay).

Each step may be repeated at any time; on a modem that is up it changes nothing.
Source: hardware facts 4.2 to 4.4, dialogues D3, D4 and D20.
"""

from micropython import const

from ovms import overlay
from ovms import status as states
from ovms.links.at_port import ATError
from ovms.protocol import sim800

_BAUDRATE = const(115200)
# One by one, so that a refused one costs nothing but itself.
_SETTINGS = (b"AT+CMEE=2", b"AT+IFC=0,0", b"AT+CREG=1", b"AT+CLIP=1")
_SETTING_S = const(15)

_RETRY_MS = const(2000)
_LOCKED_MS = const(30000)
_SIM_TURNS = const(30)
# A SIM is busy for some seconds after a start.
_SILENT_TURNS = const(4)
_TRUSTED_TURNS = const(2)
# Answers to the question for the SIM that say nothing of it.
_VAGUE = (b"", b"ERROR", b"timeout")
_PIN = "ovms.links.modem_pin"


async def start(modem):
    """Return once the settings are made and the SIM is ready.

    OSError when the modem must be started anew first.
    """
    modem.status.net_state = states.NET_INIT
    await _configure(modem)
    modem.status.net_state = states.NET_SIM
    await _await_sim(modem)


async def _configure(modem):
    """Settings that every start repeats; none of them is worth stopping for."""
    port = modem.port
    await port.ask(b"ATE0")
    echoes = port.echoes
    set_baudrate = getattr(port.uart, "set_baudrate", None)
    if set_baudrate is not None:
        # Leave automatic or odd rates for good. Written only when needed: it wears the flash.
        rate = await port.ask(b"AT+IPR?")
        if rate and sim800.number(rate, 0) != _BAUDRATE:
            await port.ask(b"AT+IPR=%d;&W" % _BAUDRATE)
            set_baudrate(_BAUDRATE)
    function = await port.ask(b"AT+CFUN?")
    if function and sim800.number(function, 0) != 1:
        await port.ask(b"AT+CFUN=1", limit_s=_SETTING_S)
    for command in _SETTINGS:
        modem.check()
        await port.ask(command, limit_s=_SETTING_S)
    kept = await port.ask(b"AT+CLTS?")
    if kept and sim800.number(kept, 0) == 0:
        await port.ask(b"AT+CLTS=1;&W")
    dtr = getattr(modem.power, "dtr", None)
    if dtr is not None and await port.ask(b"AT+CSCLK=1") is not None:
        port.dtr = dtr
    modem.status.imei = await _identity(port, b"AT+GSN")
    modem.echoes = echoes if port.echoes == echoes else None
    modem.check()


async def _await_sim(modem):
    """Return once the SIM is ready. A locked one waits for its owner, or takes the PIN it set."""
    status = modem.status
    known = b""
    turns = 0
    is_tried = False
    while True:
        modem.check()
        try:
            lines = await modem.port.execute(b"AT+CPIN?")
            state = lines[0][6:].strip(b' "').upper() if lines else b""
        except ATError as error:
            state = error.args[0]
        if state == b"READY":
            break
        if turns > _TRUSTED_TURNS and state in _VAGUE and await _has_network(modem):
            break
        is_locked = b"PIN" in state or b"PUK" in state
        pause_ms = _LOCKED_MS if is_locked else _RETRY_MS
        if state != known:
            known = state
            status.count("sim_locked" if is_locked else "sim_not_ready")
        if is_locked:
            status.net_state = states.NET_PIN
            if b"PUK" in state:
                status.modem_error = "The SIM wants its PUK: unlock it in a phone."
            elif not is_tried:
                is_tried = True
                status.modem_error = await overlay.call_async(_PIN, "unlock", modem)
                pause_ms = _RETRY_MS
        else:
            turns += 1
            if turns > _SILENT_TURNS:
                status.net_state = states.NET_SIM
                is_missing = b"NOT INS" in state.upper() or b" 10" in state
                status.modem_error = "There is no SIM." if is_missing else "The SIM does not work."
            if turns > _SIM_TURNS:
                modem.fault = ("sim_missing", 2)
                continue
        await modem.port.clock.sleep_ms(pause_ms)
    status.modem_error = ""
    status.iccid = await _identity(modem.port, b"AT+CCID")


async def _has_network(modem):
    """Whether the modem knows a network, and so has a SIM that works."""
    answer = await modem.port.ask(b"AT+CREG?")
    if answer:
        overlay.call("ovms.links.modem_registration", "take", modem, answer)
    return modem.status.is_registered


async def _identity(port, command):
    """The IMEI or ICCID (str) that `command` brings, with or without its head; "" for none."""
    try:
        lines = await port.execute(command)
    except ATError:
        return ""
    for line in lines:
        digits = line[line.find(b":") + 1 :].strip(b' "')
        if 14 <= len(digits) <= 22 and digits[:-1].isdigit() and digits[-1] < 127:
            return str(digits, "utf-8")
    return ""
