"""The framework's SMS commands (module-behaviour 2.5): the table, and what a text asks for.

An overlay. A function of the table gets (sms, caller, words): the SMSService, the sender's number,
the words behind the command without the password. It returns the reply, or "" when it is done
without one; ValueError carries a sentence for the sender.
"""

from micropython import const

from ovms.services.sms import BY_EITHER, BY_OWNER, BY_PASSWORD

# Longer than any command with 31 parameters; what is behind is not looked at.
_TEXT_LIMIT = const(1200)

_SELF = "ovms.services.sms_commands"
_SHOW = "ovms.services.sms_show"
_SET = "ovms.services.sms_set"
_TEXTS = "ovms.services.sms_texts"

# (command, authorisation mode, module, function, least count of arguments, what they are)
COMMANDS = (
    ("REGISTER?", BY_EITHER, _SHOW, "register", 0, ""),
    ("REGISTER", BY_PASSWORD, _SET, "register", 0, "<password>"),
    ("PASS?", BY_EITHER, _SHOW, "password", 0, ""),
    # The reply to a bare PASS is the reference's own: no second line.
    ("PASS", BY_OWNER, _SET, "password", 1, ""),
    ("GPS", BY_EITHER, _TEXTS, "location", 0, ""),
    ("STAT", BY_EITHER, _TEXTS, "stat_reply", 0, ""),
    ("PARAMS?", BY_EITHER, _SHOW, "parameters", 0, ""),
    ("PARAMS", BY_OWNER, _SET, "parameters", 1, "<units> <notify> <server> ..."),
    ("AP", BY_PASSWORD, _SET, "provision", 1, "<password> <phone> <new password> ..."),
    ("MODULE?", BY_EITHER, _SHOW, "module", 0, ""),
    ("MODULE", BY_OWNER, _SET, "module", 1, "<id> [<units> [<notify> [<type>]]]"),
    ("VEHICLE?", BY_EITHER, _SHOW, "vehicle", 0, ""),
    ("VEHICLE", BY_OWNER, _SET, "vehicle", 1, "<type>"),
    ("GPRS?", BY_EITHER, _SHOW, "gprs", 0, ""),
    ("GPRS", BY_OWNER, _SET, "gprs", 1, "<apn> [<user> [<password> [<dns>]]]"),
    ("GSMLOCK?", BY_EITHER, _SHOW, "lock", 0, ""),
    ("GSMLOCK", BY_OWNER, _SET, "lock", 0, ""),
    ("SERVER?", BY_EITHER, _SHOW, "server", 0, ""),
    ("SERVER", BY_OWNER, _SET, "server", 1, "<host> [<password> [<paranoid>]]"),
    ("DIAG", BY_EITHER, _TEXTS, "diagnostics", 0, ""),
    ("FEATURES?", BY_EITHER, _SHOW, "features", 0, ""),
    ("FEATURE", BY_OWNER, _SET, "feature", 2, "<0..15> <value>"),
    ("VERSION", BY_EITHER, _SHOW, "version", 0, ""),
    ("RESET", BY_EITHER, _SET, "reset", 0, ""),
    ("TEMPS", BY_EITHER, _TEXTS, "temperatures", 0, ""),
    ("SUMMARY", BY_EITHER, _TEXTS, "summary", 0, ""),
    ("HELP", BY_EITHER, _SELF, "all_commands", 0, ""),
)


def find(sms, text):
    """(row, words behind the command, whether it ends in `?`) of a text; row None for none.

    A command is found with or without its `?`; module "" says that it is the car's.
    """
    words = text[:_TEXT_LIMIT].split()
    word = words.pop(0).upper() if words else ""
    if words and words[0] == "?":
        word += "?"
        del words[0]
    is_query = word.endswith("?")
    for name in (word, word[:-1] if is_query else word + "?"):
        for row in sms.car().SMS_COMMANDS:
            if row[0] == name:
                return (name, row[1], "", row[2], 0, ""), words, is_query
        for row in COMMANDS:
            if row[0] == name:
                return row, words, is_query
    return None, words, is_query


def all_commands(sms, caller, words):
    """HELP."""
    text = "Commands:"
    for row in COMMANDS:
        text += " " + row[0]
    car = sms.car()
    if car.SMS_COMMANDS:
        text += "\r\n%s:" % car.TYPE
        for row in car.SMS_COMMANDS:
            text += " " + row[0]
    return text
