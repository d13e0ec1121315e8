"""GET, SET, BEGIN, APPLY and CANCEL of the DIAG console: parameters one by one, or all or nothing.

Loaded on demand. Reading shows no password but the factory's; the answer to SET tells
how long one is, so that a character lost on the cable is noticed.
"""

from ovms import parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.console.session import Console

_MASK = "****"


def handle_parameters(console: "Console", word: str, rest: str) -> str:
    """The answer to a line: `word` in capitals, and what stands behind it."""
    try:
        if word == "GET":
            return _listed(console.app.config, rest)
        if word == "SET":
            return _set(console, rest)
        if rest:
            return "Use: %s alone in its line." % word
        if word == "BEGIN":
            console.changes = {}
            return "Now SET parameters, then APPLY or CANCEL."
        changes = console.changes
        console.changes = None
        if not changes:
            return "There is nothing to %s." % word.lower()
        if word == "CANCEL":
            return "Nothing was changed."
        _apply(console.app, changes)
    except ValueError as error:
        return ("Nothing was changed: " if word == "APPLY" else "") + str(error)
    except OSError:
        console.app.status.count("settings_not_stored")
        return "The settings could not be stored."
    return "Parameters have been set."


def _listed(config, rest):
    from ovms import parameter_rules

    values = parameter_rules.shown(config)
    # Broker and WiFi as their SMS commands show them; what is between is set by SMS alone.
    values += [""] * (parameters.STORED - len(values))
    for n in range(parameters.MQTT_SERVER, parameters.STORED):
        if _is_of_links(n):
            values[n] = _of_link(config, n)
    if config.get(parameters.PASSWORD) == parameters.FACTORY_PASSWORD:
        # No secret, but a reason to set another one.
        values[parameters.PASSWORD] = parameters.FACTORY_PASSWORD
    if rest:
        n = _number(rest)
        return "%d:%s" % (n, values[n])
    lines = []
    for n in range(len(values)):
        if values[n]:
            lines.append("%d:%s" % (n, values[n]))
    return "\n".join(lines)


def _set(console, rest):
    """The value may hold anything but a line end, also blanks; at its ends they do not count."""
    number, mark, text = rest.partition("=")
    text = text.strip()
    try:
        if not mark:
            raise ValueError("Use: SET n=value")
        n = _number(number)
    except ValueError:
        console.spoil()
        raise
    if console.changes is None:
        _apply(console.app, {n: text})
        text = console.app.config.get(n)
        if n == parameters.MQTT_HA:
            text = _of_link(console.app.config, n)
    else:
        console.changes[n] = text
    if text and n in parameters.SECRETS:
        text = "%s (%d characters)" % (_MASK, len(text))
    return "%d:%s" % (n, text)


def _is_of_links(n):
    """Whether it is one of the broker's or of WiFi."""
    is_broker = parameters.MQTT_SERVER <= n <= parameters.MQTT_HA
    return is_broker or parameters.FIRST_WIFI <= n <= parameters.LAST_WIFI


def _of_link(config, n):
    text = config.get(n)
    if n in parameters.SECRETS:
        return text and _MASK
    if n != parameters.MQTT_HA:
        return text
    # Behind ON stands what Home Assistant was told.
    return text.partition(" ")[0]


def _number(text):
    n = parameters.integer(text.strip())
    if not (0 <= n < parameters.PARAMETERS or _is_of_links(n)):
        raise ValueError("Parameters are numbered 0 to 31, 37 to 40 for MQTT, 44 to 49 for WiFi.")
    return n


def _apply(app, changes):
    app.status.request(app.config.apply(changes, True, parameters.FROM_CABLE))
