"""Every SMS command of the framework: its exact reply, its effect, its refusals."""

from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench
from host_tests.shims.expect import run
from ovms.status import (
    NET_GPRS_START,
    NET_READY,
    REQUEST_MODEM_RESTART,
    REQUEST_REBOOT,
    REQUEST_RECONNECT,
    REQUEST_VEHICLE_RESTART,
)
from ovms.vehicle.base import Vehicle
from ovms.vehicle.types import TYPES

NOTIFICATIONS = "Notifications: SMS or IP or SMSIP or - for none; SMS!IP for reports by IP only."


class Car(Vehicle):
    TYPE = "RT"
    SMS_NAME = "TWIZY"
    VERSION = "3.0"

    async def sms_range(self, arguments, is_query):
        return "Range %s %s\rline" % ("?" if is_query else "=", ",".join(arguments))

    async def sms_lock(self, arguments, is_query):
        raise ValueError("Release the brake first.")

    def sms_commands(self):
        return (
            ("RANGE", 3, Car.sms_range),
            ("LOCK", 2, Car.sms_lock),
            ("OPEN", 1, Car.sms_range),
        )


def test_a_mask_is_no_value():
    for text in (
        "PASS ****",
        "SERVER a.example **** P",
        "GPRS web user ****",
        "MODULE ****",
        "PARAMS K IP a.example web - **** CAR ****",
        "AP %s +4912345 ****" % PASSWORD,
    ):
        bench = Bench()
        bench.config.apply({4: "host", 5: "net", 7: "apnpw", 8: "CAR", 9: "netpw"})
        before = list(bench.config.values)
        assert bench.send(text).startswith("**** only stands for a password"), text
        assert bench.config.values == before and not bench.status.take_requests()


def test_the_guides_set_up_sequence_works_literally():
    bench = Bench(is_new=True, car_class=Car)
    assert bench.send("REGISTER OVMS") == "Your phone has been registered as the owner."
    assert bench.config.get(0) == OWNER
    assert bench.send("PASS MYPASS") == "Module password has been changed."
    assert bench.config.get(1) == "MYPASS"
    assert bench.send("MODULE TWIZY42 K SMSIP RT") == (
        "Module:\r\n VehicleID:TWIZY42\r\n Units:K\r\n Notifications:SMSIP"
        "\r\n VehicleType:RT\r\n CarType:RT"
    )
    assert bench.send("GPRS internet user pw") == (
        "GPRS:\n APN:internet\n User:user\n Password:****\n DNS:\n GSM:\n SQ:99"
        "\r\n GSM/GPRS: Not connected (0x0001)"
    )
    assert bench.send("SERVER 54.243.136.230 NETPASS P") == (
        "Server:\r\n IP:54.243.136.230\r\n Password:****\r\n Paranoid:P"
        "\r\n Link:none, TLS is tried first"
    )
    assert [bench.config.get(n) for n in range(2, 11)] == [
        "K",
        "SMSIP",
        "54.243.136.230",
        "internet",
        "user",
        "pw",
        "TWIZY42",
        "NETPASS",
        "P",
    ]
    assert bench.config.get(14) == "RT"
    assert bench.send("VERSION") == (
        "OVMS Firmware version: 4.0.0/RT3.0/TESTBOARD/mpy\r\n CarType:RT\r\n VIN:-----------------"
    )
    bench.status.is_server_connected = True
    assert bench.send("GPRS?").endswith("\r\n GPRS: OK\r\n Server: Connected OK")
    assert bench.send("STAT?") == "Not charging\n SOC: unknown"
    assert bench.send("GPS?") == "Car location: no GPS fix yet."


def test_word_forms():
    bench = Bench()
    reply = "Registered number: " + OWNER
    for text in (
        "REGISTER?",
        "register?",
        "Register?  ",
        "  REGISTER?\r\n",
        "\nREGISTER? please",
        "REGISTER ?",
    ):
        assert bench.send(text) == reply, text
    for text in ("GPS", "gps", "GPS?", "gps ?", "Gps \n"):
        assert bench.send(text) == "Car location: no GPS fix yet.", text
    for text in ("GPSX", "STATUS", "RESETTING", "?", "LOCKME"):
        assert bench.send(text) == "Unknown command. Send HELP for a list.", text
    assert bench.status.take_requests() == 0


def test_unknown_words_of_strangers_get_nothing():
    bench = Bench()
    for text in ("", " ", "PASSWORD secret", "Your bill is ready", "\x00", "STATX"):
        assert bench.send(text, STRANGER) is None
    assert bench.send("", OWNER) == "Unknown command. Send HELP for a list."


def test_missing_arguments():
    bench = Bench()
    assert bench.send("PASS ") == "Invalid command"
    for text, usage in (
        ("REGISTER", "REGISTER <password>"),
        ("PARAMS", "PARAMS <units> <notify> <server> ..."),
        ("AP", "AP <password> <phone> <new password> ..."),
        ("MODULE  ", "MODULE <id> [<units> [<notify> [<type>]]]"),
        ("VEHICLE", "VEHICLE <type>"),
        ("GPRS", "GPRS <apn> [<user> [<password> [<dns>]]]"),
        ("SERVER", "SERVER <host> [<password> [<paranoid>]]"),
        ("FEATURE", "FEATURE <0..15> <value>"),
        ("FEATURE 9", "FEATURE <0..15> <value>"),
    ):
        assert bench.send(text) == "Invalid command\n Use: " + usage, text
    assert bench.status.take_requests() == 0
    # Without a server the modem starts anew, to look into the SIM's phonebook.
    assert bench.send("AP " + PASSWORD) == ""
    assert bench.status.take_requests() == REQUEST_MODEM_RESTART
    bench.config.apply({4: "ovms.example.org"})
    usage = "AP <password> <phone> <new password> ..."
    assert bench.send("AP " + PASSWORD, STRANGER) == "Invalid command\n Use: " + usage
    assert bench.status.take_requests() == 0


def test_register():
    bench = Bench()
    assert bench.send("REGISTER " + PASSWORD, "0033 612-345678") == (
        "Your phone has been registered as the owner."
    )
    assert bench.config.get(0) == STRANGER
    assert bench.send("REGISTER?", STRANGER) == "Registered number: " + STRANGER
    assert bench.send("REGISTER " + PASSWORD, "Renault") == (
        "This sender has no phone number to register."
    )
    assert bench.config.get(0) == STRANGER


def test_pass():
    bench = Bench()
    assert bench.send("PASS?") == "Module password: ****"
    assert bench.send("PASS  NewPass  rest") == "Module password has been changed."
    assert bench.config.get(1) == "NewPass"
    assert bench.send("PASS -") == "The module password must not be empty."
    assert bench.send("PASS " + "x" * 32) == "Parameter 1 is too long."
    assert bench.config.get(1) == "NewPass"
    assert bench.status.take_requests() == 0


def test_a_new_password_renews_a_paranoid_session():
    bench = Bench()
    bench.config.set(10, "P")
    bench.send("PASS other")
    assert bench.status.take_requests() == REQUEST_RECONNECT


def test_params():
    bench = Bench()
    assert bench.send("PARAMS?") == "Params:\n0:%s\n1:****\n2:K" % OWNER
    assert bench.send("PARAMS M SMSIP host apn - secret ID1 netsecret -") == (
        "Parameters have been set."
    )
    assert bench.send("PARAMS?") == (
        "Params:\n0:%s\n1:****\n2:M\n3:SMSIP\n4:host\n5:apn\n7:****\n8:ID1\n9:****" % OWNER
    )
    assert bench.config.get(9) == "netsecret"
    assert bench.status.take_requests() == REQUEST_RECONNECT
    # The ones behind stay; all or nothing.
    assert bench.send("PARAMS K IP") == "Parameters have been set."
    assert bench.config.get(4) == "host"
    assert bench.send("PARAMS M SMS bad,host") == (
        "A server is host or host:port or tls://host or tls://owner@host."
    )
    assert bench.config.get(2) == "K"
    assert bench.send("PARAMS " + "- " * 40) == "Parameters have been set."
    assert bench.config.get(9) == ""


def test_auto_provisioning():
    bench = Bench()
    text = "AP %s +49151999 NEWPW M SMSIP 1.2.3.4 net - - CAR NETPW - - - -" % PASSWORD
    assert bench.send(text, STRANGER) == ""
    assert [bench.config.get(n) for n in range(11)] == [
        "+49151999",
        "NEWPW",
        "M",
        "SMSIP",
        "1.2.3.4",
        "net",
        "",
        "",
        "CAR",
        "NETPW",
        "",
    ]
    assert bench.status.take_requests() == REQUEST_RECONNECT | REQUEST_MODEM_RESTART
    assert bench.send("AP NEWPW - - K", STRANGER) == ""
    assert [bench.config.get(n) for n in (0, 1, 2)] == ["+49151999", "NEWPW", "K"]
    bench.send("AP NEWPW NOPHONE", STRANGER)
    assert bench.config.get(0) == "NOPHONE"


def test_module():
    bench = Bench()
    assert bench.send("MODULE?") == (
        "Module:\r\n VehicleID:\r\n Units:K\r\n Notifications:\r\n VehicleType:\r\n CarType:NONE"
    )
    bench.send("MODULE ID m ip rt")
    assert [bench.config.get(n) for n in (8, 2, 3, 14)] == ["ID", "M", "IP", "RT"]
    assert bench.status.take_requests() == REQUEST_RECONNECT | REQUEST_VEHICLE_RESTART
    bench.send("MODULE ID")
    assert bench.status.take_requests() == REQUEST_RECONNECT
    bench.send("MODULE - - - -")
    assert [bench.config.get(n) for n in (8, 2, 3, 14)] == ["", "K", "", ""]
    assert bench.send("MODULE A,B") == "Parameter 8 has a character that is not allowed."
    assert bench.send("MODULE A X") == "Units are K for km or M for miles."
    assert bench.send("MODULE A K MAIL") == NOTIFICATIONS


def test_vehicle():
    bench = Bench()
    assert (
        bench.send("VEHICLE rt")
        == "Vehicle:\r\n VehicleType:RT\r\n CarType:NONE\r\n Types:" + TYPES
    )
    assert bench.status.take_requests() == REQUEST_VEHICLE_RESTART
    assert (
        bench.send("VEHICLE?") == "Vehicle:\r\n VehicleType:RT\r\n CarType:NONE\r\n Types:" + TYPES
    )
    assert bench.send("VEHICLE -none") == (
        "Vehicle:\r\n VehicleType:\r\n CarType:NONE\r\n Types:" + TYPES
    )


def test_a_vehicle_type_that_nobody_knows_is_refused():
    bench = Bench()
    bench.send("VEHICLE RT")
    sentence = "This firmware knows no car of that type; it has %s." % TYPES
    for text in ("VEHICLE XX", "VEHICLE r", "VEHICLE OB", "MODULE ID K SMSIP XX"):
        assert sentence in bench.send(text), text
    assert bench.config.get(14) == "RT" and bench.config.get(8) == ""
    for name in ("NL7", "o2", "DE"):
        assert "VehicleType:%s\r\n" % name.upper() in bench.send("VEHICLE " + name)
    # As a firmware before this one stored it.
    bench.config.values[14] = "XX"
    told = "\r\n VehicleType:XX\r\n CarType:NONE\r\n Types:%s\r\n" % TYPES
    assert bench.send("VEHICLE?").endswith(told + " No car is read: XX is none of these.")


def test_gprs():
    bench = Bench()
    bench.status.operator = "o2-de"
    bench.status.csq = 18
    assert bench.send("GPRS net - - 8.8.8.8") == (
        "GPRS:\n APN:net\n User:\n Password:\n DNS:8.8.8.8\n GSM:o2-de\n SQ:18"
        "\r\n GSM/GPRS: Not connected (0x0001)"
    )
    assert bench.status.take_requests() == REQUEST_RECONNECT
    bench.status.net_state = NET_GPRS_START
    assert bench.send("GPRS?").endswith("\r\n GSM/GPRS: Not connected (0x0040)")
    bench.status.net_state = NET_READY
    bench.config.apply({3: "IP", 4: "host", 8: "ID", 9: "pw"})
    assert bench.send("GPRS?").endswith("\n SQ:18\r\n GSM: OK\r\n Server: Not connected")
    bench.send("GPRS -")
    assert bench.config.get(5) == ""
    assert bench.send('GPRS net"') == "Parameter 5 has a character that is not allowed."


def test_gprs_says_what_is_missing():
    bench = Bench()
    bench.status.net_state = NET_READY
    # What was tried before is of no interest while something is not set.
    for n, value, missing in (
        (4, "host", "No server is set: send SERVER <host> <server password>."),
        (5, "net", "No APN is set: send GPRS <apn>."),
        (3, "IP", "GPRS is off: the notifications (MODULE) do not ask for IP."),
        (8, "ID", "No vehicle id is set: send MODULE <id>."),
        (9, "pw", "No server password is set: send SERVER <host> <server password>."),
    ):
        assert bench.send("GPRS?").endswith("\r\n Server: Not connected\r\n " + missing)
        bench.config.set(n, value)
    bench.status.server_error = "The server does not answer the login."
    assert bench.send("GPRS?").endswith("connected\r\n The server does not answer the login.")
    bench.status.is_roaming = True
    assert "abroad" not in bench.send("GPRS?")
    bench.send("SIM HOME")
    assert "\r\n GPRS is off: the SIM is abroad, and SIM HOME forbids that." in bench.send("GPRS?")
    # WiFi needs none of what is for GPRS.
    bench.status.link_name = "WiFi"
    bench.config.apply({3: "", 5: "", 8: ""})
    assert "\r\n No vehicle id is set: send MODULE <id>." in bench.send("GPRS?")
    # Without a network that comes first.
    bench.status.link_name = ""
    bench.status.net_state = NET_GPRS_START
    bench.status.modem_error = "The SIM wants a PIN: send SIM <pin>."
    text = bench.send("GPRS?")
    assert "(0x0040)\r\n The SIM wants a PIN: send SIM <pin>." in text and "No vehicle" not in text


def test_gprs_over_wifi():
    bench = Bench()
    bench.status.link_name = "WiFi"
    bench.config.apply({4: "host", 8: "ID", 9: "pw"})
    bench.status.server_error = "The server does not answer."
    assert bench.send("GPRS?").endswith(
        "\r\n WiFi: OK\r\n Server: Not connected\r\n The server does not answer."
    )
    bench.status.is_server_connected = True
    assert bench.send("GPRS?").endswith("\n SQ:99\r\n WiFi: OK\r\n Server: Connected OK")
    bench.status.link_name = "GPRS"
    assert bench.send("GPRS?").endswith("\n SQ:99\r\n GPRS: OK\r\n Server: Connected OK")


def test_umlauts_are_answered_with_a_sentence():
    bench = Bench()
    before = list(bench.config.values)
    for text in (
        "GPRS m\u00fcller.de",
        "GPRS net \u00fc",
        "SERVER h\u00f6st",
        "GSMLOCK \u00d6sterreich",
    ):
        reply = bench.send(text)
        assert reply.endswith(".") and len(reply) > 20, (text, reply)
        assert bench.config.values == before
    assert bench.send("GPRS m\u00fcller.de") == (
        "Parameter 5 takes no umlauts or other letters of this kind."
    )


def test_server():
    bench = Bench()
    assert bench.send("SERVER?") == ("Server:\r\n IP:\r\n Password:\r\n Paranoid:\r\n Link:none")
    # Two blanks do not set an empty server.
    bench.send("SERVER  1.2.3.4  NET  p")
    assert [bench.config.get(n) for n in (4, 9, 10)] == ["1.2.3.4", "NET", "P"]
    assert bench.status.take_requests() == REQUEST_RECONNECT
    assert bench.send("SERVER 1.2.3.4") == (
        "Server:\r\n IP:1.2.3.4\r\n Password:****\r\n Paranoid:P\r\n Link:none, TLS is tried first"
    )
    bench.send("SERVER - - -")
    assert [bench.config.get(n) for n in (4, 9, 10)] == ["", "", ""]


def test_features():
    bench = Bench()
    assert bench.send("FEATURES?") == "Features:"
    assert bench.send("FEATURE 9 20") == "Feature has been set."
    assert bench.send("FEATURE 6 -1") == "Feature has been set."
    assert bench.status.take_requests() == 0
    assert bench.send("FEATURE 15 1") == "Feature has been set."
    assert bench.status.take_requests() == REQUEST_VEHICLE_RESTART
    for text in ("FEATURES?", "FEATURES", "features"):
        assert bench.send(text) == "Features:\r\n 6:-1\r\n 9:20\r\n 15:1"
    assert bench.send("FEATURE 16 1") == "Features are numbered 0 to 15."
    assert bench.send("FEATURE -1 1") == "Features are numbered 0 to 15."
    assert bench.send("FEATURE x 1") == "That is not a whole number."
    assert bench.send("FEATURE 9 x") == "That is not a whole number."
    assert bench.send("FEATURE 9 256") == "A feature is a number from -128 to 255."


def test_reset():
    bench = Bench()
    assert bench.send("RESET") == ""
    assert bench.status.take_requests() == REQUEST_REBOOT


def test_help_lists_every_command():
    bench = Bench(car_class=Car)
    assert bench.send("HELP") == (
        "Commands: REGISTER? REGISTER PASS? PASS GPS STAT PARAMS? PARAMS AP MODULE? MODULE"
        " POWERSAVE? POWERSAVE"
        " VEHICLE? VEHICLE LOG? LOG GPRS? GPRS WIFI? WIFI GSMLOCK? GSMLOCK SIM? SIM SERVER? SERVER"
        " MQTT? MQTT REMOTE? REMOTE SUPPORT? SUPPORT UNDO FACTORY DIAG SELFTEST FEATURES?"
        " FEATURE ALERT? ALERT HOME? HOME ACC? ACC HOMELINK UNLOCK VALET UNVALET CHARGEMODE"
        " CHARGESTART CHARGESTOP COOLDOWN"
        " VERSION UPDATE? UPDATE RESET CTP TEMPS SUMMARY HELP \r\nTWIZY: RANGE LOCK OPEN"
    )


def test_commands_of_the_car():
    bench = Bench(car_class=Car)
    assert bench.send("RANGE 80") == "Range = 80\nline"
    assert bench.send("range?") == "Range ? \nline"
    assert bench.send("RANGE " + PASSWORD, STRANGER) == "Range = \nline"
    assert bench.send("LOCK") == "Release the brake first."
    assert bench.send("LOCK", STRANGER) == "Permission denied"
    assert bench.send("OPEN") == "Permission denied"
    assert bench.send("OPEN %s x" % PASSWORD) == "Range = x\nline"


def test_stat_of_the_car_replaces_the_standard_text():
    bench = Bench()
    bench.car.stat_text = lambda: "Charging\r SOC: 50%"
    assert bench.send("STAT") == "Charging\n SOC: 50%"


def test_flash_that_fails():
    bench = Bench()
    bench.store.error = OSError(28, "full")
    assert bench.send("SERVER host") == "The settings could not be stored."
    assert bench.config.get(4) == ""
    assert bench.status.take_requests() == 0


def test_no_reply_shows_a_password():
    bench = Bench(car_class=Car)
    bench.config.apply({7: "apnsecret", 9: "netsecret"})
    for text in ("PASS?", "SERVER?", "GPRS?", "PARAMS?", "DIAG", "SUMMARY", "HELP", "MODULE?"):
        reply = bench.send(text)
        for secret in (PASSWORD, "apnsecret", "netsecret"):
            assert secret not in reply, text


def test_execute_as_owner_before_anybody_registered():
    bench = Bench(is_new=True)
    assert run(bench.sms.execute_as_owner("SERVER host"))[1].startswith("Server:\r\n IP:host")
    assert run(bench.sms.execute_as_owner("REGISTER OVMS")) == (
        False,
        "This sender has no phone number to register.",
    )
    for text, reply in (
        ("NONSENSE", "Unknown command. Send HELP for a list."),
        ("REGISTER wrong", "Permission denied"),
        ("PASS", "Invalid command"),
    ):
        assert run(bench.sms.execute_as_owner(text)) == (False, reply)
    assert run(bench.sms.execute_as_owner("RESET")) == (True, "")
