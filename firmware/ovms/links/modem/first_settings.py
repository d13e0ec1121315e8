"""Settings of a modem that answers, before its SIM is asked for: V.250 and 3GPP 27.007.

Every start repeats them; on a modem that is up they change nothing, and none is worth stopping
for. Source: hardware facts 4.2, 4.3 and 4.7, dialogues D3 and D20.
"""

from micropython import const

from ovms.protocol.at import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import ModemDetails
    from ovms.links.modem.modem import Modem

_BAUDRATE = const(115200)
_SETTING_S = const(15)


async def configure(modem: "Modem", details: "ModemDetails") -> None:
    """Make the settings that `details` of its profile name. OSError when the modem must be
    started anew first."""
    port = modem.port
    await port.ask(b"ATE0")
    echoes = port.echoes
    set_baudrate = getattr(port.uart, "set_baudrate", None)
    if set_baudrate is not None:
        # Leave automatic or odd rates for good. Written only when needed: it wears the flash.
        rate = await port.ask(b"AT+IPR?")
        if rate and number(rate, 0) != _BAUDRATE:
            await port.ask(b"AT+IPR=%d;&W" % _BAUDRATE)
            set_baudrate(_BAUDRATE)
    function = await port.ask(b"AT+CFUN?")
    if function and number(function, 0) != 1:
        await port.ask(b"AT+CFUN=1", limit_s=_SETTING_S)
    # One by one, so that a refused one costs nothing but itself.
    for command in details.settings:
        modem.check()
        await port.ask(command, limit_s=_SETTING_S)
    # `watch.py` looks once a minute whether it is still there.
    await port.ask(b"AT+CUSD=1")
    for name in details.kept_settings:
        kept = await port.ask(name + b"?")
        if kept and number(kept, 0) == 0:
            await port.ask(name + b"=1;&W")
    await _note_model(modem, details)
    dtr = getattr(modem.power, "dtr", None)
    if dtr is not None and await port.ask(details.sleep_command) is not None:
        port.dtr = dtr
    modem.is_marked = False
    modem.echoes = echoes if port.echoes == echoes else None
    modem.check()


async def _note_model(modem, details):
    """Another make may take SMS, but its TCP is another."""
    model = await modem.port.ask(b"AT+GMM")
    modem.status.modem_note = ""
    if model and details.series not in model.upper():
        # As `+CGMM: "A7670E"`, or without its head.
        name = model[model.find(b":") + 1 :].strip(b' "')[:16]
        modem.status.modem_note = "it is a %s and no %s. SMS may work, GPRS will not." % (
            bytes([byte if 32 <= byte < 127 else 63 for byte in name]).decode(),
            details.name,
        )
