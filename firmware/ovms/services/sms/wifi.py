"""WIFI and WIFI?: the networks that the module joins. Loaded on demand."""

from ovms.parameters import FIRST_WIFI, LAST_WIFI
from ovms.services.sms.wording import QUOTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.answering import Request

_USE = 'Put quotes around a name or key with blanks: WIFI "My Home" <key>.'
_FULL = "Three networks are kept. Remove one first: WIFI - <name>."
_UNKNOWN = "There is no network of this name, see WIFI?"


async def reply(request: "Request") -> str:
    """Set, add or remove a network, and show all of them."""
    if request.command == "WIFI":
        _set(request)
    return _shown(request.sms)


def _set(request):
    config = request.sms.config
    networks = _networks(config)
    fields = fields_of(" ".join(request.words))
    # Nothing between quotes, or quotes that do not end, are no name.
    if len(fields) > 2 or [field for field in fields if field[:1] in QUOTES]:
        raise ValueError(_USE)
    if fields[0] == "-":
        count = len(networks)
        networks = [network for network in networks if network[0] != fields[-1]]
        if len(fields) == 1:
            networks = []
        elif len(networks) == count:
            raise ValueError(_UNKNOWN)
    else:
        key = fields[1] if len(fields) == 2 and fields[1] != "-" else ""
        _put(networks, (fields[0], key))
    # Whatever was removed, there is no gap.
    texts = [text for network in networks for text in network]
    count = LAST_WIFI - FIRST_WIFI + 1
    if len(texts) > count:
        raise ValueError(_FULL)
    texts += [""] * (count - len(texts))
    changes = {}
    for i in range(count):
        changes[FIRST_WIFI + i] = texts[i]
    request.sms.status.request(config.apply(changes, True, request.origin))


def _put(networks, network):
    for i in range(len(networks)):
        if networks[i][0] == network[0]:
            networks[i] = network
            return
    networks.append(network)


def fields_of(text: str) -> list[str]:
    """Words of `text` as list of str, those in quotes with their blanks and without the quotes."""
    fields = []
    text = text.strip()
    while text:
        end = _closing(text) if text[:1] in QUOTES else 0
        if end > 1:
            fields.append(text[1:end])
            text = text[end + 1 :].strip()
        else:
            word, _, text = text.partition(" ")
            fields.append(word)
            text = text.strip()
    return fields


def _closing(text):
    """Where the quotes that `text` begins with end: in front of a blank or the end. 0: nowhere."""
    for i in range(1, len(text)):
        if text[i : i + 1] in QUOTES and text[i + 1 : i + 2] in ("", " "):
            return i
    return 0


def _networks(config):
    """(name, key) of each, as list."""
    pairs = [(config.get(n), config.get(n + 1)) for n in range(FIRST_WIFI, LAST_WIFI, 2)]
    return [pair for pair in pairs if pair[0]]


def _shown(sms):
    networks = _networks(sms.config)
    if not networks:
        return "WIFI:\r\n No network is set: send WIFI <name> <key>."
    text = "WIFI:"
    for i in range(len(networks)):
        name, key = networks[i]
        text += "\r\n %d:%s (%s)" % (i + 1, name, "key ****" if key else "open")
    return text + "\r\n State: " + _state(sms.status)


def _state(status):
    link = status.wifi
    if link is None:
        # A network is set: it was so just now, and the link is made within a second.
        from ovms.services.diagnosis import safe_mode

        return "off in safe mode" if safe_mode(status) else "looking"
    if link.ssid and link.is_usable():
        return "joined " + link.ssid
    if link.ssid:
        return "joined %s, but no server answers through it: GPRS is used" % link.ssid
    if link.refused:
        return "%s refuses the key" % link.refused
    if status.is_car_on and not link.is_only:
        return "not looked for while the car is on"
    return "looking" if link.is_looking else "none in reach"
