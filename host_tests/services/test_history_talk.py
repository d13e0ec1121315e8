"""History records in the talk with the server, among everything else that is sent."""

from host_tests.services.history_bench import DAY_S, Module
from ovms.parameters import NOTIFY, PARANOID
from ovms.services.commander import Commander
from ovms.services.conversation import Conversation
from ovms.services.history import UNKEPT
from ovms.services.reporter import Reporter
from ovms.vehicle.base import Vehicle
from ovms.vehicle.state import VehicleState


class Talk:
    """A conversation with a history that is logged in."""

    def __init__(self, notify, is_paranoid=False):
        module = self.module = Module(segments=9)
        config = module.config
        config.set(NOTIFY, notify)
        if is_paranoid:
            config.set(PARANOID, "P")
        state = VehicleState()
        car = Vehicle(state, config)
        commander = Commander(car, config, module.status, None, None)
        reporter = Reporter(state, config, module.status, car)
        self.conversation = Conversation(
            config, module.status, reporter, commander, bytes, module.history
        )
        self.conversation.on_login()

    def send(self):
        messages = []
        message = self.conversation.poll(0)
        while message is not None:
            messages.append((message[0], bytes(message[1])))
            self.conversation.on_sent(message[0])
            message = self.conversation.poll(0)
        return messages


def test_in_a_conversation_records_come_last():
    talk = Talk("IP")
    talk.module.add(5)
    talk.conversation.push("A", "alarm")
    messages = talk.send()
    assert messages[0] == ("P", b"Aalarm")
    assert messages[-1] == ("h", b"1,0,RT-GPS-Log,5,86400,52.5,13.4")
    assert "F" in [code for code, _ in messages]
    talk.conversation.on_closed()
    talk.conversation.on_login()
    assert talk.send()[-1][0] == "h"
    # A new connection, a new code.
    talk.conversation.on_message("h", memoryview(b"2"))
    assert talk.module.rings[1].is_empty
    assert talk.module.status.counts == {}


def test_records_need_no_ip_in_parameter_3():
    talk = Talk("")
    talk.module.add(5)
    assert [code for code, _ in talk.send()] == ["h"]


def test_records_are_never_wrapped():
    talk = Talk("IP", is_paranoid=True)
    talk.module.add(5)
    talk.module.add(6, DAY_S, UNKEPT)
    codes = [code for code, _ in talk.send()]
    assert codes[-2:] == ["H", "h"]
    assert codes[:-2] == ["E"] * (len(codes) - 2)


def test_a_server_that_acknowledges_while_more_comes():
    talk = Talk("IP")

    got = []
    for turn in range(900):
        if turn < 100:
            talk.module.add(turn)
        talk.module.wait(1)
        for code, payload in talk.send():
            if code == "h":
                fields = payload.split(b",")
                got.append(int(fields[3]))
                # Every third acknowledgement gets lost.
                if turn % 3:
                    talk.conversation.on_message("h", memoryview(fields[0]))
        if turn % 40 == 39:
            talk.conversation.on_closed()
            talk.conversation.on_login()
    assert set(got) == set(range(100))
    assert talk.module.status.counts == {}
