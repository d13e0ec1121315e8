"""The SIM7000's profile: LTE-M, NB-IoT and GSM; what its lines look like, and its TCP.

What a profile has to have stands in `firmware/README.md`. Source: hardware facts 4.10.
"""

from ovms.links.modem.sim7000.tcp import TCPStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Bearer, Config, Status
    from ovms.links.modem.at_port import ATPort
    from ovms.links.modem.sim7000.details import SIM7000Details


class SIM7000:
    """What of it stays in memory; `details` is the rest.

    urcs, telling, data_heads, announced, counted, reset_mark: see `ovms.protocol.at.ATDigester`.
    refusals: see `ovms.links.modem.at_port.ATPort`. stream, bearer, refused, outcome,
    bearer_failures, rest_polls, is_opening: for `ovms.links.modem.connecting`.

    sent: how many bytes of the last segment were taken, None for not yet known. is_dangling: the
    modem may still hold a connection, which would be in the way of the next. target, filled: where
    data go, and how many came.
    """

    urcs = (
        b"\nRDY\n+CFUN:\n+CPIN:\nSMS Ready\nNORMAL POWER DOWN"
        b"\nUNDER-VOLTAGE WARNNING\nUNDER-VOLTAGE POWER DOWN"
        b"\nOVER-VOLTAGE WARNNING\nOVER-VOLTAGE POWER DOWN"
        b"\nRING\n+CREG:\n+CGREG:\n+CEREG:\n+CMTI:\n+CMT:\n+CDS:\n+CDSI:\n+CUSD:"
        b"\n+CAOPEN:\n+CASEND:\n+CASTATE:\n+APP PDP:"
        b"\n*PSUTTZ:\n*PSNWID:\n+CTZV:\nDST:\n+CGEV:\n"
    )
    telling = b"+CMGS+CMGR+CPMS+CARECV"
    data_heads = ((b"+CARECV: ", b","),)
    announced = b"+CADATAIND:"
    counted = b"\nSMS Ready\n"
    reset_mark = b"RDY"
    stream_class = TCPStream
    refusals = ()

    stream: TCPStream | None
    bearer: "Bearer | None"
    refused: "Bearer | None"
    outcome: bytes | None
    target: memoryview | None
    sent: int | None

    def __init__(self, port: "ATPort", status: "Status", config: "Config") -> None:
        self.port = port
        port.on_data = self._on_data
        self.status = status
        self.config = config
        self.stream = self.bearer = self.refused = self.outcome = self.target = self.sent = None
        self.failures = self.bearer_failures = self.rest_polls = self.filled = 0
        self.has_data = self.is_opening = self.is_dangling = False

    def _on_data(self, data):
        """Received bytes, borrowed."""
        n = len(data)
        if self.target is not None and self.filled + n <= len(self.target):
            self.target[self.filled : self.filled + n] = data
            self.filled += n
        elif self.stream is not None:
            # Nobody asked for them, so they are missing where they belong.
            self.status.count("tcp_overrun")
            self.stream.break_off()

    def details(self) -> "SIM7000Details":
        """What is needed now and then: a new SIM7000Details."""
        from ovms.links.modem.sim7000.details import SIM7000Details

        return SIM7000Details(self)
