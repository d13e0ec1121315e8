"""Firmware and simulators against libraries that know neither: SMS by smspdudecoder, NMEA by
pynmeagps. CPython only.

What the firmware, the simulated modem and the simulated receiver agree on could be a mistake that
was made twice; these two were written by others, from the same standards.
"""

import datetime

import pynmeagps
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from smspdudecoder.codecs import GSM, UCS2
from smspdudecoder.easy import read_incoming_sms

from ovms.protocol import nmea, sms_pdu, sms_text
from tools.desk.gps import GPSReceiver
from tools.desk.modem import gsm_text, pdu

ESCAPE = 0x1B
PLAIN = "".join(char for char in GSM.ALPHABET if ord(char) != ESCAPE)
EXTENDED = "".join(GSM.ALPHABET_EXT_INV)
NUMBER = "+4915112345678"
CENTRE = "+491710760000"
UTC_S = 1_781_000_000

in_gsm7 = st.text(st.sampled_from(PLAIN + EXTENDED), min_size=1, max_size=400)
# Whole characters only: what leaves a phone has no half of a surrogate pair.
in_ucs2 = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


def delivered(text, reference=42, use_ucs2=False):
    """The PDUs in which the simulated network gives a text to the module."""
    parts = pdu.split_text(NUMBER, text, UTC_S, 8, reference, use_ucs2)
    return [pdu.encode_deliver(part, CENTRE)[1] for part in parts]


def is_read_rightly(line):
    """Whether smspdudecoder can tell the text: it takes what fills the last octet for `@` where an
    escape made the text shorter than its septets, and an escape in the header for one in the text.
    """
    tpdu = bytes.fromhex(line)[1 + int(line[:2], 16) :]
    # In front: kind, 13 digits with their length and type, protocol, coding, time.
    length, body = tpdu[19], tpdu[20:]
    septets = gsm_text.unpack_septets(body, length)
    start = ((1 + body[0]) * 8 + 6) // 7 if tpdu[0] & 0x40 else 0
    return ESCAPE not in septets or (length % 8 != 7 and ESCAPE not in septets[:start])


def check(line):
    """The firmware reads a PDU as smspdudecoder does; returns the text."""
    theirs = read_incoming_sms(line)
    sender, text, place = sms_pdu.message(line.encode())
    # Of the 7-bit alphabet's escapes the firmware knows those that can be seen: a new page is what
    # its code is without the escape, a new line.
    is_gsm7 = line[len("0791947101670000" + "040D91945111325476F800") :].startswith("00")
    expected = theirs["content"].replace("\f", "\n") if is_gsm7 else theirs["content"]
    assert (sender, text) == (NUMBER, expected)
    assert theirs["sender"] == NUMBER
    moment = datetime.datetime.fromtimestamp(UTC_S, datetime.UTC)
    assert theirs["date"].astimezone(datetime.UTC) == moment
    if place is None:
        assert theirs["partial"] is False
    else:
        reference, total, number = place
        assert theirs["partial"] == {
            "reference": f"{reference}-{total}",
            "parts_count": total,
            "part_number": number,
        }
    return theirs["content"]


@settings(max_examples=300, deadline=None)
@given(in_gsm7, st.integers(0, 255))
def test_sms_in_the_7_bit_alphabet(text, reference):
    lines = delivered(text, reference)
    assume(all(map(is_read_rightly, lines)))
    assert "".join(map(check, lines)) == text


@settings(max_examples=300, deadline=None)
@given(in_ucs2, st.integers(0, 255))
def test_sms_in_ucs2(text, reference):
    lines = delivered(text, reference, use_ucs2=True)
    assert "".join(map(check, lines)) == text


def test_every_character_of_the_7_bit_alphabet():
    for char in PLAIN + EXTENDED:
        septets = gsm_text.to_septets(f"<{char}>")
        assert GSM.decode(gsm_text.pack_septets(septets).hex(), True) == f"<{char}>"
        assert GSM.encode(f"<{char}>").lower() == gsm_text.pack_septets(septets).hex()
        assert check(delivered(f"<{char}>")[0]) == f"<{char}>"
    assert all(map(gsm_text.is_gsm7, PLAIN + EXTENDED))


@settings(max_examples=300, deadline=None)
@given(in_ucs2)
def test_ucs2_towards_the_modem(text):
    assert sms_text.to_ucs2(text).upper() == UCS2.encode(text)
    assert gsm_text.to_ucs2(text).hex().upper() == UCS2.encode(text)
    assert gsm_text.from_ucs2(bytes.fromhex(UCS2.encode(text))) == text


def fed(*sentences):
    """A parser that has taken whole sentences, bytes; every one counted."""
    parser = nmea.NMEAParser()
    for sentence in sentences:
        parser.receive(sentence, 0, len(sentence))
    assert parser.counts["gps_sentences"] == len(sentences), parser.counts
    return parser


def read(line):
    """What pynmeagps says of a sentence; it refuses a wrong checksum."""
    return pynmeagps.NMEAReader.parse(line, validate=pynmeagps.VALCKSUM)


def is_near(udeg, degrees):
    """pynmeagps gives ten decimals, the firmware six."""
    return abs(udeg - degrees * 1e6) <= 0.51


places = st.tuples(st.floats(-89.9, 89.9), st.floats(-179.9, 179.9))


@settings(max_examples=300, deadline=None)
@given(places, st.floats(0, 250), st.floats(0, 359.99), st.integers(-99, 3000), st.integers())
def test_what_the_simulated_receiver_says(place, speed_kmh, course_deg, altitude_m, number):
    """Firmware and pynmeagps read the same, and it is where the receiver was put."""
    moment_s = UTC_S + number % 100_000_000
    receiver = GPSReceiver(utc_s=moment_s - 1)
    receiver.position(*place, speed_kmh, course_deg, altitude_m)
    lines = receiver.tick().splitlines(keepends=True)
    theirs = {message.msgID: message for message in map(read, lines)}
    assert {"RMC", "VTG", "GGA", "GSA", "GSV"} == set(theirs)
    wanted = [line for line in lines if line[3:6] in (b"GGA", b"RMC")]
    rmc, gga = theirs["RMC"], theirs["GGA"]
    # RMC makes the event, with what the GGA before it said; two of them make the time believed.
    parser = fed(*reversed(wanted), *reversed(wanted))
    assert is_near(parser.latitude_udeg, rmc.lat) and is_near(parser.longitude_udeg, rmc.lon)
    assert abs(rmc.lat - place[0]) < 1e-6 and abs(rmc.lon - place[1]) < 1e-6
    assert abs(parser.speed_kmh10 - rmc.spd * 18.52) < 0.51
    assert abs(theirs["VTG"].sogk - speed_kmh) < 0.001
    if parser.course_deg is not None:
        assert abs(parser.course_deg - rmc.cog) <= 0.5 or parser.course_deg == 0
    stamp = datetime.datetime.combine(rmc.date, rmc.time, datetime.UTC)
    assert parser.utc_s == int(stamp.timestamp()) == moment_s
    assert parser.mode == rmc.posMode == "A" and rmc.status == "A"
    assert parser.satellites == gga.numSV and parser.hdop100 == round(gga.HDOP * 100)
    assert abs(parser.altitude_m - gga.alt) <= 0.5 and gga.alt == altitude_m


@settings(max_examples=300, deadline=None)
@given(places, st.floats(0, 130), st.floats(0, 359.99), st.booleans())
def test_what_another_receiver_says(place, knots, course_deg, is_good):
    """Sentences made by pynmeagps, with its own widths, mean the same to the firmware."""
    status, mode = ("A", "D") if is_good else ("V", "N")
    said = {"lat": place[0], "lon": place[1], "spd": round(knots, 2), "cog": round(course_deg, 2)}
    when = datetime.datetime(2026, 6, 12, 18, 45, 9, tzinfo=datetime.UTC)
    message = pynmeagps.NMEAMessage(
        *("GP", "RMC", pynmeagps.GET),
        **{"time": when.time(), "date": when.date(), "status": status, "posMode": mode, **said},
    )
    # pynmeagps does not carry minutes over, which no receiver sends.
    assume(b"60.0000" not in message.serialize())
    parser = fed(message.serialize(), message.serialize())
    assert parser.event == (nmea.FIX if is_good else nmea.NO_FIX)
    if is_good:
        read_again = read(message.serialize())
        assert is_near(parser.latitude_udeg, read_again.lat)
        assert is_near(parser.longitude_udeg, read_again.lon)
        assert abs(parser.speed_kmh10 - said["spd"] * 18.52) < 0.51
        assert parser.utc_s == int(when.timestamp())
    else:
        assert parser.latitude_udeg is None
