"""What every part of the relay shares: clock, store, records, switches and the event callback."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tools.desk.ovms.events import Event
from tools.desk.ovms.hub import Hub
from tools.desk.ovms.store import Store
from tools.desk.ovms.vehicles import Vehicles

VERSION = "3.0.001-desk"


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

    def event(self, kind: str, vehicle_id: str, text: str, **detail) -> None:
        self.on_event(Event(kind, vehicle_id, text, self.utc_s(), detail))

    def fault(self, hub: Hub, text: str) -> None:
        """Tell loudly what the real server would punish the module for."""
        hub.counters.fault_count += 1
        hub.counters.faults.append(text)
        self.event("fault", hub.vehicle_id, text)
