"""A car that is asked, behind the driver and the register model, with control units that answer.

What CANLink does stands here in a few lines, so that time is a number: a change of feature 15 or
of what is heard opens the bus anew. A unit is written as what it answers to: no ISO-TP of its own.
"""

from binascii import unhexlify

from host_tests.drivers.mcp2515_bench import MCP2515Bench
from host_tests.vehicle.contract import build
from ovms.vehicle.obd.car import Obd

FLOW_CONTROL = "3000140000000000"
# As the link's.
CHECK_S = 5
# Any car's own frames, by which it is known to be awake.
CHATTER = (0x0C0, 0x1A5, 0x280, 0x320, 0x5D0, 0x4F1)


def frame_of(text):
    return unhexlify(text.replace(" ", ""))


class Bus:
    """car: an Obd, whose feature 15 is `feature`. answers: by (id, request without padding), a
    function or a list of texts "7E8 03 41 0D 32"; requests: what was asked, as (second, id, data
    in hexadecimal). is_awake: whether the car's own frames are on the bus. bench: the driver, of
    one that has heard its bus before unless another is given.
    """

    def __init__(self, feature=1, car_class=Obd, bench=None):
        self.car = build(car_class, {15: feature})
        self.state = self.car.state
        self.car.send = self._send
        self.answers = {}
        self.requests = []
        self.is_awake = False
        self.now_s = 0
        self.bench = bench or MCP2515Bench()
        self._opened = None
        self.opens = 0
        self._look()

    def _send(self, arbitration_id, data):
        return self.bench.bus.send(arbitration_id, data)

    def _look(self):
        car = self.car
        is_silent = not (car.config.feature(15) > 0 and car.TX_FRAMES)
        wanted = (is_silent, car.RX_IDS)
        if wanted != self._opened:
            self._opened = wanted
            self.opens += 1
            self.bench.open(car.RX_IDS, car.TX_FRAMES, is_silent, car.FOREIGN_IDS)

    def hears(self, text):
        """A frame of the bus: "7E8 03 41 0D 32"."""
        word, _, data = text.partition(" ")
        self.bench.frame(int(word, 16), frame_of(data))
        self._deliver()

    def _deliver(self):
        self.bench.bus.service()
        for arbitration_id, payload in self.bench.received():
            whole = bytearray(8)
            whole[: len(payload)] = payload
            self.car.on_frame(arbitration_id, whole, len(payload))
            self._answer()

    def _answer(self):
        """Let what was sent reach the units, and their answers the car, until there is no more."""
        self.bench.pass_us(2000)
        sent, self.bench.sent[:] = list(self.bench.sent), []
        for arbitration_id, data, is_extended, is_remote in sent:
            assert not is_extended and not is_remote and len(data) == 8
            text = "".join(["%02X" % byte for byte in data])
            self.requests.append((self.now_s, arbitration_id, text))
            key = "%03X %s" % (arbitration_id, text[: 2 + 2 * (data[0] & 15)])
            if data[0] & 0xF0:
                key = "%03X %s" % (arbitration_id, text)
            answer = self.answers.get(key, ())
            for line in answer() if callable(answer) else answer:
                self.hears(line)

    def seconds(self, count, chatter=CHATTER):
        """Time goes by, once a second as in the firmware."""
        for _ in range(count):
            self.now_s += 1
            if self.is_awake:
                for arbitration_id in chatter:
                    self.bench.frame(arbitration_id, bytes(8))
                    self._deliver()
            self.state.tick(1)
            self.car.poll(1000)
            self._answer()
            self._look()
            if not self.now_s % CHECK_S:
                assert self.bench.bus.check()
        return self.state

    def asked(self, since=0):
        """Requests without flow control and padding, as "7E0 010D"."""
        found = []
        for second, arbitration_id, text in self.requests:
            if second >= since and text[0] == "0":
                found.append("%03X %s" % (arbitration_id, text[2 : 2 + 2 * int(text[:2], 16)]))
        return found


def engine(bus, values=None):
    """One control unit, 7E0/7E8, with the vectors of car facts 2.8, on and at 50 km/h.

    values: more answers by value number, data in hexadecimal. Returns the dictionary that
    it answers from.
    """
    data = {0x01: "00076500", 0x05: "7B", 0x0C: "1AF8", 0x0D: "32", 0x1F: "0000"}
    data.update({0x42: "36B0", 0x46: "3C", 0xA6: "0012D687", 0x2F: "80"})
    data.update(values or {})

    def supported(base):
        def answer():
            bits = bytearray(4)
            for pid in data:
                if base < pid <= base + 32:
                    bits[(pid - base - 1) >> 3] |= 0x80 >> ((pid - base - 1) & 7)
            if max(data) > base + 32:
                bits[3] |= 1
            return ["7E8 06 41 %02X " % base + "".join(["%02X" % byte for byte in bits])]

        return answer

    bus.answers["7DF 020100"] = supported(0)
    for base in range(0x20, 0xC0, 0x20):
        bus.answers["7E0 0201%02X" % base] = supported(base)
    for pid in data:

        def answer(pid=pid):
            if pid == 0x1F:
                data[pid] = "%04X" % bus.now_s
            text = data[pid]
            return ["7E8 %02X 41 %02X %s" % (2 + len(text) // 2, pid, text)]

        bus.answers["7E0 0201%02X" % pid] = answer
    bus.answers["7E0 020902"] = ["7E8 10 14 49 02 01 53 46 5A"]
    bus.answers["7E0 " + FLOW_CONTROL] = [
        "7E8 21 52 45 38 42 31 35 42",
        "7E8 22 33 39 39 39 39 39 39",
    ]
    bus.answers["7E0 0103"] = ["7E8 02 43 00"]
    bus.answers["7E0 0107"] = ["7E8 02 47 00"]
    return data
