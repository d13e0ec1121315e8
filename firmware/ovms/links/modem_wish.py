"""Whether GPRS is wanted (overlay).

Source: module-behaviour 1.2 and 1.5. The reference logs in without `IP` in parameter 3, too, and
then sends nothing; here a bearer is kept only for who asks for it.
"""

from micropython import const

_NOTIFY = const(3)
_SERVER = const(4)
_APN = const(5)
_VEHICLE_ID = const(8)
_SERVER_PASSWORD = const(9)
_ROAMING = const(33)


def refusal(config, status):
    """Why no GPRS may be used now (str), "" when it may.

    A module without vehicle id or server password may: it asks the server for its settings.
    """
    get = config.get
    if not get(_APN):
        return "No APN is set."
    if not get(_SERVER):
        return "No server is set."
    if "IP" not in get(_NOTIFY) and get(_VEHICLE_ID) and get(_SERVER_PASSWORD):
        return "Notifications (MODULE) do not ask for IP, so there is no GPRS."
    if status.is_roaming and get(_ROAMING):
        return "Roaming is not allowed (SIM), so there is no GPRS."
    return ""
