"""What URCs ask for, and once a minute a look at everything.

Source: hardware facts 4.3 and 4.5; module-behaviour 3.6 and 3.7.
"""

from micropython import const

from ovms import status as states
from ovms.links.modem.modem import ALIVE_S, SET_UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.links.modem.modem import Modem

# Polls without registration before the modem is restarted, and polls until all is forgiven.
_LOST_POLLS = const(5)
_GOOD_POLLS = const(5)
_HANG_UP_S = const(20)
# No network has a longer name.
_NAME_LENGTH = const(32)
_TCP_FAILURES = const(6)
_TCP_FAILURES_MAX = const(96)
# Whether USSD answers are told, which every start has to set anew: what a modem keeps of `&W`, as
# that it does not echo, says nothing (hardware facts 4.2). `first_settings.py` sets it.
_MARK = b"AT+CUSD"
_MARK_KEPT = b"+CUSD: 1"
_MARK_LOST = b"+CUSD: 0"


async def poll(modem: "Modem", is_due: bool) -> None:
    """Do what URCs asked for and, when the poll is_due, look at everything.

    Calls `Modem.restart` when the modem gets nowhere.
    """
    port = modem.port
    status = modem.status
    modem.has_news = False
    # Others have their turn between two loads of code.
    await port.clock.sleep_ms(0)
    if modem.is_ringing:
        modem.is_ringing = False
        status.count("call_rejected")
        await port.ask(b"ATH", limit_s=_HANG_UP_S)
    if is_due:
        await _look(modem)
        modem.due_s = status.uptime_s + ALIVE_S
    line = modem.time_line
    if line is not None:
        modem.time_line = None
        utc_s = modem.profile.details().utc_s(line)
        if utc_s is not None and modem.on_time is not None:
            modem.on_time(utc_s)
    if modem.is_sms_ready:
        from ovms.links.modem.sms_settings import configure_sms

        await configure_sms(modem, 1)


async def _look(modem):
    port = modem.port
    status = modem.status
    from ovms.links.modem.network import ask_registration, note_signal

    await ask_registration(modem)
    note_signal(status, await port.ask(b"AT+CSQ"))
    answer = await port.ask(b"AT+COPS?")
    if answer:
        status.operator = _operator(answer)
    modem.time_line = await port.ask(b"AT+CCLK?")
    mark = await port.ask(_MARK + b"?")
    is_connected = await modem.profile.details().check_gprs()
    modem.is_sms_ready = modem.is_sms_ready or modem.plain_charset is None
    # An announcement of a message may have been lost.
    modem.is_sms_due = True
    _judge(modem, is_connected, mark)


def _operator(line):
    """Name of `+COPS: mode[,format,"name"]`, "" when there is none; in one line."""
    if line.count(b'"') > 1:
        name = line[line.find(b'"') + 1 : line.rfind(b'"')]
    else:
        name = line.split(b",")[2].strip(b'" ') if line.count(b",") > 1 else b""
    from ovms.protocol.sms_text import decode_text

    return " ".join(decode_text(name).split())[:_NAME_LENGTH]


def _judge(modem, is_connected, mark):
    """Forgive old failures, or give up on a modem that gets nowhere."""
    status = modem.status
    profile = modem.profile
    is_echoing = modem.echoes is not None and modem.port.echoes != modem.echoes
    if is_echoing or (modem.is_marked and mark == _MARK_LOST):
        # It echoes although it was told not to, or started anew while nobody listened, as while
        # the ESP32 slept: it lost its settings.
        modem.restart("modem_forgetful", SET_UP)
    elif status.is_registered:
        # One that cannot be marked says 0 from the first look on, or nothing.
        modem.is_marked = modem.is_marked or mark == _MARK_KEPT
        status.net_state = states.NET_READY
        modem.polls = max(modem.polls, 0) + 1
        if modem.plain_charset is None and modem.polls > 1:
            modem.restart("sms_useless")
        elif modem.polls > _GOOD_POLLS:
            modem.failures = 0
    else:
        status.net_state = states.NET_SEARCHING
        modem.polls = min(modem.polls, 0) - 1
        if modem.polls < -_LOST_POLLS:
            modem.restart("network_lost")
    if is_connected:
        modem.tcp_limit = _TCP_FAILURES
    elif profile.failures >= modem.tcp_limit:
        profile.failures = 0
        modem.tcp_limit = min(2 * modem.tcp_limit, _TCP_FAILURES_MAX)
        modem.restart("gprs_useless")
