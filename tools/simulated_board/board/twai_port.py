"""`twai_port` for firmware that runs on a computer: the registers lie in the board host.

Each call is one question over the connection `TWAI`, without taking heap, as `machine.SPI`. The
same calls as `modules/twai_port.py`, whose pointers lead nowhere here.
"""

from machine import Link


class Port:
    """See modules/twai_port.py."""

    def __init__(self, registers, clock, reset, rx_route, tx_route, numbers):
        self._link = Link(b"TWAI")
        self._request = bytearray(3)
        self._answer = bytearray(2)

    def _ask(self, kind, index, value, answer):
        request = self._request
        request[0] = kind
        request[1] = index
        request[2] = value
        self._link.send(request)
        if answer:
            self._link.receive(answer)
            return answer[0] << 8 | answer[1]
        return 0

    def read(self, index):
        return self._ask(82, index, 0, self._answer)

    def write(self, index, value):
        self._ask(87, index, value, None)

    def configure(self, sequence):
        for at in range(0, len(sequence), 2):
            self.write(sequence[at], sequence[at + 1])

    def fetch(self, slot):
        status = self._ask(70, 0, 0, self._answer)
        self._link.receive(slot)
        return status

    def start(self):
        self._ask(83, 0, 0, None)

    def attach(self, is_on):
        self._ask(65, 0, is_on, None)

    def is_attached(self):
        return self._ask(67, 0, 0, self._answer) != 0
