"""`module --io`: supply and boot pin in, the state of power out (design 4.2). CPython only."""

import asyncio
import json

import pytest

from host_tests.desk.module_rig import RUNTIMES, ModuleRig, name_of, require, run_desk
from tools.desk.board_io import BoardIO
from tools.desk.sim800 import Sim800Server

PHONE = "+4915112345678"


def test_lines_in_and_out(capsys):
    lines = []
    io = BoardIO(lines.append, 12600)
    io.receive_text(b'{"supply_mv": 11')
    io.receive_text(b'400}\n{"boot_pin": 0}\n')
    assert (io.supply_mv, io.boot_pin) == (11400, 0)
    for line in (b"x", b"[1]", b'{"supply_mv": "a"}', b'{"supply_mv": -1}', b'{"boot_pin": 2}'):
        io.receive_text(line + b"\n")
    io.receive_text(b'{"supply": 1}\n' * 50)
    assert (io.supply_mv, io.boot_pin) == (11400, 0)
    assert capsys.readouterr().err.count("IO line ignored") == 10
    answers = []
    assert io.handle(b"AB", answers.append) == 2
    assert answers == [(11400).to_bytes(2, "big"), b"\0\0"]
    assert not lines
    io.show(cpu_mhz=160)
    assert not lines
    text = b'J\x0f{"cpu_mhz": 80}'
    assert io.handle(text[:5], answers.append) == 0
    assert io.handle(text, answers.append) == len(text)
    assert json.loads(lines[-1])["cpu_mhz"] == 80
    assert set(json.loads(lines[-1])) == {
        *("state", "sleep", "cpu_mhz", "gps", "can", "dtr", "watchdog")
    }


@pytest.mark.parametrize(
    ("wake", "reason"),
    [
        (lambda io: io.takes_uart("UART1", b"\r\n+CMTI"), 2),
        (lambda io: io.look("silent", True), 3),
        (lambda io: io.takes_uart("UART2", b"$GP"), 4),
        (lambda io: io.look("sleep", False), 4),
    ],
)
def test_light_sleep_ends_by_ri_int_or_time(wake, reason):
    async def scenario():
        lines, answers = [], []
        io = BoardIO(lines.append, 12600, 100.0)
        assert not io.takes_uart("UART1", b"x")
        io.handle(b"S" + (2000).to_bytes(3, "big"), answers.append)
        assert io.is_asleep and json.loads(lines[-1])["sleep"] == "light"
        wake(io)
        while not answers:
            await asyncio.sleep(0.005)
        assert answers == [reason.to_bytes(2, "big")]
        assert not io.is_asleep and json.loads(lines[-1])["sleep"] == "none"
        await asyncio.sleep(0.05)
        assert len(answers) == 1

    asyncio.run(scenario())


class Watcher:
    """The far end of `--io`. seen: what the module told, newest last."""

    async def start(self):
        self.seen = []
        self.writer = None
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = "127.0.0.1:%d" % self.server.sockets[0].getsockname()[1]
        return self

    async def _serve(self, reader, writer):
        self.writer = writer
        while line := await reader.readline():
            self.seen.append(json.loads(line))

    def say(self, **values):
        self.writer.write(json.dumps(values).encode() + b"\n")

    def has(self, **values):
        return any(values.items() <= told.items() for told in self.seen)

    def is_now(self, **values):
        return bool(self.seen) and values.items() <= self.seen[-1].items()


def test_a_module_parks_sleeps_and_is_woken_by_an_sms_and_by_its_bus(tmp_path):
    """At 60 times the speed: ten minutes are ten seconds."""

    async def scenario():
        watcher = await Watcher().start()
        texts = []
        modem = Sim800Server(delay_factor=1 / 60)
        await modem.start()
        modem.set_on_sms(lambda sms: texts.append(sms.text))
        options = (
            *("--time-scale", "60", "--io", watcher.address),
            *("--modem", "127.0.0.1:%d" % modem.port, "--param", f"0={PHONE}"),
        )
        async with ModuleRig(("cpython",), tmp_path, options, has_server=False) as rig:
            await rig.until(lambda: watcher.has(state="awake", cpu_mhz=160, gps=True))
            await rig.until(lambda: watcher.has(state="park", cpu_mhz=80, gps=False), 60)
            await rig.until(lambda: watcher.has(state="park", can="sleep", sleep="light"), 60)
            watcher.seen.clear()
            await modem.deliver_sms(PHONE, "POWERSAVE?")
            await rig.until(lambda: texts and "park" in texts[0], 60)
            await rig.until(lambda: watcher.is_now(sleep="light"), 60)
            watcher.seen.clear()
            await rig.bus.play((0x597, "0000000000000000"))
            await rig.until(lambda: watcher.has(can="silent", sleep="none"), 60)
            watcher.say(supply_mv=11000)
            await rig.until(lambda: watcher.has(state="deep"), 120)
        watcher.server.close()
        await modem.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("runtime", RUNTIMES, ids=name_of)
def test_every_runtime_tells_its_state(runtime, tmp_path):
    async def scenario():
        watcher = await Watcher().start()
        options = ("--io", watcher.address)
        async with ModuleRig(runtime, tmp_path, options, has_server=False) as rig:
            await rig.until(lambda: watcher.has(state="awake", can="silent", watchdog="fed"))
            watcher.say(supply_mv=13400)
            rig.process.stdin.write(b"S POWERSAVE TRANSPORT\r\n")
            await rig.until(lambda: any("TRANSPORT" in line for line in rig.lines))
        watcher.server.close()

    require(runtime)
    asyncio.run(scenario())


def test_a_bad_address_is_one_sentence():
    code, _, complaint = asyncio.run(run_desk("module", "--io", "nowhere"))
    assert code == 2 and "--io" in complaint
