"""UPDATE and UPDATE?: another firmware over the air. Loaded on demand.

What is done is `ovms/update_setup.py`. The server, and the apps behind it, may have the module
update itself only while the owner wants it (`SUPPORT ON`), and never at the price of GPRS: the
signature keeps foreign code out, and not the costs.
"""

from ovms import parameters
from ovms.status import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.answering import Request

_USE = "UPDATE takes an address, an address and GPRS, GPRS alone, or -."
_SUPPORT = "An update by the server needs the owner's SUPPORT ON."
_COSTS = "Only the owner's phone or the cable may spend GPRS data on an update."


async def reply(request: "Request") -> str:
    """Order one, or show what is under way."""
    sms = request.sms
    if request.command == "UPDATE":
        _order(sms, request.words, request.origin)
    return _shown(sms.status)


def _order(sms, words, origin):
    may_gprs = words[-1].upper() == "GPRS"
    if may_gprs:
        words = words[:-1]
    if len(words) > 1 or (may_gprs and words == ["-"]):
        raise ValueError(_USE)
    if origin == parameters.FROM_SERVER:
        if not sms.config.get(parameters.SUPPORT):
            raise ValueError(_SUPPORT)
        if may_gprs:
            raise ValueError(_COSTS)
    if sms.status.order_update is None:
        # Such as a desk without the rest of the module.
        raise ValueError("There are no updates here.")
    sms.status.order_update(words[0] if words else "", may_gprs)


def _shown(status):
    from ovms.build_id import BUILD_ID

    text = "UPDATE:\r\n Runs:%s, build %s" % (VERSION, BUILD_ID)
    update = status.update
    if update is None:
        return text + "\r\n None is under way."
    if update.version:
        text += "\r\n Comes:%s, build %s" % (update.version, update.build)
    # What is behind it may be a key to the file.
    text += "\r\n From:" + update.url.partition("?")[0]
    text += "\r\n State:" + _state(update)
    return text + "\r\n " + update.error if update.error else text


def _state(update):
    if update.state != "fetch":
        return "the new firmware has to prove itself"
    words = "waits"
    if update.is_busy:
        words = "is fetched"
    elif update.is_waiting:
        words = "waits for WiFi, or for UPDATE GPRS"
    if update.total:
        kb = (update.total + 1023) // 1024
        words += ", %d %% of %d KB" % (update.done * 100 // update.total, kb)
    return words
