"""Whose word of the time is believed: looked at when a source says something new.

- Plausible is what lies within ten years from the day of the build. A network may say 2080 or
  1970, a modem that was never set 2004; none of it counts.
- A GPS receiver may have lost count of the 1024-week periods (hardware facts 5.2). A date before
  the build is repaired by whole periods where that leads to a plausible one; two such do not fit
  into ten years. A repaired date is unsure: the network's word decides, if it differs by more
  than a day; where they agree the receiver is as good as any.
- A receiver with a plausible date of its own is believed before the network: networks were seen to
  be days ahead.

A word is (offset as told, offset as repaired or None when implausible, rank); offsets are UTC
less uptime in seconds.
"""

from micropython import const

from ovms.clock import GPS, NETWORK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.clock import Clock

_DAY_S = const(86400)
_WINDOW_S = const(315_576_000)
_PERIOD_S = const(619_315_200)

_REPAIRED = const(0)
_OF_NETWORK = const(1)
_OF_GPS = const(2)


def judge(clock: "Clock", offset_s: int, source: str) -> None:
    """Take the word of `source` into `clock`, and believe who is to be believed."""
    clock.words[source] = _word(clock, offset_s, source)
    best_source: str | None = None
    best = network = None
    for name in (NETWORK, GPS):
        word = clock.words.get(name)
        if word is None or word[1] is None:
            continue
        rank = word[2]
        if name == NETWORK:
            network = word
        elif rank == _REPAIRED and _are_close(word, network):
            rank = _OF_GPS
        if best is None or rank > best[2]:
            best, best_source = (word[0], word[1], rank), name
    if best is None:
        return
    gps = clock.words.get(GPS)
    clock.is_agreed = _are_close(gps, network)
    before_s = clock.offset_s
    if before_s is None or abs(best[1] - before_s) > _DAY_S:
        clock.since_s = clock.uptime_s()
    clock.source = best_source
    if before_s is None or abs(best[1] - before_s) > 1:
        clock.offset_s = best[1]


def _word(clock, offset_s, source):
    now_s = clock.uptime_s()
    utc_s = offset_s + now_s
    first_s = clock.first_utc_s
    rank = _OF_GPS if source == GPS else _OF_NETWORK
    if source == GPS and utc_s < first_s:
        rank = _REPAIRED
        # Rounded up to whole periods.
        utc_s += (first_s - utc_s + _PERIOD_S - 1) // _PERIOD_S * _PERIOD_S
    if not first_s <= utc_s < first_s + _WINDOW_S:
        clock.refused_utc_s = offset_s + now_s
        return offset_s, None, rank
    return offset_s, utc_s - now_s, rank


def _are_close(word, other):
    if word is None or other is None or word[1] is None or other[1] is None:
        return False
    return abs(word[1] - other[1]) <= _DAY_S
