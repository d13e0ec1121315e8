"""When a history record was made, and whether it is too old. Loaded on demand.

No two of one kind share a second: the server's key is vehicle, type, number and second
(server-and-clients 2.4), and of two records with the same it keeps the later alone.
"""

from binascii import crc32

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.contracts import Clock, HistoryRecord, RingStore

# The server counts seconds of its own: two of ours apart are never one of its.
_APART_S = const(2)


def free_s(made_s: dict[int, int], name: str, now_s: int) -> int:
    """Uptime of a record `name` (type and number) made now: a little later after another one.

    made_s: {checksum of a name: uptime of the last such record}, of those that are news.
    """
    for key in [key for key in made_s if made_s[key] <= now_s - _APART_S]:
        del made_s[key]
    # 30 bits, so that it takes no heap.
    key = crc32(name.encode()) & 0x3FFFFFFF
    made_s[key] = now_s = max(now_s, made_s.get(key, -_APART_S) + _APART_S)
    return now_s


def is_too_old(clock: "Clock", ring: "RingStore", record: "HistoryRecord", age_s: int) -> bool:
    """Whether `record` of `ring` outlived its lifetime, and more than one source says so."""
    if age_s <= int(record.data.split(b",", 3)[2]):
        return False
    boot = record.boot
    if boot < 0 or ring.starts.get(boot, 0) <= 0:
        # The module counted that time itself.
        return True
    return boot not in ring.unsure and clock.is_confirmed()
