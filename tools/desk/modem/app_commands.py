"""The SIM7000's `AT+CN...` and `AT+CA...` commands. Source: hardware facts 4.10, D21 and D22."""

from tools.desk.modem import app_stack, sockets
from tools.desk.modem.at_line import READ, WRITE
from tools.desk.modem.data_mode import DataEntry, enter_data
from tools.desk.modem.errors import CommandError
from tools.desk.modem.ip_commands import (
    cgatt_read,
    cgatt_write,
    cgdcont_read,
    cgdcont_write,
    port_number,
)
from tools.desk.modem.results import NO_RESULT
from tools.desk.modem.sockets import SEGMENT_BYTES

_PROMPT = b"\r\n>"


def _require(is_allowed):
    if not is_allowed:
        raise CommandError()


def _require_id(call):
    """Only connection 0 is modelled."""
    if call.number(0) != 0:
        raise ValueError("connection")


def cncfg_write(modem, call):
    kind, auth = call.number(0), call.number(4, 0)
    if kind not in (0, 1, 2) or auth not in (0, 1, 2, 3):
        raise ValueError("CNCFG")
    modem.ip.config = (call.text(1, ""), call.text(2, ""), call.text(3, ""), auth)


def cncfg_read(modem, call):
    modem.info('+CNCFG: 1,"%s","%s","%s",%d' % modem.ip.config)


def cnact_read(modem, call):
    address = modem.profile.identity.ip_address if modem.ip.is_active else "0.0.0.0"
    modem.info(f'+CNACT: {int(modem.ip.is_active)},"{address}"')


def cnact_write(modem, call):
    ip, mode = modem.ip, call.number(0)
    if mode not in (0, 1):
        raise ValueError("CNACT")
    if mode == 0:
        _require(ip.is_active)
        modem.after_line(lambda: modem.tasks.spawn(ip.leave()))
        return
    apn = call.text(1)
    if not apn:
        raise ValueError("APN")
    _require(not ip.is_active and not ip.is_activating and modem.network.has_packet_service)
    modem.after_line(lambda: modem.tasks.spawn(ip.activate(apn)))


def cacid_write(modem, call):
    _require_id(call)
    modem.ip.is_id_set = True


def casslcfg_write(modem, call):
    """Without TLS, which is the host's own."""
    _require_id(call)
    if call.text(1, "").lower() != "ssl" or call.number(2) != 0:
        raise ValueError("CASSLCFG")


def caopen_write(modem, call):
    ip = modem.ip
    _require_id(call)
    host, port = call.text(1), port_number(call.text(2))
    _require(bool(host) and ip.is_id_set and ip.is_active)
    if ip.is_held:
        modem.info(f"+CAOPEN: 0,{app_stack.WRONG}")
        return None
    if modem.quirks.opens_ok_first:
        modem.result("OK")
    result = yield ip.open(host, port)
    modem.info(f"+CAOPEN: 0,{result}")
    return NO_RESULT if modem.quirks.opens_ok_first else None


def casend_write(modem, call):
    _require_id(call)
    ip, sock, length = modem.ip, modem.ip.sock, call.number(1)
    _require(sock.state == sockets.CONNECTED)
    if length is None or not 1 <= length <= SEGMENT_BYTES:
        raise ValueError("length")
    data = yield from enter_data(modem, DataEntry(modem, length), prompt=_PROMPT)
    if modem.faults.take("close_sending"):
        ip.close_by_peer()
        raise CommandError()
    _require(data is not None and sock.state == sockets.CONNECTED)

    def steps():
        if modem.faults.take("send_fail"):
            yield modem.timing.ack_ms
            modem.urc("+CASEND: 0,1,0")
            return
        if sock.state != sockets.CONNECTED:
            return
        outcome = yield sock.send(data)
        if outcome == sockets.ACKED:
            modem.faults.at_point("send_ok")
            modem.urc(f"+CASEND: 0,0,{len(data)}")

    modem.after_line(lambda: modem.tasks.spawn(steps()))


def carecv_read(modem, call):
    sock = modem.ip.sock
    if sock.state != sockets.CONNECTED:
        modem.is_hung = True
    elif sock.received:
        modem.info(f"+CARECV: 0,{len(sock.received)}")


def carecv_write(modem, call):
    _require_id(call)
    sock, wanted = modem.ip.sock, call.number(1)
    if wanted is None or not 1 <= wanted <= SEGMENT_BYTES:
        raise ValueError("length")
    if sock.state != sockets.CONNECTED or wanted > len(sock.received):
        modem.is_hung = True
        return
    data = sock.read(wanted)
    head = f"\r\n+CARECV: {len(data)},".encode()
    if modem.faults.take_some("cut_data", int(len(data) > 1)):
        data = data[: len(data) // 2]
    modem.emit(head + data + b"\r\n")


def castate_read(modem, call):
    if modem.ip.sock.state == sockets.CONNECTED:
        modem.info("+CASTATE: 0,1")


def caclose_write(modem, call):
    _require_id(call)
    _require(modem.ip.is_held)
    yield modem.timing.close_ms
    modem.ip.sock.close()
    modem.ip.sock.reset()
    modem.ip.is_held = False


COMMANDS = {
    "+CGATT": {READ: cgatt_read, WRITE: cgatt_write},
    "+CGDCONT": {READ: cgdcont_read, WRITE: cgdcont_write},
    "+CNCFG": {READ: cncfg_read, WRITE: cncfg_write},
    "+CNACT": {READ: cnact_read, WRITE: cnact_write},
    "+CACID": {WRITE: cacid_write},
    "+CASSLCFG": {WRITE: casslcfg_write},
    "+CAOPEN": {WRITE: caopen_write},
    "+CASEND": {WRITE: casend_write},
    "+CARECV": {READ: carecv_read, WRITE: carecv_write},
    "+CASTATE": {READ: castate_read},
    "+CACLOSE": {WRITE: caclose_write},
}
