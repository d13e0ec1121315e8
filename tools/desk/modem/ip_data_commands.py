"""Commands that move TCP payload: CIPSEND, CIPRXGET, CIPACK, ATO (manual chapter 8)."""

from tools.desk.modem import sockets
from tools.desk.modem.at_line import EXECUTE, READ, WRITE
from tools.desk.modem.data_mode import DataEntry, enter_data
from tools.desk.modem.errors import CommandError
from tools.desk.modem.ip_commands import addressed_socket, cip_error, require
from tools.desk.modem.results import NO_RESULT
from tools.desk.modem.sockets import SEGMENT_BYTES

_MAX_HEX_BYTES = 730


def cipsend_read(modem, call):
    require(modem, modem.ip.sockets[0].state == sockets.CONNECTED)
    modem.info(f"+CIPSEND: {SEGMENT_BYTES}")


def cipsend(modem, call):
    """CIPSEND, CIPSEND=len, and with the connection number first in multi mode."""
    ip = modem.ip
    sock, place = addressed_socket(modem, call)
    length = call.number(place)
    require(modem, sock.state == sockets.CONNECTED and not ip.is_transparent)
    if length is not None and not 1 <= length <= SEGMENT_BYTES:
        raise ValueError("length")
    entry = DataEntry(modem, length)
    data = yield from enter_data(modem, entry, with_prompt=ip.prompt_mode == 1)
    if data is None:
        return None
    if not 1 <= len(data) <= SEGMENT_BYTES:
        raise CommandError()
    if sock.state != sockets.CONNECTED:
        # CLOSED has told the host already; nothing else follows (hardware facts 4.9, D9).
        return NO_RESULT
    if modem.faults.take("close_sending"):
        ip.close_by_peer()
        return NO_RESULT
    prefix = f"{sock.index}, " if ip.is_multi else ""
    if modem.faults.take("send_fail"):
        yield modem.timing.ack_ms
        modem.result(prefix + "SEND FAIL")
        return NO_RESULT
    delivered = sock.send(data)
    if ip.is_quick_send:
        number = f"{sock.index}," if ip.is_multi else ""
        text = f"DATA ACCEPT:{number}{len(data)}"
    else:
        outcome = yield delivered
        if outcome == sockets.GONE:
            return NO_RESULT
        text = prefix + "SEND OK"
    modem.faults.at_point("send_ok")
    if ip.prompt_mode != 2:
        modem.result(text)
    return NO_RESULT


def ciprxget_read(modem, call):
    modem.info(f"+CIPRXGET: {modem.ip.is_manual_read}")


def ciprxget_write(modem, call):
    ip = modem.ip
    mode = call.number(0)
    if mode in (0, 1):
        is_open = any(s.state in (sockets.CONNECTING, sockets.CONNECTED) for s in ip.sockets)
        require(modem, not is_open)
        ip.is_manual_read = mode
        return
    if mode not in (2, 3, 4):
        raise ValueError("CIPRXGET")
    require(modem, ip.is_manual_read)
    sock, place = _socket_behind_mode(modem, call)
    number = f"{sock.index}," if ip.is_multi else ""
    if sock.state != sockets.CONNECTED and modem.quirks.read_after_close_fails:
        raise cip_error(modem)
    if sock.state == sockets.INITIAL:
        raise cip_error(modem)
    if mode == 4:
        modem.info(f"+CIPRXGET: 4,{number}{len(sock.received)}")
        return
    wanted = call.number(place)
    limit = SEGMENT_BYTES if mode == 2 else _MAX_HEX_BYTES
    if wanted is None or not 1 <= wanted <= limit:
        raise ValueError("length")
    data = sock.read(wanted)
    header = f"\r\n+CIPRXGET: {mode},{number}{len(data)},{len(sock.received)}\r\n"
    if modem.faults.take_some("cut_data", int(len(data) > 1)):
        data = data[: len(data) // 2]
    modem.emit(header.encode() + (data if mode == 2 else data.hex().upper().encode()))


def _socket_behind_mode(modem, call):
    if not modem.ip.is_multi:
        return modem.ip.sockets[0], 1
    index = call.number(1)
    if index is None or not 0 <= index < len(modem.ip.sockets):
        raise ValueError("connection number")
    return modem.ip.sockets[index], 2


def cipack(modem, call):
    sock, _ = addressed_socket(modem, call)
    require(modem, sock.state == sockets.CONNECTED)
    unacked = sock.sent_bytes - sock.acked_bytes
    modem.info(f"+CIPACK: {sock.sent_bytes},{sock.acked_bytes},{unacked}")


def go_online_again(modem, call):
    require(modem, modem.ip.is_transparent)
    require(modem, modem.ip.sockets[0].state == sockets.CONNECTED)
    modem.result("CONNECT")
    modem.ip.go_online()
    return NO_RESULT


COMMANDS = {
    "+CIPSEND": {READ: cipsend_read, EXECUTE: cipsend, WRITE: cipsend},
    "+CIPRXGET": {READ: ciprxget_read, WRITE: ciprxget_write},
    "+CIPACK": {EXECUTE: cipack, WRITE: cipack},
    "O": {EXECUTE: go_online_again},
}
