"""How the SIM does, for several reports. Loaded on demand."""


def sim_state(status):
    """What is wrong with SIM or modem, "OK", or "unknown" before the modem has told."""
    return status.modem_error or ("OK" if status.iccid or status.is_registered else "unknown")
