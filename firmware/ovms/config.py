"""The settings as the rest of the firmware reads them: parameters as text, features as int.

Which number is what stands in `parameters.py`, what a parameter may hold in `parameter_rules.py`.
How settings are changed and stored is in `config_storage.py`.
"""

from ovms.parameters import FEATURES, FROM_SERVER, STORED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ovms.contracts import Store, UTCClock


class Config:
    """Reads everything from `store` (drivers/store.py) and writes it back at each change.

    revision: grows with every change. load_error: "" or what was wrong with the stored settings.
    is_miles: the user reads miles. wants_ip, wants_sms: where data and notifications go.
    is_paranoid: messages are wrapped with the module password. on_can_write: what the composition
    root sets: `function(origin, is_done)` for a feature 15 that is switched on, before (ValueError
    refuses) and after; None without a car.
    utc_s: the clock's, where there is one. untold: not 0 when an owner is to be told of a change,
    see `owner_guard.py`.
    values, features: lists by number, written by `config_storage` alone; read them with `get` and
    `feature`.
    """

    on_can_write: "Callable[[int, bool], None] | None"
    utc_s: "UTCClock | None"

    def __init__(self, store: "Store") -> None:
        self.store = store
        self.revision = 0
        self.load_error = ""
        self.values: list[str] = []
        self.features = [0] * FEATURES
        self.on_can_write = self.utc_s = None
        self.untold = 0
        self.is_miles = self.wants_ip = self.wants_sms = self.is_paranoid = False
        from ovms import config_storage

        config_storage.load(self)

    def get(self, n: int) -> str:
        """Text of parameter `n`, "" for one that does not exist."""
        return self.values[n] if 0 <= n < STORED else ""

    def feature(self, n: int) -> int:
        """Value of feature `n`, decimals cut off; 0 for one that does not exist."""
        return self.features[n] if 0 <= n < FEATURES else 0

    def set(self, n: int, text: str) -> int:
        """Check and store one parameter; returns and raises as `apply`."""
        return self.apply({n: text})

    def apply(
        self, changes: dict[int, str], must_last: bool = True, origin: int = FROM_SERVER
    ) -> int:
        """Check and store {number: text}: all of them, or none and an error.

        must_last: else what flash does not take counts until the next start, and `load_error` says
        so. origin: FROM_..., who wants it.

        Returns the `REQUEST_...` bits of `status.py` that make the changes count. ValueError: a
        value was refused. OSError: flash did not take it. Their texts are sentences for the user.
        """
        from ovms import config_storage

        return config_storage.apply(self, changes, must_last, origin)

    def set_feature(self, n: int, value: int | str, origin: int = FROM_SERVER) -> int:
        """Set feature `n` to an int or the text of a number; returns and raises as `apply`."""
        from ovms import config_storage

        return config_storage.set_feature(self, n, value, origin)

    def note_told(self, text: str, own: int) -> None:
        """The owner was told: parameter UNDO is `text` from now on.

        own: of what else, which is then no news any more: 1 damage, 2 what the server wanted.
        """
        from ovms import config_storage

        config_storage.note_told(self, text, own)
