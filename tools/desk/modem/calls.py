"""Voice calls and USSD: a phone rings the module, the module answers or hangs up."""

_MAX_RINGS = 10
RINGING, ACTIVE = "ringing", "active"


class Calls:
    """At most one voice call. A withheld number is the empty text."""

    def __init__(self, modem):
        self._modem = modem
        self.state = None
        self.number = ""
        self._call = 0

    def incoming(self, number):
        """A phone calls; returns whether the network could put it through."""
        if self.state is not None or not self._modem.network.is_registered:
            return False
        self.state, self.number = RINGING, number
        self._call += 1
        self._modem.tasks.spawn(self._ring(self._call))
        return True

    def remote_hang_up(self):
        """The phone ends the call; returns whether there was one."""
        if self.state is None:
            return False
        self._end()
        self._modem.urc("NO CARRIER")
        return True

    def answer(self):
        """ATA; returns whether a call was there to answer."""
        if self.state != RINGING:
            return False
        self.state = ACTIVE
        self._call += 1
        return True

    def hang_up(self):
        """ATH: ends whatever call there is."""
        self._end()

    def power_lost(self):
        self._end()

    def _end(self):
        self.state = None
        self._call += 1

    def _ring(self, call):
        for _ in range(_MAX_RINGS):
            if call != self._call:
                return
            unit = b"\r\nRING\r\n"
            if self._modem.session.clip:
                kind = 128 if not self.number else 145 if self.number.startswith("+") else 129
                unit += f'\r\n+CLIP: "{self.number}",{kind},"",0,"",0\r\n'.encode()
            self._modem.urc_unit(unit)
            yield self._modem.timing.ring_ms
        if call == self._call:
            self.remote_hang_up()
