"""The stores of a modem: which message comes first, and places that cannot be read."""

from host_tests.links.modem.modem_bench import on_bench, on_each
from host_tests.links.modem.sms_stores import (
    EMPTY,
    LongMessages,
    Store,
    answered,
    part,
    stored,
)
from tools.simulated_board.fakes.at_peer import info

_OTHER = "+33612345678"


async def texts(bench, count):
    """The next `count` messages, each of which is answered."""
    got = []
    while len(got) < count:
        got.append((await bench.wait(bench.modem.next_sms()))[1])
    await answered(bench)
    return got


def test_what_waited_is_carried_out_in_the_order_of_its_time_stamps():
    stamps = {
        1: "26/08/24,10:20:33+08",
        2: "26/08/24,10:20:31+08",
        4: "26/08/24,09:20:32+04",
        7: "25/12/31,23:59:59+00",
        9: "no stamp",
        12: "26/08/24,00:20:30-32",
    }

    async def scenario(bench):
        left = Store(bench, {n: stored(b"n%d" % n, stamp=stamps[n]) for n in stamps}).left
        await bench.up()
        assert await texts(bench, 6) == ["n7", "n12", "n2", "n4", "n1", "n9"]
        assert left == {}
        assert bench.status.counts == {"sms_received": 6}

    on_bench(scenario, (4096,))


def test_more_than_is_remembered_of_a_search_comes_in_order_as_well():
    async def scenario(bench):
        places = {
            n: stored(b"n%d" % n, stamp="26/08/24,10:%02d:30+08" % (59 - n)) for n in range(1, 31)
        }
        Store(bench, places)
        await bench.up()
        assert await texts(bench, 30) == ["n%d" % n for n in range(30, 0, -1)]

    on_bench(scenario, (4096,))


def test_announced_messages_and_those_that_waited_are_put_in_one_order():
    async def scenario(bench):
        store = Store(bench, {5: stored(b"old", stamp="26/08/24,10:00:00+08")})
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,2")
        bench.start()
        await bench.until(lambda: bench.fake.count("AT+CREG?"))
        store.left[1] = stored(b"new", stamp="26/08/24,11:00:00+08")
        store.left[2] = stored(b"middle", stamp="26/08/24,10:30:00+08")
        bench.fake.urc('+CMTI: "SM",1', '+CMTI: "SM",2')
        bench.fake.answers["AT+CREG?"] = info("+CREG: 1,1")
        assert await texts(bench, 3) == ["old", "middle", "new"]

    on_bench(scenario, (4096,))


def test_a_bad_place_hides_nothing_behind_it():
    async def scenario(bench, error, bad):
        store = Store(bench, {4: stored(b"four"), 6: stored(b"six")})
        for place in bad:
            store.left[place] = b"\r\n%s\r\n" % error
        await bench.up()
        assert await texts(bench, 2) == ["four", "six"]
        store.left[7] = stored(b"seven")
        bench.fake.urc('+CMTI: "SM",7')
        assert await texts(bench, 1) == ["seven"]
        await bench.idle(300000)
        assert bench.is_up()
        # Nobody looks for ever, or deletes again and again.
        assert bench.fake.count("AT+CMGD=1,4") <= 1
        count = reads(bench)
        await bench.idle(600000)
        assert reads(bench) - count <= 60

    for error in (b"+CMS ERROR: 321", b"+CMS ERROR: 302", b"+CMS ERROR: 500", b"ERROR"):
        on_each([(error, bad) for bad in ((1,), (1, 2, 3), (2, 5))], scenario)


def reads(bench):
    return len([text for text in bench.fake.sent if "CMGR" in text])


def test_a_sim_that_is_busy_loses_nothing():
    async def scenario(bench):
        store = Store(bench, dict.fromkeys((2, 3), b"\r\n+CMS ERROR: 314\r\n"))
        await bench.up()
        await bench.idle(200000)
        assert set(store.left) == {2, 3}
        store.left[2] = stored(b"two")
        store.left[3] = stored(b"three")
        assert await texts(bench, 2) == ["two", "three"]
        assert "sms_unreadable" not in bench.status.counts

    on_bench(scenario, (4096,))


class Stores:
    """A modem with two stores. left: {name: {place: answer}}."""

    def __init__(self, bench, reads="SM", fills="SM"):
        self.left = {"SM": {}, "ME": {}}
        self.reads, self.fills = reads, fills
        answers = bench.fake.answers
        answers["AT+CPMS?"] = self._tell
        for name in self.left:
            answers['AT+CPMS="%s"' % name] = lambda name=name: self._use(name)
        for place in range(1, 31):
            answers["AT+CMGR=%d" % place] = lambda place=place: self.left[self.reads].get(
                place, EMPTY
            )
            answers["AT+CMGD=%d" % place] = lambda place=place: self._delete(place)

    def _tell(self):
        names = (self.reads, "SM", self.fills)
        fields = ['"%s",%d,30' % (name, len(self.left[name])) for name in names]
        return info("+CPMS: " + ",".join(fields))

    def _use(self, name):
        self.reads = name
        return info("+CPMS: %d,30,0,30,0,30" % len(self.left[name]))

    def _delete(self, place):
        self.left[self.reads].pop(place, None)
        return EMPTY


def test_an_announcement_names_its_store():
    async def scenario(bench):
        stores = Stores(bench)
        await bench.up()
        stores.left["ME"][3] = stored(b"class one")
        stores.left["SM"][3] = stored(b"class two", stamp="26/08/24,10:20:31+08")
        bench.fake.urc('+CMTI: "ME",3', '+CMTI: "SM",3')
        assert await texts(bench, 2) == ["class one", "class two"]
        assert stores.left == {"SM": {}, "ME": {}} and stores.reads == "SM"
        # Once it is known, what was not announced is found there as well.
        stores.left["ME"][7] = stored(b"unheard")
        assert await texts(bench, 1) == ["unheard"]
        assert stores.reads == "SM"
        assert "at_noise" not in bench.status.counts

    on_bench(scenario, (4096,))


def test_it_reads_where_the_modem_puts_what_comes():
    async def scenario(bench):
        stores = Stores(bench, "ME", "SM")
        stores.left["SM"][2] = stored(b"here")
        await bench.up()
        assert await texts(bench, 1) == ["here"]
        stores.left["SM"][5] = stored(b"there")
        bench.fake.urc('+CMTI: "SM",5')
        assert await texts(bench, 1) == ["there"]

    on_bench(scenario, (4096,))


def test_odd_announcements():
    async def scenario(bench):
        store = Store(bench, {})
        await bench.up()
        for line in (
            "+CMTI: SM,3",
            '+CMTI:"SM" , 3',
            '+CMTI: "SM",3,"x"',
            '+CMTI: "S";+CFUN=0",3',
        ):
            store.left[3] = stored(b"three")
            bench.fake.urc(line)
            assert await texts(bench, 1) == ["three"]
        for line in ('+CMTI: "SM"', "+CMTI:", '+CMTI: "SM",x', '+CMTI: "SM",-1'):
            store.left[4] = stored(b"four")
            bench.fake.urc(line)
            assert await texts(bench, 1) == ["four"]
        assert not [text for text in bench.fake.sent if "CFUN=0" in text]

    on_bench(scenario, (4096,))


def test_parts_of_several_messages_may_come_mixed():
    parts = {
        1: part("A1 ", 9, 2, 1),
        2: part("B1 ", 9, 2, 1, _OTHER),
        3: part("C1 ", 10, 3, 1),
        4: part("A2", 9, 2, 2),
        5: part("C3", 10, 3, 3),
        6: part("B2", 9, 2, 2, _OTHER),
        7: part("C2 ", 10, 3, 2),
    }

    async def scenario(bench):
        await bench.up()
        LongMessages(bench, parts)
        for place in sorted(parts):
            bench.fake.urc('+CMTI: "SM",%d' % place)
            await bench.idle(3000)
        got = []
        while len(got) < 3:
            got.append(await bench.wait(bench.modem.next_sms()))
        assert got == [
            ("+4915112345678", "A1 A2"),
            (_OTHER, "B1 B2"),
            ("+4915112345678", "C1 C2 C3"),
        ]
        assert bench.status.counts == {"sms_received": 3}

    on_bench(scenario, (4096,))


def test_parts_of_the_owners_stay_in_the_store_until_they_are_answered():
    parts = {1: part("A1 ", 9, 2, 1), 2: part("B1 ", 9, 2, 1, _OTHER), 3: part("A2", 9, 2, 2)}

    async def scenario(bench):
        bench.config.values[0] = "+4915112345678"
        await bench.up()
        store = LongMessages(bench, parts)
        for place in sorted(parts):
            bench.fake.urc('+CMTI: "SM",%d' % place)
            await bench.idle(3000)
        # A stranger's is not kept there: he could fill it.
        assert set(store.left) == {1, 3}
        assert await bench.wait(bench.modem.next_sms()) == ("+4915112345678", "A1 A2")
        assert len(bench.modem.taken) == 2
        await answered(bench)
        assert store.left == {} and bench.modem.kept == []

    on_bench(scenario, (4096,))


def test_what_the_owner_never_ended_is_deleted_when_it_is_given_up():
    async def scenario(bench):
        bench.config.values[0] = "+4915112345678"
        await bench.up()
        parts = {n: part("x", n, 2, 1) for n in range(1, 7)}
        store = LongMessages(bench, parts)
        bench.fake.answers["AT+CPMS?"] = lambda: info('+CPMS: "SM",%d,30' % len(store.left))
        for place in sorted(parts):
            bench.fake.urc('+CMTI: "SM",%d' % place)
            await bench.idle(3000)
        assert len(bench.modem.long_sms) == 4 and len(store.left) == 4
        await bench.idle(900000)
        assert store.left == {} and bench.modem.kept == []

    on_bench(scenario, (4096,))


def test_what_cannot_be_deleted_is_not_taken_again():
    async def scenario(bench):
        store = Store(bench, {3: stored(b"three")})
        delete = bench.fake.answers["AT+CMGD=3"]
        bench.fake.answers["AT+CMGD=3"] = b"\r\n+CMS ERROR: 500\r\n"
        await bench.up()
        assert await texts(bench, 1) == ["three"]
        await bench.idle(300000)
        assert not bench.modem.queue and len(bench.modem.spent) == 1
        assert 4 < bench.fake.count("AT+CMGD=3") < 9
        bench.fake.answers["AT+CMGD=3"] = delete
        await bench.idle(70000)
        assert store.left == {} and bench.modem.kept == bench.modem.spent == []
        # Nor is one asked for without an end that somebody else has deleted.
        store.left[3] = stored(b"new")
        bench.fake.urc('+CMTI: "SM",3')
        assert (await bench.wait(bench.modem.next_sms()))[1] == "new"
        store.left.clear()
        bench.fake.answers["AT+CMGD=3"] = b"\r\n+CMS ERROR: 321\r\n"
        await answered(bench)
        assert bench.modem.kept == []

    on_bench(scenario, (4096,))


def test_one_message_in_two_stores_is_taken_once():
    async def scenario(bench):
        stores = Stores(bench)
        await bench.up()
        same = stored(b"HOMELINK 0")
        stores.left["SM"][1] = stores.left["ME"][4] = same
        bench.fake.urc('+CMTI: "ME",4', '+CMTI: "SM",1')
        assert (await bench.wait(bench.modem.next_sms()))[1] == "HOMELINK 0"
        await bench.idle(200000)
        assert not bench.modem.queue and len(bench.modem.kept) == 1

    on_bench(scenario, (4096,))


def test_nothing_is_deleted_in_another_sim():
    async def scenario(bench):
        store = Store(bench, {3: stored(b"three")})
        await bench.up()
        assert (await bench.wait(bench.modem.next_sms()))[1] == "three"
        bench.fake.answers["AT+CCID"] = info("8949000000000000099")
        store.left.clear()
        store.left[3] = stored(b"another's")
        bench.modem.restart("modem_asked", 1)
        assert await bench.until(lambda: bench.status.iccid.endswith("99"), 120000)
        assert (await bench.wait(bench.modem.next_sms(), 120000))[1] == "another's"
        assert 3 in store.left

    on_bench(scenario, (4096,))


def test_strangers_who_begin_many_messages_do_not_cost_the_owners():
    async def scenario(bench):
        bench.config.values[0] = "+4915112345678"
        await bench.up()
        parts = {1: part("STAT ", 9, 2, 1)}
        for n in range(2, 12):
            parts[n] = part("spam", n, 2, 1, _OTHER)
        parts[12] = part("x", 9, 2, 2)
        LongMessages(bench, parts)
        for place in sorted(parts):
            bench.fake.urc('+CMTI: "SM",%d' % place)
            await bench.idle(3000)
            assert len(bench.modem.long_sms) <= 4
        assert await bench.wait(bench.modem.next_sms()) == ("+4915112345678", "STAT x")

    on_bench(scenario, (4096,))
