"""How many SMS a number gets: no fault and no machine at the other end may run up a bill.

Loaded on demand for each SMS that is to leave. A number can get 50 at once, and one more for
every six minutes that pass: more than a person asks for, at most 60 in an hour and 290 in a day.
Alerts, of which there are few, may go beyond that by a reserve of 10. What is remembered is in
`Status.sms_sent`: {number: [how many count, uptime in s up to which they were counted down,
whether the end was told]}, bounded; numbers beyond it share one record, but for the owner's.
"""

from micropython import const

from ovms.parameters import PHONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import SMSSender

_SMS = const(50)
_RECOVER_S = const(360)
_NUMBERS = const(8)

_NOTICE = (
    "That are too many SMS for one hour. Commands are carried out; answers come again after a "
    "while."
)


def within(
    sender: "SMSSender", number: str, outgoing: list[tuple[str, str]], reserve: int = 0
) -> "list[tuple[str, str]] | tuple[()]":
    """Of the list `outgoing` of (number, text) what may leave: all, a sentence instead, or none.

    sender: who has `status` and `clock`.
    """
    status = sender.status
    name = number
    sent = status.sms_sent
    if number not in sent and len(sent) >= _NUMBERS and number != sender.config.get(PHONE):
        name = ""
    record = _record(sent, name, sender.clock.uptime_s())
    if record[0] + len(outgoing) <= _SMS + reserve:
        record[0] += len(outgoing)
        if record[0] * 2 <= _SMS:
            record[2] = False
        return outgoing
    status.count("sms_over_budget")
    if record[2] or reserve:
        return ()
    record[2] = True
    # One more SMS than the budget has.
    record[0] += 1
    return [(number, _NOTICE)]


def _record(sent, number, now_s):
    for name in list(sent):
        record = sent[name]
        passed = (now_s - record[1]) // _RECOVER_S
        record[0] = max(record[0] - passed, 0)
        record[1] += passed * _RECOVER_S
        if not record[0]:
            del sent[name]
    if number not in sent:
        sent[number] = [0, now_s, False]
    return sent[number]
