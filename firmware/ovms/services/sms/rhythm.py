"""Whether the owner's phone answers by itself: then two machines would text each other for ever.

Loaded on demand for each SMS of the owner. A phone that answers "I am driving" to every SMS gets
"Unknown command" for it, answers that, and so on; each costs money. Such texts come in a short
rhythm and are no commands; or they start with the word of one, and are always the same. Their
answers end after a few, with a sentence that says so. Other commands are answered all the while.

What is remembered is in `SMSService.rhythm`, a list of numbers.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.service import SMSService

ANSWER = const(0)
LAST = const(1)
SILENCE = const(2)

# Places in the list: how much speaks for a machine, when the last text came that was no command,
# when the last of any kind, its hash, and how often in a row it came again.
_SCORE = const(0)
_UNKNOWN_S = const(1)
_HEARD_S = const(2)
_HASH = const(3)
_REPEATS = const(4)

# Texts that are no command: within so many seconds of the one before they weigh double, after an
# hour nothing is left of them. Four of them are answered, eight where they are slow.
_SHORT_S = const(120)
_LONG_S = const(3600)
_SCORE_MAX = const(8)
# The same text in a row, which a person would not type faster than this.
_REPEAT_S = const(30)
_REPEATS_MAX = const(8)

NOTICE = (
    "This looks like automatic replies, so there are no more answers to such texts. "
    "Commands are answered as before: HELP lists them."
)


def verdict(sms: "SMSService", text: str, is_unknown: bool) -> int:
    """ANSWER, LAST for the sentence that ends it, or SILENCE. is_unknown: it was no command."""
    rhythm = sms.rhythm
    now_s = sms.clock.uptime_s()
    is_again = hash(text) == rhythm[_HASH] and now_s - rhythm[_HEARD_S] <= _REPEAT_S
    rhythm[_REPEATS] = rhythm[_REPEATS] + 1 if is_again else 0
    rhythm[_HASH] = hash(text)
    rhythm[_HEARD_S] = now_s
    if not is_unknown:
        if rhythm[_SCORE] <= _SCORE_MAX:
            rhythm[_SCORE] = 0
        return _judged(rhythm[_REPEATS], rhythm[_REPEATS] - 1, _REPEATS_MAX)
    gap_s = now_s - rhythm[_UNKNOWN_S]
    rhythm[_UNKNOWN_S] = now_s
    before = rhythm[_SCORE] if gap_s <= _LONG_S else 0
    rhythm[_SCORE] = before + (2 if gap_s <= _SHORT_S or not before else 1)
    return _judged(rhythm[_SCORE], before, _SCORE_MAX)


def _judged(count, before, highest):
    if count <= highest:
        return ANSWER
    return LAST if before <= highest else SILENCE
