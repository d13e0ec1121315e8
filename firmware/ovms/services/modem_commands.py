"""Protocol commands 40, 41 and 49: SMS, USSD codes and AT lines of the apps' users.

Loaded on demand by `protocol_commands.py`. What the server must not do with them is in
`server_limits.py`; is_server tells that it asks, and not somebody at the cable. Source:
module-behaviour 4.9; server-and-clients 2.3
for how long apps wait.
"""

import asyncio

from micropython import const

from ovms.parameters import AT_ASKS, AT_SETS, SUPPORT
from ovms.services.protocol_commands import one_field
from ovms.vehicle.base import FAILED, OK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.commander import Commander

# Clients give up after 9 s, and every command behind this one waits with them.
_ANSWER_MS = const(8000)
_SEND_SMS = const(40)
_USSD = const(41)


async def send_sms(commander: "Commander", arguments: str, is_server: bool) -> tuple[int, str]:
    """Command 40, `number,text`: (result, text). ValueError with a sentence."""
    number, comma, text = arguments.partition(",")
    if not comma:
        return FAILED, "Invalid syntax"
    if is_server:
        from ovms.services.server_limits import spend

        spend(commander.config, commander.status, _SEND_SMS)
    is_sent = await commander.modem.send_sms(number.strip(), text.strip())
    return (OK, "") if is_sent else (FAILED, "The SMS could not be sent")


async def ussd(commander: "Commander", code: str, is_server: bool) -> str:
    """Command 41: what the network says to `code`, in time or later as a push message.

    OSError and ValueError carry a sentence.
    """
    if commander.ussd_code:
        raise ValueError("The network has not answered %s yet." % commander.ussd_code)
    if is_server:
        from ovms.services import server_limits

        server_limits.check_code(commander.config, code)
        server_limits.spend(commander.config, commander.status, _USSD)
    commander.ussd_code = code
    talk = _Talk()
    asyncio.create_task(talk.run(commander, code))
    try:
        await commander.clock.wait_for_ms(talk.is_over.wait(), _ANSWER_MS)
    except asyncio.TimeoutError:
        talk.is_late = True
        return "The network is slow. Its answer will come as a message."
    if talk.error is not None:
        raise talk.error
    return talk.text


class _Talk:
    """One USSD code. text: what the network said, str; error: what came instead, or None.

    is_late: the command was answered without it.
    """

    def __init__(self):
        self.is_over = asyncio.Event()
        self.is_late = False
        self.text = ""
        self.error = None

    async def run(self, commander, code):
        """Task: ask, and tell who waits, or the apps."""
        try:
            self.text = _told(commander, await commander.modem.ussd(code))
        except Exception as error:
            self.error = error
        commander.ussd_code = ""
        self.is_over.set()
        if self.is_late:
            text = self.text
            if self.error is not None:
                commander.status.count("ussd_failures")
                text = str(self.error) or "Internal error"
            commander.sms_service.push("I", "USSD %s: %s" % (code, one_field(text)))


async def at_command(commander: "Commander", line: str, is_server: bool) -> str:
    """Command 49: what the modem says to an AT line. OSError and ValueError carry a sentence."""
    level = AT_ASKS if is_server and not commander.config.get(SUPPORT) else AT_SETS
    return _told(commander, await commander.modem.command(line, level))


def _told(commander, text):
    """What the modem said: it knows the password of the APN, and tells it when asked."""
    from ovms.masking import masked

    return one_field(masked(commander.config, text))
