"""Brings the modem up, from the first `AT` to a network (overlay of `modem_link.py`)."""

from micropython import const

from ovms import overlay

_SMS_TURNS = const(10)


async def start(modem):
    """Take the steps one after the other; OSError when the modem must be recovered first."""
    await overlay.call_async("ovms.links.modem_wake", "wake", modem)
    await overlay.call_async("ovms.links.modem_boot", "start", modem)
    await overlay.call_async("ovms.links.modem_sms", "start", modem, _SMS_TURNS)
    await overlay.call_async("ovms.links.modem_network", "join", modem)
