"""A module's clock, and who tells it the time: a receiver's bytes, a modem's lines."""

import asyncio

from host_tests.links.test_gps_link import BUILD_DAY, Receiver, stop
from host_tests.protocol.test_nmea import rmc
from host_tests.shims.expect import run
from ovms.clock import GPS, NETWORK, Clock
from ovms.links.gps_link import GPSLink
from ovms.protocol import dates
from ovms.protocol.at_values import utc_s
from ovms.status import Status
from ovms.vehicle.state import VehicleState

DAY_S = 86400


class SteppedClock(Clock):
    """The uptime is what the test says."""

    def __init__(self, build_day=BUILD_DAY):
        super().__init__(build_day)
        self.now_s = 10

    def uptime_ms(self):
        return self.now_s * 1000

    def uptime_s(self):
        return self.now_s


class Sources:
    """network(text), gps(time, date): what they say, in their own words. told: UTC as text."""

    def __init__(self, build_day=BUILD_DAY):
        self.clock = SteppedClock(build_day)
        self.state = VehicleState()
        self.status = Status("TEST")
        self.link = GPSLink(None, self.state, self.status, self.clock)

    def network(self, text):
        utc = utc_s(b'+CCLK: "' + text.encode() + b'"')
        if utc is not None:
            self.clock.set_utc_s(utc, NETWORK)

    def gps(self, time, date):
        """Two sentences, a second apart; time: hhmmss with seconds below 59."""
        first = "%06d.00" % int(time)
        second = "%06d.00" % (int(time) + 1)
        self.hear(rmc(first, date) + rmc(second, date))

    def hear(self, data):
        async def both():
            receiver = self.link.uart = Receiver(data)
            task = asyncio.create_task(self.link.run())
            while not receiver.is_done:
                await asyncio.sleep_ms(0)
            await stop(task)

        run(both())

    def wait(self, seconds):
        self.clock.now_s += seconds

    @property
    def told(self):
        utc = self.clock.utc_s()
        if utc is None:
            return None
        second = utc % DAY_S
        text = dates.date_text(utc // DAY_S)
        return text + " %02d:%02d:%02d" % (second // 3600, second // 60 % 60, second % 60)

    @property
    def is_from_gps(self):
        return self.clock.source == GPS
