"""The SIM800's profile: what its lines look like, its TCP, and where the rest of it stands.

What a profile has to have stands in `firmware/README.md`.
Source: SIM800 AT manual V1.12 with its TCP/IP application note; hardware facts 4.2 to 4.5.
"""

from ovms.links.modem.sim800.tcp import TCPStream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Bearer, Config, Status
    from ovms.links.modem.at_port import ATPort
    from ovms.links.modem.sim800.details import SIM800Details


class SIM800:
    """What of it stays in memory; `details` is the rest.

    urcs, telling, data_heads, announced, counted, reset_mark: see `ovms.protocol.at.ATDigester`.
    refusals: see `ovms.links.modem.at_port.ATPort`.

    port: ATPort, whose data it gets. config: `get(n)` of the parameters. has_data: the modem has
    announced some. failures: connections in a row that could not be had. For the code of this
    folder. stream: the TCPStream of now or None. bearer: (APN, user, password, DNS) of the bearer
    that is up, or None; refused: those that were tried last. outcome: what became of the start of
    a connection, b"" for good, None for not yet known. bearer_failures: bearers in a row that
    could not be had; rest_polls: polls to let pass before the next. is_pushing: the modem cannot
    hold data. target, filled: where data go, and how many came.
    """

    urcs = (
        b"\nRDY\n+CFUN:\n+CPIN:\nCall Ready\nSMS Ready\nSMS FULL\nNORMAL POWER DOWN"
        b"\nUNDER-VOLTAGE WARNNING\nUNDER-VOLTAGE POWER DOWN"
        b"\nOVER-VOLTAGE WARNNING\nOVER-VOLTAGE POWER DOWN"
        b"\nRING\n+CLIP:\nNO CARRIER\n+CREG:\n+CGREG:\n+CMTI:\n+CMT:\n+CDS:\n+CDSI:\n+CUSD:"
        b"\nCONNECT OK\nCONNECT FAIL\nALREADY CONNECT\nSTATE:\nCLOSED\n+PDP:"
        b"\n*PSUTTZ:\n*PSNWID:\n+CTZV:\nDST:\n+CSQN:\n+CGEV:\n+SAPBR 1:\n+CDNSGIP:\n"
    )
    telling = b"+CMGS+CMGR+CPMS+CIPRXGET"
    data_heads = ((b"+CIPRXGET: 2,", b"\n"), (b"+IPD,", b":"))
    announced = b"+CIPRXGET: 1"
    counted = b"\nCall Ready\n"
    # The tool synchronisation bytes of a restart, as far as they are text, and noise behind them.
    reset_mark = b"IIII\xff"
    stream_class = TCPStream
    refusals = (b"SEND FAIL", b"CLOSED", b"+PDP: DEACT")

    stream: TCPStream | None
    bearer: "Bearer | None"
    refused: "Bearer | None"
    outcome: bytes | None
    target: memoryview | None

    def __init__(self, port: "ATPort", status: "Status", config: "Config") -> None:
        self.port = port
        port.on_data = self._on_data
        self.status = status
        self.config = config
        self.stream = self.bearer = self.refused = self.outcome = self.target = None
        self.failures = self.bearer_failures = self.rest_polls = self.filled = 0
        self.is_pushing = self.has_data = self.is_opening = False

    def _on_data(self, data):
        """Received bytes, borrowed."""
        n = len(data)
        if self.target is not None and self.filled + n <= len(self.target):
            self.target[self.filled : self.filled + n] = data
            self.filled += n
        else:
            from ovms.links.modem.sim800 import unasked

            unasked.keep_data(self, data)

    def details(self) -> "SIM800Details":
        """What is needed now and then: a new SIM800Details."""
        from ovms.links.modem.sim800.details import SIM800Details

        return SIM800Details(self)
