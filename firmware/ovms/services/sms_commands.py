"""The framework's SMS commands (module-behaviour 2.5): the table, and what a text asks for.

An overlay. The module of a command has `reply(sms, caller, command, words)`: the SMSService, the
sender's number, the command as it stands in the table, the words behind it without the password.
It returns the reply, or "" when the command is done without one; ValueError carries a sentence
for the sender. Of the module that acts on the car it is a coroutine function.
"""

from micropython import const

# Longer than any command with 31 parameters; what is behind is not looked at.
_TEXT_LIMIT = const(1200)


def _show():
    from ovms.services import sms_show

    return sms_show.reply


def _set():
    from ovms.services import sms_set

    return sms_set.reply


def _texts():
    from ovms.services import sms_texts

    return sms_texts.reply


def _help():
    return reply


def _ctp():
    from ovms.services import sms_ctp

    return sms_ctp.reply


def _car():
    from ovms.services import sms_car

    return sms_car.reply


def _summary():
    from ovms.services import sms_summary

    return sms_summary.reply


# What brings the function of a command.
_LOADERS = (_show, _set, _texts, _help, _ctp, _car, _summary)

# Command and three digits: authorisation mode (1 by password, 2 by the owner, 3 by either), place
# of its module above, least count of arguments. Behind a blank what they are, which may be
# nothing: it acts. Without that blank it only asks. As texts these take half the RAM of tuples.
_COMMANDS = (
    "REGISTER? 300",
    "REGISTER 110 <password>",
    "PASS? 300",
    # The reply to a bare PASS is the reference's own: no second line.
    "PASS 211 ",
    "GPS 320",
    "STAT 320",
    "PARAMS? 300",
    "PARAMS 211 <units> <notify> <server> ...",
    "AP 111 <password> <phone> <new password> ...",
    "MODULE? 300",
    "MODULE 211 <id> [<units> [<notify> [<type>]]]",
    "VEHICLE? 300",
    "VEHICLE 211 <type>",
    "GPRS? 300",
    "GPRS 211 <apn> [<user> [<password> [<dns>]]]",
    "GSMLOCK? 300",
    "GSMLOCK 210 [<operator>]",
    "SIM? 300",
    "SIM 211 <pin or -> [ROAM or HOME]",
    "SERVER? 300",
    "SERVER 211 <host> [<password> [<paranoid>]]",
    "DIAG 320",
    "FEATURES? 300",
    "FEATURE 212 <0..15> <value>",
    "HOMELINK 351 <0..2>",
    "LOCK 350 [<pin>]",
    "UNLOCK 350 [<pin>]",
    "VALET 350 [<pin>]",
    "UNVALET 350 [<pin>]",
    "CHARGEMODE 351 <mode> [<amperes>]",
    "CHARGESTART 350 ",
    "CHARGESTOP 350 ",
    "COOLDOWN 350 ",
    "VERSION 300",
    "RESET 310 ",
    "CTP 340",
    "TEMPS 320",
    "SUMMARY 360",
    "HELP 330",
)


def find(sms, text):
    """What a text asks for: (row, words behind the command, whether it ends in `?`).

    row: (command, authorisation mode, loader of its function, method of the car, least count of
    arguments, what they are or None); None when there is no such command. A command is found with
    or without its `?`, a command of the car first: it has a method, any other a loader.
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
        for command, mode, method in sms.car().SMS_COMMANDS:
            if command == name:
                return (name, mode, None, method, 0, None), words, is_query
        name += " "
        for row in _COMMANDS:
            if row.startswith(name):
                return _row(row), words, is_query
    return None, words, is_query


def _row(text):
    fields = text.split(" ", 2)
    digits = int(fields[1])
    return (
        fields[0],
        digits // 100,
        _LOADERS[digits // 10 % 10],
        None,
        digits % 10,
        fields[2] if len(fields) > 2 else None,
    )


def names(sms):
    """All commands, as two lists: those of the framework, and those of the car."""
    own = [row[0] for row in sms.car().SMS_COMMANDS]
    return [row.split(" ")[0] for row in _COMMANDS if row.split(" ")[0] not in own], own


def reply(sms, caller, command, words):
    """HELP."""
    common, own = names(sms)
    text = "Commands: " + " ".join(common)
    return text + " \r\n%s: %s" % (sms.car().SMS_NAME, " ".join(own)) if own else text
