"""What every part of the relay shares: clock, store, records, switches and the event callback."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tools.desk.ovms.events import Event
from tools.desk.ovms.hub import Hub
from tools.desk.ovms.store import Store
from tools.desk.ovms.vehicles import Vehicles

VERSION = "3.0.001-desk"
LOG_TYPE = "*-OVM-ServerLogs"
_OWN_NUMBERS = 65_536


@dataclass(frozen=True)
class Timers:
    """Seconds; defaults of the stock server's code (server-and-clients 1.7)."""

    car_s: float = 960
    app_s: float = 1200
    api_s: float = 120
    log_history_s: float = 86_400


@dataclass(frozen=True)
class Quirks:
    """Errors of the stock server that are reported by default and copied on request.

    wedge: deaf after an unsolicited `c`. dead_ap: no answer to `AP-C`. routing_slips: replies
    go to the wrong client after a refused or short list. tpms_404: REST tpms fails once a `Y` is
    stored. Source: server-and-clients 0 and 9.
    """

    wedge: bool = False
    dead_ap: bool = False
    routing_slips: bool = False
    tpms_404: bool = False


@dataclass
class Context:
    """`utc_s()` is the only clock; `on_event` is called for everything worth a line."""

    vehicles: Vehicles
    store: Store
    utc_s: Callable[[], float]
    new_token: Callable[[], str]
    on_event: Callable[[Event], None]
    timers: Timers = field(default_factory=Timers)
    quirks: Quirks = field(default_factory=Quirks)
    version: str = VERSION

    # Number of the next record of each type that the server writes itself.
    own_numbers: dict[str, int] = field(default_factory=dict)

    def event(self, kind: str, vehicle_id: str, text: str, **detail) -> None:
        self.on_event(Event(kind, vehicle_id, text, self.utc_s(), detail))

    def log(self, hub: Hub, text: str) -> None:
        """A line of the server's own log about a car: it is a history record, too.

        The stock server logs each message and each client as well.
        """
        if self.timers.log_history_s:
            self.keep_own(hub, LOG_TYPE, text, self.timers.log_history_s)

    def keep_own(self, hub: Hub, record_type: str, data: str, life_s: float) -> None:
        """A record that the server writes itself; they are numbered, so none replaces another."""
        number = self.own_numbers.get(record_type, 0)
        self.own_numbers[record_type] = (number + 1) % _OWN_NUMBERS
        now_s = self.utc_s()
        self.store.put_history(
            hub.vehicle_id, record_type, str(number), data, now_s, now_s + life_s
        )

    def fault(self, hub: Hub, text: str) -> None:
        """Tell loudly what the real server would punish the module for."""
        hub.counters.fault_count += 1
        hub.counters.faults.append(text)
        self.event("fault", hub.vehicle_id, text)
