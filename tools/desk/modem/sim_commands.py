"""Commands that ask the SIM: lock, numbers, phone book."""

from tools.desk.modem.at_line import EXECUTE, READ, TEST, WRITE
from tools.desk.modem.basic_commands import saved_switch
from tools.desk.modem.errors import CME_NOT_ALLOWED, CommandError
from tools.desk.modem.pdu import type_of_address
from tools.desk.modem.sim import PIN, PUK


def cpin_read(modem, call):
    modem.sim.require_readable()
    modem.info(f"+CPIN: {modem.sim.state}")


def cpin_write(modem, call):
    modem.sim.require_readable()
    first, second = call.text(0, ""), call.text(1)
    if modem.sim.state == PIN and second is None:
        modem.sim.enter_pin(first)
    elif modem.sim.state == PUK and second is not None:
        modem.sim.enter_puk(first, second)
    else:
        raise CommandError(cme=CME_NOT_ALLOWED)


def spic(modem, call):
    modem.info(f"+SPIC: {modem.sim.pin_tries},{modem.sim.puk_tries},0,0")


def ccid(modem, call):
    if not modem.sim.is_inserted:
        raise CommandError()
    modem.info(modem.profile.identity.iccid)


def cimi(modem, call):
    modem.sim.require_ready()
    modem.info(modem.profile.identity.imsi)


def cnum(modem, call):
    modem.sim.require_ready()
    number = modem.profile.identity.own_number
    modem.info(f'+CNUM: "","{number}",{type_of_address(number)}')


def csmins_read(modem, call):
    modem.info(f"+CSMINS: {modem.settings.csmins},{int(modem.sim.is_inserted)}")


def cpbs_write(modem, call):
    modem.sim.require_ready()
    if call.text(0) not in ("SM", "ON"):
        raise CommandError(cme=CME_NOT_ALLOWED)


def cpbf_write(modem, call):
    """Entries whose name begins with the text, ignoring capitals."""
    modem.sim.require_ready()
    wanted = call.text(0, "").lower()
    for index, (number, name) in enumerate(modem.profile.phonebook, 1):
        if name.lower().startswith(wanted):
            modem.info(f'+CPBF: {index},"{number}",{type_of_address(number)},"{name}"')


def cpbr_test(modem, call):
    modem.info("+CPBR: (1-250),40,14")


def cpbr_write(modem, call):
    modem.sim.require_ready()
    first = call.number(0)
    last = call.number(1, first)
    for index, (number, name) in enumerate(modem.profile.phonebook, 1):
        if first <= index <= last:
            modem.info(f'+CPBR: {index},"{number}",{type_of_address(number)},"{name}"')


COMMANDS = {
    "+CPIN": {READ: cpin_read, WRITE: cpin_write},
    "+SPIC": {EXECUTE: spic},
    "+CCID": {EXECUTE: ccid},
    "+CIMI": {EXECUTE: cimi},
    "+CNUM": {EXECUTE: cnum},
    "+CSMINS": {
        READ: csmins_read,
        WRITE: saved_switch("+CSMINS", "csmins", (0, 1))[WRITE],
    },
    "+CPBS": {WRITE: cpbs_write},
    "+CPBF": {WRITE: cpbf_write},
    "+CPBR": {WRITE: cpbr_write, TEST: cpbr_test},
}
