"""Registration, operator, signal, radio level, clock and the HTTP/NTP bearer."""

import calendar
import re

from tools.desk.modem.at_line import EXECUTE, READ, TEST, WRITE
from tools.desk.modem.errors import CME_NO_NETWORK, CommandError
from tools.desk.modem.network import HOME, ROAMING, SEARCHING, clock_text

_CLOCK = re.compile(r"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d\d)?")
_NTP_OK, _NTP_NETWORK_ERROR = 1, 61


def csq(modem, call):
    modem.info("+CSQ: %d,%d" % modem.network.csq)


def _registration(name, setting, domain):
    def read(modem, call):
        mode, stat = getattr(modem.settings, setting), modem.network.shown(domain)
        modem.info(f"{name}: {mode},{stat}{modem.network.cell_suffix(mode, stat)}")

    def write(modem, call):
        if call.number(0) not in (0, 1, 2):
            raise ValueError(name)
        setattr(modem.settings, setting, call.number(0))

    return {READ: read, WRITE: write}


def cops_read(modem, call):
    network, identity = modem.network, modem.profile.identity
    if not network.is_registered:
        modem.info(f"+COPS: {network.cops_mode}")
        return
    names = (identity.operator, identity.operator_short, identity.operator_code)
    style = modem.session.cops_format
    access = ",7" if modem.profile.has_lte else ""
    modem.info(f'+COPS: {network.cops_mode},{style},"{names[style]}"{access}')


def cops_write(modem, call):
    network, identity = modem.network, modem.profile.identity
    mode, style = call.number(0), call.number(1, modem.session.cops_format)
    if mode not in (0, 1, 2, 3, 4) or style not in (0, 1, 2):
        raise ValueError("COPS")
    modem.session.cops_format = style
    if mode == 3:
        return
    if mode == 2:
        network.cops_mode = 2
        network.deregister()
        return
    yield modem.timing.cops_ms
    names = (identity.operator, identity.operator_short, identity.operator_code)
    is_ours = mode == 0 or call.text(2) == names[style]
    if network.coverage_stat not in (HOME, ROAMING) or (not is_ours and mode == 1):
        raise CommandError(cme=CME_NO_NETWORK)
    network.cops_mode = 0 if mode == 4 and not is_ours else mode
    if not network.is_registered and network.creg != SEARCHING:
        network.start_search()


def cops_test(modem, call):
    identity = modem.profile.identity
    yield modem.timing.cops_scan_ms
    entry = f'"{identity.operator}","{identity.operator_short}","{identity.operator_code}"'
    stat = 2 if modem.network.is_registered else 1
    modem.info(f"+COPS: ({stat},{entry}),,(0-4),(0-2)")


def cfun_read(modem, call):
    modem.info(f"+CFUN: {modem.network.cfun}")


def cfun_write(modem, call):
    level, reset = call.number(0), call.number(1, 0)
    network = modem.network
    if level not in (0, 1, 4) or reset not in (0, 1):
        raise ValueError("CFUN")
    if reset == 1 and level == 1:
        modem.saved_cfun = 1
        yield modem.timing.cfun_on_ms
        modem.after_line(modem.reboot)
        return
    if {level, network.cfun} == {0, 4}:
        raise CommandError()
    if level == network.cfun:
        return
    if level == 1:
        yield modem.timing.cfun_on_ms
        network.set_cfun(1)
        modem.saved_cfun = 1
        modem.sim.power_on()
        texts = modem.ready_texts[::-1]
        modem.tasks.spawn(modem.announce_ready(modem.timing.flight_ready_ms, 0, texts))
        return
    yield modem.timing.cfun_ms
    modem.ip.deactivate()
    network.set_cfun(level)
    modem.sms.is_ready = False
    modem.urc("+CPIN: NOT READY")
    if level == 4:
        modem.saved_cfun = 4


def cclk_read(modem, call):
    network = modem.network
    modem.info(f'+CCLK: "{clock_text(network.local_clock_s(), network.zone_quarters)}"')


def cclk_write(modem, call):
    match = _CLOCK.fullmatch(call.text(0, ""))
    if match is None:
        raise ValueError("CCLK")
    year, month, day, hour, minute, second = (int(text) for text in match.groups()[:6])
    is_time = hour < 24 and minute < 60 and second < 60
    if not (1 <= month <= 12 and 1 <= day <= 31 and is_time):
        raise ValueError("CCLK")
    local_s = calendar.timegm((2000 + year, month, day, hour, minute, second))
    modem.network.set_local_clock(local_s, int(match.group(7) or 0))


def sapbr(modem, call):
    """Bearer 1 for HTTP and NTP: 0 close, 1 open, 2 query, 3 set a parameter."""
    ip = modem.ip
    kind = call.number(0)
    if kind not in (0, 1, 2, 3) or call.number(1) != 1:
        raise ValueError("SAPBR")
    if kind == 3:
        ip.sapbr[call.text(2, "").upper()] = call.text(3, "")
    elif kind == 2:
        state, address = (
            (1, modem.profile.identity.ip_address) if ip.is_sapbr_open else (3, "0.0.0.0")
        )
        modem.info(f'+SAPBR: 1,{state},"{address}"')
    else:
        if ip.is_sapbr_open == (kind == 1):
            raise CommandError()
        yield modem.timing.ciicr_ms if kind == 1 else modem.timing.cipshut_ms
        if kind == 1 and not modem.network.has_packet_service:
            raise CommandError()
        ip.is_sapbr_open = kind == 1


def cntp_write(modem, call):
    zone = call.number(1, 0)
    if not call.text(0) or not -47 <= zone <= 48:
        raise ValueError("CNTP")
    modem.ip.ntp = (call.text(0), zone)


def cntp_execute(modem, call):
    if modem.ip.ntp is None:
        raise CommandError()

    def steps():
        yield modem.timing.ntp_ms
        if not modem.ip.is_sapbr_open:
            modem.urc(f"+CNTP: {_NTP_NETWORK_ERROR}")
            return
        modem.network.set_clock_from_network(modem.ip.ntp[1])
        modem.urc(f"+CNTP: {_NTP_OK}")

    modem.after_line(lambda: modem.tasks.spawn(steps()))


def cntpcid_write(modem, call):
    if call.number(0) != 1:
        raise ValueError("CNTPCID")


COMMANDS = {
    "+CSQ": {EXECUTE: csq},
    "+CREG": _registration("+CREG", "creg", "creg"),
    "+CGREG": _registration("+CGREG", "cgreg", "cgreg"),
    "+CEREG": _registration("+CEREG", "cereg", "cereg"),
    "+COPS": {READ: cops_read, WRITE: cops_write, TEST: cops_test},
    "+CFUN": {READ: cfun_read, WRITE: cfun_write},
    "+CCLK": {READ: cclk_read, WRITE: cclk_write},
    "+SAPBR": {WRITE: sapbr},
    "+CNTP": {WRITE: cntp_write, EXECUTE: cntp_execute},
    "+CNTPCID": {WRITE: cntpcid_write},
}
