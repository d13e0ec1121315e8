"""What the firmware has in use after each of some days in fast time: it must not grow.

    growth.py TREE FRAMES DAYS

A day is DAY_S seconds of ticks and CAN frames, with logins, reports, commands, SMS and lines of
the modem, through the firmware's own composition root. FRAMES: file of frames, each 2 bytes of
arbitration id, one of length, and the data filled up to 8. The current folder is the module's
flash. Prints {"bytes": [after each day], "messages", "sms"}. MicroPython only.
"""

import asyncio
import gc
import json
import sys

sys.path[:] = [sys.argv[1], "", ".frozen"]

import ovms.clock  # noqa: E402
from ovms.app import App  # noqa: E402

DAY_S = 600
FRAMES_PER_S = 20
RECORD = 11
OWNER = "+4915112345678"
SETTINGS = {0: OWNER, 2: "K", 3: "SMSIP", 4: "server.desk", 8: "CAR", 9: "NETPASS", 14: "RT"}
TEXTS = (
    (OWNER, "STAT"),
    (OWNER, "GPS"),
    (OWNER, "SUMMARY"),
    (OWNER, "PARAMS?"),
    (OWNER, "FEATURE 9 1"),
    (OWNER, "MODULE CAR K SMSIP RT"),
    ("+491700000000", "STAT wrong"),
    ("+491700000000", "nonsense"),
)
COMMANDS = (b"1", b"3", b"7,STAT", b"31", b"33", b"999", b"41,*100#")
LINES = (b'\r\n+CMTI: "SM",3\r\n', b"\r\nRING\r\n", b"\r\n+CREG: 5\r\n", b"\xff\x00nonsense\r\n")


class Time:
    """The clock's `time`, moved by hand."""

    now_ms = 0

    def ticks_ms(self):
        return self.now_ms & 0x3FFFFFFF

    def ticks_diff(self, new, old):
        return (new - old) & 0x3FFFFFFF


class Wire:
    """A UART, a bus or a pin with nothing behind it."""

    IRQ_FALLING = 2

    def __call__(self, level=None):
        return 0

    def value(self, level=None):
        return 0

    def irq(self, handler=None, trigger=None):
        pass

    def init(self, **options):
        pass

    def write(self, data):
        return len(data)

    def readinto(self, view):
        return None

    def write_readinto(self, data, buffer):
        pass


class Board:
    """What the composition root asks of a board."""

    NAME = "BENCH"
    CRYSTAL_HZ = 8_000_000

    def modem_uart(self):
        return Wire()

    def gps_uart(self):
        return Wire()

    def modem_pins(self):
        return Wire(), Wire(), Wire(), Wire()

    def can(self):
        return Wire(), Wire(), Wire()

    def supply_mv(self):
        return 12_600

    def reset_cause(self):
        return "power on"


class Days:
    """The module, and what it is fed with."""

    def __init__(self, frames):
        self.time = ovms.clock.time = Time()
        self.frames = frames
        self.at = 0
        self.messages = self.answers = 0
        self.app = App(Board(), SETTINGS)
        self.app.log._sink = len
        self.app.clock.set_utc_s(self.app.clock.first_utc_s, "gps")
        self.outbox = self.app.server.outbox

    def drive(self):
        """One second's frames."""
        buffer = bytearray(8)
        for _ in range(FRAMES_PER_S):
            at = self.at
            size = self.frames[at + 2]
            buffer[:size] = self.frames[at + 3 : at + 3 + size]
            self.app.car.on_frame(self.frames[at] << 8 | self.frames[at + 1], buffer, size)
            self.at = (at + RECORD) % len(self.frames)

    def send(self):
        """Everything that waits for the server."""
        message = self.outbox.poll(1000)
        while message is not None:
            self.messages += 1
            self.outbox.on_sent(message[0])
            message = self.outbox.poll(0)

    def carry_out(self):
        """Commands, as their task does."""
        commander = self.app.commander
        while commander._queue:
            asyncio.run(commander._carry_out(commander._queue.pop(0)))
            self.send()

    def hear(self, line):
        """One line of the modem."""
        port = self.app.modem.port
        room = port.digester.room()
        room[: len(line)] = line
        port.digester.received(len(line))
        port._digest()

    def day(self):
        """From a login to the loss of the connection."""
        app = self.app
        self.outbox.on_login()
        for second in range(DAY_S):
            self.time.now_ms += 1000
            self.drive()
            app.in_turn(app._tick)
            while app._steps:
                app._take_step()
            if second % 5 == 0:
                self.send()
            if second % 30 == 0:
                step = second // 30
                self.outbox.on_message("C", COMMANDS[step % len(COMMANDS)])
                self.outbox.on_message("Z", b"%d" % (step % 3))
                self.outbox.on_message("A", b"")
                self.hear(LINES[step % len(LINES)])
                caller, text = TEXTS[step % len(TEXTS)]
                if asyncio.run(app.sms.execute(caller, text))[1]:
                    self.answers += 1
                self.carry_out()
        self.outbox.on_closed()
        # What other tasks, which do not run here, would have taken.
        app.modem.announced.clear()
        app.modem.queue.clear()
        app.status.take_requests()
        gc.collect()
        return gc.mem_alloc()


def main(path, days):
    with open(path, "rb") as file:
        life = Days(file.read())
    used = [0] * days
    for day in range(days):
        used[day] = life.day()
    print(json.dumps({"bytes": used, "messages": life.messages, "sms": life.answers}))


main(sys.argv[2], int(sys.argv[3]))
