"""Text commands of the person at the desk: phone, network, supply and faults of the modem."""

from tools.desk.modem.fault_switches import SWITCHES, FaultError, apply_fault, usage
from tools.desk.modem.pdu import is_number

_HELP = """\
SMS <number> <text>        the phone sends the module a message (\\n is a new line)
SMS "<name>" <text>        somebody with a name in place of a number does
CALL [<number>]            the phone rings the module; HANGUP ends it
POWER on|off|key           supply with the key held, supply gone, one PWRKEY pulse
SIGNAL <0..31|99>          signal quality as AT+CSQ reports it
REG <0..5> [both|cs|ps]    registration as AT+CREG reports it
SUPPLY <millivolts>        supply voltage of the modem
FAULT <name> [arguments]   one of the faults below; FAULT clear takes them back
HELP                       this text"""


class ConsoleError(ValueError):
    """The line cannot be carried out; its text is one sentence."""


class Console:
    """Carries out one line at a time on `modem`."""

    def __init__(self, modem):
        self._modem = modem
        self._verbs = {
            "SMS": self._sms,
            "CALL": self._call,
            "HANGUP": self._hang_up,
            "POWER": self._power,
            "SIGNAL": self._signal,
            "REG": self._reg,
            "SUPPLY": self._supply,
            "FAULT": self._fault,
            "HELP": self._help,
        }

    def execute(self, line):
        """Do what `line` says; returns a text to show or None. ConsoleError if it cannot."""
        verb, _, rest = line.strip().partition(" ")
        if not verb:
            return None
        handler = self._verbs.get(verb.upper())
        if handler is None:
            raise ConsoleError(f"Unknown command {verb!r}; HELP lists the commands.")
        try:
            return handler(rest.strip())
        except FaultError as error:
            raise ConsoleError(str(error)) from error

    def _sms(self, rest):
        if rest.startswith('"') and '" ' in rest:
            # A name, which may look like a number.
            name, _, text = rest[1:].partition('" ')
            number = f'"{name}"'
        else:
            number, _, text = rest.partition(" ")
            name = number if is_number(number) else ""
        text = text.strip()
        if not name or not text:
            raise ConsoleError('SMS needs a phone number or a "name" and a text behind it.')
        try:
            self._modem.sms.submit(number, _unescaped(text))
        except ValueError as error:
            raise ConsoleError(f"The message was not sent: {error}.") from error

    def _call(self, rest):
        if rest and not is_number(rest):
            raise ConsoleError("CALL needs a phone number, or nothing for a withheld one.")
        if not self._modem.calls.incoming(rest):
            raise ConsoleError("The call did not get through: module busy or not registered.")

    def _hang_up(self, rest):
        if not self._modem.calls.remote_hang_up():
            raise ConsoleError("There is no call to end.")

    def _power(self, rest):
        switches = {
            "on": self._modem.power_on,
            "off": self._modem.power_off,
            "key": self._modem.pwrkey_pulse,
        }
        if rest.lower() not in switches:
            raise ConsoleError("POWER needs on, off or key.")
        switches[rest.lower()]()

    def _signal(self, rest):
        self._fault("csq " + rest if rest else "")

    def _reg(self, rest):
        self._fault("reg " + rest)

    def _supply(self, rest):
        if not (rest.isascii() and rest.isdigit()) or int(rest) > 6000:
            raise ConsoleError("SUPPLY needs a voltage of 0 to 6000 mV.")
        self._modem.set_supply_mv(int(rest))

    def _fault(self, rest):
        words = rest.split()
        if not words:
            raise ConsoleError("FAULT needs a name; HELP lists them.")
        if words[0].lower() == "urc" and len(words) > 2:
            # The text of a URC holds blanks; all that follows the place is text.
            words = [words[0], words[1], rest.split(None, 2)[2]]
        apply_fault(self._modem, *words)

    def _help(self, rest):
        return _HELP + "\nFaults: " + "; ".join(usage(name) for name in sorted(SWITCHES))


def _unescaped(text):
    """`text` with \\n and \\\\ resolved."""
    out = ""
    chars = iter(text)
    for char in chars:
        if char != "\\":
            out += char
            continue
        follower = next(chars, "")
        out += {"n": "\n", "\\": "\\"}.get(follower, "\\" + follower)
    return out
