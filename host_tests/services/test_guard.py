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
