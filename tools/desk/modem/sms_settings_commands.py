"""SMS settings: format, character set, indications, stores (SIM800 AT manual V1.12, chapter 4)."""

from tools.desk.modem.at_line import READ, TEST, WRITE
from tools.desk.modem.errors import CMS_OPERATION_NOT_ALLOWED, CommandError
from tools.desk.modem.gsm_text import CHARACTER_SETS

_STORES = ("SM", "ME", "MT")
_CNMI_LIMITS = (3, 3, 3, 2, 1)


def cmgf_read(modem, call):
    modem.info(f"+CMGF: {modem.settings.cmgf}")


def cmgf_write(modem, call):
    modem.sms.require_ready()
    if call.number(0) not in (0, 1):
        raise CommandError(cms=CMS_OPERATION_NOT_ALLOWED)
    modem.settings.cmgf = call.number(0)


def cscs_read(modem, call):
    modem.info(f'+CSCS: "{modem.settings.cscs}"')


def cscs_write(modem, call):
    if call.text(0) not in CHARACTER_SETS:
        raise ValueError("CSCS")
    modem.settings.cscs = call.text(0)


def cscs_test(modem, call):
    modem.info("+CSCS: (" + ",".join(f'"{name}"' for name in CHARACTER_SETS) + ")")


def csdh_read(modem, call):
    modem.info(f"+CSDH: {modem.session.csdh}")


def csdh_write(modem, call):
    if call.number(0, 0) not in (0, 1):
        raise ValueError("CSDH")
    modem.session.csdh = call.number(0, 0)


def csmp_read(modem, call):
    modem.info("+CSMP: %d,%d,%d,%d" % modem.session.csmp)


def csmp_write(modem, call):
    values = tuple(call.number(i, old) for i, old in enumerate(modem.session.csmp))
    if not all(0 <= value <= 255 for value in values):
        raise ValueError("CSMP")
    modem.session.csmp = values


def cnmi_read(modem, call):
    modem.info("+CNMI: %d,%d,%d,%d,%d" % modem.settings.cnmi)


def cnmi_write(modem, call):
    modem.sms.require_ready()
    values = tuple(call.number(index, 0) for index in range(5))
    if not all(0 <= value <= limit for value, limit in zip(values, _CNMI_LIMITS, strict=True)):
        raise ValueError("CNMI")
    modem.settings.cnmi = values


def cpms_read(modem, call):
    modem.sms.require_ready()
    store = modem.sms.store
    parts = (f'"{name}",{store.used},{store.capacity}' for name in modem.session.store_names)
    modem.info("+CPMS: " + ",".join(parts))


def cpms_write(modem, call):
    """One store of the SIM answers to all three names."""
    modem.sms.require_ready()
    names = [call.text(i, old) for i, old in enumerate(modem.session.store_names)]
    if any(name not in _STORES for name in names):
        raise CommandError(cms=CMS_OPERATION_NOT_ALLOWED)
    modem.session.store_names = names
    store = modem.sms.store
    modem.info("+CPMS: " + ",".join([f"{store.used},{store.capacity}"] * 3))


def csca_read(modem, call):
    modem.sim.require_ready()
    modem.info(f'+CSCA: "{modem.profile.identity.sms_centre}",145')


def csms_read(modem, call):
    modem.info(f"+CSMS: {modem.session.sms_service},1,1,1")


def csms_write(modem, call):
    if call.number(0) not in (0, 1):
        raise ValueError("CSMS")
    modem.session.sms_service = call.number(0)
    modem.info("+CSMS: 1,1,1")


COMMANDS = {
    "+CMGF": {READ: cmgf_read, WRITE: cmgf_write},
    "+CSCS": {READ: cscs_read, WRITE: cscs_write, TEST: cscs_test},
    "+CSDH": {READ: csdh_read, WRITE: csdh_write},
    "+CSMP": {READ: csmp_read, WRITE: csmp_write},
    "+CNMI": {READ: cnmi_read, WRITE: cnmi_write},
    "+CPMS": {READ: cpms_read, WRITE: cpms_write},
    "+CSCA": {READ: csca_read},
    "+CSMS": {READ: csms_read, WRITE: csms_write},
}
