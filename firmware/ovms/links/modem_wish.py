"""Whether GPRS is wanted (overlay).

Source: module-behaviour 1.2 and 1.5. The reference logs in without `IP` in parameter 3, too, and
then sends nothing; here a bearer is kept only for who asks for it.
"""

from ovms.parameters import APN, NOTIFY, ROAMING, SERVER, SERVER_PASSWORD, VEHICLE_ID


def refusal(config, status):
    """Why no GPRS may be used now (str), "" when it may.

    A module without vehicle id or server password may: it asks the server for its settings.
    """
    get = config.get
    if not get(APN):
        return "No APN is set."
    if not get(SERVER):
        return "No server is set."
    if "IP" not in get(NOTIFY) and get(VEHICLE_ID) and get(SERVER_PASSWORD):
        return "Notifications (MODULE) do not ask for IP, so there is no GPRS."
    if status.is_roaming and get(ROAMING):
        return "Roaming is not allowed (SIM), so there is no GPRS."
    return ""
