"""The owner's phone, on the far side of the modem; and time that passes when all wait."""

import asyncio
import asyncio.core
import time

import machine

OWNER = "+4915112345678"
_LOOK_MS = 100
_ANSWER_MS = 60_000
# The modem is asked for the network once it is up.
_START_MS = 120_000


class NoAnswerError(Exception):
    pass


def use_virtual_time():
    """Whoever waits in asyncio waits no longer than the program needs to get there."""

    def wait(queue, ms):
        if ms > 0:
            time.advance(ms)

    asyncio.core.IOQueue.wait_io_event = wait


async def until(condition, what, limit_ms=_START_MS):
    """Wait until `condition()`; NoAnswerError names `what` did not come."""
    while not condition():
        limit_ms -= _LOOK_MS
        if limit_ms < 0:
            raise NoAnswerError(what)
        await asyncio.sleep_ms(_LOOK_MS)


async def registered():
    """The module is up and in the network."""
    await until(lambda: machine.MODEM is not None, "modem")
    modem = machine.MODEM
    await until(lambda: modem.count("AT+CSQ") > 0, "registration")
    await asyncio.sleep_ms(5000)


async def ask(text, number=OWNER):
    """Send an SMS; returns the answer's first part as one line."""
    modem = machine.MODEM
    count = len(modem.payloads)
    modem.urc('+CMT: "%s","","26/08/24,10:20:30+08"\r\n%s' % (number, text))
    await until(lambda: len(modem.payloads) > count, text, _ANSWER_MS)
    lines = modem.payloads[count][:-1].decode().split("\n")
    answer = " / ".join([line.strip() for line in lines])
    # The fake keeps all it hears; a module's heap has no room for that.
    modem.sent.clear()
    # Whatever follows an SMS is done, too.
    await asyncio.sleep_ms(5000)
    return answer
