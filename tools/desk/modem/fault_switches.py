"""The faults by name, for the desk's `FAULT name [arguments]` and for scenarios.

Every switch is a function whose parameters are its arguments; their annotations convert text.
"""

import inspect
from collections.abc import Callable

from tools.desk.modem.faults import CONNECT_MODES, DEAD_MODES, POINTS
from tools.desk.modem.sim import is_pin

_INJECTED_TEXT = '+CMTI: "SM",30'


class FaultError(ValueError):
    """The fault is unknown, its arguments are wrong, or it cannot happen now."""


def apply_fault(modem, name, *values, **named):
    """Switch fault `name`; text arguments are converted. FaultError with one sentence if not."""
    switch = SWITCHES.get(name.lower())
    if switch is None:
        raise FaultError(f"Unknown fault {name!r}; known are {', '.join(sorted(SWITCHES))}.")
    signature = inspect.signature(switch)
    try:
        bound = signature.bind(modem, *values, **named)
        for key, parameter in signature.parameters.items():
            if key in bound.arguments and isinstance(bound.arguments[key], str):
                bound.arguments[key] = parameter.annotation(bound.arguments[key])
    except (TypeError, ValueError) as error:
        raise FaultError(f"Usage: FAULT {usage(name)}.") from error
    switch(*bound.args, **bound.kwargs)


def usage(name):
    """`name` with its arguments, optional ones in brackets."""
    words = [name.lower()]
    for parameter in list(inspect.signature(SWITCHES[name.lower()]).parameters.values())[1:]:
        is_required = parameter.default is inspect.Parameter.empty
        words.append(parameter.name if is_required else f"[{parameter.name}]")
    return " ".join(words)


def _check(value, allowed, what):
    if value not in allowed:
        raise FaultError(f"{what} must be one of {', '.join(allowed)}.")


def _check_range(value, low, high, what):
    if not low <= value <= high:
        raise FaultError(f"{what} must be between {low} and {high}.")


# ---- the wire ----


def clear(modem):
    modem.faults.clear()
    modem.line.reset()
    modem.tasks.slowness = 1.0


def single_bytes(modem, gap_ms: float = 1.0):
    _check_range(gap_ms, 0, 1000, "gap_ms")
    modem.line.set_shape(byte_gap_ms=gap_ms)


def bursts(modem, size: int = 300, urc: str = _INJECTED_TEXT):
    _check_range(size, 1, 100000, "size")
    modem.line.set_shape(burst_bytes=size, burst_urc=f"\r\n{urc}\r\n".encode() if urc else b"")


def loss(modem, rate: float, seed: int = 0):
    _check_range(rate, 0, 1, "rate")
    modem.line.seed(seed)
    modem.line.loss_rate = rate


def garbage(modem, rate: float, seed: int = 0):
    _check_range(rate, 0, 1, "rate")
    modem.line.seed(seed)
    modem.line.garbage_rate = rate


def noise(modem, count: int = 20, seed: int = 0):
    _check_range(count, 1, 10000, "count")
    modem.line.noise(count, seed)


def host_baud(modem, rate: int):
    modem.line.host_baud = rate or None


# ---- answers ----


def slow(modem, factor: float = 10.0):
    _check_range(factor, 0, 1000, "factor")
    modem.tasks.slowness = factor


def urc(modem, point: str, text: str = _INJECTED_TEXT, count: int = 1):
    if point == "now":
        modem.urc(text)
        return
    _check(point, POINTS, "point")
    modem.faults.add_urc(point, text, count)


def answer(modem, command: str, text: str, count: int = 1):
    """`|` in the text ends a line; `-` is no answer at all."""
    _check_range(count, 1, 1000, "count")
    modem.faults.add_answer(command.upper(), text.replace("_", " "), count)


def late(modem, seconds: float = 8.0, count: int = 1):
    """Final results come so much later, while the modem hears nothing."""
    modem.faults.late_ms = seconds * 1000
    modem.faults.add_count("late", count)


def echo(modem, is_on: int = 1):
    """As after a restart that nobody noticed."""
    modem.settings.echo = int(bool(is_on))


def hang(modem, seconds: float = 60.0):
    modem.faults.hang_until_ms = modem.tasks.now_ms() + seconds * 1000


def hung(modem):
    """It hears and says nothing until it is started anew."""
    modem.is_hung = True


def lost_prompt(modem, count: int = 1):
    modem.faults.add_count("lost_prompt", count)


# ---- supply and SIM ----


def brownout(modem, after_bytes: int = -1):
    """At once, or during the next data entry that reaches `after_bytes`."""
    if after_bytes >= 0:
        modem.faults.brown_out_after_bytes = after_bytes
    else:
        modem.brown_out()


def brownout_at(modem, command: str):
    modem.faults.brown_out_at(command.upper())


def power_off(modem):
    modem.power_off()


def no_sim(modem, is_missing: int = 1):
    modem.sim.set_inserted(not is_missing)


def sim_pin(modem, pin: str):
    """Lock the card with `pin`; the module asks for it at its next start."""
    if not is_pin(pin):
        raise FaultError("A PIN has 4 to 8 digits.")
    modem.sim.set_pin(pin)


# ---- network ----


def sim_unlock(modem):
    """Its owner takes the PIN off the card."""
    modem.sim.unlock()


def supply(modem, millivolts: int):
    modem.set_supply_mv(millivolts)


def reg(modem, stat: int, domain: str = "both"):
    _check_range(stat, 0, 5, "stat")
    _check(domain, ("both", "cs", "ps"), "domain")
    modem.network.set_coverage(stat, domain)


def csq(modem, rssi: int = 99):
    if rssi != 99:
        _check_range(rssi, 0, 31, "rssi")
    modem.network.rssi = rssi


def apn_refused(modem, is_refused: int = 1):
    modem.faults.apn_refused = bool(is_refused)


def pdp_deact(modem):
    if not modem.ip.deactivate():
        raise FaultError("No GPRS context is up, so none can be lost.")


def nitz(modem):
    modem.network.send_time()


# ---- TCP ----


def connect(modem, mode: str = "hang"):
    _check(mode, CONNECT_MODES, "mode")
    modem.faults.connect_mode = mode


def tcp_dead(modem, mode: str = "acked"):
    """acked: something answers for the peer; unacked: no answer, given up after 645 s."""
    _check(mode, DEAD_MODES, "mode")
    modem.faults.tcp_dead = None if mode == "off" else mode


def server_close(modem):
    if not modem.ip.close_by_peer():
        raise FaultError("No TCP connection is open, so none can be closed.")


def send_fail(modem, count: int = 1):
    modem.faults.add_count("send_fail", count)


def close_sending(modem, count: int = 1):
    """The peer closes while the host enters what is to be sent."""
    modem.faults.add_count("close_sending", count)


def eat_input(modem, count: int):
    """The modem misses the first `count` bytes of the next data that is entered."""
    _check_range(count, 1, 1460, "count")
    modem.faults.add_count("eat_input", count)


def cut_data(modem, count: int = 1):
    """Only the first half of the next `count` pieces of received data reaches the host."""
    modem.faults.add_count("cut_data", count)


# ---- SMS ----


def sms_fail(modem, code: int = 500, count: int = 1):
    modem.faults.fail_sms(code, count)


def call(modem, number: str = "+4915112345678"):
    if not modem.calls.incoming(number):
        raise FaultError("The call did not get through: module busy or not registered.")


def stored(modem, number: str, text: str):
    """A message of yesterday in the store, without a word."""
    modem.sms.fill_store(number, text.replace("_", " "), 1)


def store_full(modem, number: str = "+4930123456", text: str = "full"):
    modem.sms.fill_store(number, text)


SWITCHES: dict[str, Callable[..., None]] = {
    "answer": answer,
    "bytes": single_bytes,
    "brownout": brownout,
    "brownout_at": brownout_at,
    "bursts": bursts,
    "call": call,
    "clear": clear,
    "close_sending": close_sending,
    "connect": connect,
    "csq": csq,
    "cut_data": cut_data,
    "eat_input": eat_input,
    "echo": echo,
    "apn_refused": apn_refused,
    "garbage": garbage,
    "hang": hang,
    "host_baud": host_baud,
    "hung": hung,
    "late": late,
    "loss": loss,
    "lost_prompt": lost_prompt,
    "nitz": nitz,
    "no_sim": no_sim,
    "noise": noise,
    "pdp_deact": pdp_deact,
    "power_off": power_off,
    "reg": reg,
    "send_fail": send_fail,
    "server_close": server_close,
    "sim_pin": sim_pin,
    "sim_unlock": sim_unlock,
    "slow": slow,
    "sms_fail": sms_fail,
    "store_full": store_full,
    "stored": stored,
    "supply": supply,
    "tcp_dead": tcp_dead,
    "urc": urc,
}
