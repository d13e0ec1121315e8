"""The controller's own words: what its string objects hold (Twizy facts 7.1, 7.10)."""

from micropython import const

from ovms.vehicle.twizy.sevcon.session import READ_REFUSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.vehicle.twizy.sevcon.session import Session

_LENGTH = const(50)


async def fault_text(session: "Session", fault: int) -> str:
    """The controller's own words for a fault number, at most 50 characters."""
    await session.write(0x5610, 1, fault)
    session.client.read(0x5610, 2, _LENGTH)
    await session.exchange(READ_REFUSED, 0)
    content = session.client.content
    if content is None:
        content = session.value.to_bytes(4, "little")
    return "".join([chr(c) for c in content if 32 <= c < 127])
