"""The framework's SMS commands (module-behaviour 2.5): the table, and what a text asks for.

Loaded on demand. What a command replies comes from its module's `async reply(request)`, where
request is a `Request` of `answering.py`. It is loaded when it is known that the sender may.
"""

from micropython import const

from ovms.services.sms.service import BY_EITHER, BY_OLD_OWNER, BY_OWNER, BY_PASSWORD

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


def _help():
    return _reply_help


# Command, who may use it, what brings its `reply`, how many words it needs, and what these are:
# None for a command that only asks, "" for one that acts without any.
_COMMANDS = (
    ("REGISTER?", BY_EITHER, _show, 0, None),
    ("REGISTER", BY_PASSWORD, _change, 0, "<password>"),
    ("PASS?", BY_EITHER, _show, 0, None),
    # The reply to a bare PASS is the reference's own: no second line.
    ("PASS", BY_OWNER, _change, 1, ""),
    ("GPS", BY_EITHER, _report_of_car, 0, None),
    ("STAT", BY_EITHER, _report_of_car, 0, None),
    ("PARAMS?", BY_EITHER, _show, 0, None),
    ("PARAMS", BY_OWNER, _change, 1, "<units> <notify> <server> ..."),
    ("AP", BY_PASSWORD, _change, 0, "<password> <phone> <new password> ..."),
    ("MODULE?", BY_EITHER, _show, 0, None),
    ("MODULE", BY_OWNER, _change, 1, "<id> [<units> [<notify> [<type>]]]"),
    ("VEHICLE?", BY_EITHER, _show, 0, None),
    ("VEHICLE", BY_OWNER, _change, 1, "<type>"),
    ("GPRS?", BY_EITHER, _show, 0, None),
    ("GPRS", BY_OWNER, _change, 1, "<apn> [<user> [<password> [<dns>]]]"),
    ("GSMLOCK?", BY_EITHER, _show, 0, None),
    ("GSMLOCK", BY_OWNER, _change, 0, "[<operator>]"),
    ("SIM?", BY_EITHER, _show, 0, None),
    ("SIM", BY_OWNER, _change, 1, "<pin or -> [ROAM or HOME]"),
    ("SERVER?", BY_EITHER, _show, 0, None),
    ("SERVER", BY_OWNER, _change, 1, "<host> [<password> [<paranoid>]]"),
    ("MQTT?", BY_EITHER, _mqtt, 0, None),
    ("MQTT", BY_OWNER, _mqtt, 1, "<host or -> [<user> <password>]"),
    ("REMOTE?", BY_EITHER, _show, 0, None),
    ("REMOTE", BY_OWNER, _change, 1, "<SAFE or OPEN>"),
    ("UNDO", BY_OLD_OWNER, _restore, 0, ""),
    ("FACTORY", BY_PASSWORD, _restore, 1, "<password> <password>"),
    ("DIAG", BY_EITHER, _report_of_module, 0, None),
    ("FEATURES?", BY_EITHER, _show, 0, None),
    ("FEATURE", BY_OWNER, _change, 2, "<0..15> <value>"),
    # What opens or moves something is the owner's alone; friends have the password for STAT.
    ("HOMELINK", BY_OWNER, _act_on_car, 1, "<0..2>"),
    ("LOCK", BY_OWNER, _act_on_car, 0, "[<pin>]"),
    ("UNLOCK", BY_OWNER, _act_on_car, 0, "[<pin>]"),
    ("VALET", BY_OWNER, _act_on_car, 0, "[<pin>]"),
    ("UNVALET", BY_OWNER, _act_on_car, 0, "[<pin>]"),
    ("CHARGEMODE", BY_OWNER, _act_on_car, 1, "<mode> [<amperes>]"),
    ("CHARGESTART", BY_OWNER, _act_on_car, 0, ""),
    ("CHARGESTOP", BY_OWNER, _act_on_car, 0, ""),
    ("COOLDOWN", BY_OWNER, _act_on_car, 0, ""),
    ("VERSION", BY_EITHER, _show, 0, None),
    ("RESET", BY_EITHER, _change, 0, ""),
    ("CTP", BY_EITHER, _charge_time, 0, None),
    ("TEMPS", BY_EITHER, _report_of_car, 0, None),
    ("SUMMARY", BY_EITHER, _report_of_module, 0, None),
    ("HELP", BY_EITHER, _help, 0, None),
)


class Command:
    """A command, as a text gives it.

    name, mode, load_reply, least, usage: its row of the table. words: what stands behind it, the
    password included. is_query: whether it ends in `?`. method: the car's, for a command of its
    own, else None.
    """

    def __init__(self, row, words, is_query, method=None):
        self.name, self.mode, self.load_reply, self.least, self.usage = row
        self.words = words
        self.is_query = is_query
        self.method = method


def find(own, text):
    """The Command that `text` asks for, None when there is no such one. own: the car's commands.

    A command is found with or without its `?`, one of the car first.
    """
    # Phones put no-break blanks into what is pasted.
    words = text[:_TEXT_LIMIT].replace("\xa0", " ").split()
    word = words.pop(0).upper() if words else ""
    if words and words[0] == "?":
        word += "?"
        del words[0]
    is_query = word.endswith("?")
    word = word.rstrip("?")
    for name in (word + "?", word) if is_query else (word, word + "?"):
        common = None
        for row in _COMMANDS:
            if row[0] == name:
                common = row
        for command, mode, method in own:
            if command == name:
                if common and common[1] == BY_OWNER:
                    # Whoever carries it out: it is not for others.
                    mode = BY_OWNER
                return Command((name, mode, None, 0, None), words, is_query, method)
        if common:
            return Command(common, words, is_query)
    return None


def names(sms):
    """All commands, as two lists: those of the framework, and those of the car."""
    own = [row[0] for row in sms.car().sms_commands()]
    return [row[0] for row in _COMMANDS if row[0] not in own], own


async def _reply_help(request):
    common, own = names(request.sms)
    text = "Commands: " + " ".join(common)
    return text + " \r\n%s: %s" % (request.sms.car().SMS_NAME, " ".join(own)) if own else text
