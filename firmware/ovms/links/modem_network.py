"""Finds the modem its network (overlay). Source: hardware facts 4.3, dialogue D5."""

from micropython import const

from ovms import status as states
from ovms.links.at_port import ATError
from ovms.parameters import GSM_LOCK
from ovms.protocol import sim800

_NETWORK_MS = const(3000)
_NETWORK_TURNS = const(100)
_CHOICE_S = const(120)


async def join(modem):
    """Return once the modem is registered, and so up. OSError when it must be started anew."""
    status = modem.status
    status.net_state = states.NET_SEARCHING
    await _choose_operator(modem)
    turns = 0
    while not status.is_registered or not turns:
        if turns:
            await modem.port.clock.sleep_ms(_NETWORK_MS)
        modem.check()
        answer = await modem.port.ask(b"AT+CREG?")
        if answer:
            from ovms.links import modem_registration

            modem_registration.take(modem, answer)
        turns += 1
        if turns > _NETWORK_TURNS:
            modem.fault = ("network_missing", 2)
    modem.polls = 0
    from ovms.links import modem_wish

    if modem_wish.refusal(modem.config, status):
        # The module before its restart may have left a bearer.
        await modem.tcp.leave()
    modem.port.is_up = True
    status.net_state = states.NET_READY


async def _choose_operator(modem):
    port = modem.port
    lock = modem.config.get(GSM_LOCK)
    if lock:
        try:
            from ovms.protocol import sim800_values

            choice = b"AT+COPS=1,1," + sim800_values.quoted(lock)
            await port.execute(choice, limit_s=_CHOICE_S)
        except (ATError, ValueError):
            modem.status.count("gsm_lock_failed")
        return
    # The modem remembers an operator that was chosen by hand.
    answer = await port.ask(b"AT+COPS?")
    if answer and sim800.number(answer, 0) == 1:
        await port.ask(b"AT+COPS=0", limit_s=_CHOICE_S)
