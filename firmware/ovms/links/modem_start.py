"""Brings the modem up, from the first `AT` to a network (overlay of `modem_link.py`)."""

from micropython import const

from ovms import overlay
from ovms import status as states

_SMS_TURNS = const(10)


async def start(modem):
    """Take the steps one after the other; OSError when the modem must be recovered first."""
    await overlay.call_async("ovms.links.modem_wake", "wake", modem)
    modem.status.net_state = states.NET_INIT
    await overlay.call_async("ovms.links.sim800_setup", "configure", modem)
    await overlay.call_async("ovms.links.modem_boot", "start", modem)
    await overlay.call_async("ovms.links.modem_sms", "start", modem, _SMS_TURNS)
    await overlay.call_async("ovms.links.modem_network", "join", modem)
