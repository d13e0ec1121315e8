"""Brings a SIM800 that answers to readiness: settings, SIM, SMS, network (overlay).

Each step may be repeated at any time; on a modem that is up it changes nothing.
Source: hardware facts 4.2 to 4.4, dialogues D3 to D5 and D20.
"""

from micropython import const

from ovms import overlay
from ovms import status as states
from ovms.links.at_port import ATError
from ovms.protocol import sim800

_VALUES = "ovms.protocol.sim800_values"
_GSM_LOCK = const(13)
_BAUDRATE = const(115200)
# One by one, so that a refused one costs nothing but itself.
_SETTINGS = (b"AT+CMEE=2", b"AT+IFC=0,0", b"AT+CREG=1", b"AT+CLIP=1")
_SETTING_S = const(15)

_RETRY_MS = const(2000)
_LOCKED_MS = const(30000)
_SIM_TURNS = const(30)
_SMS_TURNS = const(10)
_NETWORK_MS = const(3000)
_NETWORK_TURNS = const(100)
_CHOICE_S = const(120)


async def start(modem):
    """Return once the modem is up. OSError when it must be started anew first."""
    port = modem.port
    status = modem.status
    status.net_state = states.NET_INIT
    await _configure(modem)
    status.net_state = states.NET_SIM
    await _await_sim(modem)
    for _ in range(_SMS_TURNS):
        await overlay.call_async("ovms.links.modem_inbox", "start", modem)
        if modem.plain_charset is not None:
            break
        modem.check()
        await port.clock.sleep_ms(_RETRY_MS)
    status.net_state = states.NET_SEARCHING
    await _choose_operator(modem)
    await _await_network(modem)
    modem.polls = 0
    port.is_up = True
    status.net_state = states.NET_READY


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


async def _await_network(modem):
    turns = 0
    while not modem.status.is_registered or not turns:
        if turns:
            await modem.port.clock.sleep_ms(_NETWORK_MS)
        modem.check()
        answer = await modem.port.ask(b"AT+CREG?")
        if answer:
            overlay.call("ovms.links.modem_urcs", "registered", modem, answer)
        turns += 1
        if turns > _NETWORK_TURNS:
            modem.fault = ("network_missing", 2)


async def _choose_operator(modem):
    port = modem.port
    lock = modem.config.get(_GSM_LOCK)
    if lock:
        try:
            choice = b"AT+COPS=1,1," + overlay.call(_VALUES, "quoted", lock)
            await port.execute(choice, limit_s=_CHOICE_S)
        except (ATError, ValueError):
            modem.status.count("gsm_lock_failed")
        return
    # The modem remembers an operator that was chosen by hand.
    answer = await port.ask(b"AT+COPS?")
    if answer and sim800.number(answer, 0) == 1:
        await port.ask(b"AT+COPS=0", limit_s=_CHOICE_S)


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
