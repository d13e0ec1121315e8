"""UPDATE by SMS and by the server: who may, what it shows."""

from host_tests.services.sms_bench import OWNER, PASSWORD, STRANGER, Bench, run
from ovms.update_setup import SWITCH, Update

URL = "http://a.example/x.bundle"
COSTS = "Only the owner's phone or the cable may spend GPRS data on an update."
SUPPORT = "An update by the server needs the owner's SUPPORT ON."


class User(Bench):
    def __init__(self):
        super().__init__()
        self.orders = []
        self.status.order_update = lambda url, may_gprs: self.orders.append((url, may_gprs))

    def say(self, text, caller=OWNER):
        return run(self.sms.execute(caller, text))[1]

    def server_says(self, text):
        return run(self.sms.execute_as_owner(text))[1]


def test_orders():
    user = User()
    for text, order in (
        ("UPDATE " + URL, (URL, False)),
        ("update %s gprs" % URL, (URL, True)),
        ("UPDATE GPRS", ("", True)),
        ("UPDATE -", ("-", False)),
    ):
        assert user.say(text).startswith("UPDATE:\r\n Runs:4.0.0, build ")
        assert user.orders.pop() == order
    for text in ("UPDATE a b", "UPDATE - GPRS", "UPDATE a GPRS b"):
        assert user.say(text).startswith("UPDATE takes"), text
    user.say("UPDATE " + URL, STRANGER)
    user.say("UPDATE %s %s" % (PASSWORD, URL), STRANGER)
    assert not user.orders
    assert "None is under way." in user.say("UPDATE? " + PASSWORD, STRANGER)


def test_the_server_needs_leave_and_never_spends_gprs():
    user = User()
    assert user.server_says("UPDATE " + URL) == SUPPORT
    assert user.server_says("UPDATE -") == SUPPORT
    assert "None is under way." in user.server_says("UPDATE?")
    assert user.say("SUPPORT ON") == "SUPPORT: ON"
    assert user.server_says("UPDATE GPRS") == COSTS
    assert user.server_says("UPDATE %s GPRS" % URL) == COSTS
    assert not user.orders
    user.server_says("UPDATE " + URL)
    assert user.orders == [(URL, False)]


def test_what_is_shown():
    user = User()
    update = user.status.update = Update(URL + "?key=secret", False)
    assert user.say("UPDATE?").endswith("\r\n From:%s\r\n State:waits" % URL)
    update.version, update.build, update.is_busy = "4.0.1", "0badcafe", True
    update.done, update.total = 50 * 1024, 200 * 1024
    update.error = "The server fell silent."
    assert user.say("UPDATE?").endswith(
        "\r\n Comes:4.0.1, build 0badcafe\r\n From:%s\r\n State:is fetched, 25 %% of 200 KB"
        "\r\n The server fell silent." % URL
    )
    update.is_busy, update.is_waiting = False, True
    assert "State:waits for WiFi, or for UPDATE GPRS, 25 %" in user.say("UPDATE?")
    update.state = SWITCH
    assert "State:the new firmware has to prove itself" in user.say("UPDATE?")
