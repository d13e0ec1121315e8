"""Brings the modem up, step by step, from the first `AT` to a network.

Each step stands in a file of its own, and in a function of its own here: this one waits for all
of them and must not keep what is over.
"""

from micropython import const

from ovms import status as states

_SMS_TURNS = const(10)


async def bring_up(modem):
    """Take the steps one after the other; OSError when the modem must be recovered first."""
    await _wake(modem)
    modem.status.net_state = states.NET_INIT
    await modem.profile.details().configure(modem)
    await _wait_for_sim(modem)
    await _configure_sms(modem)
    await _join_network(modem)


def _wake(modem):
    from ovms.links.modem.recovery import wake

    return wake(modem)


def _wait_for_sim(modem):
    from ovms.links.modem.sim import wait_for_sim

    return wait_for_sim(modem)


def _configure_sms(modem):
    from ovms.links.modem.sms_settings import configure_sms

    return configure_sms(modem, _SMS_TURNS)


def _join_network(modem):
    from ovms.links.modem.network import join_network

    return join_network(modem)
