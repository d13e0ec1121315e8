"""The SMS command HELP. Loaded on demand."""


async def reply(request):
    """Text of the reply: all commands."""
    from ovms.services.sms.commands import names

    common, own = names(request.sms)
    text = "Commands: " + " ".join(common)
    return text + " \r\n%s: %s" % (request.sms.car().SMS_NAME, " ".join(own)) if own else text
