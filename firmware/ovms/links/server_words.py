"""Why there is no connection to the server, as a sentence for `GPRS?`. Loaded on demand.

Nothing of what the other side sent is quoted.
"""

# Reasons of a RemoteProtocolError that only a human can mend, and whether a close before the login
# is such a one.
REFUSALS = ("wrong_digest",)
IS_CLOSE_REFUSAL = True

_LOST = "The connection was lost."
_UNREACHED = "The server cannot be reached: check its name."
_WRONG_PASSWORD = "The server's answer does not fit our server password."
_NO_SERVER = "What answers there is no OVMS server."
_RECORD = "The settings from the server (AP) were refused: "
# Of `protocol/v2/provision.py`.
_RECORD_REASONS = {
    "wrong_digest": "they are for another SIM.",
    "wrong_scheme": "they are of an unknown kind.",
    "not_base64": "they are damaged.",
    "bad_record": "they are damaged.",
    "bad_reply": "that is no answer to the request.",
    "line_too_long": "that is no answer to the request.",
}


def of_end(end: str, is_open: bool = True) -> str:
    """What the name of a count that ended a connection or an attempt means; "" for nothing.

    is_open: whether there was a connection to lose.
    """
    # Compared one by one: `tools/shrink` finds the names of counts there.
    if end == "server_io_errors":
        return _LOST if is_open else _UNREACHED
    if end == "bad_credentials":
        return "The server refuses the login: check vehicle id and server password."
    if end == "server_open_timeouts":
        return "The server cannot be reached: no answer to the connection."
    if end == "server_login_timeouts":
        return "The server does not answer the login."
    if end == "server_closes":
        return "The server closed the connection."
    if end == "server_silences":
        return "The server fell silent."
    if end == "server_write_timeouts":
        return "The network took no more data."
    if end == "provision_timeouts":
        return "The server was asked for settings (AP) and does not answer."
    if end == "provision_closes":
        return "The server was asked for settings (AP) and closed without an answer."
    if end == "provision_io_errors":
        return "The server was asked for settings (AP); the connection was lost."
    if end == "provision_unknown":
        return "The server has no settings (AP) for this VIN."
    if end == "provision_not_stored":
        return "The settings from the server (AP) could not be stored."
    return ""


def of_breach(reason: str) -> str:
    """What the reason of a RemoteProtocolError of a login means."""
    return _WRONG_PASSWORD if reason == "wrong_digest" else _NO_SERVER


def of_record(why: str) -> str:
    """What is wrong with an AP record. why: a RemoteProtocolError's reason, or a sentence."""
    return _RECORD + _RECORD_REASONS.get(why, why)


def of_unknown_car(sentence: str) -> str:
    """An AP record is in use, but for its vehicle type. sentence: why that is not."""
    return "The settings from the server (AP) are in use but for the vehicle type. " + sentence


def of_waiting(vin: str, iccid: str) -> str:
    """What an attempt to ask for settings waits for."""
    missing = [name for name, value in (("the VIN", vin), ("the SIM", iccid)) if not value]
    return "To ask the server for settings (AP), %s must be known first." % " and ".join(missing)
