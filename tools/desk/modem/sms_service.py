"""The short message service: the centre's queue, delivery into the module, sending out of it."""

from collections import deque

from tools.desk.modem import pdu, sms_render
from tools.desk.modem.errors import (
    CME_NO_SIM,
    CMS_NO_NETWORK,
    CMS_NO_SIM,
    CMS_SIM_BUSY,
    CMS_SIM_PIN,
    CommandError,
)
from tools.desk.modem.phone import Phone
from tools.desk.modem.sms_store import SmsStore

_MAX_WAITING = 500
_DIRECT = (2, 3)


class SmsService:
    """Messages wait in the centre until the module is registered, ready and has room for them."""

    def __init__(self, modem, scheduler, on_sms):
        self._modem = modem
        self._scheduler = scheduler
        self._phone = Phone(on_sms)
        self._waiting: deque[pdu.Part] = deque(maxlen=_MAX_WAITING)
        self._is_delivering = False
        self._next_reference = modem.profile.first_message_reference
        self._next_long_reference = 1
        self.store = SmsStore(modem.profile.store_capacity)
        self.is_ready = False

    def power_lost(self):
        self.is_ready = False
        self._is_delivering = False

    def set_ready(self):
        """ "SMS Ready" is out: from now on messages flow."""
        self.is_ready = True
        self._deliver_next()

    def network_available(self):
        self._deliver_next()

    def space_freed(self):
        """Messages were deleted; the centre tries again what did not fit."""
        self._modem.tasks.later(self._modem.timing.sms_retry_ms, self._deliver_next)

    def require_ready(self):
        """CommandError with the SMS error of a SIM or module that is not ready."""
        try:
            self._modem.sim.require_ready()
        except CommandError as error:
            locked = {CME_NO_SIM: CMS_NO_SIM, 14: CMS_SIM_BUSY}
            raise CommandError(cms=locked.get(error.cme, CMS_SIM_PIN)) from error
        if self._modem.quirks.sms_needs_sms_ready and not self.is_ready:
            raise CommandError(cms=CMS_SIM_BUSY)

    # ---- towards the module ----

    def submit(self, number, text, use_ucs2=False):
        """A phone sends `text` to the module; ValueError if it is too long for SMS at all."""
        network = self._modem.network
        self._waiting.extend(
            pdu.split_text(
                number,
                text,
                network.utc_s(),
                self._modem.profile.zone_quarters,
                self._next_long_reference,
                use_ucs2,
            )
        )
        self._next_long_reference = self._next_long_reference % 255 + 1
        self._deliver_next()

    def fill_store(self, number, text, count=None):
        """Put copies of a message into all or `count` free places, without a word to the host."""
        network = self._modem.network
        (part,) = pdu.split_text(
            number, text[:70], network.utc_s(), self._modem.profile.zone_quarters, 0
        )
        while count != 0 and self.store.add(part) is not None:
            count = None if count is None else count - 1

    @property
    def waiting_count(self):
        return len(self._waiting)

    def _deliver_next(self):
        if self._is_delivering or not self._waiting:
            return
        if not self.is_ready or not self._modem.network.is_registered:
            return
        if not self._deliver(self._waiting[0]):
            return
        self._waiting.popleft()
        self._is_delivering = True
        self._modem.tasks.later(self._modem.timing.sms_part_ms, self._delivered)

    def _delivered(self):
        self._is_delivering = False
        self._deliver_next()

    def _deliver(self, part):
        mode, target = self._modem.settings.cnmi[:2]
        if mode and target in _DIRECT:
            self._modem.urc(sms_render.direct_unit(self._modem, part))
            return True
        index = self.store.add(part)
        if index is None:
            return False
        if mode and target == 1:
            self._modem.urc(f'+CMTI: "{self._modem.session.store_names[2]}",{index}')
        return True

    # ---- out of the module ----

    def send(self, submitted):
        """Steps: bring `submitted` to the centre and return its reference; CommandError if not."""
        modem = self._modem
        failure = modem.faults.take_sms_failure()
        if failure is not None:
            yield modem.timing.sms_refused_ms
            raise CommandError(cms=failure)
        if not modem.network.is_registered:
            yield modem.timing.command_ms
            raise CommandError(cms=CMS_NO_NETWORK)
        yield modem.timing.sms_send_ms
        reference = self._next_reference
        self._next_reference = (reference + 1) % 256
        self._phone.receive(submitted)
        if submitted.wants_report and modem.settings.cnmi[3] == 1:
            sent_utc_s = modem.network.utc_s()
            modem.tasks.later(
                modem.timing.sms_report_ms,
                lambda: modem.urc(sms_render.report_unit(modem, reference, submitted, sent_utc_s)),
            )
        return reference
