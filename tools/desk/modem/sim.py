"""The SIM card: present or not, busy at first, locked by PIN and PUK, with a phone book."""

from tools.desk.modem.errors import (
    CME_NO_SIM,
    CME_SIM_BUSY,
    CME_SIM_PIN,
    CME_SIM_PUK,
    CME_WRONG_PASSWORD,
    CommandError,
)
from tools.desk.modem.tasks import Pending

READY, PIN, PUK, ABSENT = "READY", "SIM PIN", "SIM PUK", "NOT INSERTED"
_PIN_TRIES, _PUK_TRIES = 3, 10


def is_pin(text):
    """Whether `text` could be a PIN."""
    return text.isascii() and text.isdigit() and 4 <= len(text) <= 8


class Sim:
    """State of the card in the holder. Lock counters live on the card and survive power cuts."""

    def __init__(self, modem):
        self._modem = modem
        self.is_inserted = modem.profile.has_sim
        self.pin = modem.profile.sim_pin
        self.pin_tries = _PIN_TRIES
        self.puk_tries = _PUK_TRIES
        self.is_unlocked = False
        self.ready = Pending()
        self._busy_until_ms = 0.0

    @property
    def state(self):
        if not self.is_inserted:
            return ABSENT
        if self.pin is None or self.is_unlocked:
            return READY
        return PIN if self.pin_tries else PUK

    def power_on(self):
        """The module reads the card and says what it found."""
        self.is_unlocked = False
        self.ready = Pending()
        self._busy_until_ms = self._modem.tasks.now_ms() + self._modem.timing.sim_busy_ms
        self._modem.urc(f"+CPIN: {self.state}")
        self._check_ready()

    def require_readable(self):
        """CommandError unless a card is there and has finished starting."""
        if not self.is_inserted:
            raise CommandError(cme=CME_NO_SIM)
        if self._modem.tasks.now_ms() < self._busy_until_ms:
            raise CommandError(cme=CME_SIM_BUSY)

    def require_ready(self):
        """CommandError unless the card is unlocked too."""
        self.require_readable()
        if self.state == PIN:
            raise CommandError(cme=CME_SIM_PIN)
        if self.state == PUK:
            raise CommandError(cme=CME_SIM_PUK)

    def enter_pin(self, pin):
        """CommandError 16 for a wrong one; the third wrong one locks the card."""
        if pin != self.pin:
            self.pin_tries -= 1
            raise CommandError(cme=CME_WRONG_PASSWORD)
        self._unlock()

    def enter_puk(self, puk, new_pin):
        if puk != self._modem.profile.sim_puk or not self.puk_tries:
            self.puk_tries = max(0, self.puk_tries - 1)
            raise CommandError(cme=CME_WRONG_PASSWORD)
        self.pin = new_pin
        self._unlock()

    def set_pin(self, pin):
        """Lock the card with `pin` (see `is_pin`) from its next start on."""
        self.pin = pin
        self.pin_tries = _PIN_TRIES

    def unlock(self):
        """Take the PIN off the card for good."""
        self.pin = None
        self._unlock()

    def set_inserted(self, is_inserted):
        """Take the card out or put it back while the module runs."""
        if is_inserted == self.is_inserted:
            return
        self.is_inserted = is_inserted
        if not self._modem.is_alive:
            return
        if is_inserted:
            self.power_on()
        else:
            self.ready = Pending()
            self._modem.urc("+CPIN: NOT READY")
            self._modem.network.deregister()

    def _unlock(self):
        self.pin_tries = _PIN_TRIES
        self.is_unlocked = True
        self._modem.tasks.later(self._modem.timing.pin_unlock_ms, self._announce_unlocked)

    def _announce_unlocked(self):
        self._modem.urc("+CPIN: READY")
        self._check_ready()

    def _check_ready(self):
        if self.state == READY:
            self.ready.set()
            self._modem.network.sim_ready()
