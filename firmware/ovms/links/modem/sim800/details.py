"""What a SIM800 has and other modems have not, as far as it is needed now and then.

Source: SIM800 AT manual V1.12; SIM800L hardware design; hardware facts 4.1 to 4.8, dialogue D18.
"""

from micropython import const

from ovms.links.modem.sim800.profile import SIM800

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from ovms.contracts import Bearer, ByteStream, Task
    from ovms.links.modem.modem import Modem
    from ovms.links.modem.sim800.tcp import TCPStream

_SHUT = b"\nSHUT OK\nOK\n"
_SHUT_S = const(65)
# Lines and heads of lines that mean that the modem lost its settings.
_RESTARTS = (b"RDY", SIM800.reset_mark, b"NORMAL POWER DOWN")


class SIM800Details:
    """sim800: the SIM800 that it belongs to."""

    # For `ovms.drivers.modem_power`: how long a press of the power key is that starts it, and one
    # that stops it; how long the reset line is held; how long the supply is off, because the bulk
    # capacitors keep a module without one half alive for seconds.
    on_pulse_ms = 1000
    off_pulse_ms = 1500
    reset_pulse_ms = 150
    supply_off_ms = 6000
    # From the power key to the UART.
    boot_ms = 3000
    # Questions that no standard has: for the card's number; for the PINs that may still be wrong,
    # None where it cannot be asked.
    iccid_command = b"AT+CCID"
    pin_tries_command = b"AT+SPIC"
    # Starts of commands that a user's own AT line must not have.
    reserved = ("+CIP", "+FTP", "+HTTP", "+CPOWD", "+CSCLK=", "+FS", "+SAPBR=", "+CDNSCFG=")
    # Registrations that it tells of: `ovms.links.modem.network`.
    registrations = (b"+CREG",)
    # For `ovms.links.modem.first_settings`: what its model is called, and a sentence names it;
    # settings; switches that its flash keeps, written when they are 0; how it is let sleep.
    series = b"SIM8"
    name = "SIM800"
    settings = (b"AT+CMEE=2", b"AT+IFC=0,0", b"AT+CREG=1", b"AT+CLIP=1")
    kept_settings = (b"AT+CLTS",)
    sleep_command = b"AT+CSCLK=1"
    # Outcomes of a start that only say that the peer does not answer.
    no_peer = (b"CONNECT FAIL",)

    def __init__(self, sim800: "SIM800") -> None:
        self._sim800 = sim800

    def configure(self, modem: "Modem") -> "Task":
        """Coroutine: make the settings of a modem that answers, before its SIM is asked for."""
        from ovms.links.modem.first_settings import configure

        return configure(modem, self)

    def hear(self, modem: "Modem", line: bytes, head: bytes) -> None:
        """An unsolicited line (bytes) that no standard has; head: it up to its colon.

        Called by the reader, only stores and flags.
        """
        if head == b"*PSUTTZ:":
            modem.time_line = line
            modem.has_news = True
        elif line == b"SMS FULL":
            modem.is_sms_due = True
        elif line == b"SMS Ready":
            modem.is_sms_ready = modem.has_news = True
        elif _is_restart(modem, line, head):
            from ovms.links.modem.urcs import note_restart

            note_restart(modem)
        else:
            from ovms.links.modem.sim800.unasked import hear_connection

            hear_connection(self._sim800, line, head)

    def utc_s(self, line: bytes) -> int | None:
        """Unix seconds of a line that tells the time; None when it is damaged or was never set.

        `*PSUTTZ: year,month,day,hour,minute,second,"zone",dst` is UTC.
        """
        from ovms.protocol import at_values

        if line.startswith(b"*PSUTTZ:"):
            return at_values.utc_of(line[8:].strip().split(b",")[:6], 0)
        return at_values.utc_s(line)

    def open_tcp(self, host: str, port: int) -> "Coroutine[Any, Any, ByteStream]":
        """Coroutine: a connected TCPStream, see `Modem.open_tcp`."""
        from ovms.links.modem.connecting import connect

        return connect(self._sim800, host, port)

    def open_socket(
        self, bearer: "Bearer", host: str, port: int
    ) -> "Coroutine[Any, Any, TCPStream]":
        """Coroutine: a TCPStream for `ovms.links.modem.connecting`."""
        from ovms.links.modem.sim800.gprs import open_socket

        return open_socket(self._sim800, bearer, host, port)

    def drop(self, keeps_bearer: int = False) -> None:
        """The connection is gone, and its bearer unless it is good; the modem hears nothing."""
        from ovms.links.modem.sim800.unasked import drop

        drop(self._sim800, keeps_bearer)

    async def leave_gprs(self) -> None:
        """End a bearer that is not wanted, if there is one."""
        sim800 = self._sim800
        if sim800.bearer is not None:
            sim800.status.count("gprs_unwanted")
        await sim800.port.ask(b"AT+CIPSHUT", _SHUT, _SHUT_S)
        self.drop()

    async def check_gprs(self) -> bool:
        """The look once a minute. Returns whether a connection works, as it seems.

        Asks whether a connection lives, in case it was closed unheard; a URC is the answer.
        """
        sim800 = self._sim800
        from ovms.links.modem.connecting import look

        await look(sim800)
        if sim800.stream is not None and not sim800.stream.state:
            await sim800.port.ask(b"AT+CIPSTATUS", b"\nOK\nSTATE:\n")
        return sim800.stream is not None and not sim800.stream.state


def _is_restart(modem, line, head):
    if line == b"Call Ready":
        # Expected once behind a start; again, it tells of a restart nobody noticed.
        was_ready = modem.was_call_ready
        modem.was_call_ready = True
        return was_ready
    if head == b"+CFUN:" or line.startswith(b"+CPIN: NOT"):
        # Before that it may be a late answer.
        return modem.port.is_up
    return head in _RESTARTS or line.endswith(b"POWER DOWN")
