"""Messages encoded a second: full updates through the real formatters and the session's cipher."""

from __future__ import annotations

from tools import vm
from tools.benchmarks import on_vm
from tools.benchmarks.rows import Row, not_measured

GROUP = "Messages"
# What a full update must hold for the figure to mean what it says.
_WANTED = set("SDLFWV")


def measure(is_quick: bool) -> list[Row]:
    """One row for each VM."""
    return [_row(bits, "20" if is_quick else "100") for bits in sorted(vm.TARGETS)]


def _row(bits: int, updates: str) -> Row:
    what = f"messages encoded a second, {bits} bit"
    try:
        answer = on_vm.run(bits, "messages.py", [updates])
    except on_vm.VMError as error:
        return not_measured(GROUP, what, str(error))
    missing = _WANTED - set(answer["codes"])
    if missing:
        return not_measured(GROUP, what, f"the update lacks {' '.join(sorted(missing))}")
    note = (
        f"updates of {answer['codes']}: {answer['bytes_per_update']} bytes on the wire, "
        f"{answer['updates_per_s']} a second, loading the formatters included"
    )
    return Row(GROUP, what, answer["messages_per_s"], "1/s", note=note)
