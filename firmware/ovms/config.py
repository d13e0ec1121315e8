"""Parameters 0 to 31 and features 0 to 15, as the rest of the firmware reads them.

Features 0 to 7 live until the next start, features 8 to 15 are parameters 24 to 31
(module-behaviour 1.3). What a parameter may hold, and how it is stored, is in `config_edit.py`.
"""

from micropython import const

PHONE = const(0)
PASSWORD = const(1)
UNITS = const(2)
NOTIFY = const(3)
SERVER = const(4)
APN = const(5)
APN_USER = const(6)
APN_PASSWORD = const(7)
VEHICLE_ID = const(8)
SERVER_PASSWORD = const(9)
PARANOID = const(10)
GROUP1 = const(11)
GROUP2 = const(12)
GSM_LOCK = const(13)
VEHICLE_TYPE = const(14)
DNS = const(22)
TIMEZONE = const(23)
FIRST_FEATURE = const(24)
# Beyond those of the reference, set by the command SIM alone: see `links/modem_pin.py`.
SIM_PIN = const(32)
ROAMING = const(33)

PARAMETERS = const(32)
_STORED = const(34)
FEATURES = const(16)
SECRETS = (PASSWORD, APN_PASSWORD, SERVER_PASSWORD)
FACTORY_PASSWORD = "OVMS"
NO_PHONE = "NOPHONE"


def integer(text):
    """int of `[-]digits`; ValueError for anything else, also for what `int` alone would take."""
    digits = text[1:] if text.startswith("-") else text
    # A digit of another script takes more than one byte.
    if len(digits) > 9 or not digits.isdigit() or len(digits.encode()) != len(digits):
        raise ValueError("That is not a whole number.")
    return int(text)


class Config:
    """Reads everything from `store` (drivers/store.py) and writes it back at each change.

    revision: grows with every change. load_error: "" or what was wrong with the stored settings.
    is_miles: the user reads miles. wants_ip, wants_sms: where data and notifications go.
    is_paranoid: messages are wrapped with the module password.
    values, features: for `config_edit` alone; read them with `get` and `feature`.
    """

    def __init__(self, store):
        self.store = store
        self.revision = 0
        from ovms import config_edit

        config_edit.load(self)

    def get(self, n):
        """Text of parameter `n`, "" for one that does not exist."""
        return self.values[n] if 0 <= n < _STORED else ""

    def feature(self, n):
        """Value of feature `n`, decimals cut off; 0 for one that does not exist."""
        return self.features[n] if 0 <= n < FEATURES else 0

    def set(self, n, text):
        """Check and store one parameter; returns and raises as `apply`."""
        return self.apply({n: text})

    def apply(self, changes):
        """Check and store {number: text}: all of them, or none and an error.

        Returns the `REQUEST_...` bits of `status.py` that make the changes count. ValueError: a
        value was refused. OSError: flash did not take it. Their texts are sentences for the user.
        """
        from ovms import config_edit

        return config_edit.apply(self, changes)

    def set_feature(self, n, value):
        """Set feature `n` to an int or the text of a number; returns and raises as `apply`."""
        from ovms import config_edit

        return config_edit.set_feature(self, n, value)
