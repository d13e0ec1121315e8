"""The profile of a modem that is no SIM800, for tests: shapes of an A7670, of which none is real.

Its data stand in the line that announces them, it starts with a line of its own, its lines of
power want other times, and its TCP has other commands.
"""

from ovms.links.modem.urcs import note_restart
from ovms.protocol.at import number


class OtherModem:
    """See the table of a profile in `firmware/README.md`."""

    urcs = b"\n*ATREADY:\n+CPIN:\nRING\n+CLIP:\n+CREG:\n+CMTI:\n+CMT:\n+CUSD:\n+CACLOSE:\n"
    telling = b"+CMGS+CMGR+CARECV+CAOPEN"
    data_heads = ((b"+CARECV: ", b","),)
    announced = b"+CADATAIND:"
    counted = b""
    reset_mark = b"*ATREADY"
    refusals = ()

    def __init__(self, port, status, config):
        self.port = port
        self.has_data = False
        self.failures = 0
        self.received = b""
        port.on_data = self._on_data

    def details(self):
        return OtherDetails(self)

    def _on_data(self, data):
        self.received += bytes(data)


class OtherDetails:
    on_pulse_ms = 50
    off_pulse_ms = 2500
    reset_pulse_ms = 2000
    supply_off_ms = 500
    boot_ms = 9000
    iccid_command = b"AT+CICCID"
    pin_tries_command = None
    reserved = ("+CA",)
    registrations = (b"+CREG",)

    def __init__(self, profile):
        self._profile = profile

    async def configure(self, modem):
        await modem.port.ask(b"ATE0")
        await modem.port.ask(b"AT+CNACT=0,1")

    def hear(self, modem, line, head):
        if head == b"*ATREADY:" or line == OtherModem.reset_mark:
            note_restart(modem)

    def utc_s(self, line):
        return None

    def drop(self):
        self._profile.has_data = False

    async def leave_gprs(self):
        await self._profile.port.ask(b"AT+CNACT=0,0")

    async def check_gprs(self):
        return False

    async def open_tcp(self, host, port):
        command = 'AT+CAOPEN=0,0,"TCP","%s",%d' % (host, port)
        answer = await self._profile.port.ask(command.encode())
        if not answer or number(answer, 1) != 0:
            raise OSError("No connection.")
        return OtherStream(self._profile)


class OtherStream:
    """Byte stream of its only connection."""

    def __init__(self, profile):
        self._profile = profile

    async def readinto(self, view):
        profile = self._profile
        while not profile.has_data:
            await profile.port.clock.sleep_ms(50)
        profile.has_data = False
        profile.received = b""
        lines = await profile.port.execute(b"AT+CARECV=0,%d" % len(view))
        n = number(lines[0], 0)
        if n != len(profile.received):
            raise OSError("Bytes were lost.")
        view[:n] = profile.received
        return n
