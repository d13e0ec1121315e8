"""UNDO and FACTORY: what was before, and what was at first. Loaded on demand."""

from ovms import owner_guard, parameters
from ovms import status as requests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Config, Status
    from ovms.services.sms.answering import Request

_PASS = "If somebody else knows the module password, send PASS <new>."


async def reply(request: "Request") -> str:
    """Do what the command says; ValueError tells why not."""
    return _undo(request) if request.command == "UNDO" else _factory(request)


def _undo(request):
    sms = request.sms
    config = sms.config
    if request.origin == parameters.FROM_SERVER:
        raise ValueError("UNDO is for the owner's phone and the cable.")
    record = owner_guard.live(config, sms.clock.uptime_s())
    if record is None:
        raise ValueError("Nothing was changed within a day.")
    values = record[3]
    from ovms.parameter_rules import whole

    if whole(values.get(parameters.CAN_WRITE, "")) > 0:
        # To let the module write to the car is another matter.
        del values[parameters.CAN_WRITE]
    bits = 0
    for n in values:
        if values[n] != config.get(n):
            bits |= 1 << owner_guard.GUARDED.index(n)
    sms.status.request(config.apply(values, True, parameters.FROM_UNDO))
    from ovms.services.guard_news import names

    return "Restored: %s. %s" % (names(bits) or "nothing to restore", _PASS)


def _factory(request):
    from ovms.services.sms.access import is_same

    sms = request.sms
    if not is_same(request.words[0][:40], sms.config.get(parameters.PASSWORD)):
        raise ValueError("FACTORY takes the module password twice. Nothing was changed.")
    reset(sms.config, sms.status, request.origin)
    return "All settings are those of the factory. The module starts anew: send REGISTER OVMS."


def reset(config: "Config", status: "Status", origin: int) -> None:
    """All settings as at first; what `UNDO` needs stays."""
    from ovms import parameter_rules

    values = parameter_rules.defaults()
    changes = {}
    for n in range(len(values)):
        if n != parameters.UNDO:
            changes[n] = values[n]
    config.apply(changes, True, origin)
    status.request(requests.REQUEST_REBOOT)
