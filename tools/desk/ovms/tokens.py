"""API tokens: secrets an owner makes for programs, each with its rights (server-and-clients 3.2).

They live as long as the server runs.
"""

import hmac
import secrets
from dataclasses import dataclass

# What who knows the owner's password may do.
EVERYTHING = frozenset({"*"})
# A right that covers all others.
ADMIN = "admin"


@dataclass(frozen=True)
class Access:
    """What some credentials open: vehicle ids, and the rights of who has them."""

    owner: str
    vehicle_ids: frozenset[str]
    rights: frozenset[str] = EVERYTHING

    def may(self, right: str) -> bool:
        return not self.rights.isdisjoint({right, ADMIN, *EVERYTHING})


@dataclass(frozen=True)
class ApiToken:
    """permit: rights, separated by commas."""

    token: str
    access: Access
    application: str
    purpose: str
    permit: str

    def json(self) -> dict[str, str]:
        return {
            "token": self.token,
            "owner": self.access.owner,
            "application": self.application,
            "purpose": self.purpose,
            "permit": self.permit,
        }


class ApiTokens:
    def __init__(self) -> None:
        self._tokens: dict[str, ApiToken] = {}

    def create(self, maker: Access, application: str, purpose: str, permit: str) -> ApiToken:
        """A token for the vehicles that `maker` has."""
        rights = frozenset(right.strip() for right in permit.split(",") if right.strip())
        access = Access(maker.owner, maker.vehicle_ids, rights)
        token = ApiToken(secrets.token_urlsafe(24), access, application, purpose, permit)
        self._tokens[token.token] = token
        return token

    def of(self, owner: str) -> list[ApiToken]:
        return [token for token in self._tokens.values() if token.access.owner == owner]

    def delete(self, owner: str, text: str) -> bool:
        """Whether `owner` had this token."""
        if all(token.token != text for token in self.of(owner)):
            return False
        del self._tokens[text]
        return True

    def access(self, owner: str, text: str) -> Access | None:
        """What the token `text` of `owner` opens."""
        for token in self.of(owner):
            if hmac.compare_digest(token.token.encode(), text.encode()):
                return token.access
        return None
