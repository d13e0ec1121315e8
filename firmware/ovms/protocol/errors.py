"""What an engine raises: the peer broke the rules, we did, or an SDO transfer failed."""


class RemoteProtocolError(Exception):
    """The peer broke the rules; drop the connection.

    reason: lower-case words with underscores, for a counter or a log line, never a secret.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LocalProtocolError(Exception):
    """We called an engine out of turn: a bug of ours, to be let through."""


class SDOAbort(Exception):  # noqa: N818 - an abort is what CiA 301 calls it
    """An SDO transfer ended without success; `code` is the 32-bit abort code of either side."""

    def __init__(self, code: int) -> None:
        super().__init__("SDO abort 0x%08X" % code)
        self.code = code
