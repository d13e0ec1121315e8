"""The mobile network as the modem sees it: registration, signal, operator and time.

Registration of circuits (CREG) and packets (CGREG) are separate, as they are in GSM: SMS and calls
need the first, TCP the second.
"""

import time

IDLE, HOME, SEARCHING, DENIED, UNKNOWN, ROAMING = range(6)
_NEVER_SET_S = 1072915200  # 2004-01-01, what the clock shows after power was lost


class Network:
    """Cell, registration and clock. The network's own time runs on while the modem is off."""

    def __init__(self, modem, scheduler):
        self._modem = modem
        self._scheduler = scheduler
        self._start_ms = scheduler.now_ms()
        self.cfun = 1
        self.creg = IDLE
        self.cgreg = IDLE
        self.is_attached = False
        self.rssi = modem.profile.csq_rssi
        self.coverage_stat = modem.profile.registered_stat
        self.cops_mode = 0
        self.apn = ""
        self._clock_offset_s = None
        self._power_on_ms = 0.0
        self.zone_quarters = 0
        self._has_clts = False
        self._search = 0

    @property
    def is_registered(self):
        return self.creg in (HOME, ROAMING)

    @property
    def has_packet_service(self):
        return self.cgreg in (HOME, ROAMING) and self.is_attached

    def shown(self, domain):
        """What the modem says of a registration: on LTE "cereg" knows, on GSM the others do."""
        if domain == "cereg":
            return self.cgreg if self._modem.profile.has_lte else UNKNOWN
        return IDLE if self._modem.profile.has_lte else getattr(self, domain)

    @property
    def csq(self):
        """(rssi, ber) as AT+CSQ prints them; 99 is unknown."""
        has_signal = self.cfun == 1 and self.rssi != 99
        return (self.rssi, 0) if has_signal else (99, 99)

    def power_on(self, cfun):
        self.cfun = cfun
        self.creg = self.cgreg = IDLE
        self.is_attached = False
        self.cops_mode = 0
        self._clock_offset_s = None
        self.zone_quarters = 0
        self._power_on_ms = self._scheduler.now_ms()
        # AT+CLTS counts from the next start on (hardware facts 4.3).
        self._has_clts = bool(self._modem.settings.clts)

    def power_lost(self):
        self.creg = self.cgreg = IDLE
        self.is_attached = False
        self._search += 1

    def sim_ready(self):
        if self.cfun == 1:
            self.start_search()

    def set_cfun(self, level):
        self.cfun = level
        if level == 1:
            return
        # The radio goes off without a registration URC.
        self._search += 1
        self.creg = self.cgreg = IDLE
        self.is_attached = False

    def deregister(self):
        """Leave the network and stay away (AT+COPS=2, SIM taken out)."""
        self._search += 1
        self._set(IDLE, IDLE)

    def start_search(self):
        """Look for the network; ends in whatever the coverage allows."""
        self._search += 1
        self._set(SEARCHING, SEARCHING)
        self._modem.tasks.spawn(self._search_steps(self._search))

    def set_coverage(self, stat, domain="both"):
        """The network's mind changes now: 0..5 as +CREG reports it, for "cs", "ps" or "both"."""
        if domain in ("both", "cs"):
            self.coverage_stat = stat
        self._search += 1
        is_searching_off = self.cfun != 1 or self.cops_mode == 2
        if not self._modem.is_alive or is_searching_off or not self._modem.sim.ready.is_done:
            return
        self._set(stat if domain != "ps" else self.creg, stat if domain != "cs" else self.cgreg)

    def _search_steps(self, search):
        yield self._modem.timing.register_ms
        if search != self._search:
            return
        self._set(self.coverage_stat, self.cgreg)
        yield self._modem.timing.attach_ms
        if search == self._search:
            self._set(self.creg, self.coverage_stat)

    def _set(self, creg, cgreg):
        settings = self._modem.settings
        was_registered = self.is_registered
        had_packets = self.has_packet_service
        has_lte = self._modem.profile.has_lte
        if creg != self.creg:
            self.creg = creg
            if not has_lte:
                self._report("+CREG", settings.creg, creg)
        if cgreg != self.cgreg:
            self.cgreg = cgreg
            self.is_attached = cgreg in (HOME, ROAMING)
            if has_lte:
                self._report("+CEREG", settings.cereg, cgreg)
            else:
                self._report("+CGREG", settings.cgreg, cgreg)
        if had_packets and not self.has_packet_service:
            self._modem.ip.bearer_lost()
        if self.is_registered and not was_registered:
            self._on_registered()

    def _report(self, prefix, mode, stat):
        if mode:
            self._modem.urc(f"{prefix}: {stat}{self.cell_suffix(mode, stat)}")

    def cell_suffix(self, mode, stat):
        """`,"lac","ci"` for report mode 2 while registered, else nothing."""
        identity = self._modem.profile.identity
        if mode != 2 or stat not in (HOME, ROAMING):
            return ""
        return f',"{identity.lac}","{identity.cell_id}"'

    def _on_registered(self):
        self._modem.sms.network_available()
        if self._has_clts and self._modem.profile.has_nitz:
            self._modem.tasks.later(self._modem.timing.nitz_ms, self.send_time)

    # ---- time ----

    def utc_s(self):
        """The network's UTC in seconds since 1970."""
        elapsed_s = (self._scheduler.now_ms() - self._start_ms) / 1000.0
        return self._modem.profile.network_utc_s + elapsed_s

    def local_clock_s(self):
        """What the module's clock shows, in seconds since 1970 of its local time."""
        now_s = self._scheduler.now_ms() / 1000.0
        if self._clock_offset_s is None:
            return _NEVER_SET_S + now_s - self._power_on_ms / 1000.0
        return now_s + self._clock_offset_s

    def set_local_clock(self, local_s, zone_quarters):
        self._clock_offset_s = local_s - self._scheduler.now_ms() / 1000.0
        self.zone_quarters = zone_quarters

    def set_clock_from_network(self, zone_quarters):
        self.set_local_clock(self.utc_s() + zone_quarters * 900, zone_quarters)

    def send_time(self):
        """The network sends its name and time (NITZ); the module reports and sets its clock."""
        profile = self._modem.profile
        identity = profile.identity
        zone = profile.zone_quarters
        code = identity.operator_code
        utc = time.gmtime(self.utc_s())
        stamp = f"{utc.tm_year},{utc.tm_mon},{utc.tm_mday},{utc.tm_hour},{utc.tm_min},{utc.tm_sec}"
        summer = int(profile.is_summer_time)
        self.set_clock_from_network(zone)
        self._modem.urc(
            f'*PSNWID: "{code[:3]}","{code[3:]}","{identity.operator}",0,'
            f'"{identity.operator_short}",0'
        )
        self._modem.urc(f'*PSUTTZ: {stamp},"{zone:+d}",{summer}')
        self._modem.urc(f"+CTZV: {zone:+d},{summer}")
        self._modem.urc(f"DST: {summer}")


def clock_text(local_s, zone_quarters):
    """`yy/MM/dd,hh:mm:ss+zz` as +CCLK and SMS headers print a local time."""
    moment = time.gmtime(local_s)
    return time.strftime("%y/%m/%d,%H:%M:%S", moment) + f"{zone_quarters:+03d}"
