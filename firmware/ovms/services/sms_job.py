"""What becomes of one SMS, from its text to the parts of the answer. An overlay of `sms.py`."""

from ovms import parameters


async def execute(sms, caller, text, is_owner):
    """(whether it was done, reply): what the text asks for, if its sender may."""
    from ovms.services import access

    job = access.admitted(sms, caller, text, is_owner)
    if not isinstance(job, tuple):
        return False, job
    function, arguments = job
    try:
        reply = function(*arguments)
        if reply is None or isinstance(reply, str):
            return True, reply
        reply = await reply
        # A car separates lines by `\r` alone; an SMS wants `\n`.
        return True, reply and reply.replace("\r", "\n")
    except ValueError as error:
        return False, str(error)
    except OSError:
        sms.status.count("settings_not_stored")
        return False, "The settings could not be stored."


async def answer(sms, modem, number, text):
    """Send the reply (str or None) to `number`, and an alert that came up to the owner."""
    await _send(sms, modem, number, text)
    alert = sms.alert
    sms.alert = ""
    if not sms.config.feature(parameters.FEATURE_SUPPRESS) & parameters.NO_ALERTS:
        await _send(sms, modem, sms.config.get(parameters.PHONE), alert)


async def _send(sms, modem, number, text):
    from ovms.services import sms_parts

    for part in sms_parts.outgoing(sms, number, text):
        if not await modem.send_sms(part[0], part[1]):
            sms.status.count("sms_not_sent")
            return
