"""Who may log in: vehicles with their passwords and owners, and provisioning records."""

import hmac
from dataclasses import dataclass, replace

from tools.desk.ovms.tokens import Access, ApiTokens

DEFAULT_OWNER = "desk"
SERVER_TYPE = "SERVER"
_RECORD_CHARS = 4096
_KEY_CHARS = 64


@dataclass(frozen=True)
class VehicleRecord:
    """`password` is the network password; `owner_password` (the same if empty) opens REST and
    scheme 1.

    A record of type "SERVER" lets another server log in under this id (server-and-clients 1.2).
    """

    vehicle_id: str
    password: str
    owner_password: str = ""
    owner: str = DEFAULT_OWNER
    vehicle_type: str = "CAR"

    @classmethod
    def parse(cls, text: str, owner: str = DEFAULT_OWNER, vehicle_type: str = "CAR"):
        """From ID:PASSWORD[:OWNERPASS]; ValueError with a sentence otherwise."""
        vehicle_id, _, rest = text.partition(":")
        password, _, owner_password = rest.partition(":")
        if not vehicle_id or not password or len(vehicle_id) > 32 or " " in vehicle_id:
            raise ValueError("a vehicle is given as ID:PASSWORD[:OWNERPASS], id up to 32 letters")
        return cls(vehicle_id, password, owner_password, owner, vehicle_type)


@dataclass(frozen=True)
class ProvisionRecord:
    """One auto-provisioning record; key is usually the VIN, secret the ICCID.

    `record` holds parameter values in order of number, separated by blanks, "-" for empty.
    """

    key: str
    secret: str
    record: str

    @classmethod
    def parse(cls, text: str):
        """From VIN:ICCID:RECORD; ValueError with a sentence otherwise."""
        key, _, rest = text.partition(":")
        secret, _, record = rest.partition(":")
        if not key or not secret or not record:
            raise ValueError("a provisioning record is given as 'VIN:ICCID:VALUE VALUE ...'")
        if len(key) > _KEY_CHARS or len(record) > _RECORD_CHARS:
            raise ValueError(
                f"a provisioning key has up to {_KEY_CHARS} letters, a record {_RECORD_CHARS}"
            )
        return cls(key, secret, record)


class Vehicles:
    """The set of records; ids are upper case and unique. ValueError for a duplicate."""

    def __init__(self, records) -> None:
        self._by_id: dict[str, VehicleRecord] = {}
        self.tokens = ApiTokens()
        for record in records:
            if isinstance(record, str):
                record = VehicleRecord.parse(record)
            vehicle_id = record.vehicle_id.upper()
            if vehicle_id in self._by_id:
                raise ValueError(f"vehicle {vehicle_id} is given twice")
            self._by_id[vehicle_id] = replace(
                record,
                vehicle_id=vehicle_id,
                owner_password=record.owner_password or record.password,
            )

    def find(self, vehicle_id: str) -> VehicleRecord | None:
        return self._by_id.get(vehicle_id.upper())

    def records(self) -> list[VehicleRecord]:
        return list(self._by_id.values())

    def access(self, name: str, secret: str) -> Access | None:
        """What these credentials open; None when they open nothing.

        `name` is an owner's, or a vehicle id standing for its owner; `secret` the owner's password
        or one of the owner's API tokens.
        """
        vehicle = self.find(name)
        owner = vehicle.owner if vehicle else name
        ids = frozenset(
            vehicle_id
            for vehicle_id, record in self._by_id.items()
            if record.owner == owner
            and hmac.compare_digest(record.owner_password.encode(), secret.encode())
        )
        return Access(owner, ids) if ids else self.tokens.access(owner, secret)
