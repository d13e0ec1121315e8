"""What stands in the modem's place on a board without one: it reaches nobody."""

import asyncio

_NO_MODEM = "This board has no modem"


class NoModem:
    """Contract "Modem" of firmware/README.md."""

    port = None
    # Nobody waits for it: see `ovms/guard.py`.
    due_s = 1 << 29

    def __init__(self, status):
        status.modem_error = _NO_MODEM
        self._never = asyncio.Event()

    async def run(self):
        """For ever, without doing anything."""
        await self._never.wait()

    def restart(self):
        """There is nothing to restart."""

    async def open_tcp(self, host, port):
        """OSError: without WiFi there is no way to a server."""
        raise OSError("no WiFi in reach, and this board has no modem")

    async def send_sms(self, number, text):
        """False: it is not sent."""
        return False

    async def next_sms(self):
        """Never one."""
        await self._never.wait()

    async def command(self, at_command, level=0):
        """One sentence."""
        return _NO_MODEM + "."

    async def ussd(self, code):
        """One sentence."""
        return _NO_MODEM + "."
