"""Voice calls, USSD and the PPP dial-in."""

from tools.desk.modem.at_line import EXECUTE, READ, WRITE
from tools.desk.modem.calls import ACTIVE
from tools.desk.modem.errors import CME_NO_NETWORK, CommandError
from tools.desk.modem.gsm_text import is_gsm7, text_from_uart, text_to_uart
from tools.desk.modem.results import NO_RESULT

# The network's first LCP configure request (hardware facts 4.6); no PPP peer stands behind it.
_LCP_REQUEST = bytes.fromhex("7eff7d23c0217d217d217d207d24d1b57e")
_USSD_DONE, _USSD_UNSUPPORTED = 0, 4
# Codings of a USSD text (3GPP TS 23.038, 5).
_GSM7, _UCS2 = 15, 72


def clip_read(modem, call):
    modem.info(f"+CLIP: {modem.session.clip},1")


def clip_write(modem, call):
    if call.number(0) not in (0, 1):
        raise ValueError("CLIP")
    modem.session.clip = call.number(0)


def hang_up(modem, call):
    modem.calls.hang_up()


def answer(modem, call):
    if not modem.calls.answer():
        modem.result("NO CARRIER")
        return NO_RESULT
    return None


def clcc(modem, call):
    if modem.calls.state is not None:
        status = 0 if modem.calls.state == ACTIVE else 4
        modem.info(f'+CLCC: 1,1,{status},0,0,"{modem.calls.number}",145,""')


def dial(modem, call):
    """`*99...#` starts PPP; a voice call rings nobody on the desk."""
    number = call.raw.strip()
    if number.startswith("*99") and number.endswith("#"):
        if not modem.network.has_packet_service:
            modem.result("NO CARRIER")
            return NO_RESULT
        yield modem.timing.dial_ms
        modem.result("CONNECT")
        modem.emit(_LCP_REQUEST)
        modem.begin_online("PPP", lambda data: None, lambda: _leave_ppp(modem))
        return NO_RESULT
    if not number.endswith(";"):
        raise CommandError()
    yield modem.timing.dial_ms
    modem.result("NO ANSWER" if modem.network.is_registered else "NO CARRIER")
    return NO_RESULT


def _leave_ppp(modem):
    modem.result("OK")
    modem.end_online()


def cusd_read(modem, call):
    modem.info(f"+CUSD: {modem.session.cusd}")


def cusd_write(modem, call):
    mode = call.number(0)
    if mode not in (0, 1, 2):
        raise ValueError("CUSD")
    modem.session.cusd = mode
    code = call.text(1)
    if mode == 2 or code is None:
        return
    charset = modem.settings.cscs
    if charset in ("UCS2", "HEX"):
        code = text_from_uart(code.encode("latin-1"), charset)
    if not modem.network.is_registered:
        raise CommandError(cme=CME_NO_NETWORK)

    def steps():
        yield modem.timing.ussd_ms
        text = modem.profile.ussd.get(code)
        if text is None:
            modem.urc(f"+CUSD: {_USSD_UNSUPPORTED}")
        elif modem.session.cusd:
            # Written in hexadecimal where the coding or the character set is UCS2.
            coding = _GSM7 if is_gsm7(text) else _UCS2
            shown = text_to_uart(text, "UCS2" if coding == _UCS2 else modem.settings.cscs)
            modem.urc(f'+CUSD: {_USSD_DONE},"'.encode() + shown + f'",{coding}'.encode())

    modem.after_line(lambda: modem.tasks.spawn(steps()))


COMMANDS = {
    "+CLIP": {READ: clip_read, WRITE: clip_write},
    "H": {EXECUTE: hang_up},
    "A": {EXECUTE: answer},
    "D": {EXECUTE: dial},
    "+CLCC": {EXECUTE: clcc},
    "+CUSD": {READ: cusd_read, WRITE: cusd_write},
}
