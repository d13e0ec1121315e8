"""A module with an owner, a notifier and a time of day: who hears of what, and who may what."""

from host_tests.services.notifier_bench import Conversation, Modem
from host_tests.services.sms_bench import Bench
from host_tests.shims.expect import run
from ovms.config import Config
from ovms.services.notifier import Notifier
from ovms.services.notifier_events import send_sms

UTC_S = 1787566830


class Module(Bench):
    """With a notifier and a time of day; `told` is what left by SMS."""

    def __init__(self):
        super().__init__()
        self.clock.utc = UTC_S
        self.config.utc_s = self.clock.utc_s
        self.status.is_registered = True
        self.modem = Modem()
        self.start()

    def start(self):
        async def sleep_ms(ms):
            pass

        self.notifier = Notifier(
            self.config,
            self.state,
            lambda: self.car,
            self.modem,
            Conversation(),
            self.status,
            self.clock,
            sleep_ms,
        )

    def restart(self):
        """The module starts anew, with what is in flash."""
        self.config = self.sms.config = self.commander.config = Config(self.store)
        self.config.utc_s = self.clock.utc_s
        self.clock.now_s = 5
        self.start()

    def told(self, seconds=40):
        for _ in range(seconds):
            self.clock.now_s += 1
            self.clock.utc += 1
            self.notifier.tick()
            while self.notifier.sms:
                run(send_sms(self.notifier))
        sent = list(self.modem.sent)
        self.modem.sent.clear()
        return sent

    def server(self, code, arguments):
        """The answer to a command of the server."""
        from ovms.services.protocol_commands import answer

        text = ("%d,%s" % (code, arguments)).encode()
        return run(answer(self.commander, text, False))[0][0]
