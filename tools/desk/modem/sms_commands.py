"""Sending, reading and deleting messages (SIM800 AT manual V1.12, chapter 4)."""

from tools.desk.modem import gsm_text, pdu, sms_render
from tools.desk.modem.at_line import EXECUTE, WRITE
from tools.desk.modem.data_mode import DataEntry, enter_data
from tools.desk.modem.errors import (
    CMS_INVALID_INDEX,
    CMS_INVALID_PDU,
    CMS_INVALID_TEXT,
    CMS_OPERATION_NOT_ALLOWED,
    CommandError,
)
from tools.desk.modem.pdu import EIGHT_BIT, GSM7, UCS2, Submitted
from tools.desk.modem.sms_store import READ, UNREAD

_LIST_STATUS = {
    "REC UNREAD": (UNREAD,),
    "REC READ": (READ,),
    "STO UNSENT": (),
    "STO SENT": (),
    "ALL": (UNREAD, READ),
}
_LIST_BY_NUMBER = ("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL")
_DELETE_ALL = {
    "DEL READ": (READ,),
    "DEL UNREAD": (UNREAD,),
    "DEL SENT": (),
    "DEL UNSENT": (),
    "DEL INBOX": (UNREAD, READ),
    "DEL ALL": (UNREAD, READ),
}
_DELETE_BY_NUMBER = (None, *_DELETE_ALL)


def cmgs(modem, call):
    modem.sms.require_ready()
    if modem.settings.cmgf == 0:
        tpdu_length = call.number(0)
        if tpdu_length is None or not 7 <= tpdu_length <= 164:
            raise CommandError(cms=CMS_INVALID_PDU)
        data = yield from enter_data(modem, DataEntry(modem))
        if data is None:
            return
        submitted = _submitted_pdu(data, tpdu_length)
    else:
        number = _dialled_number(modem, call)
        data = yield from enter_data(modem, DataEntry(modem, is_text=True))
        if data is None:
            return
        submitted = _submitted_text(modem, number, data)
    reference = yield from modem.sms.send(submitted)
    modem.info(f"+CMGS: {reference}")


def _dialled_number(modem, call):
    number = call.text(0, "")
    if modem.settings.cscs == "UCS2":
        number = gsm_text.text_from_uart(number.encode("latin-1"), "UCS2")
    if not pdu.is_number(number) or len(number) > 21:
        raise CommandError(cms=CMS_INVALID_TEXT)
    if not number.startswith("+") and call.number(1) == 145:
        number = "+" + number
    return number


def _submitted_pdu(data, tpdu_length):
    try:
        return pdu.decode_submit(data.decode("latin-1").strip(), tpdu_length)
    except ValueError as error:
        raise CommandError(cms=CMS_INVALID_PDU) from error


def _submitted_text(modem, number, data):
    first_octet, _, _, dcs = modem.session.csmp
    wants_report = bool(first_octet & 0x20)
    charset = modem.settings.cscs
    alphabet = dcs & 0x0C
    try:
        if alphabet == EIGHT_BIT:
            octets = bytes.fromhex(data.decode("latin-1"))
            fits = len(octets) <= 140
            submitted = Submitted(number, dcs, None, octets, wants_report)
        elif alphabet == UCS2:
            # Outside the UCS2 set the host enters UCS2 as hex digits too (3GPP TS 27.005, 3.1).
            text = gsm_text.text_from_uart(data, "UCS2")
            fits = len(gsm_text.to_ucs2(text)) <= 140
            submitted = Submitted(number, dcs, text, b"", wants_report)
        else:
            septets = gsm_text.to_septets(gsm_text.text_from_uart(data, charset))
            fits = len(septets) <= 160
            submitted = Submitted(number, GSM7, gsm_text.from_septets(septets), b"", wants_report)
    except ValueError as error:
        raise CommandError(cms=CMS_INVALID_TEXT) from error
    if not fits:
        raise CommandError(cms=CMS_INVALID_TEXT)
    return submitted


def _index(modem, call):
    index = call.number(0)
    if index is None or not 1 <= index <= modem.sms.store.capacity:
        raise CommandError(cms=CMS_INVALID_INDEX)
    return index


def cmgr(modem, call):
    modem.sms.require_ready()
    index = _index(modem, call)
    place = modem.sms.store.get(index)
    if place is None:
        return
    part, status = place
    modem.info(sms_render.stored_unit(modem, part, status))
    if call.number(1, 0) == 0:
        modem.sms.store.mark_read(index)


def cmgl(modem, call):
    modem.sms.require_ready()
    if modem.settings.cmgf == 1:
        wanted = _LIST_STATUS.get(call.text(0, "REC UNREAD"))
    else:
        number = call.number(0, 0)
        wanted = _LIST_STATUS[_LIST_BY_NUMBER[number]] if 0 <= number <= 4 else None
    if wanted is None:
        raise CommandError(cms=CMS_OPERATION_NOT_ALLOWED)
    for index, part, status in modem.sms.store.items():
        if status not in wanted:
            continue
        modem.info(sms_render.listed_unit(modem, index, part, status))
        if call.number(1, 0) == 0:
            modem.sms.store.mark_read(index)
        yield modem.timing.command_ms


def cmgd(modem, call):
    """Flag 0 one place; 1 read; 2 and 3 read and sent (and unsent); 4 everything."""
    modem.sms.require_ready()
    flag = call.number(1, 0)
    if not 0 <= flag <= 4:
        raise CommandError(cms=CMS_OPERATION_NOT_ALLOWED)
    index = _index(modem, call)
    if flag == 0:
        yield modem.timing.sms_delete_ms
        modem.sms.store.delete(index)
    else:
        yield modem.timing.sms_delete_all_ms
        modem.sms.store.delete_where(lambda status: flag == 4 or status == READ)
    modem.sms.space_freed()


def cmgda(modem, call):
    modem.sms.require_ready()
    if modem.settings.cmgf == 1:
        statuses = _DELETE_ALL.get(call.text(0, "").upper())
    else:
        number = call.number(0, 0)
        statuses = _DELETE_ALL[_DELETE_BY_NUMBER[number]] if 1 <= number <= 6 else None
    if statuses is None:
        raise CommandError(cms=CMS_OPERATION_NOT_ALLOWED)
    yield modem.timing.sms_delete_all_ms
    modem.sms.store.delete_where(lambda status: status in statuses)
    modem.sms.space_freed()


COMMANDS = {
    "+CMGS": {WRITE: cmgs},
    "+CMGR": {WRITE: cmgr},
    "+CMGL": {EXECUTE: cmgl, WRITE: cmgl},
    "+CMGD": {WRITE: cmgd},
    "+CMGDA": {WRITE: cmgda},
}
