"""Why there is no connection to the MQTT broker, as a sentence for `MQTT?`. Loaded on demand."""

# As in `server_words.py`: a broker says that it refuses, and one that closes is just starting.
REFUSALS = ("refused_login", "refused_client", "refused_version")
IS_CLOSE_REFUSAL = False

_BREACHES = {
    "refused_login": "The broker refuses the login: check user and password.",
    "refused_client": "The broker refuses the vehicle id as client id.",
    "refused_version": "The broker does not speak MQTT 3.1.1.",
    "refused_for_now": "The broker is not available now.",
}


def of_end(end: str, is_open: bool = True) -> str:
    """As `server_words.of_end`."""
    if end == "server_io_errors":
        if is_open:
            return "The connection was lost."
        return "The broker cannot be reached: check its name."
    if end == "server_open_timeouts":
        return "The broker cannot be reached: no answer to the connection."
    if end == "server_login_timeouts":
        return "The broker does not answer the login."
    if end == "server_closes":
        return "The broker closed the connection."
    if end == "server_silences":
        return "The broker fell silent."
    if end == "server_write_timeouts":
        return "The network took no more data."
    return ""


def of_breach(reason: str) -> str:
    """What the reason of a RemoteProtocolError means."""
    return _BREACHES.get(reason, "What answers there is no MQTT broker.")
