"""Any bytes from a modem's UART, any SMS: nothing escapes the driver. CPython only."""

from types import SimpleNamespace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ovms.links.modem.modem import Modem
from ovms.links.modem.sim800.profile import SIM800
from ovms.protocol import sms_pdu, sms_text
from ovms.protocol.at_irregular import flush
from ovms.protocol.phone import normal_phone
from ovms.status import Status
from tools.desk.modem import pdu, sms_render
from tools.desk.modem.profile import Profile

COMMANDS = (b"AT+CMGR=1", b"AT+CREG?", b"AT+CIPRXGET=2,100", b"AT+GSN", b'AT+CUSD=1,"*1#"')
FRAGMENTS = (
    b"\r\n",
    b"OK\r\n",
    b"\r\nERROR\r\n",
    b"> ",
    b"+IPD,4:",
    b'+CMT: "+49151","","26/08/24,10:20:30+08",145,4,0,0,"+49",145,',
    b'+CMGR: "REC UNREAD","+49151","","26/08/24,10:20:30+08",145,68,0,8,"+49",145,4\r\n',
    b'+CUSD: 1,"',
    b"+CREG: 1,",
    b"+CIPRXGET: 2,9,1\r\n",
    b"+CIPRXGET: 1\r\n",
    b'+CMTI: "SM",',
    b"*PSUTTZ: 2026,8,24,8,53,20",
    b"+PDP: DEACT\r\n",
    b"CLOSED\r\n",
    b"RDY\r\n",
    b"Call Ready\r\n",
    b"\x00IIII\xff\xff",
)
streams = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=12)), max_size=25)


def feed(port, data):
    while data:
        room = port.digester.room()
        n = min(len(room), len(data))
        room[:n] = data[:n]
        port.digester.received(n)
        data = data[n:]
        port._digest()


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(COMMANDS), streams)
def test_any_stream_leaves_a_port_that_works(command, pieces):
    modem = Modem(SIM800, None, None, Status("X"), {})
    port = modem.port
    port.begin(command)
    for piece in pieces:
        feed(port, piece)
        assert len(modem.queue) <= 6 and len(modem.announced) <= 6
    flush(port.digester)
    port.digester.reset()
    port.begin(b"AT+CSQ")
    feed(port, b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n")
    assert (port.result, port._lines) == (b"OK", [b"+CSQ: 17,0"])


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=80), st.sampled_from([b"+CMGR:", b"+CMT:"]))
def test_any_message_gives_texts_or_nothing(header, raw, head):
    for message in (
        sms_text.incoming(head + header, raw),
        sms_pdu.message(raw),
        sms_pdu.message(raw.hex().encode()),
    ):
        assert message is None or isinstance(message[0] + message[1], str)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300), st.text("0123456789+", min_size=3, max_size=15))
@example("\r\n one\r two\r\r\n", "+49151")
def test_any_text_leaves_as_lines_that_break_nothing(text, number):
    for has_ucs2 in (True, False):
        for _, payload, _ in sms_text.outgoing(number, text, has_ucs2):
            assert not any(byte in payload for byte in (0x1A, 0x1B, 0x08))
            # A line may end in CR LF, as replies of the reference do.
            assert b"\r" not in payload.replace(b"\r\n", b"")
            assert len(payload) <= 280


NAMES = st.text("+0123456789 aOk.-/\"',@", min_size=1, max_size=11)
NUMBERS = st.from_regex(r"\+?[1-9][0-9]{2,14}", fullmatch=True)


@settings(max_examples=500, deadline=None)
@given(
    st.one_of(NUMBERS, NAMES.map(lambda name: f'"{name}"')),
    st.text(min_size=1, max_size=30),
    st.booleans(),
    st.sampled_from(["UCS2", "IRA"]),
)
@example('"+4512345678"', "STAT?", False, "IRA")
@example('"0054006500"', "00540065", False, "UCS2")
@example('"+45","",1"', "STAT", False, "IRA")
def test_who_sends_is_told_alike_in_text_and_in_pdu_mode(sender, text, is_ucs2, charset):
    """The desk's modem writes both; what it read the text from is the oracle."""
    (part,) = pdu.split_text(sender, text, 1787561601, 8, 0, is_ucs2)
    modem = SimpleNamespace(
        settings=SimpleNamespace(cmgf=1, cscs=charset),
        session=SimpleNamespace(csdh=1),
        profile=Profile(),
        quirks=SimpleNamespace(ucs2_length_counts_octets=False),
    )
    header, _, raw = sms_render.stored_unit(modem, part, "REC UNREAD").partition(b"\r\n")
    from_text = sms_text.incoming(header, raw, charset.encode())
    line = pdu.encode_deliver(part, "+491710760000")[1].encode()
    from_pdu = sms_pdu.message(line)
    is_number = pdu.is_number(sender)
    for told in (from_text[0], from_pdu[0]):
        assert (normal_phone(told) != "") == is_number, told
        assert not is_number or normal_phone(told) == normal_phone(sender)
        assert is_number or sms_text.clean_number(told) is None
    if charset == "UCS2":
        whole = sms_text.clean_text(text.encode("utf-16", "replace").decode("utf-16"))
        assert from_text[1] == whole.replace("\r\n", "\n")


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=300))
def test_what_leaves_as_ucs2_is_the_text(text):
    """Python's own codec is the oracle; no message is longer than one SMS, no pair is torn."""
    text = text.encode("utf-16", "replace").decode("utf-16")
    sent = ""
    for _, payload, is_ucs2 in sms_text.outgoing("+49151", text, True):
        if is_ucs2:
            assert len(payload) <= 280
            payload = bytes.fromhex(payload.decode())
            sent += payload.decode("utf-16-be")
        else:
            sent += payload.decode()
    assert sent == sms_text.clean_text(text)


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.sampled_from("abc \u00e4\u20ac{}[]@_\u0416\U0001f600"), min_size=161, max_size=600)
)
def test_parts_of_a_long_message_say_the_whole(text):
    parts = pdu.split_text("+4915112345678", text, 1787561601, 8, 42)
    texts = []
    for index, part in enumerate(parts, 1):
        line = pdu.encode_deliver(part, "+491710760000")[1].encode()
        number, piece, place = sms_pdu.message(line)
        assert (number, place) == ("+4915112345678", (42, len(parts), index))
        texts.append(piece)
    assert "".join(texts) == text
