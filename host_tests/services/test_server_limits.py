"""What a server may have the module do: budgets of an hour, and codes that need the owner."""

import sys

from host_tests.services.commander_bench import Modem
from host_tests.services.owner_bench import UTC_S, Module
from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER
from host_tests.shims.expect import run
from ovms.parameters import AT_ASKS, AT_SETS, FROM_CABLE
from ovms.services.protocol_commands import answer
from ovms.status import REQUEST_REBOOT

LATER = "Too many of these within an hour. Try again later."
RESTARTED = "The module has just been restarted. Try again in a quarter of an hour."
ONLY_OWNER = "Only the owner's phone or the cable may change this."


class Attacked(Module):
    """A module with a modem for commands 40, 41 and 49."""

    def __init__(self):
        super().__init__()
        self.commander.modem = Modem()

    def after(self, seconds):
        self.status.uptime_s += seconds
        self.clock.utc += seconds

    def restarted(self, cause):
        """RAM and what is in it is gone."""
        self.restart()
        self.status.asked = None
        self.status.uptime_s = 20
        self.status.reset_cause = cause

    def cable(self, text):
        return run(answer(self.commander, text.encode(), False, FROM_CABLE))[0][0]

    def texts(self):
        return [text for _, text in self.told()]


def test_sms_of_a_malicious_server():
    module = Attacked()
    for i in range(25):
        reply = module.server(40, "+49900%d,x" % i)
        assert reply == ("c40,0" if i < 6 else "c40,1," + LATER), i
        module.after(10)
    assert len(module.commander.modem.calls) == 6
    sent = module.told()
    assert [number for number, _ in sent] == [OWNER]
    assert "more SMS (command 40) than the budget of an hour" in sent[0][1]
    assert len(sent[0][1]) <= 160
    # An hour later there is one for each that was then, and the owner is told on no other day.
    module.after(3600 - 250)
    assert module.server(40, "+49,x") == "c40,0"
    assert module.server(40, "+49,x") == "c40,1," + LATER
    module.after(3600)
    for i in range(8):
        assert module.server(40, "+49,x").startswith("c40,0" if i < 6 else "c40,1"), i
    assert module.texts() == []
    module.after(86400)
    for _ in range(7):
        module.server(40, "+49,x")
    assert len(module.texts()) == 1


def test_at_no_time_more_than_six_in_an_hour():
    module = Attacked()
    done_s = []
    pauses = (1, 599, 60, 7, 1200, 30, 400)
    for i in range(120 if sys.implementation.name != "cpython" else 2000):
        if module.server(40, "+49,x") == "c40,0":
            done_s.append(module.status.uptime_s)
        module.after(pauses[i % 7])
    assert len(done_s) > 50
    for i in range(6, len(done_s)):
        assert done_s[i] - done_s[i - 6] >= 3600


def test_ussd_has_a_budget():
    module = Attacked()
    replies = [module.server(41, "*100#") for _ in range(14)]
    assert replies == ["c41,0,Balance: 4.20"] * 12 + ["c41,1," + LATER] * 2
    assert "USSD codes (command 41)" in module.texts()[0]
    # Another budget than that of SMS; a refused code takes nothing from it.
    assert module.server(40, "+49,x") == "c40,0"
    module.after(3600)
    for _ in range(30):
        assert module.server(41, "**21*123#").startswith("c41,1,This code")
    assert module.server(41, "*100#").startswith("c41,0")


def test_a_restart_after_every_login():
    module = Attacked()
    assert module.server(5, "") == "c5,0"
    # The first one after power on is as ever; then four in an hour, in whatever words.
    module.restarted("hard reset")
    for _ in range(20):
        assert module.server(5, "") == "c5,1," + RESTARTED
        assert module.server(7, "RESET") == "c7,1," + RESTARTED
        assert not module.status.take_requests()
    assert "restarts (command 5)" in module.texts()[0]
    restarts = 0
    for _ in range(360):
        module.after(10)
        if module.server(5, "") == "c5,0":
            restarts += 1
            module.restarted("hard reset")
    assert restarts == 4 and module.texts() == []
    # His phone and the cable wait for nothing.
    assert module.send("RESET") == ""
    assert module.status.take_requests() == REQUEST_REBOOT
    assert module.cable("5") == "c5,0"


def test_a_restart_is_no_new_budget():
    for cause, sms, codes in (("hard reset", 3, 6), ("watchdog", 3, 6), ("power on", 6, 12)):
        module = Attacked()
        module.restarted(cause)
        for code, text, most in ((40, "+49,x", sms), (41, "*100#", codes)):
            done = [module.server(code, text) for _ in range(15)]
            assert len([reply for reply in done if reply.startswith("c%d,0" % code)]) == most
        module.after(3600)
        assert module.server(40, "+49,x") == "c40,0"


def test_the_owner_is_told_once_whatever_happens_between():
    module = Attacked()
    module.status.is_registered = False
    for _ in range(9):
        module.server(40, "+49,x")
    assert module.texts() == []
    # Neither another setting nor a restart loses it.
    module.send("MODULE CAR")
    module.restarted("hard reset")
    for _ in range(9):
        module.server(40, "+49,x")
    module.status.is_registered = True
    assert len(module.texts() + module.texts()) == 1
    module.restarted("hard reset")
    for _ in range(9):
        module.server(40, "+49,x")
    assert module.texts() == []


def test_without_the_time_once_is_once():
    module = Attacked()
    module.clock.utc = None
    module.config.utc_s = None
    module.clock.utc_s = lambda: None
    module.clock.utc = 0
    for _ in range(3):
        for _ in range(9):
            module.server(40, "+49,x")
        module.status.uptime_s += 4000
    assert len(module.texts()) == 1 and module.texts() == []


def test_the_cable_has_no_budget():
    module = Attacked()
    for _ in range(30):
        assert module.cable("40,+49,x") == "c40,0"
        assert module.cable("41,**21*123#") == "c41,0,Balance: 4.20"
    assert module.texts() == []


CHANGES = """**21*+4912345# *21*12345# **21*12345*11# *21# #21# ##21# **67*1# ##67#
**61*1*11*30# ##61# **62*1# ##62# **002*1# ##002# #002# **004*1# ##004# *33*1234# #33*1234#
**33*1234# *331*1234# *332*1# *35*1# #35*1# *351*1# #330*1# *333*1# #353*1# **03*330*1*2*2#
**03**1*2*2# **04*1*2*2# **042*1*2*2# **05*12345678*1*1# **052*1*2*2# *43# #43# *31# #31#
#31#+4912345 *31#12345 *30# *66*1# ***21*1# *#*21*1# #*21*1# *##21# **21*1 *21 ##21 *100##21#
*100#*21*1# *100#**21*1# *#100#*21*1# *#21#*21*1# *#06#**04*1*2*2# *100#21# **300# *75*1# *96#
*361# *37# *77# *76#"""

HARMLESS = """*100# *101# *100*1# *100*21# *111*2*1# *123# *135# *121*1*5# *3282# *#100# *#06#
*#21# *#002# *#61# *#43# *#31# *#33# *99# *777# *210# *216# *610# *0021# *5050# #100# *1# 1 2 42
*9# *200*330#"""


def test_codes_that_change_the_sim_need_the_owner():
    module = Attacked()
    config = module.config
    from ovms.services.server_limits import check_code

    def is_refused(code):
        try:
            check_code(config, code)
        except ValueError as error:
            assert "SUPPORT ON" in str(error) and "," not in str(error)
            return True
        return False

    for code in CHANGES.split():
        assert is_refused(code), code
    for code in HARMLESS.split():
        assert not is_refused(code), code
    for code in ("", "#", "*", "**", "*#", "##", "#" * 30, "*#" * 20):
        assert not is_refused(code), code
    # Through all of the module, with consent and without.
    assert module.server(41, " **21*+4912345# ").startswith("c41,1,This code changes call forw")
    assert module.server(41, "*100#") == "c41,0,Balance: 4.20"
    assert module.send("SUPPORT on") == "SUPPORT: ON"
    assert module.server(41, "**21*+4912345#") == "c41,0,Balance: 4.20"
    assert module.send("SUPPORT OFF") == "SUPPORT: OFF"
    assert module.server(41, "**21*+4912345#").startswith("c41,1,")


def test_only_the_owner_consents():
    module = Attacked()
    assert module.send("SUPPORT?") == "SUPPORT: OFF"
    assert module.server(7, "SUPPORT ON") == "c7,1," + ONLY_OWNER
    assert module.server(4, "42,ON").startswith("c4,1,")
    assert module.send("SUPPORT ON", STRANGER) == "Permission denied"
    assert module.send("SUPPORT %s ON" % PASSWORD, STRANGER) is None
    assert module.send("SUPPORT x") == "SUPPORT is ON or OFF."
    assert module.send("SUPPORT?") == "SUPPORT: OFF"
    assert module.send("SUPPORT ON") == "SUPPORT: ON"
    module.restart()
    assert module.send("SUPPORT?") == "SUPPORT: ON"
    # Nor does the server end what the owner wants.
    assert module.server(7, "SUPPORT OFF") == "c7,1," + ONLY_OWNER
    assert module.told() == []


def test_at_lines_of_the_server_only_ask():
    module = Attacked()
    modem = module.commander.modem
    for text, ask, level in (
        ("", module.server, AT_ASKS),
        ("ON", module.server, AT_SETS),
        ("", lambda code, line: module.cable("%d,%s" % (code, line)), AT_SETS),
    ):
        module.config.values[42] = text
        assert ask(49, "AT+CSQ") == "c49,0,+CSQ: 18.0\rOK"
        assert modem.levels.pop() == level


def test_what_is_remembered_is_small():
    module = Attacked()
    for _ in range(100):
        module.server(40, "+49,x")
        module.server(41, "*100#")
        module.after(100)
    assert len(module.status.asked) == 2
    assert max([len(times) for times in module.status.asked.values()]) <= 12
    assert len(module.config.get(43)) < 12 and module.clock.utc > UTC_S
