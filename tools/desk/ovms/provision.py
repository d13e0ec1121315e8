"""Auto-provisioning records, encrypted once when the server starts (server-and-clients 2.9)."""

from collections.abc import Callable, Iterable

from tools.desk.ovms import wire
from tools.desk.ovms.vehicles import ProvisionRecord


class Provisioning:
    def __init__(self, records: Iterable[ProvisionRecord], new_token: Callable[[], str]) -> None:
        self._replies = {
            r.key.upper(): wire.provisioning_reply(r.secret, new_token(), r.record)
            for r in records
        }

    def reply(self, key: str) -> str:
        """`AP-S ...` for a known key, compared without case, else `AP-X`."""
        return self._replies.get(key.upper(), "AP-X")
