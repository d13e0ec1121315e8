"""Settings in the SIM's phonebook: what is read, when, and what is left alone."""

from host_tests.links.modem.modem_bench import APN, SERVER, VEHICLE_ID, on_bench
from ovms.config import Config
from ovms.links.modem.phonebook import entry
from ovms.parameters import FEATURE_CAN_WRITE
from ovms.status import REQUEST_RECONNECT
from tools.simulated_board.fakes.at_peer import info
from tools.simulated_board.fakes.memory_store import MemoryStore


def book(*names):
    lines = ['+CPBF: %d,"%d",129,"%s"' % (n + 1, 100 + n, names[n]) for n in range(len(names))]
    return info("\r\n".join(lines))


def test_entries():
    for name, expected in (
        ("O-5-internet", (5, "internet")),
        ("O-4-1.2.3.4-", (4, "1.2.3.4")),
        ("O-5-net-more", (5, "net")),
        ("O-3- SMSIP ", (3, "SMSIP")),
        ("O-0-+491701234567", (0, "+491701234567")),
        ("O-6", (6, "")),
        ("O-6-", (6, "")),
        ("O-31-1", None),
        ("O-32-1234", None),
        ("O-99-x", None),
        ("O--1-x", None),
        ("O-x-y", None),
        ("O-", None),
        ("O-9-****", None),
        ("Otto", None),
    ):
        assert entry(b'+CPBF: 2,"7",129,"%s"' % name.encode()) == expected, name
    for line in (
        b"",
        b"+CPBF:",
        b'+CPBF: 1,"O-5-net"',
        b'+CPBR: 1,"7",129,"O-5-net"',
        b'+CPBF: 1,"7",129,"O-5-n\xe4t"',
        b'+CPBF: 1,"7",129,"O-\xb2-net"',
        b'+CPBF: 1,"7",129,O-5-net',
    ):
        assert entry(line) in (None, (5, "net")), line


def new_module(bench, **settings):
    bench.modem.config = bench.config = Config(MemoryStore())
    bench.config.apply(settings.get("changes", {}))


def test_a_new_module_is_set_up_by_its_sim():
    async def scenario(bench):
        new_module(bench)
        bench.fake.answers['AT+CPBF="O-"'] = book(
            "O-0-+491701234567",
            "O-1-Secret7",
            "O-2-M",
            "O-4-ovms.example.org",
            "O-5-internet",
            "O-8-TWIZY42",
            "O-31-1",
        )
        await bench.up()
        values = [bench.config.get(n) for n in (0, 1, 2, 4, 5, 8, 31)]
        assert values[:4] == ["+491701234567", "Secret7", "M", "ovms.example.org"]
        assert values[4:] == ["internet", "TWIZY42", ""]
        assert bench.config.feature(FEATURE_CAN_WRITE) == 0
        assert bench.status.take_requests() & REQUEST_RECONNECT
        assert bench.status.counts["phonebook_read"] == 1
        # Once there is a server the SIM is not asked again.
        asked = bench.fake.count('AT+CPBF="O-"')
        bench.modem.restart()
        await bench.idle(60000)
        await bench.up()
        assert bench.fake.count('AT+CPBF="O-"') == asked == 1

    on_bench(scenario)


def test_what_is_set_stays():
    async def scenario(bench):
        new_module(bench, changes={0: "+49123456", 1: "Mine", APN: "mine.net", VEHICLE_ID: "CAR"})
        bench.fake.answers['AT+CPBF="O-"'] = book(
            "O-0-+4966666", "O-1-Theirs", "O-5-theirs.net", "O-8-", "O-4-their.server"
        )
        await bench.up()
        values = [bench.config.get(n) for n in (0, 1, APN, VEHICLE_ID, SERVER)]
        assert values == ["+49123456", "Mine", "mine.net", "CAR", "their.server"]

    on_bench(scenario, (4096,))


def test_one_entry_that_cannot_be_spoils_no_other():
    async def scenario(bench):
        new_module(bench)
        bench.fake.answers['AT+CPBF="O-"'] = book("O-22-dns", "O-2-X", "O-5-internet")
        await bench.up()
        assert bench.config.get(APN) == "internet" and bench.config.get(22) == ""
        assert bench.config.get(2) == "K"
        assert bench.status.counts["phonebook_refused"] == 2

    on_bench(scenario, (4096,))


def test_a_sim_without_entries():
    for answer in (
        b"\r\n+CME ERROR: not found\r\n",
        b"\r\nERROR\r\n",
        b"\r\nOK\r\n",
        book("Otto"),
    ):

        async def scenario(bench, answer=answer):
            new_module(bench, changes={APN: "internet"})
            bench.fake.answers['AT+CPBF="O-"'] = answer
            await bench.up()
            assert bench.config.get(SERVER) == "" and bench.config.get(APN) == "internet"
            assert "phonebook_read" not in bench.status.counts

        on_bench(scenario, (4096,))


def test_flash_that_fails():
    async def scenario(bench):
        new_module(bench)

        def fail(data):
            raise OSError("full")

        bench.config.store.save = fail
        bench.fake.answers['AT+CPBF="O-"'] = book("O-5-internet")
        await bench.up()
        assert bench.config.get(APN) == ""
        assert bench.status.counts["phonebook_not_stored"] == 1

    on_bench(scenario, (4096,))
