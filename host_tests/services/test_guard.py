"""What the guard finds wrong with the module, and what not."""

from ovms import guard

NAMES = ("modem", "sms", "server", "can")
NEVER = 1 << 29


def dues(**changed):
    return [(name, changed.get(name, NEVER)) for name in NAMES]


def test_who_promised_nothing_is_not_waited_for():
    for now_s in (0, 100, 86400 * 400):
        assert guard.complaint(now_s, dues()) == ""


def test_each_task_that_breaks_its_promise_is_named():
    for name in NAMES:
        late = {name: 500}
        assert guard.complaint(500, dues(**late)) == ""
        assert guard.complaint(501, dues(**late)) == (
            "The task %s was not heard of for too long." % name
        )


def test_a_task_that_ended_is_named_at_once():
    assert guard.complaint(1, dues(), "gps") == "The task gps has ended."


def test_some_lack_of_memory_is_no_storm():
    assert guard.complaint(1, dues(), rooms=20) == ""
    assert guard.complaint(1, dues(), rooms=21) == "No memory, 21 times."


class Part:
    """Something that promises; counts how often it was let live on."""

    def __init__(self, due_s):
        self.due_s = due_s
        self.lives = 0

    def stay_alive(self):
        self.lives += 1
        self.due_s = NEVER


class App:
    """What `judge` looks at, two minutes after the start."""

    def __init__(self, modem_s=NEVER, sms_s=NEVER, has_port=True, is_up=True):
        self.modem = Part(modem_s)
        self.modem.port = Part(0) if has_port else None
        if has_port:
            self.modem.port.is_up = is_up
        self.sms = Part(sms_s)
        self.guarded = [self.modem, self.sms]
        self.tasks = [("modem", None), ("sms", None), ("console", None)]
        self.status = self.broom = self
        self.uptime_s = 120
        self.rooms = 0
        self.ended = ""

    def verdict(self):
        try:
            guard.judge(self)
        except RuntimeError as error:
            return str(error)
        return ""


def test_the_judge_names_the_part_that_is_late():
    assert App().verdict() == ""
    assert App(modem_s=120, sms_s=120).verdict() == ""
    assert "task modem" in App(modem_s=119).verdict()
    assert "task sms" in App(sms_s=119).verdict()
    # A board without a modem.
    assert "task sms" in App(sms_s=119, has_port=False).verdict()


def test_an_answer_that_waits_for_the_modem_is_the_modems_delay():
    app = App(sms_s=119, is_up=False)
    assert app.verdict() == "" and app.sms.lives == 1
    app = App(sms_s=120, is_up=False)
    assert app.verdict() == "" and app.sms.lives == 0
    assert "task modem" in App(modem_s=119, sms_s=119, is_up=False).verdict()


def test_the_judge_hears_of_an_end_and_of_storms():
    app = App()
    app.ended = "gps"
    assert app.verdict() == "The task gps has ended."
    app = App()
    app.rooms = 21
    assert app.verdict() == "No memory, 21 times."
