"""What unsolicited lines of the modem mean: called by the reader, only stores and flags.

Those that a standard has; the others are the profile's. Source: 3GPP 27.005 and 27.007; hardware
facts 4.3 and 4.4.
"""

from micropython import const

from ovms.links.modem.at_port import LOST
from ovms.links.modem.modem import SET_UP
from ovms.protocol.at import number

# Messages the modem has not stored, and announcements of those it has.
_QUEUE_MAX = const(6)


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
    elif line == LOST:
        modem.restart("modem_silent", SET_UP)
    else:
        modem.profile.details().hear(modem, line, head)


def note_restart(modem):
    """The modem has restarted, or is about to, and lost its settings."""
    modem.restart("modem_restarted", SET_UP)
    port = modem.port
    if port.is_up and port.is_busy:
        # The running command will not be answered.
        port.digester.reset()
        port.digester.expect(None)
        port.finish(b"ERROR")
