"""The SMS command HELP. Loaded on demand."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.answering import Request


async def reply(request: "Request") -> str:
    """Text of the reply: all commands."""
    from ovms.services.sms.commands import names

    common, own = names(request.sms)
    text = "Commands: " + " ".join(common)
    return text + " \r\n%s: %s" % (request.sms.car().SMS_NAME, " ".join(own)) if own else text
