"""Unlocks a SIM with the PIN its owner has set (overlay of `modem_boot.py`).

A SIM takes three wrong PINs and then wants its PUK, so: one try per start of the modem, none with
a PIN that was wrong once, none with the last try that the SIM has left. To keep this over power
cuts the parameter tells behind its digits what became of them: nothing for a new PIN, `a` to `k`
for one that is being tried while the SIM has 0 to 10 tries left, `?` when it does not say how
many, `+` for a good one, `!` for a wrong one, `x` for a wrong one of a SIM that does not say.
Source: hardware facts 4.3, dialogue D4; SIM800 AT manual V1.12, AT+CPIN and AT+SPIC.
"""

from micropython import const

from ovms.links.at_port import ATError
from ovms.parameters import SIM_PIN
from ovms.protocol import sim800

_TRIES_MAX = const(10)
_ENTER_S = const(10)
_WRONG = "The SIM refused the PIN, see command SIM."


async def unlock(modem):
    """Enter the PIN if that is safe. Returns what is wrong (str), "" when the SIM took it."""
    text = modem.config.get(SIM_PIN)
    if not text:
        return "The SIM wants its PIN, see command SIM."
    digits, fate = (text, "") if text.isdigit() else (text[:-1], text[-1])
    if fate in ("!", "x"):
        return _WRONG
    tries = await _tries(modem)
    mark = "?" if tries is None else chr(97 + tries)
    if fate not in ("", "+") and (fate != mark or tries is None):
        # The last try ended unheard, and it may have cost one.
        return _wrong(modem, digits, tries)
    if tries is not None and tries < 2:
        return "The SIM has one try left: unlock it in a phone."
    if fate != "+":
        try:
            _keep(modem, digits + mark)
        except OSError:
            return "The PIN is not tried while the module cannot store settings."
    try:
        await modem.port.execute(b'AT+CPIN="%s"' % digits.encode(), limit_s=_ENTER_S)
    except ATError as error:
        is_unheard = error.args[0] == b"timeout"
        if is_unheard or (tries is not None and await _tries(modem) == tries):
            _keep(modem, digits + mark)
            return "The SIM did not take the PIN."
        return _wrong(modem, digits, tries)
    modem.status.count("sim_unlocked")
    if fate != "+":
        _keep(modem, digits + "+")
    return ""


async def _tries(modem):
    """How many wrong PINs the SIM would still take, None when it does not say."""
    answer = await modem.port.ask(b"AT+SPIC")
    tries = sim800.number(answer, 0) if answer else None
    return None if tries is None or tries > _TRIES_MAX else tries


def _wrong(modem, digits, tries):
    modem.status.count("sim_wrong_pin")
    _keep(modem, digits + ("x" if tries is None else "!"))
    return _WRONG


def _keep(modem, text):
    modem.config.apply({SIM_PIN: text})
