"""LOG and LOG?: a log of the CAN bus. Loaded on demand; what it does is in `can_logging.py`."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.answering import Request


async def reply(request: "Request") -> str:
    """Begin or end it, and tell of it."""
    return await request.sms.can_log(request.words if request.command == "LOG" else ())
