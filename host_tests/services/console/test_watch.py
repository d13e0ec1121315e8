"""WATCH and INJECT at the DIAG console: what is shown, what never is, and no trace afterwards."""

import asyncio
import sys

from micropython import heap_lock, heap_unlock

from host_tests.links.modem.modem_bench import joined, on_bench
from host_tests.services.console_bench import Desk, framed
from host_tests.shims.expect import run
from ovms.services.console.watch import without_keys
from tools.simulated_board.fakes.at_peer import info

USE = framed(
    "Use: WATCH [MODEM] [GPS] [HEALTH] [CAN [id ...]], ids hexadecimal; WATCH alone ends it."
)
WATCHING = framed("Watching. WATCH alone ends it.")
ENDED = framed("Watching has ended.")
FRAME = (0x597, b"\x20\x00\xa4\x21\x41\x29\x00\x01")


class Bus:
    """As the driver: `recv` is an attribute, not a method."""

    def __init__(self):
        self.frames = []
        self.recv = self.take

    def take(self, frame):
        if not self.frames:
            return False
        number, data = self.frames.pop(0)
        frame[0] = number
        frame[1][: len(data)] = data
        frame[2] = len(data)
        return True


class Receiver:
    """The GPS receiver's byte stream."""

    def __init__(self):
        self.chunks = []

    async def readinto(self, view):
        chunk = self.chunks.pop(0)
        view[: len(chunk)] = chunk
        return len(chunk)


def desk_of(modem=None):
    desk = Desk()
    desk.modem = modem
    desk.bus = Bus()
    desk.gps_uart = Receiver()
    desk.current_car().send = lambda arbitration_id, data: arbitration_id == 0x601
    return desk


def shown(desk):
    """All lines that wait, without their mark."""
    lines = []
    output = desk.console.watch.output()
    while output:
        lines += [line[2:] for line in output.split("\r\n")[:-1]]
        output = desk.console.watch.output()
    return lines


def test_use():
    desk = desk_of()
    for line in ("WATCH all", "WATCH 597", "WATCH CAN 800", "WATCH CAN -1", "WATCH MODEM 1"):
        assert desk.handle(line) == USE, line
    assert desk.console.watch is None
    assert desk.handle("WATCH") == ENDED


def test_frames_in_both_directions():
    desk = desk_of()
    take = desk.bus.recv
    send = desk.current_car().send
    assert desk.handle("WATCH CAN") == WATCHING
    frame = [0, bytearray(8), 0, 0]
    desk.bus.frames = [FRAME, (0x155, b"\x07"), (0x7FF, b"")]
    while desk.bus.recv(frame):
        pass
    assert frame[0] == 0x7FF
    car = desk.current_car()
    assert car.send(0x601, b"\x40\x18") and not car.send(0x602, b"\x40")
    assert shown(desk) == [
        "can< 597#2000A42141290001",
        "can< 155#07",
        "can< 7FF#",
        "can> 601#4018",
    ]
    assert desk.handle("WATCH") == ENDED
    assert desk.bus.recv == take and car.send is send and desk.console.watch is None


def test_frames_of_some_ids():
    desk = desk_of()
    desk.handle("watch can 155 59b")
    desk.bus.frames = [FRAME, (0x155, b"\x07"), (0x59B, b"\x80")]
    frame = [0, bytearray(8), 0, 0]
    while desk.bus.recv(frame):
        pass
    desk.current_car().send(0x601, b"")
    assert shown(desk) == ["can< 155#07", "can< 59B#80"]


def test_a_new_car_is_watched_too():
    desk = desk_of()
    desk.handle("WATCH CAN")
    other = desk_of().current_car()
    desk.bench.car = other
    assert shown(desk) == []
    other.send(0x601, b"\x01")
    assert shown(desk) == ["can> 601#01"]


def test_a_slow_port_loses_lines_and_says_how_many():
    desk = desk_of()
    desk.handle("WATCH CAN")
    frame = [0, bytearray(8), 0, 0]
    desk.bus.frames = [FRAME] * 500
    while desk.bus.recv(frame):
        pass
    first = desk.console.watch.output()
    assert len(first) < 400 and first.endswith("\r\n# 452 lost\r\n")
    assert len(shown(desk)) + first.count("can<") == 48


def test_a_full_heap_costs_lines_only():
    desk = desk_of()

    def take(frame):
        frame[0] = 0x597
        return True

    desk.bus.recv = take
    desk.handle("WATCH CAN")
    frame = [0, bytearray(8), 8, 0]
    # CPython's heap cannot be locked.
    heap_lock()
    try:
        is_taken = desk.bus.recv(frame)
    finally:
        heap_unlock()
    assert is_taken and frame[0] == 0x597
    is_cpython = sys.implementation.name == "cpython"
    assert shown(desk) == (["can< 597#0000000000000000"] if is_cpython else ["1 lost"])


def test_sentences_of_the_receiver():
    desk = desk_of()
    desk.handle("WATCH GPS")
    chunks = [b"$GPRMC,,V,,,,", b",,,,N*53\r\n$GPGGA,1*00\r\n\xb5b", b"\x00\r\n"]
    desk.gps_uart.chunks = chunks[:]
    view = memoryview(bytearray(64))

    async def pump():
        for chunk in chunks:
            assert await desk.gps_uart.readinto(view) == len(chunk)
            assert bytes(view[: len(chunk)]) == chunk

    run(pump())
    assert shown(desk) == ["gps< $GPRMC,,V,,,,,,,,N*53", "gps< $GPGGA,1*00", "gps< .b."]
    desk.handle("WATCH")
    assert "readinto" not in getattr(desk.gps_uart, "__dict__", ())


def test_noise_without_end_stays_short():
    desk = desk_of()
    desk.handle("WATCH GPS")
    desk.gps_uart.chunks = [b"\xff" * 64] * 50 + [b"\n"]
    view = memoryview(bytearray(64))

    async def pump():
        for _ in range(51):
            await desk.gps_uart.readinto(view)

    run(pump())
    assert shown(desk) == ["gps< " + "." * 120]


def test_modem_traffic_without_texts_and_passwords():
    async def scenario(bench):
        await bench.up()
        bench.config.values[7] = "apnsecret"
        bench.config.values[6] = "apnuser"
        bench.fake.answers["AT+CMGR=3"] = (
            b'\r\n+CMGR: "REC UNREAD","+4915112345678","","26/08/24,10:20:30+08",145,4,0,0,'
            b'"+491710760000",145,14\r\nPASS newsecret\r\n\r\nOK\r\n'
        )
        desk = desk_of(bench.modem)
        desk.config = bench.config
        digester = bench.modem.port.digester
        expect, next_event = digester.expect, digester.next_event
        await desk.console.handle("WATCH MODEM")
        lines = []

        async def collect():
            while True:
                lines.extend(shown(desk) if desk.console.watch else [])
                await asyncio.sleep_ms(0)

        collecting = asyncio.create_task(collect())
        bench.fake.urc('+CMTI: "SM",3')
        await bench.wait(bench.modem.next_sms())
        assert await bench.wait(bench.modem.send_sms("+4915112345678", "Password: sms-secret"))
        await bench.wait(bench.modem.open_tcp("server.example.org", 6867))
        # Of a password that a cut divides, a part would remain.
        bench.fake.urc('+CUSD: 0,"%s apnsecret",15' % ("x" * 104))
        bench.fake.answers["AT+CMGL"] = info("a text with listsecret")
        bench.fake.answers['AT+CPIN="1234"'] = b"\r\nERROR\r\n"
        await bench.wait(bench.modem.command("AT+CMGL"))
        await bench.wait(joined(bench.modem.command('AT+CPIN="1234"')))
        await bench.idle(1000)
        collecting.cancel()
        text = "\n".join(lines)
        for secret in ("secret", '1234"', "apnuser"):
            assert secret not in text, text
        for line in (
            'modem< +CMTI: "SM",3',
            "modem> AT+CMGR=3",
            'modem> AT+CMGS="+4915112345678"',
            "modem< >",
            'modem> AT+CSTT="internet",****',
            'modem> AT+CIPSTART="TCP","server.example.org",6867',
            "modem< CONNECT OK",
            "modem> AT+CMGL",
            "modem< <22 bytes>",
            "modem< <128 bytes>",
            "modem> AT+CPIN=****",
            "modem< ERROR",
        ):
            assert line in lines, (line, text)
        assert [line for line in lines if line.startswith('modem< +CMGR: "REC UNREAD"')][
            0
        ].endswith(" <14 bytes>")
        await desk.console.handle("WATCH")
        # The modem works on, unheard.
        assert desk.console.watch is None
        assert digester.expect == expect and digester.next_event == next_event
        assert await bench.wait(bench.modem.command("AT")) == "OK"

    on_bench(scenario)


def test_masks():
    for line, expected in (
        ('AT+CSTT="a","u","p"', 'AT+CSTT="a",****'),
        ('AT+CSTT="a"', 'AT+CSTT="a"'),
        ('+CSTT: "a","u","p"', '+CSTT:"a",****'),
        ('at + cpin = "1234"', "at+cpin=****"),
        ('AT+CSQ;+CPWD="SC","1","2"', "AT+CSQ;+CPWD=****"),
        ('AT+CSTT="a","u","p";+CPIN="1"', 'AT+CSTT="a",****'),
        ('AT+SAPBR=3,1,"PWD","x"', "AT+SAPBR=****"),
        ('AT+CNCFG=1,"a","u","p",3', "AT+CNCFG=1,****"),
        ('+CNCFG: 1,"a","u","p",3', "+CNCFG:1,****"),
        ("+CPIN: READY", "+CPIN: READY"),
        ("AT+CPIN?", "AT+CPIN?"),
    ):
        assert without_keys(line) == expected, line


class DeskBoard:
    def __init__(self):
        self.frames = []

    def inject(self, arbitration_id, data):
        self.frames.append((arbitration_id, bytes(data)))


def test_inject_on_the_desk():
    desk = desk_of()
    desk.board = board = DeskBoard()
    assert desk.handle("INJECT 597#2000A42141290001") == framed("Injected.")
    assert desk.handle("inject 0#") == framed("Injected.")
    assert board.frames == [FRAME, (0, b"")]
    for text in (
        "",
        "597",
        "800#00",
        "-1#00",
        "597#0",
        "597#00112233445566778899",
        "x#00",
        "597#zz",
    ):
        answer = desk.handle("INJECT " + text)
        assert answer.startswith("\r\n# Use: INJECT id#data"), text
    assert len(board.frames) == 2
    assert "INJECT" in desk.handle("?")


def test_inject_is_impossible_on_a_board():
    desk = desk_of()
    assert desk.handle("INJECT 597#00") == framed("Frames can be injected on the desk only.")
    assert "INJECT" not in desk.handle("HELP")
