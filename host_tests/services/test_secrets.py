"""No list, no report, no error and no log tells a password; flash keeps none for nothing."""

from host_tests.fakes.fake_flash import FakeFlash
from host_tests.services.console_bench import Desk
from host_tests.services.owner_bench import Module
from host_tests.services.sms_bench import OWNER, STRANGER
from host_tests.shims.expect import run
from ovms import crash, faults
from ovms.config import Config
from ovms.drivers.store import Store
from ovms.log import Log
from ovms.parameters import FROM_CABLE, FROM_OWNER, STORED
from ovms.services.protocol_commands import answer
from ovms.services.sms.commands import names

# Of each, what no other text has in it: module, APN, server, SIM, broker; and the one before.
PASSWORDS = {1: "Zq1module", 7: "Zq7apn", 9: "Zq9server", 32: "90817263", 39: "Zq39broker"}
PASSWORDS.update({45: "Zq45wifi", 47: "Zq47wifi", 49: "Zq49wifi"})
BEFORE = "Zq0before"
HIDDEN = list(PASSWORDS.values()) + [BEFORE]
# Those that somebody answers with `****`: one of 4 digits would be seen by what is missing.
MASKED = [text for text in HIDDEN if text != PASSWORDS[32]]


def set_up(module):
    config = module.config
    before = {0: OWNER, 1: BEFORE, 4: "ovms.example", 37: "b.example", 38: "me"}
    before.update({44: "One", 46: "Two", 48: "Three"})
    config.apply(before, True, FROM_OWNER)
    config.apply(PASSWORDS, True, FROM_OWNER)
    assert BEFORE in config.get(36)
    return module


def told_nothing(text, where):
    for secret in HIDDEN:
        assert secret not in text, (where, secret)


def test_no_sms_command_tells_one():
    module = set_up(Module())
    count = 0
    for name in names(module.sms)[0]:
        for text in (name, name.rstrip("?") + "?", name + " x", name.rstrip("?") + "? x y"):
            reply = module.send(text)
            told_nothing(reply or "", text)
            count += reply is not None
            # What it changed is as it was.
            module.config.apply(PASSWORDS, True, FROM_CABLE)
            module.config.apply({0: OWNER}, True, FROM_CABLE)
    assert count > 60
    told_nothing(str(module.told()), "guard")


def test_no_protocol_command_tells_one():
    module = set_up(Module())
    for code in range(1, 60):
        for text in ("%d" % code, "%d,0" % code, "%d,9" % code, "%d,1,2" % code, "%d,?" % code):
            messages = run(answer(module.commander, text.encode(), False))[0]
            told_nothing(str(messages), text)
            module.config.apply(PASSWORDS, True, FROM_CABLE)
    rows = run(answer(module.commander, b"3", False))[0]
    assert len(rows) == 32 and rows[9] == "c3,0,9,32,****"


def test_no_line_of_the_console_tells_one():
    desk = Desk()
    set_up(desk.bench)
    lines = ["HELP", "?", "DIAG", "GET", "M 1", "M 3", "S SUMMARY", "S DIAG", "BEGIN"]
    lines += ["GET %d" % n for n in range(-1, STORED + 2)]
    lines += ["SET %d=%s" % (n, text) for n, text in PASSWORDS.items()] + ["CANCEL"]
    lines += ["SET %d=%s" % (n, text) for n, text in PASSWORDS.items()]
    for line in lines:
        told_nothing(desk.handle(line), line)
    assert "1:****" in desk.handle("GET 1")


def test_no_error_no_crash_and_no_log_tells_one():
    module = set_up(Module())
    text = "login with %s failed" % " and ".join(MASKED)
    for config in (module.config, Config(module.store)):
        error = None
        try:
            raise ValueError(text)
        except ValueError as raised:
            error = raised
        faults.keep(module.status, config, "task", error)
        flash = FakeFlash()
        crash.save(config, module.status, error, flash)
        kept = [bytes(data).decode() for data in flash.files.values()]
        assert kept and "ValueError" in kept[0]
        told = []
        log = Log(told.append, module.clock)
        log.config = config
        log.error("%s", text)
        for told_text in kept + told + faults.lines(module.status) + crash.shown(flash):
            for secret in MASKED:
                assert secret not in told_text
        assert "****" in told[0]


def test_no_answer_of_the_modem_tells_one():
    module = set_up(Module())

    class Modem:
        async def command(self, at_command, level):
            return "\n".join(MASKED) + "\nOK"

    module.commander.modem = Modem()
    reply = module.server(49, "AT+CSTT?")
    told_nothing(reply, 49)
    assert reply.endswith("OK") and "****" in reply


def test_a_service_that_quotes_one_is_not_passed_on():
    module = set_up(Module())
    module.status.is_server_connected = True
    module.send("Ihr Guthaben betraegt wenig", "22922")
    assert len(module.pushes) == 1
    for secret in MASKED:
        module.send("Ihr Guthaben %s betraegt wenig" % secret.lower(), "22922")
    assert len(module.pushes) == 1


def flash_text(flash):
    return b"".join([bytes(data) for data in flash.files.values()]).decode()


def test_flash_keeps_an_old_password_for_a_day_and_no_longer():
    module = Module()
    flash = FakeFlash()
    module.store = Store("ovms.cfg", flash)
    module.restart()
    set_up(module)
    # `UNDO` wants it; the generation before has it only there.
    assert flash_text(flash).count(BEFORE) == 2
    module.clock.utc += 86000
    module.send("MODULE CAR")
    assert BEFORE in flash_text(flash)
    module.clock.utc += 500
    assert module.send("UNDO", STRANGER) != "" and module.config.get(36)
    module.send("MODULE CAR2")
    module.send("MODULE CAR3")
    assert BEFORE not in flash_text(flash) and module.config.get(36) == ""
    assert PASSWORDS[1] in flash_text(flash)
    assert module.send("UNDO") == "Nothing was changed within a day."


def test_without_the_time_the_day_is_not_over():
    module = Module()
    module.config.utc_s = None
    set_up(module)
    module.send("MODULE CAR")
    assert BEFORE in module.config.get(36)
