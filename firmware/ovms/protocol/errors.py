"""The two ways an engine can be unhappy."""


class RemoteProtocolError(Exception):
    """The peer broke the rules; drop the connection.

    reason: lower-case words with underscores, for a counter or a log line, never a secret.
    """

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class LocalProtocolError(Exception):
    """We called an engine out of turn: a bug of ours, to be let through."""
