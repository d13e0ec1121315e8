"""The SIM of a modem that answers: waits for it, and unlocks it with the PIN its owner has set.

A SIM takes three wrong PINs and then wants its PUK, so: one try per start of the modem, none with
a PIN that was wrong once, none with the last try that the SIM has left. To keep this over power
cuts the parameter tells behind its digits what became of them: nothing for a new PIN, `a` to `k`
for one that is being tried while the SIM has 0 to 10 tries left, `?` when it does not say how
many, `+` for a good one, `!` for a wrong one, `x` for a wrong one of a SIM that does not say.
Source: hardware facts 4.3, dialogue D4; SIM800 AT manual V1.12, AT+CPIN and AT+SPIC.
"""

from micropython import const

from ovms import status as states
from ovms.links.modem.at_port import ATError
from ovms.links.modem.modem import ALIVE_S
from ovms.parameters import SIM_PIN
from ovms.protocol.at import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.modem.modem import Modem

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

_TRIES_MAX = const(10)
_ENTER_S = const(10)
_WRONG = "The SIM refused the PIN: see command SIM."


async def wait_for_sim(modem: "Modem") -> None:
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
        modem.due_s = status.uptime_s + ALIVE_S
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
                status.modem_error = await _unlock(modem)
                pause_ms = _RETRY_MS
        else:
            turns += 1
            if turns > _SILENT_TURNS:
                status.net_state = states.NET_SIM
                is_missing = b"NOT INS" in state.upper() or b" 10" in state
                status.modem_error = "There is no SIM." if is_missing else "The SIM does not work."
            if turns > _SIM_TURNS:
                modem.restart("sim_missing")
                continue
        await modem.port.clock.sleep_ms(pause_ms)
    status.modem_error = ""
    status.net_state = states.NET_INIT
    iccid = await _identity(modem.port, modem.profile.details().iccid_command)
    if iccid and status.iccid and iccid != status.iccid:
        # What was read is not in this one's store: nothing of it may be deleted here.
        modem.taken = ()
        modem.kept.clear()
        modem.spent.clear()
    status.iccid = iccid


async def _has_network(modem):
    """Whether the modem knows a network, and so has a SIM that works."""
    from ovms.links.modem.network import ask_registration

    await ask_registration(modem)
    return modem.status.is_registered


async def _identity(port, command):
    """The IMEI or ICCID (str) that `command` brings, with or without its head; "" for none.

    A card's number is filled up with F to whole octets, and by some to more.
    """
    try:
        lines = await port.execute(command)
    except ATError:
        return ""
    for line in lines:
        for field in line[line.find(b":") + 1 :].split(b","):
            text = field.strip(b'"').replace(b" ", b"").replace(b'"', b"")
            digits = text.rstrip(b"Ff")
            if 14 <= len(digits) <= 22 and digits.isdigit() and len(text) <= 24:
                return str(text, "utf-8")
    return ""


async def _unlock(modem):
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
    command = modem.profile.details().pin_tries_command
    answer = await modem.port.ask(command) if command else None
    tries = number(answer, 0) if answer else None
    return None if tries is None or tries > _TRIES_MAX else tries


def _wrong(modem, digits, tries):
    modem.status.count("sim_wrong_pin")
    _keep(modem, digits + ("x" if tries is None else "!"))
    return _WRONG


def _keep(modem, text):
    modem.config.apply({SIM_PIN: text})
