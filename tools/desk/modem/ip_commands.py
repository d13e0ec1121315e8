"""`AT+CIP...` commands that bring the bearer and connections up and down (manual chapter 8)."""

from tools.desk.modem import sockets
from tools.desk.modem.at_line import EXECUTE, READ, WRITE
from tools.desk.modem.errors import (
    CME_APN_REFUSED,
    CME_NO_NETWORK,
    CME_NOT_ALLOWED,
    CommandError,
)
from tools.desk.modem.ip_stack import (
    IP_CONFIG,
    IP_GPRSACT,
    IP_INITIAL,
    IP_START,
    IP_STATUS,
    PDP_DEACT,
    SOCKET_COUNT,
)
from tools.desk.modem.results import NO_RESULT
from tools.desk.modem.tasks import Pending


def cip_error(modem):
    """What a CIP command in the wrong state answers; revisions differ."""
    return CommandError(cme=CME_NOT_ALLOWED if modem.quirks.cip_errors_are_cme else None)


def require(modem, is_allowed):
    """CommandError unless allowed; after a lost bearer none is (hardware facts 4.8, quirk 5)."""
    if not is_allowed or modem.ip.bearer == PDP_DEACT:
        raise cip_error(modem)


def port_number(text):
    """TCP port of an argument, quoted or not; ValueError outside 1..65535."""
    if not text or not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 65535:
        raise ValueError("port")
    return int(text)


def _switch(name, attribute, allowed, is_settable=lambda ip: True):
    """A numeric setting of the IP stack with its read and write commands."""

    def read(modem, call):
        modem.info(f"{name}: {getattr(modem.ip, attribute)}")

    def write(modem, call):
        value = call.number(0)
        if value not in allowed:
            raise ValueError(name)
        require(modem, is_settable(modem.ip))
        setattr(modem.ip, attribute, value)

    return {READ: read, WRITE: write}


def _is_initial(ip):
    return ip.bearer == IP_INITIAL


def _has_no_socket(ip):
    return all(s.state not in (sockets.CONNECTING, sockets.CONNECTED) for s in ip.sockets)


def cgatt_read(modem, call):
    modem.info(f"+CGATT: {int(modem.network.has_packet_service)}")


def cgatt_write(modem, call):
    if call.number(0) not in (0, 1):
        raise ValueError("CGATT")
    if call.number(0) == 0:
        yield modem.timing.cgatt_ms
        modem.network.is_attached = False
        modem.ip.deactivate()
        return
    if modem.network.cgreg not in (1, 5):
        yield modem.timing.cgatt_failed_ms
        raise CommandError(cme=CME_NO_NETWORK)
    if not modem.network.is_attached:
        yield modem.timing.cgatt_ms
        modem.network.is_attached = True


def cipshut(modem, call):
    yield modem.timing.cipshut_ms
    modem.ip.shut()
    modem.result("SHUT OK")
    return NO_RESULT


def cstt_read(modem, call):
    modem.info('+CSTT: "%s","%s","%s"' % modem.ip.apn)


def cstt_write(modem, call):
    require(modem, modem.ip.bearer == IP_INITIAL)
    modem.ip.apn = tuple(call.text(index, "") for index in range(3))
    modem.ip.bearer = IP_START


def cstt_execute(modem, call):
    require(modem, modem.ip.bearer == IP_INITIAL)
    modem.ip.bearer = IP_START


def ciicr(modem, call):
    require(modem, modem.ip.bearer == IP_START)
    if not modem.network.has_packet_service:
        yield modem.timing.ciicr_ms
        raise cip_error(modem)
    modem.ip.bearer = IP_CONFIG
    expected_apn = modem.profile.valid_apn
    if modem.faults.apn_refused or expected_apn not in (None, modem.ip.apn[0]):
        yield modem.timing.ciicr_refused_ms
        modem.ip.bearer = PDP_DEACT
        raise CommandError(cme=CME_APN_REFUSED)
    yield modem.timing.ciicr_ms
    require(modem, modem.ip.bearer == IP_CONFIG)
    modem.ip.bearer = IP_GPRSACT


def cifsr(modem, call):
    require(modem, modem.ip.has_bearer and modem.ip.bearer != IP_CONFIG)
    if modem.ip.bearer == IP_GPRSACT:
        modem.ip.bearer = IP_STATUS
    modem.info(modem.profile.identity.ip_address)
    return NO_RESULT


def cdnscfg_write(modem, call):
    primary = call.text(0)
    if primary is None:
        raise ValueError("CDNSCFG")
    modem.ip.dns_servers = (primary, call.text(1, "0.0.0.0"))


def cdnscfg_read(modem, call):
    modem.info("PrimaryDns: %s\r\n\r\nSecondaryDns: %s" % modem.ip.dns_servers)


def cdnsgip(modem, call):
    host = call.text(0)
    if not host:
        raise ValueError("CDNSGIP")
    require(modem, modem.ip.has_bearer)

    def steps():
        answer = Pending()
        modem.dialler.resolve(host, answer.set)
        ip = yield answer
        yield modem.timing.dns_ms if ip else modem.timing.dns_failed_ms
        modem.urc(f'+CDNSGIP: 1,"{host}","{ip}"' if ip else "+CDNSGIP: 0,8")

    modem.after_line(lambda: modem.tasks.spawn(steps()))


def clport_read(modem, call):
    modem.info(f"TCP: {modem.ip.sockets[0].local_port}\r\n\r\nUDP: 0")


def clport_write(modem, call):
    first = call.number(0) if call.text(0, "").isdigit() else None
    index = first if modem.ip.is_multi else 0
    offset = 1 if modem.ip.is_multi else 0
    if index is None or not 0 <= index < SOCKET_COUNT or call.text(offset) not in ("TCP", "UDP"):
        raise ValueError("CLPORT")
    port = call.text(offset + 1)
    modem.ip.sockets[index].local_port = 0 if port == "0" else port_number(port)


def addressed_socket(modem, call):
    """(socket, index of the next argument): multi mode names the socket first."""
    if not modem.ip.is_multi:
        return modem.ip.sockets[0], 0
    index = call.number(0)
    if index is None or not 0 <= index < SOCKET_COUNT:
        raise ValueError("connection number")
    return modem.ip.sockets[index], 1


def cipstart(modem, call):
    ip = modem.ip
    sock, place = addressed_socket(modem, call)
    host = call.text(place + 1)
    # UDP is not modelled: nothing on the desk speaks it.
    if call.text(place, "").upper() != "TCP" or not host:
        raise ValueError("CIPSTART")
    port = port_number(call.text(place + 2))
    if sock.state == sockets.CONNECTED:
        modem.result("ERROR")
        modem.urc((f"{sock.index}," if ip.is_multi else "") + "ALREADY CONNECT")
        return NO_RESULT
    require(modem, sock.state != sockets.CONNECTING)
    require(modem, ip.bearer != IP_INITIAL or modem.network.has_packet_service)
    require(modem, ip.bearer not in (IP_START, IP_CONFIG, IP_GPRSACT))
    require(modem, not ip.is_multi or ip.bearer != IP_INITIAL)
    modem.after_line(lambda: ip.open(sock, host, port))
    return None


def cipclose(modem, call):
    sock, place = addressed_socket(modem, call)
    is_quick = call.number(place, 0) == 1
    require(modem, sock.state in (sockets.CONNECTED, sockets.CONNECTING))
    if not is_quick:
        yield modem.timing.close_ms
    modem.ip.close(sock)
    modem.result((f"{sock.index}, " if modem.ip.is_multi else "") + "CLOSE OK")
    return NO_RESULT


def cipstatus(modem, call):
    ip = modem.ip
    if call.is_last:
        modem.result("OK")
    modem.info(f"STATE: {ip.state}")
    if ip.is_multi:
        for sock in ip.sockets:
            bearer = "" if sock.state == sockets.INITIAL else "0"
            port = sock.port or ""
            fields = (sock.protocol, sock.ip, port, sock.state)
            modem.info(f"C: {sock.index},{bearer}," + ",".join(f'"{field}"' for field in fields))
    return NO_RESULT if call.is_last else None


def ciptka_read(modem, call):
    modem.info("+CIPTKA: %d,%d,%d,%d" % modem.ip.keepalive)


def ciptka_write(modem, call):
    mode, idle_s, interval_s, count = (
        call.number(index, default) for index, default in enumerate((0, 7200, 75, 9))
    )
    if mode not in (0, 1) or not (30 <= idle_s <= 7200 and 30 <= interval_s <= 600):
        raise ValueError("CIPTKA")
    if not 1 <= count <= 9:
        raise ValueError("CIPTKA")
    modem.ip.keepalive = (mode, idle_s, interval_s, count)


def ciprdtimer_read(modem, call):
    modem.info("+CIPRDTIMER: %d,%d" % modem.ip.fin_timers)


def ciprdtimer_write(modem, call):
    timers = (call.number(0), call.number(1))
    if None in timers or not all(100 <= value <= 7000 for value in timers):
        raise ValueError("CIPRDTIMER")
    modem.ip.fin_timers = timers


def cipssl_write(modem, call):
    if call.number(0) != 0:
        raise CommandError()


def cgdcont_write(modem, call):
    if call.number(0) is None or call.text(1, "IP").upper() not in ("IP", "PPP"):
        raise ValueError("CGDCONT")
    modem.network.apn = call.text(2, "")


def cgdcont_read(modem, call):
    modem.info(f'+CGDCONT: 1,"IP","{modem.network.apn}","0.0.0.0",0,0')


COMMANDS = {
    "+CGATT": {READ: cgatt_read, WRITE: cgatt_write},
    "+CGDCONT": {READ: cgdcont_read, WRITE: cgdcont_write},
    "+CIPSHUT": {EXECUTE: cipshut},
    "+CIPMUX": _switch("+CIPMUX", "is_multi", (0, 1), _is_initial),
    "+CIPMODE": _switch("+CIPMODE", "is_transparent", (0, 1), _has_no_socket),
    "+CIPHEAD": _switch("+CIPHEAD", "has_header", (0, 1)),
    "+CIPSHOWTP": _switch("+CIPSHOWTP", "shows_protocol", (0, 1)),
    "+CIPSRIP": _switch("+CIPSRIP", "shows_sender", (0, 1)),
    "+CIPSPRT": _switch("+CIPSPRT", "prompt_mode", (0, 1, 2)),
    "+CIPQSEND": _switch("+CIPQSEND", "is_quick_send", (0, 1)),
    "+CSTT": {READ: cstt_read, WRITE: cstt_write, EXECUTE: cstt_execute},
    "+CIICR": {EXECUTE: ciicr},
    "+CIFSR": {EXECUTE: cifsr},
    "+CDNSCFG": {READ: cdnscfg_read, WRITE: cdnscfg_write},
    "+CDNSGIP": {WRITE: cdnsgip},
    "+CLPORT": {READ: clport_read, WRITE: clport_write},
    "+CIPSTART": {WRITE: cipstart},
    "+CIPCLOSE": {EXECUTE: cipclose, WRITE: cipclose},
    "+CIPSTATUS": {EXECUTE: cipstatus},
    "+CIPTKA": {READ: ciptka_read, WRITE: ciptka_write},
    "+CIPRDTIMER": {READ: ciprdtimer_read, WRITE: ciprdtimer_write},
    "+CIPSSL": {WRITE: cipssl_write},
}
