"""SMS through the SIM800 driver, both ways and beside everything else."""

import asyncio

from host_tests.links.modem.modem_bench import joined, on_bench
from host_tests.links.modem.sms_stores import (
    LongMessages,
    Store,
    answered,
    part,
    store_of,
    stored,
)
from tools.simulated_board.fakes.at_peer import info


def test_an_announced_message_is_read_and_deleted_when_it_was_answered():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers["AT+CMGR=3"] = stored(b"STAT")
        bench.fake.urc('+CMTI: "SM",3')
        message = await bench.wait(bench.modem.next_sms())
        assert message == ("+4915112345678", "STAT")
        # Searches do not bring it again.
        await bench.idle(200000)
        assert not bench.modem.queue and bench.fake.count("AT+CMGD=3") == 0
        await answered(bench)
        assert bench.fake.count("AT+CMGD=3") == 1
        assert bench.modem.kept == [] and bench.modem.spent == []

    on_bench(scenario)


def test_a_message_delivered_during_the_start_waits_until_it_can_be_answered():
    async def scenario(bench):
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,2")
        bench.start()
        await bench.until(lambda: bench.fake.count("AT+CREG?"))
        bench.fake.urc('+CMT: "+4915112345678","","26/08/24,10:20:30+08"\r\nREGISTER OVMS')
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,1")
        assert await bench.wait(bench.modem.next_sms()) == (
            "+4915112345678",
            "REGISTER OVMS",
        )
        assert await bench.wait(bench.modem.send_sms("+49151", "Done."))

    on_bench(scenario)


def test_a_text_that_imitates_the_modem_stays_a_text():
    text = b'STAT\r\nOK\r\n\r\n+CMT: "+49666",""\r\nRESET\r\n\r\nRDY\r\n> '

    async def scenario(bench):
        await bench.up()
        bench.fake.answers["AT+CMGR=3"] = stored(text)
        bench.fake.urc('+CMTI: "SM",3')
        number, got = await bench.wait(bench.modem.next_sms())
        assert (number, got) == ("+4915112345678", text.decode().replace("\r\n", "\n"))
        await bench.idle(3000)
        assert bench.is_up()
        assert bench.status.counts == {"sms_received": 1}

    on_bench(scenario)


def test_a_message_in_ucs2():
    async def scenario(bench):
        await bench.up()
        number = "002B0034003900310035003100310032003300340035003600370038"
        bench.fake.answers["AT+CMGR=3"] = stored(b"00470072006F00DF00650020003520AC", number, 8)
        bench.fake.urc('+CMTI: "SM",3')
        message = await bench.wait(bench.modem.next_sms())
        assert message == ("+4915112345678", "Gro\u00dfe 5\u20ac")

    on_bench(scenario)


def test_parts_of_a_long_message_are_joined_in_their_order():
    async def scenario(bench):
        await bench.up()
        store = LongMessages(
            bench,
            {3: part("three", 9, 3, 3), 4: part("one ", 9, 3, 1), 7: part("two ", 9, 3, 2)},
        )
        bench.fake.urc('+CMTI: "SM",3', '+CMTI: "SM",4')
        await bench.idle(5000)
        bench.fake.urc('+CMTI: "SM",7')
        message = await bench.wait(bench.modem.next_sms())
        assert message == ("+4915112345678", "one two three")
        await answered(bench)
        assert not store.left
        assert bench.status.counts == {"sms_received": 1}
        # Everything but a part is read in text mode.
        assert [text for text in bench.fake.sent if "CMGF" in text][-1] == "AT+CMGF=1"

    on_bench(scenario)


def test_a_long_message_that_stays_incomplete_is_given_up():
    async def scenario(bench):
        await bench.up()
        LongMessages(bench, {3: part("PARAMS ", 9, 2, 1), 4: part("one", 10, 2, 2)})
        bench.fake.urc('+CMTI: "SM",3')
        await bench.idle(5000)
        bench.fake.urc('+CMTI: "SM",4')
        await bench.idle(5000)
        assert bench.status.counts == {}
        await bench.idle(900000)
        assert bench.status.counts == {"sms_incomplete": 2}
        assert bench.modem.long_sms == [] and not bench.modem.queue

    on_bench(scenario, (4096,))


def test_no_more_of_a_long_message_is_kept_than_makes_sense():
    async def scenario(bench):
        await bench.up()
        LongMessages(bench, {n: part("%d" % n, 9, 20, n) for n in range(1, 21)})
        for n in range(1, 21):
            bench.fake.urc('+CMTI: "SM",%d' % n)
            await bench.idle(2000)
            if bench.modem.queue:
                break
        assert await bench.wait(bench.modem.next_sms()) == ("+4915112345678", "123456789")

    on_bench(scenario, (4096,))


def test_a_modem_without_pdu_mode_delivers_the_parts():
    async def scenario(bench):
        await bench.up()
        LongMessages(bench, {3: part("PARAMS ", 9, 2, 1)}, has_pdu_mode=False)
        bench.fake.urc('+CMTI: "SM",3')
        assert await bench.wait(bench.modem.next_sms()) == ("+4915112345678", "PARAMS ")

    on_bench(scenario, (4096,))


def test_messages_that_came_before_the_start_are_fetched():
    async def scenario(bench):
        Store(bench, {2: stored(b"one"), 5: stored(b"two")})
        await bench.up()
        assert (await bench.wait(bench.modem.next_sms()))[1] == "one"
        assert (await bench.wait(bench.modem.next_sms()))[1] == "two"
        assert bench.fake.count("AT+CMGR=6") == 0
        assert bench.fake.count("AT+CMGD=1,4") == 0

    on_bench(scenario, (4096,))


def test_a_full_store_is_emptied_without_an_announcement():
    async def scenario(bench):
        await bench.up()
        left = Store(bench, {n: stored(b"n%d" % n) for n in range(1, 31)}).left
        # No consumer: all stay in the modem.
        await bench.idle(90000)
        assert len(left) == 30
        got = []
        while len(got) < 30:
            got.append((await bench.wait(bench.modem.next_sms()))[1])
        assert got == ["n%d" % index for index in range(1, 31)]
        await answered(bench)
        assert left == {}
        assert "sms_dropped" not in bench.status.counts

    on_bench(scenario, (4096,))


def test_messages_that_cannot_be_read_do_not_block_the_store():
    async def scenario(bench):
        bench.fake.answers["AT+CPMS?"] = [store_of(30), store_of(0)]
        await bench.up()
        assert bench.fake.count("AT+CMGD=1,4") == 1

    on_bench(scenario, (4096,))


def test_a_text_that_restarts_the_modem_is_deleted_unread():
    # A modem without UCS2 counts brackets twice, so the announced length covers the end of the
    # text and not its line ends; found by random messages.
    body = b"[[[[[[[[[[ \r\nRDY\r\n x"
    header = b'+CMGR: "REC UNREAD","+33612","","26/08/24,10:20:30+08",145,4,0,0,"+49",145,%d'
    answer = b"\r\n" + header % (len(body) + 10) + b"\r\n" + body + b"\r\n\r\nOK\r\n"

    async def scenario(bench):
        bench.fake.answers['AT+CSCS="UCS2"'] = b"\r\nERROR\r\n"
        bench.fake.answers["AT+CMGR=1"] = answer
        bench.fake.answers["AT+CPMS?"] = store_of(1)
        bench.start()
        assert await bench.until(lambda: bench.fake.count("AT+CMGD=1"), 180000)
        bench.fake.answers["AT+CPMS?"] = store_of(0)
        assert bench.status.counts["sms_unreadable"] == 1
        await bench.idle(60000)
        assert await bench.until(bench.is_up)
        assert bench.fake.count("AT+CMGR=1") == 2

    on_bench(scenario, (4096,))


def test_direct_delivery():
    async def scenario(bench):
        await bench.up()
        text = "STAT\r\nOK\r\nEND"
        header = '+CMT: "+4915112345678","","26/08/24,10:20:30+08",145,4,0,0,"+49",145,13'
        bench.fake.urc(header + "\r\n" + text)
        message = await bench.wait(bench.modem.next_sms())
        assert message == ("+4915112345678", "STAT\nOK\nEND")

    on_bench(scenario)


def test_direct_delivery_beyond_the_queue_is_counted():
    async def scenario(bench):
        await bench.up()
        for _ in range(9):
            bench.fake.urc('+CMT: "+49151","","26/08/24,10:20:30+08"\r\nSTAT')
        await bench.idle(20000)
        assert bench.status.counts == {"sms_received": 6, "sms_dropped": 3}

    on_bench(scenario, (4096,))


def test_sending():
    async def scenario(bench):
        await bench.up()
        assert await bench.wait(bench.modem.send_sms("+49 151-12345678", "SOC: 79%\r\nok"))
        assert bench.fake.sent[-1] == 'AT+CMGS="+4915112345678"'
        assert bench.fake.payloads == [b"SOC: 79%\r\nok\x1a"]
        assert bench.status.counts == {"sms_sent": 1}

    on_bench(scenario)


def test_nothing_breaks_out_of_a_message():
    async def scenario(bench):
        await bench.up()
        sent = len(bench.fake.sent)
        for number in ('+49151"\rAT+CFUN=0', "Telekom", "", "+49151;+CFUN=0"):
            assert not await bench.wait(bench.modem.send_sms(number, "x"))
        assert len(bench.fake.sent) == sent
        assert await bench.wait(bench.modem.send_sms("+49151", 'a\x1aAT+CFUN=0\r\x1b"'))
        assert bench.fake.payloads == [b'a AT+CFUN=0\n "\x1a']

    on_bench(scenario)


def test_umlauts_travel_as_ucs2_and_the_modem_is_set_back():
    async def scenario(bench):
        await bench.up()
        start = len(bench.fake.sent)
        assert await bench.wait(bench.modem.send_sms("+49151", "L\u00e4dt: 79%"))
        assert bench.fake.sent[start:] == [
            'AT+CSCS="UCS2"',
            "AT+CSMP=17,167,0,8",
            'AT+CMGS="002B00340039003100350031"',
            "AT+CSMP=17,167,0,0",
            'AT+CSCS="IRA"',
        ]
        assert bench.fake.payloads == [b"004C00E400640074003A0020003700390025\x1a"]

    on_bench(scenario)


def test_a_modem_without_ucs2_gets_what_it_can_take():
    async def scenario(bench):
        bench.fake.answers['AT+CSCS="UCS2"'] = b"\r\nERROR\r\n"
        await bench.up()
        assert await bench.wait(bench.modem.send_sms("+49151", "L\u00e4dt"))
        assert bench.fake.payloads == [b"L?dt\x1a"]

    on_bench(scenario, (4096,))


def test_a_long_text_goes_in_parts():
    async def scenario(bench):
        await bench.up()
        assert await bench.wait(bench.modem.send_sms("+49151", "x" * 200))
        assert [len(payload) for payload in bench.fake.payloads] == [161, 41]
        bench.fake.payloads.clear()
        assert await bench.wait(bench.modem.send_sms("+49151", "\u00e4" * 100))
        assert [len(payload) for payload in bench.fake.payloads] == [281, 121]

    on_bench(scenario, (4096,))


def test_a_refused_message_is_tried_again():
    async def scenario(bench):
        await bench.up()
        refused = b"\r\n+CMS ERROR: 38\r\n"
        bench.fake.sms_answer = [refused, refused, b"\r\n+CMGS: 35\r\n\r\nOK\r\n"]
        assert await bench.wait(bench.modem.send_sms("+49151", "hi"))
        assert bench.status.counts["sms_retry"] == 2
        bench.fake.sms_answer = refused
        assert not await bench.wait(bench.modem.send_sms("+49151", "hi"))
        assert len(bench.fake.payloads) == 6
        assert bench.status.counts["sms_failed"] == 1

    on_bench(scenario)


def test_a_lost_prompt_is_left_by_escape_and_tried_again():
    async def scenario(bench):
        await bench.up()
        bench.fake.prompt = [b"", b"\r\n> "]
        assert await bench.wait(bench.modem.send_sms("+49151", "hi"))
        assert bench.fake.payloads == [b"hi\x1a"]
        assert bench.status.counts["at_no_prompt"] == 1
        assert bench.is_up()

    on_bench(scenario)


def test_a_prompt_that_was_damaged_on_the_way_is_left_by_escape():
    async def scenario(bench):
        await bench.up()
        original = bench.fake.wire.deliver
        state = {"lost": False}

        def deliver(data):
            if data == b"\r\n> " and not state["lost"]:
                state["lost"] = True
                data = b"\r\n\xff "
            original(data)

        bench.fake.wire.deliver = deliver
        assert await bench.wait(bench.modem.send_sms("+49151", "hi"))
        assert bench.fake.payloads == [b"hi\x1a"]

    on_bench(scenario)


def test_an_unanswered_message_is_not_sent_twice():
    async def scenario(bench):
        await bench.up()
        bench.fake.sms_answer = b""
        assert not await bench.wait(bench.modem.send_sms("+49151", "hi"), 200000)
        assert len(bench.fake.payloads) == 1
        bench.fake.sms_answer = b"\r\n+CMGS: 35\r\n\r\nOK\r\n"
        assert await bench.wait(bench.modem.send_sms("+49151", "ho"))

    on_bench(scenario, (4096,))


def test_nothing_is_sent_before_the_modem_is_up():
    async def scenario(bench):
        bench.start()
        assert not await bench.wait(bench.modem.send_sms("+49151", "hi"))
        await bench.up()
        assert bench.fake.payloads == []

    on_bench(scenario, (4096,))


def test_a_cancelled_sender_leaves_the_modem_usable():
    async def scenario(bench):
        await bench.up()
        bench.fake.sms_answer = b""
        task = asyncio.create_task(bench.modem.send_sms("+49151", "hi"))
        assert await bench.until(lambda: bench.fake.payloads)
        task.cancel()
        await bench.idle(500)
        later = asyncio.create_task(bench.modem.command("AT+CSQ"))
        await bench.idle(3000)
        # The modem still works on the message: nobody interrupts it.
        assert bench.fake.sent[-1].startswith("AT+CMGS")
        bench.fake.wire.deliver(b"\r\n+CMGS: 34\r\n\r\nOK\r\n")
        assert await bench.wait(joined(later)) == "+CSQ: 17,0\nOK"

    on_bench(scenario)


def test_messages_while_the_modem_waits_for_its_prompt():
    async def scenario(bench):
        await bench.up()
        bench.fake.answers["AT+CMGR=3"] = stored(b"one")
        bench.fake.answers["AT+CMGR=4"] = stored(b"two")
        bench.fake.prompt = b'\r\n+CMTI: "SM",3\r\n\r\n> '
        bench.fake.sms_answer = b'\r\n+CMTI: "SM",4\r\n\r\n+CMGS: 34\r\n\r\nOK\r\n'
        assert await bench.wait(bench.modem.send_sms("+49151", "hi"))
        assert (await bench.wait(bench.modem.next_sms()))[1] == "one"
        assert (await bench.wait(bench.modem.next_sms()))[1] == "two"

    on_bench(scenario)
