"""Prepares a SIM800 that answers: settings and SIM (overlay).

Each step may be repeated at any time; on a modem that is up it changes nothing.
Source: hardware facts 4.2 to 4.4, dialogues D3, D4 and D20.
"""

from micropython import const

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
    """Return once the SIM is ready. A locked SIM waits for its owner: no PIN is ever tried."""
    known = ""
    turns = 0
    while True:
        modem.check()
        try:
            lines = await modem.port.execute(b"AT+CPIN?")
            state = lines[0][6:].strip() if lines else b""
        except ATError as error:
            state = error.args[0]
        if state == b"READY":
            break
        is_locked = b"PIN" in state or b"PUK" in state
        if state != known:
            known = state
            modem.status.count("sim_locked" if is_locked else "sim_not_ready")
        turns += not is_locked
        if turns > _SIM_TURNS:
            modem.fault = ("sim_missing", 2)
        else:
            await modem.port.clock.sleep_ms(_LOCKED_MS if is_locked else _RETRY_MS)
    modem.status.iccid = await _identity(modem.port, b"AT+CCID")


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
