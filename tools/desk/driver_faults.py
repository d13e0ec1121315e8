"""What can go wrong with a modem, its SIM and its network, one thing at a time, for the driver.

Each is a scenario for `driver_bench.py`; the switches are those of `modem/fault_switches.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tools.desk.driver_bench import DriverBench
from tools.desk.modem.profile import Profile, Quirks, Timing, as_modem

_Switch = Sequence[object]
_MINUTE_S = 60.0
_SIM_PIN = 32
_ROUNDS = 1000
# Thirty messages are read, answered and deleted one by one.
_EMPTYING_S = 240.0
# Refused by a modem of another make, or of this one on another day.
_OPTIONAL = ("+CLTS", "+CSCLK", "+CMEE", "+IFC", "+CLIP", "+CSDH", "+COPS", "+CSQ", "+CGATT")


@dataclass(frozen=True)
class DriverFault:
    """strike: switches, each a name and its values, all at once. After lasts_s: mend.

    Without is_on the modem starts with the driver, and the fault strikes before. profile: makes
    the modem. check: what else must be true in the end, "" or a complaint.
    """

    name: str
    strike: Sequence[_Switch] = ()
    lasts_s: float = 0.0
    mend: Sequence[_Switch] = ()
    is_on: bool = True
    profile: Callable[[], Profile] = Profile
    parameters: dict[int, str] = field(default_factory=dict)
    check: Callable[[DriverBench], str] = lambda bench: ""


def _one_wrong_pin(bench: DriverBench) -> str:
    entered = bench.sent.count(b'AT+CPIN="')
    return "" if entered == 1 else f"{entered} PINs were entered"


def _empty_store(bench: DriverBench) -> str:
    store = bench.rig.modem.sms.store
    bench.until(lambda: not store.used, _EMPTYING_S)
    return f"{store.used} messages stay in the store" if store.used else ""


def _hung_up(bench: DriverBench) -> str:
    return "" if bench.rig.modem.calls.state is None else "the phone still rings"


def _first_word(*switches: _Switch) -> dict:
    """Options of a fault that is there before the driver's first word."""
    return {"strike": switches, "is_on": False}


def _minute(*switches: _Switch, mend: _Switch) -> dict:
    return {"strike": switches, "lasts_s": _MINUTE_S, "mend": (mend,)}


FAULTS = (
    # The SIM and the network.
    DriverFault(
        "SIM with a PIN that is known",
        is_on=False,
        profile=lambda: Profile(sim_pin="1234"),
        parameters={_SIM_PIN: "1234"},
    ),
    DriverFault(
        "SIM with another PIN, taken off after 60 s",
        is_on=False,
        profile=lambda: Profile(sim_pin="1234"),
        parameters={_SIM_PIN: "9999"},
        lasts_s=_MINUTE_S,
        mend=(("sim_unlock",),),
        check=_one_wrong_pin,
    ),
    DriverFault(
        "no SIM for 60 s from the start",
        **_minute(("no_sim", 1), mend=("no_sim", 0)) | {"is_on": False},
    ),
    DriverFault("SIM out for 60 s", **_minute(("no_sim", 1), mend=("no_sim", 0))),
    DriverFault("SIM busy at the start", **_first_word(("answer", "+CPIN", "+CME_ERROR:_14", 8))),
    DriverFault("unregistered for 60 s", **_minute(("reg", 0), mend=("reg", 1))),
    DriverFault("searching for 60 s", **_minute(("reg", 2), mend=("reg", 1))),
    DriverFault("denied by the network for 60 s", **_minute(("reg", 3), mend=("reg", 1))),
    DriverFault("no packet service for 60 s", **_minute(("reg", 0, "ps"), mend=("reg", 1))),
    DriverFault("roaming", (("reg", 5),)),
    DriverFault("no signal (CSQ 99)", (("csq", 99),)),
    DriverFault("network time with its zone", (("nitz",),)),
    # Start and power.
    DriverFault("dark at the start", is_on=False),
    DriverFault(
        "no answer for 60 s from the start", lasts_s=_MINUTE_S, **_first_word(("hang", 60.0))
    ),
    DriverFault(
        "wrong baud rate",
        is_on=False,
        profile=lambda: Profile(baud=9600),
        strike=(("host_baud", 115200),),
    ),
    DriverFault(
        "automatic baud rate, noise",
        is_on=False,
        profile=lambda: Profile(is_autobaud=True, has_boot_noise=True),
    ),
    DriverFault(
        "optional commands refused",
        **_first_word(*[("answer", name, "ERROR", _ROUNDS) for name in _OPTIONAL]),
    ),
    DriverFault("brown-out", (("brownout",),)),
    DriverFault(
        "brown-out, no word of it", (("brownout",),), profile=lambda: Profile(is_autobaud=True)
    ),
    DriverFault("brown-out in data", (("brownout", 2),)),
    *[
        DriverFault(f"brown-out at AT{name} of the start", **_first_word(("brownout_at", name)))
        for name in ("E", "+CMEE", "+CPIN", "+CMGF", "+CREG", "+CIPSHUT", "+CIICR", "+CIPSTART")
    ],
    *[
        DriverFault(f"brown-out at AT{name}", (("brownout_at", name),))
        for name in ("+CIPSEND", "+CIPRXGET", "+CMGR", "+CMGD", "+CMGS")
    ],
    DriverFault("brown-out at the minute's poll", (("brownout_at", "+CSQ"),), _MINUTE_S),
    DriverFault("switched off", (("power_off",),)),
    DriverFault("low supply for 30 s", (("supply", 3300),), 30.0, (("supply", 4000),)),
    # SMS.
    DriverFault("store full", (("store_full",),), check=_empty_store),
    DriverFault(
        "messages stored before the start",
        **_first_word(("stored", "+4930123456", "old"), ("stored", "+4930123456", "older")),
        check=_empty_store,
    ),
    DriverFault("SMS refused twice (+CMS ERROR)", (("sms_fail", 38, 2),)),
    DriverFault("SMS store refuses to be read", (("answer", "+CMGR", "+CMS_ERROR:_321", 2),)),
    DriverFault("incoming call", (("call",),), check=_hung_up),
    DriverFault("USSD answer unasked", (("urc", "now", '+CUSD: 1,"Menu\r\n1 Balance\r\nOK",15'),)),
    # TCP.
    DriverFault("lost prompt", (("lost_prompt",),)),
    DriverFault("PDP context lost", (("pdp_deact",),)),
    DriverFault(
        "GPRS refused for 60 s",
        **_minute(("apn_refused", 1), ("pdp_deact",), mend=("apn_refused", 0)),
    ),
    DriverFault("closed by the server", (("server_close",),)),
    DriverFault("closed, told twice", (("server_close",), ("urc", "now", "CLOSED"))),
    DriverFault("closed while sending", (("close_sending",),)),
    DriverFault(
        "closed, unread data lost",
        (("server_close",),),
        profile=lambda: Profile(quirks=Quirks(read_after_close_fails=True)),
    ),
    DriverFault(
        "data received while sending",
        is_on=False,
        profile=lambda: Profile(timing=Timing(ack_ms=3000)),
    ),
    DriverFault(
        "a modem that pushes its data",
        **_first_word(("answer", "+CIPRXGET", "ERROR", _ROUNDS)),
    ),
    DriverFault("half a segment sent", (("eat_input", 2),)),
    DriverFault("half a segment received", (("cut_data", 1),)),
    DriverFault("SEND FAIL", (("send_fail",),)),
    DriverFault("sending refused (+CME ERROR)", (("answer", "+CIPSEND", "+CME_ERROR:_3"),)),
    DriverFault("reading refused (+CME ERROR)", (("answer", "+CIPRXGET", "+CME_ERROR:_3"),)),
    DriverFault(
        "CONNECT FAIL for 60 s",
        **_minute(("connect", "fail"), ("server_close",), mend=("connect", "normal")),
    ),
    DriverFault(
        "connecting hangs for 60 s",
        **_minute(("connect", "hang"), ("server_close",), mend=("connect", "normal")),
    ),
    DriverFault(
        "ALREADY CONNECT", (("answer", "+CIPSTART", "ERROR|ALREADY_CONNECT"), ("server_close",))
    ),
    DriverFault(
        "peer gone without a word for 60 s",
        **_minute(("tcp_dead", "unacked"), mend=("tcp_dead", "off")),
    ),
    # The line between the two.
    DriverFault("every byte alone", (("bytes", 2.0),)),
    DriverFault("bursts with a URC inside", (("bursts", 300),)),
    DriverFault("a byte every 100 ms", (("bytes", 100.0),)),
    DriverFault("five times as slow", (("slow", 5.0),)),
    DriverFault("twenty times as slow", (("slow", 20.0),)),
    DriverFault(
        "URC inside an answer",
        (("urc", "answer"), ("urc", "ok"), ("urc", "prompt"), ("urc", "send_ok")),
    ),
    DriverFault("noise", (("noise", 500, 1),)),
    DriverFault(
        "garbage between bytes for 60 s", **_minute(("garbage", 0.01, 1), mend=("clear",))
    ),
    DriverFault("bytes lost for 60 s", **_minute(("loss", 0.01, 1), mend=("clear",))),
    DriverFault("no answer to one command", (("answer", "+CIPSEND", "-"),)),
    DriverFault("an OK 8 s too late", (("late", 8.0),)),
    DriverFault("hangs for 60 s", (("hang", 60.0),), _MINUTE_S),
    DriverFault("hangs for 150 s", (("hang", 150.0),), 150.0),
    DriverFault("echo back on", (("echo", 1),)),
)


# What a SIM7000 calls it, and what it has not.
_SIM7000_WORDS = {
    "+CIPSHUT": "+CGATT",
    "+CIICR": "+CNACT",
    "+CIPSTART": "+CAOPEN",
    "+CIPSEND": "+CASEND",
    "+CIPRXGET": "+CARECV",
    "CLOSED": "+CASTATE: 0,0",
    "ERROR|ALREADY_CONNECT": "+CAOPEN:_0,4|OK",
    "CONNECT FAIL": "+CAOPEN: 0,27",
    "ALREADY CONNECT": "+CAOPEN: 0,4",
}
_SIM800_ONLY = ("incoming call", "a modem that pushes its data", "closed, unread data lost")
_SIM7000_ONLY = (
    DriverFault("hangs until its power is cut", (("hung",),)),
    DriverFault(
        "OK before +CAOPEN",
        is_on=False,
        profile=lambda: Profile(quirks=Quirks(opens_ok_first=True)),
    ),
    DriverFault("data thrown away by a close", (("server_close",),)),
)


def faults_of(modem: str) -> tuple[DriverFault, ...]:
    """The faults of a modem, in its own words."""
    if modem == "SIM800":
        return FAULTS
    found = [fault for fault in FAULTS if fault.name not in _SIM800_ONLY]
    return tuple(_as_sim7000(fault) for fault in (*found, *_SIM7000_ONLY))


def _as_sim7000(fault: DriverFault) -> DriverFault:
    name = fault.name
    for old, new in _SIM7000_WORDS.items():
        name = name.replace(old, new)
    strike = [[_SIM7000_WORDS.get(str(v), v) for v in switch] for switch in fault.strike]
    return replace(
        fault, name=name, strike=strike, profile=lambda: as_modem(fault.profile(), "SIM7000")
    )
