"""The framework's SMS commands (module-behaviour 2.5): the table, and what a text asks for.

Loaded on demand. What a command replies comes from its module's `async reply(request)`, where
request is a `Request` of `answering.py`. It is loaded when it is known that the sender may.
"""

from micropython import const

from ovms.services.sms.service import BY_EITHER, BY_OLD_OWNER, BY_OWNER, BY_PASSWORD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ovms.contracts import SMSMethod
    from ovms.services.sms.answering import Request
    from ovms.services.sms.service import SMSService

# Longer than any command with 31 parameters; what is behind is not looked at.
_TEXT_LIMIT = const(1200)


def _show():
    from ovms.services.sms.show import reply

    return reply


def _change():
    from ovms.services.sms.change import reply

    return reply


def _restore():
    from ovms.services.sms.restore import reply

    return reply


def _act_on_car():
    from ovms.services.sms.car_actions import reply

    return reply


def _report_of_car():
    from ovms.services.sms.car_reports import reply

    return reply


def _report_of_module():
    from ovms.services.sms.module_reports import reply

    return reply


def _charge_time():
    from ovms.services.sms.charge_time import reply

    return reply


def _mqtt():
    from ovms.services.sms.mqtt import reply

    return reply


def _alerts():
    from ovms.services.sms.alerts import reply

    return reply


def _acc():
    from ovms.services.sms.acc import reply

    return reply


def _wifi():
    from ovms.services.sms.wifi import reply

    return reply


def _power():
    from ovms.services.sms.power import reply

    return reply


def _can_log():
    from ovms.services.sms.can_log import reply

    return reply


def _self_test():
    from ovms.services.selftest import reply

    return reply


def _update():
    from ovms.services.sms.update import reply

    return reply


def _help():
    from ovms.services.sms.help import reply

    return reply


# Command, who may use it, what brings its `reply`, how many words it needs, and what these are:
# nothing for a command that only asks, "." for one that acts without any (the reply to a bare PASS
# is the reference's own: no second line). What opens or moves something is the owner's alone;
# friends have the password for STAT. Lines of a few texts: as tuples it would take 2 KB more, and
# for one text a full heap has no room in one piece.
_COMMANDS = (
    """
REGISTER? either show 0
REGISTER password change 0 <password>
PASS? either show 0
PASS owner change 1 .
GPS either car 0
STAT either car 0
PARAMS? either show 0
PARAMS owner change 1 <units> <notify> <server> ...
AP password change 0 <password> <phone> <new password> ...
MODULE? either show 0
MODULE owner change 1 <id> [<units> [<notify> [<type>]]]
POWERSAVE? either power 0
POWERSAVE owner power 1 <ON, OFF or TRANSPORT>
VEHICLE? either show 0
VEHICLE owner change 1 <type>
LOG? either log 0
LOG owner log 1 <START [500K] [id ...] [60S] or STOP>
""",
    """
GPRS? either show 0
GPRS owner change 1 <apn> [<user> [<password> [<dns>]]]
WIFI? either wifi 0
WIFI owner wifi 1 <name or -> [<key>]
GSMLOCK? either show 0
GSMLOCK owner change 0 [<operator>]
SIM? either show 0
SIM owner change 1 <pin or -> [ROAM or HOME]
SERVER? either show 0
SERVER owner change 1 <host> [<password> [<paranoid>]]
""",
    """
MQTT? either mqtt 0
MQTT owner mqtt 1 <host or -> [<user> <password>]
REMOTE? either show 0
REMOTE owner change 1 <SAFE or OPEN>
SUPPORT? either show 0
SUPPORT owner change 1 <ON or OFF>
UNDO old_owner restore 0 .
FACTORY password restore 1 <password> <password>
DIAG either module 0
SELFTEST either test 0
FEATURES? either show 0
FEATURE owner change 2 <0..15> <value>
ALERT? either alerts 0
ALERT owner alerts 2 <MOVED, HOME, DOORS, SOC, CHARGE or VALET> <ON, OFF or limit>
HOME? either alerts 0
HOME owner alerts 0 [<radius> or <latitude> <longitude> [<radius>] or -]
ACC? owner acc 0
ACC owner acc 1 <HERE, NOTHERE, CLEAR, ENABLE, DISABLE, PARAMS, STAT or DIAG> ...
""",
    """
HOMELINK owner act 1 <0..2>
LOCK owner act 0 [<pin>]
UNLOCK owner act 0 [<pin>]
VALET owner act 0 [<pin>]
UNVALET owner act 0 [<pin>]
CHARGEMODE owner act 1 <mode> [<amperes>]
CHARGESTART owner act 0 .
CHARGESTOP owner act 0 .
COOLDOWN owner act 0 .
VERSION either show 0
UPDATE? either update 0
UPDATE owner update 1 <address, GPRS or -> [GPRS]
RESET either change 0 .
CTP either time 0
TEMPS either car 0
SUMMARY either module 0
HELP either help 0
""",
)
_MODES = {
    "either": BY_EITHER,
    "owner": BY_OWNER,
    "password": BY_PASSWORD,
    "old_owner": BY_OLD_OWNER,
}
_LOADERS = {
    "show": _show,
    "change": _change,
    "restore": _restore,
    "act": _act_on_car,
    "car": _report_of_car,
    "module": _report_of_module,
    "time": _charge_time,
    "mqtt": _mqtt,
    "alerts": _alerts,
    "acc": _acc,
    "wifi": _wifi,
    "power": _power,
    "log": _can_log,
    "test": _self_test,
    "update": _update,
    "help": _help,
}


def _row(name):
    """What the table says of a command: name, mode, loader, words, usage; None if nothing."""
    for lines in _COMMANDS:
        start = lines.find("\n%s " % name) + 1
        if start:
            break
    else:
        return None
    columns = lines[start : lines.find("\n", start)].split(" ", 4)
    usage = columns[4] if len(columns) > 4 else None
    return name, _MODES[columns[1]], columns[2], int(columns[3]), "" if usage == "." else usage


class Command:
    """A command, as a text gives it.

    name, mode, kind, least, usage: its row of the table. words: what stands behind it, the
    password included. is_query: whether it ends in `?`. method: the car's, for a command of its
    own, else None.
    """

    def __init__(
        self,
        row: tuple[str, int, str, int, str | None],
        words: list[str],
        is_query: bool,
        method: "SMSMethod | None" = None,
    ) -> None:
        self.name, self.mode, self.kind, self.least, self.usage = row
        self.words = words
        self.is_query = is_query
        self.method = method

    def load_reply(self) -> "Callable[[Request], Awaitable[str]]":
        """What carries it out, for a command of the framework."""
        return _LOADERS[self.kind]()

    def may_act(self) -> bool:
        """Whether the car may do something by it, which twice is something else than once."""
        if self.method:
            return self.mode == BY_OWNER and not self.is_query
        return self.kind == "act"


def find(own: "Sequence[tuple[str, int, SMSMethod]]", text: str) -> "Command | None":
    """The Command that `text` asks for, None when there is no such one. own: the car's commands.

    A command is found with or without its `?`, one of the car first.
    """
    text = text[:_TEXT_LIMIT].strip()
    if not _is_plain(text):
        # Phones put typographic marks into what is typed or pasted.
        from ovms.services.sms.wording import words_of

        words = words_of(text)
    else:
        words = text.split()
    word = words.pop(0).upper() if words else ""
    if words and words[0] == "?":
        word += "?"
        del words[0]
    is_query = word.endswith("?")
    word = word.rstrip("?")
    for name in (word + "?", word) if is_query else (word, word + "?"):
        common = _row(name)
        for command, mode, method in own:
            if command == name:
                if common and common[1] == BY_OWNER:
                    # Whoever carries it out: it is not for others.
                    mode = BY_OWNER
                return Command((name, mode, "", 0, None), words, is_query, method)
        if common:
            return Command(common, words, is_query)
    return None


def _is_plain(text):
    """Whether `text` begins with a letter and is ASCII."""
    try:
        return text[:1].isalpha() and len(text.encode()) == len(text)
    except UnicodeError:
        return False


def names(sms: "SMSService") -> tuple[list[str], list[str]]:
    """All commands, as two lists: those of the framework, and those of the car."""
    own = [row[0] for row in sms.car().sms_commands()]
    common = []
    for lines in _COMMANDS:
        common += [line.split(" ", 1)[0] for line in lines.strip().split("\n")]
    return [name for name in common if name not in own], own
