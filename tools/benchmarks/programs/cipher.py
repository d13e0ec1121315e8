"""Speed of RC4, session start and HMAC-MD5 as `ovms_crypto` of the given folder does them.

    cipher.py FOLDER BYTES

Prints {"rc4_bytes_per_s", "session_starts_per_s", "hmacs_per_s", "digest"}: best of five runs, and
the MD5 (hex) of what RC4 made of BYTES zeros. MicroPython only.
"""

import binascii
import gc
import hashlib
import json
import sys
import time

sys.path[:] = [sys.argv[1], ".frozen"]

import ovms_crypto  # noqa: E402

_KEY = b"0123456789abcdef"
_MESSAGE = b"abcdefghijklmnopqrstuv"
_RUNS = 5
_REPEATS = 20


def best(step):
    """Shortest duration of `step()` in microseconds."""
    shortest = None
    for _ in range(_RUNS):
        gc.collect()
        start_us = time.ticks_us()
        step()
        elapsed_us = max(1, time.ticks_diff(time.ticks_us(), start_us))
        if shortest is None or elapsed_us < shortest:
            shortest = elapsed_us
    return shortest


def main(size):
    state = bytearray(ovms_crypto.STATE_SIZE)
    data = bytearray(size)
    ovms_crypto.rc4_start(state, _KEY)
    ovms_crypto.rc4_crypt(state, data, 0, size)
    digest = binascii.hexlify(hashlib.md5(data).digest()).decode()

    def crypt():
        ovms_crypto.rc4_crypt(state, data, 0, size)

    def start():
        for _ in range(_REPEATS):
            ovms_crypto.rc4_start(state, _KEY)
            ovms_crypto.rc4_skip(state, 1024)

    def hmac():
        for _ in range(_REPEATS):
            ovms_crypto.hmac_md5(_KEY, _MESSAGE)

    print(
        json.dumps(
            {
                "rc4_bytes_per_s": size * 1_000_000 // best(crypt),
                "session_starts_per_s": _REPEATS * 1_000_000 // best(start),
                "hmacs_per_s": _REPEATS * 1_000_000 // best(hmac),
                "digest": digest,
            }
        )
    )


main(int(sys.argv[2]))
