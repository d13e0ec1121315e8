"""The framework's SMS commands (module-behaviour 2.5): the table, and what a text asks for.

An overlay. A function of the table gets (sms, caller, words): the SMSService, the sender's number,
the words behind the command without the password; one that acts on the car gets the command in
the place of the number. It returns the reply, or "" when it is done without one; ValueError
carries a sentence for the sender.
"""

from micropython import const

from ovms.services.sms import BY_EITHER, BY_OWNER, BY_PASSWORD, CAR_ACTIONS

# Longer than any command with 31 parameters; what is behind is not looked at.
_TEXT_LIMIT = const(1200)

_SELF = "ovms.services.sms_commands"
_SHOW = "ovms.services.sms_show"
_SET = "ovms.services.sms_set"
_TEXTS = "ovms.services.sms_texts"

# (command, authorisation mode, module, function, least count of arguments, what they are). What
# only asks has None in the place of the arguments.
COMMANDS = (
    ("REGISTER?", BY_EITHER, _SHOW, "register", 0, None),
    ("REGISTER", BY_PASSWORD, _SET, "register", 0, "<password>"),
    ("PASS?", BY_EITHER, _SHOW, "password", 0, None),
    # The reply to a bare PASS is the reference's own: no second line.
    ("PASS", BY_OWNER, _SET, "password", 1, ""),
    ("GPS", BY_EITHER, _TEXTS, "location", 0, None),
    ("STAT", BY_EITHER, _TEXTS, "stat_reply", 0, None),
    ("PARAMS?", BY_EITHER, _SHOW, "parameters", 0, None),
    ("PARAMS", BY_OWNER, _SET, "parameters", 1, "<units> <notify> <server> ..."),
    ("AP", BY_PASSWORD, _SET, "provision", 1, "<password> <phone> <new password> ..."),
    ("MODULE?", BY_EITHER, _SHOW, "module", 0, None),
    ("MODULE", BY_OWNER, _SET, "module", 1, "<id> [<units> [<notify> [<type>]]]"),
    ("VEHICLE?", BY_EITHER, _SHOW, "vehicle", 0, None),
    ("VEHICLE", BY_OWNER, _SET, "vehicle", 1, "<type>"),
    ("GPRS?", BY_EITHER, _SHOW, "gprs", 0, None),
    ("GPRS", BY_OWNER, _SET, "gprs", 1, "<apn> [<user> [<password> [<dns>]]]"),
    ("GSMLOCK?", BY_EITHER, _SHOW, "lock", 0, None),
    ("GSMLOCK", BY_OWNER, _SET, "lock", 0, "[<operator>]"),
    ("SIM?", BY_EITHER, _SHOW, "sim", 0, None),
    ("SIM", BY_OWNER, _SET, "sim", 1, "<pin or -> [ROAM or HOME]"),
    ("SERVER?", BY_EITHER, _SHOW, "server", 0, None),
    ("SERVER", BY_OWNER, _SET, "server", 1, "<host> [<password> [<paranoid>]]"),
    ("DIAG", BY_EITHER, _TEXTS, "diagnostics", 0, None),
    ("FEATURES?", BY_EITHER, _SHOW, "features", 0, None),
    ("FEATURE", BY_OWNER, _SET, "feature", 2, "<0..15> <value>"),
    ("HOMELINK", BY_EITHER, CAR_ACTIONS, "carry_out", 1, "<0..2>"),
    ("LOCK", BY_EITHER, CAR_ACTIONS, "carry_out", 0, "[<pin>]"),
    ("UNLOCK", BY_EITHER, CAR_ACTIONS, "carry_out", 0, "[<pin>]"),
    ("VALET", BY_EITHER, CAR_ACTIONS, "carry_out", 0, "[<pin>]"),
    ("UNVALET", BY_EITHER, CAR_ACTIONS, "carry_out", 0, "[<pin>]"),
    ("CHARGEMODE", BY_EITHER, CAR_ACTIONS, "carry_out", 1, "<mode> [<amperes>]"),
    ("CHARGESTART", BY_EITHER, CAR_ACTIONS, "carry_out", 0, ""),
    ("CHARGESTOP", BY_EITHER, CAR_ACTIONS, "carry_out", 0, ""),
    ("COOLDOWN", BY_EITHER, CAR_ACTIONS, "carry_out", 0, ""),
    ("VERSION", BY_EITHER, _SHOW, "version", 0, None),
    ("RESET", BY_EITHER, _SET, "reset", 0, ""),
    ("CTP", BY_EITHER, "ovms.services.sms_ctp", "predict", 0, None),
    ("TEMPS", BY_EITHER, _TEXTS, "temperatures", 0, None),
    ("SUMMARY", BY_EITHER, _TEXTS, "summary", 0, None),
    ("HELP", BY_EITHER, _SELF, "all_commands", 0, None),
)


def find(sms, text):
    """(row, words behind the command, whether it ends in `?`) of a text; row None for none.

    A command is found with or without its `?`, a command of the car first; its module is "".
    """
    # Phones put no-break blanks into what is pasted.
    words = text[:_TEXT_LIMIT].replace("\xa0", " ").split()
    word = words.pop(0).upper() if words else ""
    if words and words[0] == "?":
        word += "?"
        del words[0]
    is_query = word.endswith("?")
    for name in (word, word[:-1] if is_query else word + "?"):
        for row in sms.car().SMS_COMMANDS:
            if row[0] == name:
                return (name, row[1], "", row[2], 0, None), words, is_query
        for row in COMMANDS:
            if row[0] == name:
                return row, words, is_query
    return None, words, is_query


def all_commands(sms, caller, words):
    """HELP."""
    car = sms.car()
    own = [row[0] for row in car.SMS_COMMANDS]
    text = "Commands:"
    for row in COMMANDS:
        if row[0] not in own:
            text += " " + row[0]
    return text + "\r\n%s: %s" % (car.TYPE, " ".join(own)) if own else text
