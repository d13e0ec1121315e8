"""What a SIM7000 has and other modems have not, as far as it is needed now and then.

Source: hardware facts 4.10.
"""

from micropython import const

from ovms.links.modem.sim7000.tcp import BROKEN, OVER
from ovms.protocol.at import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from ovms.contracts import Bearer, ByteStream, Task
    from ovms.links.modem.modem import Modem
    from ovms.links.modem.sim7000.profile import SIM7000
    from ovms.links.modem.sim7000.tcp import TCPStream

_LEAVE_S = const(65)


class SIM7000Details:
    """sim7000: the SIM7000 that it belongs to."""

    # For `ovms.drivers.modem_power`, see `sim800/details.py`. The reset line is not for more than
    # an emergency; its supply is never cut without need, which could damage its file system.
    on_pulse_ms = 1200
    off_pulse_ms = 1500
    reset_pulse_ms = 300
    supply_off_ms = 6000
    # From the power key to the UART.
    boot_ms = 6000
    iccid_command = b"AT+CCID"
    # Nobody knows whether it can be asked for them, so a PIN that was refused is not tried again.
    pin_tries_command = None
    # Starts of commands that a user's own AT line must not have: those of its connections, and
    # what it keeps of the choice of networks.
    reserved = (
        "+CAOPEN", "+CASEND", "+CARECV", "+CACLOSE", "+CACID", "+CACFG", "+CASSLCFG", "+CSSLCFG",
        "+CNACT", "+CNCFG", "+CIP", "+CSTT", "+FTP", "+HTTP", "+SH", "+SM", "+CPOWD", "+CSCLK=",
        "+CFS", "+SAPBR=", "+CDNSCFG=", "+CNMP=", "+CMNB=", "+CBANDCFG=",
    )  # fmt: skip
    # Registrations that it tells of: on LTE-M and NB-IoT +CREG may say 0 or 3 for ever.
    registrations = (b"+CEREG", b"+CGREG", b"+CREG")
    # For `ovms.links.modem.first_settings`, see `sim800/details.py`.
    series = b"SIM7000"
    name = "SIM7000"
    settings = (b"AT+CMEE=2", b"AT+IFC=0,0", b"AT+CREG=1", b"AT+CGREG=1", b"AT+CEREG=1")
    kept_settings = (b"AT+CLTS",)
    sleep_command = b"AT+CSCLK=1"
    # Outcomes of an opening that only say that the peer does not answer: the host has no address,
    # it refuses, it cannot be connected.
    no_peer = (b"+CAOPEN: 0,20", b"+CAOPEN: 0,23", b"+CAOPEN: 0,27")

    def __init__(self, sim7000: "SIM7000") -> None:
        self._sim7000 = sim7000

    def configure(self, modem: "Modem") -> "Task":
        """Coroutine: make the settings of a modem that answers, before its SIM is asked for."""
        from ovms.links.modem.first_settings import configure

        return configure(modem, self)

    def hear(self, modem: "Modem", line: bytes, head: bytes) -> None:
        """An unsolicited line (bytes) that no standard has; head: it up to its colon.

        Called by the reader, only stores and flags.
        """
        if line == b"SMS Ready":
            # Expected once behind a start; again, it tells of a restart nobody noticed.
            is_restart = modem.was_call_ready
            modem.was_call_ready = True
            modem.is_sms_ready = modem.has_news = True
        elif head == b"+CFUN:" or line.startswith(b"+CPIN: NOT"):
            # Before that it may be a late answer.
            is_restart = modem.port.is_up
        else:
            is_restart = line == b"RDY" or line.endswith(b"POWER DOWN")
        if is_restart:
            from ovms.links.modem.urcs import note_restart

            note_restart(modem)
        else:
            self._hear_connection(line, head)

    def _hear_connection(self, line, head):
        """An unsolicited line (bytes) that may be about connections; head: it up to its colon."""
        sim7000 = self._sim7000
        is_ours = number(line, 0) == 0
        if head == b"+APP PDP:":
            sim7000.outcome = b"bearer lost" if b"DEACT" in line else b""
            if sim7000.outcome and sim7000.bearer is not None:
                sim7000.status.count("gprs_lost")
                self.drop()
        elif head == b"+CAOPEN:" and is_ours:
            sim7000.outcome = b"" if number(line, 1) == 0 else line
            sim7000.is_dangling = True
        elif head == b"+CASEND:" and is_ours:
            sim7000.sent = (number(line, 2) or 0) if number(line, 1) == 0 else 0
        elif head == b"+CASTATE:" and is_ours and number(line, 1) == 0:
            if sim7000.is_opening:
                sim7000.outcome = line
            self._close("tcp_closed")

    def _close(self, counter):
        """The peer has closed. What was announced and not read is lost, which is told."""
        sim7000 = self._sim7000
        stream = sim7000.stream
        if stream is not None and not stream.state:
            sim7000.status.count(counter)
            stream.state = BROKEN if sim7000.has_data else OVER
            sim7000.port.news.set()

    def utc_s(self, line: bytes) -> int | None:
        """Unix seconds of a line that tells the time, `+CCLK:`; None when it is damaged.

        What its `*PSUTTZ:` means is not known well enough; the clock is asked once a minute.
        """
        from ovms.protocol import at_values

        return at_values.utc_s(line)

    def open_tcp(self, host: str, port: int) -> "Coroutine[Any, Any, ByteStream]":
        """Coroutine: a connected TCPStream, see `Modem.open_tcp`."""
        from ovms.links.modem.connecting import connect

        return connect(self._sim7000, host, port)

    def open_socket(
        self, bearer: "Bearer", host: str, port: int
    ) -> "Coroutine[Any, Any, TCPStream]":
        """Coroutine: a TCPStream for `ovms.links.modem.connecting`."""
        from ovms.links.modem.sim7000.bearer import open_socket

        return open_socket(self._sim7000, bearer, host, port)

    def drop(self, keeps_bearer: int = False) -> None:
        """The connection is gone, and its bearer unless it is good, without a word to the modem.

        A connection that the modem still holds is closed before the next.
        """
        sim7000 = self._sim7000
        stream = sim7000.stream
        if stream is not None:
            sim7000.stream = None
            stream.state = BROKEN
            sim7000.port.news.set()
        if not keeps_bearer:
            sim7000.bearer = None

    async def look_at(self, stream: "TCPStream") -> None:
        """Ask whether a connection lives, in case it was closed unheard."""
        answer = await self._sim7000.port.ask(b"AT+CASTATE?")
        if not answer or number(answer, 1) != 1:
            self._close("tcp_close_missed")

    async def leave_gprs(self) -> None:
        """End a bearer that is not wanted, if there is one."""
        sim7000 = self._sim7000
        port = sim7000.port
        if sim7000.bearer is not None:
            sim7000.status.count("gprs_unwanted")
        answer = await port.ask(b"AT+CNACT?")
        if answer and number(answer, 0) == 1:
            await port.ask(b"AT+CNACT=0", limit_s=_LEAVE_S)
        self.drop()

    async def check_gprs(self) -> bool:
        """The look once a minute. Returns whether a connection works, as it seems."""
        sim7000 = self._sim7000
        from ovms.links.modem.connecting import look

        await look(sim7000)
        stream = sim7000.stream
        if stream is not None and not stream.state:
            await self.look_at(stream)
        return sim7000.stream is not None and not sim7000.stream.state
