"""The AT digester, with the dialogues D1 to D20 of hardware facts 4.9 in every cutting."""

from host_tests.fakes import at_dialogues, at_feed
from host_tests.fixtures.at.digested import EVENTS
from ovms.protocol import at
from ovms.protocol.at_irregular import flush

_URC = b'\r\n+CMTI: "SM",30\r\n'
_URC_EVENT = ("urc", b'+CMTI: "SM",30')
_CMT = b'+CMT: "+49151","","26/08/24,10:20:30+08",145,4,0,0,"+49171",145,'


def events_of(data, command=None, pieces=(4096,)):
    """(events, digester) of `data`, fed while `command` (bytes) runs."""
    digester = at_feed.new_digester()
    if command:
        at_feed.expect(digester, command + b"\r")
    events = []
    at_feed.feed(digester, data, pieces, events)
    return events, digester


def each_run():
    dialogues = at_dialogues.load()
    assert len(dialogues) == 20
    for name in dialogues:
        assert len(dialogues[name]) == len(EVENTS[name])
        for run, expected in zip(dialogues[name], EVENTS[name]):
            yield name, run, list(expected)


def boundaries(data):
    """Positions where one answer has ended and the next has not begun."""
    for at_ in range(len(data)):
        if data[at_ : at_ + 2] == b"\r\n" and (at_ == 0 or data[at_ - 2 : at_] == b"\r\n"):
            yield at_
    if data[-2:] in (b"\r\n", b"> "):
        yield len(data)


def test_dialogues_whole():
    for name, run, expected in each_run():
        events, _ = at_feed.play(run)
        assert events == expected, (name, events)


def test_dialogues_cut_at_every_position():
    for name, run, expected in each_run():
        longest = max([len(data) for side, data in run if side == "M"])
        for cut in range(1, longest):
            events, _ = at_feed.play(run, (cut, 4096))
            assert events == expected, (name, cut, events)


def test_dialogues_byte_by_byte():
    for name, run, expected in each_run():
        events, _ = at_feed.play(run, (1,))
        assert events == expected, (name, events)


def test_a_urc_at_every_line_boundary():
    injected = 0
    for name, run, expected in each_run():
        for index, (side, data) in enumerate(run):
            if side == "H":
                continue
            for position in boundaries(data):
                for pieces in ((4096,), (1,), (7,)):
                    events, _ = at_feed.play(run, pieces, (index, position, _URC))
                    assert len(events) == len(expected) + 1, (name, index, position, events)
                    events.remove(_URC_EVENT)
                    assert events == expected, (name, index, position, events)
                    injected += 1
    assert injected > 300


def test_registration_urc_is_told_from_the_answer():
    for urc in (b"+CREG: 1", b'+CREG: 5,"3AA1","12F4"'):
        for answer in (b"+CREG: 1,2", b'+CREG: 2,1,"3AA1","12F4"'):
            lines = b"\r\n" + urc + b"\r\n\r\n" + answer + b"\r\n\r\nOK\r\n"
            events, _ = events_of(lines, b"AT+CREG?")
            assert events == [("urc", urc), ("info", answer), ("result", b"OK")]


def test_data_announcement_is_told_from_the_data():
    lines = b"\r\n+CIPRXGET: 1\r\n\r\n+CIPRXGET: 2,3,0\r\nO\r\n\r\nOK\r\n"
    events, _ = events_of(lines, b"AT+CIPRXGET=2,100", (1,))
    expected = [("urc", b"+CIPRXGET: 1"), ("info", b"+CIPRXGET: 2,3,0"), ("data", b"O\r\n")]
    assert events == expected + [("result", b"OK")]


def test_answers_without_a_command_are_noise():
    events, digester = events_of(b"\r\nOK\r\n\r\n+CSQ: 3,0\r\n\r\nERROR\r\n\r\n> ")
    assert events == []
    assert digester.dropped == 3


def test_payload_may_imitate_anything():
    payload = b'\r\nOK\r\n+IPD,4:\r\n> \r\n+CMT: "x"\r\nCLOSED\r\n\x1a\x1b\x00'
    head = b"\r\n+CIPRXGET: 2,%d,0\r\n" % len(payload)
    for pieces in ((4096,), (1,), (5,)):
        events, _ = events_of(head + payload + b"\r\nOK\r\n", b"AT+CIPRXGET=2,999", pieces)
        assert events[1:] == [("data", payload), ("result", b"OK")]
        events, _ = events_of(b"\r\n+IPD,%d:" % len(payload) + payload + _URC, None, pieces)
        assert events == [("data", payload), _URC_EVENT]


def test_senseless_payload_lengths_swallow_nothing():
    for head in (b"+CIPRXGET: 2,99999,0", b"+CIPRXGET: 2,,", b"+CIPRXGET: 2,-4,0"):
        events, _ = events_of(b"\r\n" + head + b"\r\n\r\nOK\r\n", b"AT+CIPRXGET=2,100")
        assert events[-1] == ("result", b"OK")
    events, _ = events_of(b"\r\n+IPD,:x\r\n\r\n+IPD,12\r\n\r\n+IPD,99999:" + _URC)
    assert events == [_URC_EVENT]


def test_sms_text_may_imitate_anything():
    text = b'\r\nOK\r\n\r\n+CMT: "+49666",""\r\nRESET\r\n> \r\n+CME ERROR: 3'
    header = _CMT + b"%d" % len(text)
    for pieces in ((4096,), (1,), (11,)):
        events, _ = events_of(b"\r\n" + header + b"\r\n" + text + b"\r\n" + _URC, None, pieces)
        assert events == [("urc", header, text), _URC_EVENT]
        stored = b'+CMGR: "REC UNREAD","+49151","","26/08/24,10:20:30+08",145,4,0,0,"+4",145,'
        stored += b"%d" % len(text)
        answer = b"\r\n" + stored + b"\r\n" + text + b"\r\n\r\nOK\r\n"
        events, _ = events_of(answer, b"AT+CMGR=3", pieces)
        assert events == [("info", stored, text), ("result", b"OK")]


def test_sms_length_is_only_a_hint():
    ucs2 = b"0053005400410054003F"
    for announced in (5, 10, 20, 21, 23):
        header = _CMT + b"%d" % announced
        events, digester = events_of(
            b"\r\n" + header + b"\r\n" + ucs2 + b"\r\n" + _URC, None, (1,)
        )
        flush(digester)
        at_feed.drain(digester, events)
        assert events == [("urc", header, ucs2), _URC_EVENT], (announced, events)


def test_sms_without_a_length_ends_with_its_line():
    header = b'+CMT: "+49151","","26/08/24,10:20:30+08"'
    events, _ = events_of(b"\r\n" + header + b"\r\nSTAT\r\n" + _URC, None, (3,))
    assert events == [("urc", header, b"STAT"), _URC_EVENT]


def test_a_quiet_line_ends_an_sms_that_was_announced_longer():
    header = _CMT + b"9"
    events, digester = events_of(b"\r\n" + header + b"\r\nSTAT\r\n")
    assert events == [] and digester.is_waiting
    flush(digester)
    at_feed.drain(digester, events)
    assert events == [("urc", header, b"STAT")] and not digester.is_waiting


def test_a_torn_sms_is_dropped():
    events, digester = events_of(b"\r\n" + _CMT + b"9\r\nST")
    flush(digester)
    at_feed.feed(digester, _URC, (4096,), events)
    assert events == [_URC_EVENT]
    assert digester.dropped == 1


def test_ussd_text_over_several_lines_is_one_urc():
    urc = b'+CUSD: 1,"Menu\r\n1 Balance\r\n\r\nOK\r\n2 Exit",15'
    for pieces in ((4096,), (1,)):
        events, _ = events_of(b"\r\n" + urc + b"\r\n" + _URC, b"AT+CSQ", pieces)
        assert events == [("urc", urc), _URC_EVENT]


def test_a_ussd_text_that_never_ends_swallows_little():
    events, digester = events_of(b'\r\n+CUSD: 0,"Ihr Guth\r\n')
    assert events == [] and digester.is_waiting
    flush(digester)
    at_feed.feed(digester, _URC, (4096,), events)
    assert events == [_URC_EVENT]


def test_quotes_that_stay_open_do_not_swallow_the_answer_behind_them():
    # The rest of an SMS whose announced length was too short; found by random messages.
    digester = at_feed.new_digester()
    digester.expect(b"AT+CMGR=1", at.OK)
    events = []
    header = b'+CMGR: "REC UNREAD","x","","26/08/24,10:20:30+08",145,68,0,200,"+49",145,3\r\n'
    body = b'AP \r\n+CUSD:1,"x \\'
    at_feed.feed(digester, b"\r\n" + header + body + b"\r\n\r\nOK\r\n", (4096,), events)
    assert events == [("info", header[:-2], b"AP ")]
    assert digester.is_waiting
    flush(digester)
    at_feed.drain(digester, events)
    assert events[1:] == [("result", b"OK")]
    assert digester.dropped == 1


def test_echo_is_no_answer():
    for echo in (b"AT+GSN\r", b"AT+GSN\r\r\n"):
        events, _ = events_of(echo + b"\r\n869988012345678\r\n\r\nOK\r\n", b"AT+GSN", (1,))
        expected = [("echo", b"AT+GSN"), ("info", b"869988012345678"), ("result", b"OK")]
        assert events[-3:] == expected


def test_over_long_lines_are_dropped_whole():
    digester = at_feed.new_digester(128)
    events = []
    for pieces in ((64,), (1,)):
        at_feed.feed(digester, b"x" * 500 + b"OK\r\n" + _URC, pieces, events)
    assert events == [_URC_EVENT, _URC_EVENT]
    assert digester.dropped >= 2


def test_an_sms_that_does_not_fit_is_dropped():
    digester = at_feed.new_digester(128)
    events = []
    at_feed.feed(
        digester, b"\r\n" + _CMT + b"160\r\n" + b"y" * 160 + b"\r\n" + _URC, (64,), events
    )
    assert events == [_URC_EVENT]


def test_reset_in_the_middle_of_data_keeps_the_room():
    digester = at_feed.new_digester()
    at_feed.expect(digester, b"AT+CIPRXGET=2,500\r")
    events = []
    at_feed.feed(digester, b"\r\n+CIPRXGET: 2,500,0\r\nabc", (4096,), events)
    room = digester.room()
    digester.reset()
    digester.expect(None)
    room[: len(_URC)] = _URC
    digester.received(len(_URC))
    at_feed.drain(digester, events)
    assert events[-1] == _URC_EVENT


def test_any_noise_is_survived():
    seed = 20260824
    words = (
        b"\r\n",
        b"OK",
        b"+IPD,",
        b"+CMT: ",
        b'"',
        b"> ",
        b"\xff\x00",
        b"+CUSD: 1,",
        b"4:",
        b",9",
    )
    for _ in range(300):
        noise = b""
        for _ in range(30):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            pick = seed >> 16
            noise += words[pick % len(words)] if pick & 64 else bytes([pick >> 7 & 0xFF])
        events, digester = events_of(noise, b"AT+CMGR=1", (1 + seed % 40,))
        # Whatever stands open is over when the line was quiet and the port starts anew.
        flush(digester)
        digester.reset()
        at_feed.expect(digester, b"AT+CSQ\r")
        events = []
        at_feed.feed(digester, b"\r\n+CSQ: 17,0\r\n\r\nOK\r\n", (4096,), events)
        assert events == [("info", b"+CSQ: 17,0"), ("result", b"OK")], (seed, noise)


def test_nothing_is_kept_busy_by_an_empty_buffer():
    digester = at_feed.new_digester()
    assert digester.next_event() == at.NOTHING
    flush(digester)
    assert len(digester.room()) == 768
