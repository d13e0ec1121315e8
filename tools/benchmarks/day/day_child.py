"""Runs on the 32-bit VM: the firmware's App through a day recorded on a tape, in virtual time.

    day_child.py in the compiled tree; its working folder is the module's flash; `tape` lies there

Everything of the module is real but what has wires: CAN frames come from the tape past the
controller, the modem's part is sending and receiving SMS, the server's taking what the module has
for it and acknowledging records. Prints what leaves the module and, at each mark of the tape, the
heap in use after a collection.

A step of the tape is: letter, then
    F  seconds (2 bytes), count (2 bytes), frames of id (2 bytes) and 8 data bytes each
    L  latitude, longitude (millionths of a degree, 4 bytes each), altitude (2 bytes)
    S  an SMS of the owner; C  a command of the server; M  a mark: length (1 byte) and text
"""

import asyncio
import asyncio.core
import gc
import struct
import sys
import time

OWNER = "+4915112345678"
PRESETS = {0: OWNER, 1: "Desk2026", 2: "K", 3: "SMSIP", 4: "server.desk", 8: "TWIZY42"}
PRESETS.update({9: "NETPASS", 14: "RT"})
_LINK_PERIOD_MS = 20
_LOOK_MS = 50
# Started by the module, but here somebody else does their work.
_REPLACED = ("modem", "server", "gps", "can", "console")


class Wire:
    """Every pin and port of the board: silent."""

    def __call__(self, *level):
        return 1

    value = irq = write = readinto = write_readinto = init = feed = __call__


class Board:
    NAME = "DAY"
    CRYSTAL_HZ = 8_000_000

    def __init__(self):
        self.peak = 0

    def modem_uart(self):
        return Wire()

    gps_uart = modem_uart

    def modem_pins(self):
        return (Wire(),) * 4

    def can(self):
        return (Wire(),) * 3

    def supply_mv(self):
        return 12600

    def watchdog(self, timeout_ms):
        return self

    def feed(self):
        """Once a second, before the firmware collects garbage itself."""
        gc.collect()
        self.peak = max(self.peak, gc.mem_alloc())

    def reset(self):
        print("RESET")
        sys.exit(3)

    def reset_cause(self):
        return ""


class Controller:
    """The motor controller: a Twizy 80 that keeps what is written and knows nothing else."""

    def __init__(self):
        self._values = {0x101802: 0x0712302D, 0x511000: 5, 0x607600: 55000, 0x461112: 7250}
        self.count = 0

    def answer(self, data):
        """The frame for a request, or None."""
        key = data[2] << 16 | data[1] << 8 | data[3]
        head = bytes((0x60 if data[0] == 0x22 else 0x43, data[1], data[2], data[3]))
        if data[0] == 0x40:
            return head + struct.pack("<I", self._values.get(key, 0))
        if data[0] != 0x22:
            return None
        value = struct.unpack("<I", data[4:8])[0]
        if key == 0x500002:
            self._values[0x500001] = 4 if value == 0x4BDF else 0
        elif key == 0x280000:
            self._values[0x511000] = 0x7F if value else 5
        elif key > 0x290000 and key >> 8 not in (0x5000, 0x5610):
            self._values[key] = value
            self.count += 1
        return head + bytes(4)


class Bus:
    """The tape's frames in the place of the controller's ring."""

    def __init__(self, tape):
        self._tape = tape
        self._left = 0
        self._record = bytearray(10)
        self._is_silent = True
        self._answers = []
        self.controller = Controller()

    def put(self, count):
        self._left = count

    def is_empty(self):
        return not self._left

    def open(self, bitrate, rx_ids, tx_frames, is_silent, foreign_ids, sub_types):
        self._is_silent = is_silent

    def service(self):
        return 0

    def recv(self, frame):
        record = self._record
        if self._answers:
            frame[0] = 0x581
            frame[1][:] = self._answers.pop(0)
        elif self._left:
            self._left -= 1
            self._tape.readinto(record)
            frame[0] = record[0] << 8 | record[1]
            data = frame[1]
            for n in range(8):
                data[n] = record[2 + n]
        else:
            return False
        frame[2] = 8
        return True

    def send(self, arbitration_id, data):
        if self._is_silent:
            return False
        answer = self.controller.answer(data)
        if answer:
            self._answers.append(answer)
        return True

    def state(self):
        return 1

    def check(self):
        return True

    def sleep(self):
        return False

    def counts(self):
        return {}

    def close(self):
        """Nothing to do."""


class Modem:
    """SMS only."""

    # As of one that nobody waits for: see ovms/guard.py.
    due_s = 1 << 29
    port = None
    taken = ()

    def __init__(self):
        self._texts = []

    def receive(self, text):
        self._texts.append(text)

    async def next_sms(self):
        while not self._texts:
            await asyncio.sleep_ms(1000)
        return OWNER, self._texts.pop(0)

    async def send_sms(self, number, text):
        print("SMS", text.replace("\n", " / "))
        return True

    def restart(self):
        """Nothing to do."""


async def serve(app):
    """The server: takes everything, prints answers and pushes, acknowledges records."""
    conversation = app.notifier.conversation
    app.status.is_server_connected = True
    conversation.on_login()
    conversation.on_message("Z", b"1")
    while True:
        await asyncio.sleep_ms(1000)
        message = conversation.poll(1000)
        while message:
            code, payload = message
            text = bytes(payload).decode()
            if code in "cP":
                print("MSG", code + text.replace("\r", " / "))
            elif code == "h":
                # An acknowledged record: code, seconds ago, type, number, lifetime, data.
                fields = text.split(",")
                print("RECORD", ",".join(fields[2:]))
                conversation.on_message("h", fields[0].encode())
            elif code in "SD":
                print("DATA", code + text)
            conversation.on_sent(code)
            message = conversation.poll(0)


class Day:
    def __init__(self):
        # Imported here, so that the size of this file alone can be told.
        from ovms.app import App
        from ovms.links.can_link import CANLink

        self._tape = open("tape", "rb")
        self._board = Board()
        self.app = app = App(self._board, PRESETS)
        # By the owner, who then needs not to be told.
        app.config.set_feature(15, 1, 1)
        self._bus = Bus(self._tape)
        app.bus = self._bus
        app.can = CANLink(self._bus, None, app.status, app.config, _LINK_PERIOD_MS)
        app.modem = app.notifier.modem = self._modem = Modem()
        app.tasks = tuple([task for task in app.tasks if task[0] not in _REPLACED]) + (
            ("can", app.can.run),
            ("tape", self._play),
            ("server", self._serve),
        )
        # Last: until then the link of before, and with it the car of before, is held by its task.
        app.set_car()
        # The others here are no parts of a module.
        app.guarded = (app.sms, app.notifier)
        app.status.is_registered = True
        app.clock.set_utc_s(app.clock.first_utc_s, "gps")
        self._pause_ms = 0

    async def _serve(self):
        await serve(self.app)

    def wait(self, ms):
        """What the event loop calls before each turn; ms: 0 when somebody is ready."""
        if ms > 0:
            time.advance(max(ms, self._pause_ms))

    def _text(self):
        return self._tape.read(self._tape.read(1)[0]).decode()

    async def _play(self):
        state = self.app.state
        while True:
            letter = self._tape.read(1)
            if letter == b"F":
                seconds, count = struct.unpack(">HH", self._tape.read(4))
                self._bus.put(count)
                while not self._bus.is_empty():
                    await asyncio.sleep_ms(_LOOK_MS)
                if state.latitude_udeg is not None:
                    state.gps_age_s = 0
                # Where little happens, time passes in long steps.
                self._pause_ms = min(seconds, 20) * 1000 if seconds > 1 else 0
                await asyncio.sleep_ms(1000 * seconds)
                self._pause_ms = 0
            elif letter == b"L":
                values = struct.unpack(">iih", self._tape.read(10))
                state.latitude_udeg, state.longitude_udeg, state.altitude_m = values
                state.course_deg = 90
                state.has_gps_lock = True
            elif letter == b"S":
                self._modem.receive(self._text())
            elif letter == b"C":
                self.app.notifier.conversation.on_message("C", self._text().encode())
            elif letter == b"M":
                # What is loaded now may be other code than a day ago.
                self.app.broom.make_room()
                await asyncio.sleep_ms(1500)
                self.app.broom.make_room()
                print("HEAP", self._text(), gc.mem_alloc(), self._board.peak, gc.mem_free())
            else:
                break
        from ovms.services.counter_names import in_full

        print("COUNTS", dict(in_full(self.app.status.counts)))
        print("WRITES", self._bus.controller.count)
        sys.exit(0)


def main(taken_bytes):
    """taken_bytes: what importing this took, which a module has for itself."""
    day = Day()
    day.app.broom.limit_bytes += taken_bytes
    asyncio.core.IOQueue.wait_io_event = day.wait
    asyncio.run(day.app.run())
