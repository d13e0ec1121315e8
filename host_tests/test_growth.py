"""What the firmware has in use does not grow. CPython starts it on the 32-bit VM."""

import pytest

from host_tests.needs_vm import require
from tools.benchmarks import on_vm
from tools.benchmarks.can_path import driving_frames

DAYS = 8
# Until then counters, records in flash and queues fill up to where they stay.
SETTLED = 4
# One allocation: a text that is longer on one day than on the other.
SLACK_BYTES = 16


@pytest.fixture
def frames(tmp_path):
    file = tmp_path / "frames.bin"
    records = [
        number.to_bytes(2, "big") + bytes([len(data)]) + data.ljust(8, b"\0")
        for number, data in driving_frames(30)
    ]
    file.write_bytes(b"".join(records))
    return file


def test_days_of_work_leave_nothing_behind(frames, tmp_path):
    require(32)
    flash = tmp_path / "flash"
    flash.mkdir()
    found = on_vm.run(32, "growth.py", [str(frames), str(DAYS)], cwd=flash)
    assert found["messages"] > DAYS * 100 and found["sms"] > DAYS * 10
    settled = found["bytes"][SETTLED:]
    assert max(settled) - min(settled) <= SLACK_BYTES, found["bytes"]
