"""V.250 commands, identity, power, rate and other switches of the module itself."""

from tools.desk.modem.at_line import EXECUTE, READ, TEST, WRITE
from tools.desk.modem.errors import CME_UNSUPPORTED, CommandError
from tools.desk.modem.results import NO_RESULT

RATES = (0, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800)
_FULL_MV, _EMPTY_MV = 4200, 3400


def _basic_switch(attribute):
    """ATE, ATQ, ATV: the digit is the value, no digit means 0."""

    def execute(modem, call):
        value = call.number(0, 0)
        if value not in (0, 1):
            raise ValueError(attribute)
        setattr(modem.settings, attribute, value)

    return {EXECUTE: execute}


def saved_switch(name, attribute, allowed):
    """`name`=value and `name`? for a numeric saved setting."""

    def read(modem, call):
        modem.info(f"{name}: {getattr(modem.settings, attribute)}")

    def write(modem, call):
        if call.number(0) not in allowed:
            raise ValueError(name)
        setattr(modem.settings, attribute, call.number(0))

    return {READ: read, WRITE: write}


def _nothing(modem, call):
    """Accepted without an effect that the host could see."""


def _identity(attribute, prefix=""):
    def execute(modem, call):
        modem.info(prefix + getattr(modem.profile.identity, attribute))

    return {EXECUTE: execute}


def gsv(modem, call):
    identity = modem.profile.identity
    modem.info(f"SIMCOM_Ltd\r\n{identity.product}\r\nRevision:{identity.revision}")


def store_profile(modem, call):
    modem.save_settings()


def reset_profile(modem, call):
    modem.restore_settings(to_factory=call.name == "&F")


def register_read(modem, call):
    modem.info(f"{modem.session.registers.get(call.text(0), 0):03d}")


def register_write(modem, call):
    if not 0 <= call.number(1, -1) <= 255:
        raise ValueError("S register")
    modem.session.registers[call.text(0)] = call.number(1)


def ipr_read(modem, call):
    modem.info(f"+IPR: {modem.settings.baud}")


def ipr_write(modem, call):
    rate = call.number(0)
    if rate not in RATES:
        raise ValueError("IPR")
    modem.settings.baud = rate
    if rate:
        modem.after_line(lambda: setattr(modem, "baud", rate))


def ipr_test(modem, call):
    modem.info("+IPR: (),(" + ",".join(str(rate) for rate in RATES) + ")")


def ifc_read(modem, call):
    modem.info("+IFC: %d,%d" % modem.settings.ifc)


def ifc_write(modem, call):
    values = (call.number(0, 0), call.number(1, 0))
    if not all(value in (0, 1, 2) for value in values):
        raise ValueError("IFC")
    modem.settings.ifc = values


def cbc(modem, call):
    share = (modem.supply_mv - _EMPTY_MV) * 100 // (_FULL_MV - _EMPTY_MV)
    modem.info(f"+CBC: 0,{min(100, max(0, share))},{modem.supply_mv}")


def cbatchk_write(modem, call):
    if call.number(0) not in (0, 1):
        raise ValueError("CBATCHK")
    modem.session.cbatchk = call.number(0)


def cpowd(modem, call):
    """0: dark at once; 1: says goodbye. No OK either way."""
    if call.number(0) not in (0, 1):
        raise ValueError("CPOWD")
    yield modem.timing.power_down_ms
    if call.number(0) == 1:
        modem.shut_down()
    else:
        modem.power_off()
    return NO_RESULT


def cmux_write(modem, call):
    """Multiplexing is not modelled."""
    raise CommandError(cme=CME_UNSUPPORTED)


COMMANDS = {
    "E": _basic_switch("echo"),
    "Q": _basic_switch("quiet"),
    "V": _basic_switch("verbose"),
    "X": {EXECUTE: _nothing},
    "&C": {EXECUTE: _nothing},
    "&D": {EXECUTE: _nothing},
    "&W": {EXECUTE: store_profile},
    "&F": {EXECUTE: reset_profile},
    "Z": {EXECUTE: reset_profile},
    "S": {READ: register_read, WRITE: register_write},
    "I": _identity("product"),
    "+GMI": {EXECUTE: lambda modem, call: modem.info("SIMCOM_Ltd")},
    "+GMM": _identity("model"),
    "+CGMM": _identity("model"),
    "+GMR": _identity("revision", "Revision:"),
    "+CGMR": _identity("revision", "Revision:"),
    "+GSV": {EXECUTE: gsv},
    "+GSN": _identity("imei"),
    "+CGSN": _identity("imei"),
    "+IPR": {READ: ipr_read, WRITE: ipr_write, TEST: ipr_test},
    "+IFC": {READ: ifc_read, WRITE: ifc_write},
    "+ICF": {WRITE: _nothing},
    "+CMEE": saved_switch("+CMEE", "cmee", (0, 1, 2)),
    "+CSCLK": saved_switch("+CSCLK", "csclk", (0, 1, 2)),
    "+CLTS": saved_switch("+CLTS", "clts", (0, 1)),
    "+CIURC": {WRITE: _nothing},
    "+CFGRI": {WRITE: _nothing},
    "+CNETLIGHT": {WRITE: _nothing},
    "+SLEDS": {WRITE: _nothing},
    "+EXUNSOL": {WRITE: _nothing},
    "+CGEREP": {WRITE: _nothing},
    "+CTZU": {WRITE: _nothing},
    "+CBC": {EXECUTE: cbc},
    "+CBATCHK": {WRITE: cbatchk_write},
    "+CPOWD": {WRITE: cpowd},
    "+CMUX": {WRITE: cmux_write},
}
