"""Brings the modem up, from the first `AT` to a network (overlay of `modem_link.py`)."""

from micropython import const

from ovms import status as states

_SMS_TURNS = const(10)


async def start(modem):
    """Take the steps one after the other; OSError when the modem must be recovered first."""
    from ovms.links import modem_wake

    await modem_wake.wake(modem)
    modem.status.net_state = states.NET_INIT
    from ovms.links import sim800_setup

    await sim800_setup.configure(modem)
    from ovms.links import modem_boot

    await modem_boot.start(modem)
    from ovms.links import modem_sms

    await modem_sms.start(modem, _SMS_TURNS)
    from ovms.links import modem_network

    await modem_network.join(modem)
