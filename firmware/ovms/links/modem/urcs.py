"""What unsolicited lines of the modem mean: called by the reader, only stores and flags.

Those that a standard has; the others are the profile's. Source: 3GPP 27.005 and 27.007; hardware
facts 4.3 and 4.4.
"""

from micropython import const

from ovms.links.modem.at_port import LOST
from ovms.links.modem.modem import SET_UP
from ovms.protocol.at import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.modem.modem import Modem

# Messages the modem has not stored, and announcements of those it has.
_QUEUE_MAX = const(6)


def hear(modem: "Modem", line: bytes, text: bytes | None) -> None:
    """Deal with the unsolicited `line` (bytes); text: the message behind `+CMT:`, or None."""
    head = line[: line.find(b":") + 1] or line
    if head[-4:] == b"REG:":
        from ovms.links.modem.network import note_registration

        note_registration(modem, line)
    elif head == b"+CMTI:":
        index = number(line, 1)
        if index is None or len(modem.announced) >= _QUEUE_MAX:
            modem.is_sms_due = True
        else:
            place = (0, _store(modem, line), index)
            if place not in modem.announced:
                modem.announced.append(place)
    elif head == b"+CMT:":
        if len(modem.queue) < _QUEUE_MAX:
            from ovms.links.modem.inbox import deliver

            # Behind this header there always is one.
            deliver(modem, line, text, modem.charset)  # type: ignore[arg-type]
        else:
            modem.status.count("sms_dropped")
    elif head == b"+CLIP:" or line == b"RING":
        modem.is_ringing = modem.has_news = True
    elif head == b"+CUSD:":
        modem.ussd_line = (modem.charset, line)
    elif line == LOST:
        modem.restart("modem_silent", SET_UP)
    else:
        modem.profile.details().hear(modem, line, head)


def _store(modem, line):
    """The store that `+CMTI: "store",index` names, as in a place of `sms_store.py`."""
    name = line[6:].split(b",")[0].strip(b' "').upper()
    if modem.stores and name == modem.stores[0]:
        return b""
    from ovms.links.modem.sms_store import is_store

    return name if is_store(name) else b""


def note_restart(modem: "Modem") -> None:
    """The modem has restarted, or is about to, and lost its settings."""
    modem.restart("modem_restarted", SET_UP)
    port = modem.port
    if port.is_up and port.is_busy:
        # The running command will not be answered.
        port.digester.reset()
        port.digester.expect(None)
        port.finish(b"ERROR")
