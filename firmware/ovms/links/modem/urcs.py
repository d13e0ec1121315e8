"""What unsolicited lines of the modem mean: called by the reader, only stores and flags.

Source: SIM800 AT manual V1.12; hardware facts 4.3 to 4.8.
"""

from micropython import const

from ovms.links.modem.at_port import LOST
from ovms.links.modem.sim800.profile import RESET_MARK
from ovms.protocol.at import number

# Messages the modem has not stored, and announcements of those it has.
_QUEUE_MAX = const(6)
# Lines and heads of lines that mean that the modem lost its settings.
_RESTARTS = (LOST, b"RDY", RESET_MARK, b"NORMAL POWER DOWN")


def hear(modem, line, text):
    """Deal with the unsolicited `line` (bytes); text: the message behind `+CMT:`, or None."""
    head = line[: line.find(b":") + 1] or line
    if head == b"+CREG:":
        from ovms.links.modem.network import note_registration

        note_registration(modem, line)
    elif head == b"+CMTI:":
        index = number(line, 1)
        if index is None or len(modem.announced) >= _QUEUE_MAX:
            modem.is_sms_due = True
        else:
            modem.announced.append(index)
    elif head == b"+CMT:":
        if len(modem.queue) < _QUEUE_MAX:
            from ovms.links.modem.inbox import deliver

            deliver(modem, line, text)
        else:
            modem.status.count("sms_dropped")
    elif head == b"+CLIP:" or line == b"RING":
        modem.is_ringing = modem.has_news = True
    elif head == b"+CUSD:":
        modem.ussd_line = line
    elif head == b"*PSUTTZ:":
        modem.time_line = line
        modem.has_news = True
    elif line == b"SMS FULL":
        modem.is_sms_due = True
    elif line == b"SMS Ready":
        modem.is_sms_ready = modem.has_news = True
    elif _is_restart(modem, line, head):
        modem.fault = ("modem_restarted" if line else "modem_silent", 1)
        port = modem.port
        if port.is_up and port.is_busy and line:
            # The running command will not be answered.
            port.digester.reset()
            port.digester.expect(None)
            port.finish(b"ERROR")
    else:
        modem.tcp.hear(line, head)


def _is_restart(modem, line, head):
    if line == b"Call Ready":
        # Expected once behind a start; again, it tells of a restart nobody noticed.
        was_ready = modem.was_call_ready
        modem.was_call_ready = True
        return was_ready
    if head == b"+CFUN:" or line.startswith(b"+CPIN: NOT"):
        # Before that it may be a late answer.
        return modem.port.is_up
    return head in _RESTARTS or line.endswith(b"POWER DOWN")
