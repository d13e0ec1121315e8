"""What stands in the modem's place on a board without one: it reaches nobody."""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from ovms.contracts import ByteStream, Status

_NO_MODEM = "This board has no modem"


class NoModem:
    """Contract "Modem" of firmware/README.md."""

    port = None
    # Nobody waits for it: see `ovms/guard.py`.
    due_s = 1 << 29

    def __init__(self, status: "Status") -> None:
        status.modem_error = _NO_MODEM
        self._never = asyncio.Event()

    async def run(self) -> None:
        """For ever, without doing anything."""
        await self._never.wait()

    def restart(self) -> None:
        """There is nothing to restart."""

    async def open_tcp(self, host: str, port: int) -> "ByteStream":
        """OSError: without WiFi there is no way to a server."""
        raise OSError("no WiFi in reach, and this board has no modem")

    async def send_sms(self, number: str, text: str) -> bool:
        """False: it is not sent."""
        return False

    async def next_sms(self) -> "NoReturn":
        """Never one."""
        while True:
            await self._never.wait()

    async def command(self, at_command: str, level: int = 0) -> str:
        """One sentence."""
        return _NO_MODEM + "."

    async def ussd(self, code: str) -> str:
        """One sentence."""
        return _NO_MODEM + "."
