"""LOG and LOG?: a log of the CAN bus. Loaded on demand; what it does is in `can_logging.py`."""


async def reply(request):
    """Begin or end it, and tell of it."""
    return await request.sms.can_log(request.words if request.command == "LOG" else ())
