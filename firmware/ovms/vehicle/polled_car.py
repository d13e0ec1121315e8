"""A car whose table has polls: what it does not tell by itself it is asked for (`poller.py`).

Answers are read as frames are, by the same table: the mapping's byte 0 is the length, and what
was answered stands behind it. Of a car with service 01 (OBD-II) this knows VIN and trouble codes.
"""

from micropython import const

from ovms.vehicle.base import EVENT_FAULT
from ovms.vehicle.poller import ACTIVE, FIRST_ANSWER, UNITS, Poller
from ovms.vehicle.table_car import TableCar
from ovms.vehicle.table_machines import IN_AWAKE, IN_ON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Buffer, Config, Kept, SMSCommand, VehicleState

_OFF_S = const(25)


class PolledCar(TableCar):
    """poller: its Poller. codes: of the last reading, three bytes each: 0 stored, 1 pending; the
    code. codes_age_s: since then, or None. told, news: stored codes that were told, and those that
    are new, as text.
    """

    # Polls, see `poller.py`; (id of the request, id of the answer) for those of a maker's own.
    POLLS = b""
    ASKS: tuple = ()
    IS_OBD = False
    SMS_NAME = "OBD"

    def __init__(self, state: "VehicleState", config: "Config") -> None:
        super().__init__(state, config)
        self.poller = Poller(self)
        self._answers = {answer_id: True for _, answer_id in self.ASKS}
        if self.IS_OBD:
            for unit in range(UNITS):
                self._answers[FIRST_ANSWER + unit] = True
        # Without broadcast frames of its own it lives when anything does.
        self._ids = self.RX_IDS or ()
        if len(self._answers) == len(self._ids):
            self.RX_IDS = None
        self.codes_age_s: int | None = None
        self.codes = b""
        self.told = self.news = ""

    def on_frame(self, arbitration_id: int, data: "Buffer", dlc: int) -> None:
        poller = self.poller
        if arbitration_id in self._answers:
            poller.receive(arbitration_id, data, dlc)
            return
        if poller.heard < 255:
            poller.heard += 1
        super().on_frame(arbitration_id, data, dlc)

    def read_answer(self, arbitration_id: int, content: "Buffer", length: int) -> None:
        """What was asked for, as a page of the table."""
        super().on_frame(arbitration_id, content, length)

    def _listen(self, seconds):
        super()._listen(seconds)
        poller = self.poller
        poller.tick(seconds)
        is_alive = poller.is_alive() or poller.state == ACTIVE
        if is_alive:
            self.state.told_age_s = 0
        if self.codes_age_s is not None:
            self.codes_age_s += seconds
        if self.IS_OBD:
            self.inputs[IN_ON] = poller.state == ACTIVE and poller.sign_s < _OFF_S
            self.inputs[IN_AWAKE] = is_alive
        if len(self._answers) == len(self._ids):
            self.RX_IDS = None if poller.must_listen() else self._ids

    # VIN and trouble codes

    def read_vin(self, content: "Buffer", length: int) -> bool:
        """49 02 01 and the VIN; whether there was one."""
        from ovms.vehicle import trouble_codes

        return trouble_codes.read_vin(self, content, length)

    def take_codes(self, codes: bytes) -> None:
        """All control units were asked, and some have answered."""
        self.codes = codes
        self.codes_age_s = 0
        self.in_turn(self._look_for_news)

    def _look_for_news(self):
        from ovms.vehicle import trouble_codes

        if trouble_codes.find_news(self):
            self.announce(EVENT_FAULT)

    def event_text(self, event: int) -> tuple[str, str] | None:
        if event == EVENT_FAULT:
            from ovms.vehicle import trouble_codes

            return "A", trouble_codes.alert(self)
        return super().event_text(event)

    def sms_commands(self) -> "tuple[SMSCommand, ...]":
        if not self.IS_OBD:
            return ()
        from ovms.vehicle import trouble_codes

        return (("DTC", 3, trouble_codes.reply),)

    def keep(self, kept: "Kept") -> None:
        super().keep(kept)
        self.told = kept.text("dtc", self.told)
