"""Runs a command line: looks every command up, waits, answers, ends with one final result."""

from inspect import isgenerator

from tools.desk.modem import (
    app_commands,
    basic_commands,
    call_commands,
    ip_commands,
    ip_data_commands,
    network_commands,
    sim_commands,
    sms_commands,
    sms_settings_commands,
)
from tools.desk.modem.at_line import TEST
from tools.desk.modem.errors import CommandError
from tools.desk.modem.results import NO_RESULT

_EVERY = (basic_commands, network_commands, sim_commands, sms_commands, sms_settings_commands)


def _table(*modules):
    found = {}
    for module in modules:
        found.update(module.COMMANDS)
    return found


COMMANDS = _table(*_EVERY, call_commands, ip_commands, ip_data_commands)
# A SIM7000 has no calls. Its commands of the SIM800's TCP stack are not modelled, nor is what
# nobody knows of it.
SIM7000_COMMANDS = _table(*_EVERY, app_commands)
for _name in ("+SAPBR", "+CNTP", "+CNTPCID", "+SPIC", "+CMUX"):
    del SIM7000_COMMANDS[_name]


def run_line(modem, calls):
    """Steps that run `calls` (None: the line was malformed) and free the modem for the next line.

    A failing command ends the line; what follows it is not executed. Unverified: what a command
    with a result of its own (CIPSTATUS, CIPSHUT) prints in the middle of a line.
    """
    if calls is None:
        yield modem.timing.command_ms
        modem.result("ERROR")
    else:
        try:
            has_own_result = yield from _run_calls(modem, calls)
            if modem.faults.take("late"):
                yield modem.faults.late_ms
            if not has_own_result:
                modem.faults.at_point("ok")
                modem.result("OK")
        except CommandError as error:
            modem.result(error.result_text(modem.settings.cmee))
    modem.line_done()


def _run_calls(modem, calls):
    result = None
    if not calls:
        yield modem.timing.command_ms
        modem.faults.at_point("answer")
    for call in calls:
        yield modem.timing.command_ms
        modem.faults.at_point("answer")
        if modem.faults.is_brown_out_at(call.name):
            modem.brown_out()
            return True
        text = modem.faults.take_answer(call.name)
        if text is not None:
            for line in text.split("|") if text != "-" else ():
                modem.result(line)
            return True
        commands = SIM7000_COMMANDS if modem.is_sim7000 else COMMANDS
        handlers = commands.get(call.name)
        if handlers is None or (call.kind not in handlers and call.kind != TEST):
            raise CommandError()
        if call.kind not in handlers:
            continue
        try:
            result = handlers[call.kind](modem, call)
            if isgenerator(result):
                result = yield from result
        except ValueError as error:
            raise CommandError() from error
    return result is NO_RESULT
