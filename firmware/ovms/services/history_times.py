"""When a history record was made, so that no two of one kind share a second. Loaded on demand.

The server's key is vehicle, type, number and second (server-and-clients 2.4): of two records with
the same it keeps the later alone.
"""

from binascii import crc32

from micropython import const

# The server counts seconds of its own: two of ours apart are never one of its.
_APART_S = const(2)


def free_s(made_s, name, now_s):
    """Uptime of a record `name` (type and number) made now: a little later after another one.

    made_s: {checksum of a name: uptime of the last such record}, of those that are news.
    """
    for key in [key for key in made_s if made_s[key] <= now_s - _APART_S]:
        del made_s[key]
    # 30 bits, so that it takes no heap.
    key = crc32(name.encode()) & 0x3FFFFFFF
    made_s[key] = now_s = max(now_s, made_s.get(key, -_APART_S) + _APART_S)
    return now_s
