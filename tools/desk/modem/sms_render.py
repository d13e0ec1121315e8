"""How received messages look on the UART: headers and bodies of +CMT, +CMGR, +CMGL, +CDS.

Source: hardware facts 4.4 and 3GPP TS 27.005, 3.4.
"""

from tools.desk.modem import gsm_text, pdu
from tools.desk.modem.network import clock_text

_PDU_STATUS = {"REC UNREAD": 0, "REC READ": 1}


def direct_unit(modem, part):
    """The complete +CMT line pair, without the outer line ends."""
    if modem.settings.cmgf == 0:
        length, text = pdu.encode_deliver(part, modem.profile.identity.sms_centre)
        return f'+CMT: "",{length}\r\n{text}'.encode()
    body = _body(modem, part)
    header = f"+CMT: {_sender(modem, part)}{_long_header(modem, part, body)}"
    return header.encode() + b"\r\n" + body


def stored_unit(modem, part, status):
    """A +CMGR answer."""
    if modem.settings.cmgf == 0:
        length, text = pdu.encode_deliver(part, modem.profile.identity.sms_centre)
        return f'+CMGR: {_PDU_STATUS[status]},"",{length}\r\n{text}'.encode()
    body = _body(modem, part)
    header = f'+CMGR: "{status}",{_sender(modem, part)}{_long_header(modem, part, body)}'
    return header.encode() + b"\r\n" + body


def listed_unit(modem, index, part, status):
    """One entry of a +CMGL answer."""
    if modem.settings.cmgf == 0:
        length, text = pdu.encode_deliver(part, modem.profile.identity.sms_centre)
        return f'+CMGL: {index},{_PDU_STATUS[status]},"",{length}\r\n{text}'.encode()
    body = _body(modem, part)
    long_header = ""
    if modem.session.csdh:
        long_header = f",{pdu.type_of_address(part.number)},{_length(modem, part, body)}"
    header = f'+CMGL: {index},"{status}",{_sender(modem, part)}{long_header}'
    return header.encode() + b"\r\n" + body


def report_unit(modem, reference, submitted, sent_utc_s):
    """A +CDS status report that says "delivered"."""
    zone = modem.profile.zone_quarters
    done_utc_s = modem.network.utc_s()
    if modem.settings.cmgf == 0:
        length, text = pdu.encode_status_report(
            reference,
            submitted.number,
            sent_utc_s,
            done_utc_s,
            zone,
            modem.profile.identity.sms_centre,
        )
        return f"+CDS: {length}\r\n{text}".encode()
    kind = pdu.type_of_address(submitted.number)
    stamps = ",".join(f'"{clock_text(s + zone * 900, zone)}"' for s in (sent_utc_s, done_utc_s))
    return f'+CDS: 6,{reference},"{submitted.number}",{kind},{stamps},0'.encode()


def _sender(modem, part):
    number = pdu.written(part.number)
    if modem.settings.cscs == "UCS2":
        number = gsm_text.to_ucs2(number).hex().upper()
    stamp = clock_text(part.utc_s + part.zone_quarters * 900, part.zone_quarters)
    return f'"{number}","","{stamp}"'


def _long_header(modem, part, body):
    if not modem.session.csdh:
        return ""
    centre = modem.profile.identity.sms_centre
    return (
        f",{pdu.type_of_address(part.number)},{part.first_octet},{part.pid},{part.dcs},"
        f'"{centre}",{pdu.type_of_address(centre)},{_length(modem, part, body)}'
    )


def _body(modem, part):
    """Text as AT+CSCS wants it; UCS2 and 8-bit content is hex in every other set."""
    content = pdu.part_content(part)
    if isinstance(content, bytes):
        return content.hex().upper().encode()
    if part.dcs & 0x0C == pdu.UCS2:
        return gsm_text.text_to_uart(content, "UCS2")
    return gsm_text.text_to_uart(content, modem.settings.cscs)


def _length(modem, part, body):
    """Printed characters; in UCS2 four digits make one (unverified: some count octets)."""
    if modem.settings.cscs != "UCS2" or part.dcs & 0x0C == pdu.EIGHT_BIT:
        return len(body)
    return len(body) // 2 if modem.quirks.ucs2_length_counts_octets else len(body) // 4
