"""Waits for the SIM of a modem that answers (overlay). Source: hardware facts 4.3, dialogue D4."""

from micropython import const

from ovms import status as states
from ovms.links.at_port import ATError

_RETRY_MS = const(2000)
_LOCKED_MS = const(30000)
_SIM_TURNS = const(30)
# A SIM is busy for some seconds after a start.
_SILENT_TURNS = const(4)
_TRUSTED_TURNS = const(2)
# Answers to the question for the SIM that say nothing of it.
_VAGUE = (b"", b"ERROR", b"TIMEOUT")
# As numbers: the SIM wants its PIN, its PUK.
_LOCKED = (b"+CME ERROR: 11", b"+CME ERROR: 12")
_PIN_STATES = (b"SIM PIN", b"+CME ERROR: SIM PIN REQUIRED", _LOCKED[0])


async def start(modem):
    """Return once the SIM is ready. A locked one waits for its owner, or takes the PIN it set.

    OSError when the modem must be started anew first.
    """
    status = modem.status
    status.imei = await _identity(modem.port, b"AT+GSN")
    status.net_state = states.NET_SIM
    known = b""
    turns = 0
    is_tried = False
    while True:
        modem.check()
        try:
            lines = await modem.port.execute(b"AT+CPIN?")
            state = lines[0][6:].strip(b' "').upper() if lines else b""
        except ATError as error:
            state = error.args[0].upper()
        if state == b"READY":
            break
        if turns > _TRUSTED_TURNS and state in _VAGUE and await _has_network(modem):
            break
        is_locked = b"PIN" in state or b"PUK" in state or state in _LOCKED
        pause_ms = _LOCKED_MS if is_locked else _RETRY_MS
        if state != known:
            known = state
            status.count("sim_locked" if is_locked else "sim_not_ready")
        if is_locked:
            status.net_state = states.NET_PIN
            if b"SIM PUK" in state or state == _LOCKED[1]:
                status.modem_error = "The SIM wants its PUK: unlock it in a phone."
            elif state not in _PIN_STATES:
                status.modem_error = "A lock wants another code than the SIM's PIN."
            elif not is_tried:
                is_tried = True
                from ovms.links import modem_pin

                status.modem_error = await modem_pin.unlock(modem)
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
    status.net_state = states.NET_INIT
    status.iccid = await _identity(modem.port, b"AT+CCID")


async def _has_network(modem):
    """Whether the modem knows a network, and so has a SIM that works."""
    answer = await modem.port.ask(b"AT+CREG?")
    if answer:
        from ovms.links import modem_registration

        modem_registration.take(modem, answer)
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
