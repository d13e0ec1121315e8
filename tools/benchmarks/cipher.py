"""RC4 and HMAC-MD5: native code against bytecode of the same source and CPython's libraries."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from tools import build, vm
from tools.benchmarks import on_vm
from tools.benchmarks.rows import Row, not_measured

GROUP = "Cipher"
BUDGET_RATIO = 25
_SOURCE = build.MODULES / "ovms_crypto.py"
_KEY = b"0123456789abcdef"
_MESSAGE = b"abcdefghijklmnopqrstuv"
_BYTES = 100_000
_RUNS = 5
_REPEATS = 1000
# Viper's pointer is the buffer itself when the code is not native.
_POINTER = "def ptr8(buffer):\n    return buffer\n\n\n"


def as_bytecode(source: str) -> str:
    """The source of a native module without what makes it native."""
    plain = re.sub(r"^@micropython\.viper\n", "", source, flags=re.M)
    head, separator, rest = plain.partition("import micropython\n")
    return head + separator + _POINTER + rest


def measure(folder: Path, is_quick: bool) -> list[Row]:
    """folder: for files of ours. All rows of this group."""
    turns = 2 if is_quick else 6
    rows = []
    expected = _library_digest(_BYTES)
    for bits in sorted(vm.TARGETS):
        rows += _compare(bits, folder, _BYTES, turns, expected)
    return rows + _libraries(_BYTES)


def _keep_best(best: dict, answer: dict) -> None:
    for name, value in answer.items():
        best[name] = value if name == "digest" else max(value, best.get(name, 0))


def _compare(bits: int, folder: Path, size: int, turns: int, expected: str) -> list[Row]:
    what = f"RC4 native against bytecode, {bits} bit"
    try:
        bytecode_folder = folder / f"bytecode-{bits}"
        bytecode_folder.mkdir(exist_ok=True)
        source = bytecode_folder / "source.py"
        source.write_text(as_bytecode(_SOURCE.read_text("utf-8")), "utf-8")
        target = bytecode_folder / "ovms_crypto.mpy"
        target.unlink(missing_ok=True)
        build.compile_file(source, target, "ovms_crypto.py")
        native: dict = {}
        bytecode: dict = {}
        # In turns, so that a busy moment of the machine does not meet only one of them.
        for _ in range(turns):
            _keep_best(native, on_vm.run(bits, "cipher.py", [str(size)]))
            _keep_best(bytecode, on_vm.run(bits, "cipher.py", [str(size)], bytecode_folder))
    except (on_vm.VMError, build.BuildError) as error:
        return [not_measured(GROUP, what, str(error), BUDGET_RATIO)]
    if not native["digest"] == bytecode["digest"] == expected:
        return [not_measured(GROUP, what, "the cipher texts differ", BUDGET_RATIO)]
    ratio = native["rc4_bytes_per_s"] / bytecode["rc4_bytes_per_s"]
    mega = native["rc4_bytes_per_s"] / 1e6
    note = f"bytecode {bytecode['rc4_bytes_per_s'] / 1e6:.1f} MB/s; same text as cryptography's"
    hmac_note = f"bytecode {bytecode['hmacs_per_s']:,} 1/s; MD5 itself is C in both"
    starts = f"bytecode {bytecode['session_starts_per_s']:,} 1/s"
    return [
        Row(GROUP, what, ratio, "times", BUDGET_RATIO, at_least=True, note=note),
        Row(GROUP, f"RC4 native, {bits} bit", mega, "MB/s"),
        Row(
            GROUP,
            f"key set-up and 1024 bytes dropped, {bits} bit",
            native["session_starts_per_s"],
            "1/s",
            note=starts,
        ),
        Row(GROUP, f"HMAC-MD5, {bits} bit", native["hmacs_per_s"], "1/s", note=hmac_note),
    ]


def _library_rc4():
    from cryptography.hazmat.primitives.ciphers import Cipher

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4

        return Cipher(ARC4(_KEY), mode=None).encryptor()


def _library_digest(size: int) -> str:
    return hashlib.md5(_library_rc4().update(bytes(size))).hexdigest()


def _libraries(size: int) -> list[Row]:
    encryptor = _library_rc4()
    data = bytes(size)
    crypt_s = _best_s(lambda: encryptor.update(data))

    def hmacs() -> None:
        for _ in range(_REPEATS):
            hmac.digest(_KEY, _MESSAGE, "md5")

    return [
        Row(GROUP, "RC4, cryptography on CPython", size / crypt_s / 1e6, "MB/s"),
        Row(GROUP, "HMAC-MD5, hmac on CPython", _REPEATS / _best_s(hmacs), "1/s"),
    ]


def _best_s(step: Callable[[], object]) -> float:
    shortest = float("inf")
    for _ in range(_RUNS):
        start_s = time.perf_counter()
        step()
        shortest = min(shortest, time.perf_counter() - start_s)
    return shortest
