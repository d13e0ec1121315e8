"""The steps that `Modem.run` takes: up, and then poll by poll; each stands in a file of its own.

A function for each only hands out its coroutine: who waits for one must not keep its code, and not
that of the steps that are over.
"""

from micropython import const

from ovms import status as states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ovms.links.modem.modem import Modem

_SMS_TURNS = const(10)


async def bring_up(modem: "Modem") -> None:
    """Take the steps one after the other; OSError when the modem must be recovered first."""
    await _wake(modem)
    modem.status.net_state = states.NET_INIT
    await modem.profile.details().configure(modem)
    await _wait_for_sim(modem)
    await _configure_sms(modem)
    await _read_phonebook(modem)
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


def _read_phonebook(modem):
    from ovms.links.modem.phonebook import read_settings

    return read_settings(modem)


def _join_network(modem):
    from ovms.links.modem.network import join_network

    return join_network(modem)


def recover(modem: "Modem") -> "Awaitable[None]":
    """After a fault: the next step of the recovery ladder."""
    from ovms.links.modem.recovery import recover

    return recover(modem)


def fetch_sms(modem: "Modem") -> "Awaitable[None]":
    """A message waits in the store."""
    from ovms.links.modem.inbox import fetch_sms

    return fetch_sms(modem)


def poll(modem: "Modem", is_due: bool) -> "Awaitable[None]":
    """A URC asked for something, or a minute has passed."""
    from ovms.links.modem.watch import poll

    return poll(modem, is_due)
