"""The small form from a LittleFS of 4 KB blocks: it boots, answers SMS, and a cut at any change of
the flash leaves the old settings or the new ones. Runs on CPython and starts the VMs.
"""

import json
import shutil
import struct

import pytest

from host_tests.forms.forms import Form, of
from host_tests.needs_vm import require
from tools import images

RESET_EXIT_CODE = 75
PASSWORD = 1
FACTORY_PASSWORD = "OVMS"
# More would take longer than they are worth.
MAX_CUTS = 500
# What the firmware needs to answer SUMMARY here, and what the harness and the file system on a
# file take beside it. An ESP32's heap grows to 109.
HEAP_KIB = 126
HARNESS_KIB = 18
# Room for the flash and what is written to it; more of it would make collections slow.
CUT_HEAP_KIB = 1536
# Of a journal: kind, block, offset, length of what follows (`flash_device`).
ENTRY = struct.Struct("<BHHH")
# For one SMS in that heap: modules that are loaded, reads of the flash (32 to 128 bytes each).
# Of these most are LittleFS's, which looks through all files for free blocks at a first write.
MAX_LOADS = 100
MAX_READS = 16_000


@pytest.fixture(scope="module", params=[64, 32])
def small(request, tmp_path_factory):
    require(request.param)
    return Form(tmp_path_factory.mktemp("small"), "small", request.param)


def steps_of(lines, before):
    """The steps of a part of a life, counted from its first change `before`."""
    steps = [json.loads(text) for text in of(lines, "STEP")]
    for step in steps:
        step["begin"] += before
        step["end"] += before
    return steps


def changes_in(journal):
    """How many changes of the flash a journal of `flash_device` holds."""
    data = journal.read_bytes()
    count = at = 0
    while at < len(data):
        at += ENTRY.size + ENTRY.unpack_from(data, at)[3]
        count += 1
    return count


@pytest.fixture(scope="module")
def life(small):
    """(form, flash before it, journal, its steps, what two starts printed)."""
    journal, before, used = (small.folder / name for name in ("journal", "before.bin", "used.bin"))
    shutil.copyfile(small.image, before)
    shutil.copyfile(small.image, used)
    first = small.live("first", used, journal, code=RESET_EXIT_CODE)
    steps = steps_of(first, 0)
    # What was saved on the way into the restart belongs to its step.
    steps[-1]["end"] = changes_in(journal)
    second = small.live("second", used, journal)
    steps += steps_of(second, steps[-1]["end"])
    return small, before, journal, steps, [*first, *second]


def test_the_size_on_flash_is_what_make_size_says(small):
    """`statvfs` counts a folder twice: mkdir takes two blocks, not four."""
    folders = sum(path.is_dir() for path in small.files.rglob("*"))
    assert images.littlefs_bytes(small.files) == small.flash_bytes - 2 * 4096 * folders


def test_it_boots_and_answers(small):
    lines = small.live("smoke", shutil.copyfile(small.image, small.folder / "smoke.bin"))
    assert of(lines, "BOOT") == ["100"]
    assert "REGISTER OVMS -> Your phone has been registered as the owner." in of(lines, "SMS")
    assert of(lines, "FROM") == ["ovms board.mpy ovms_can.mpy"]


def test_settings_and_records_are_kept(life):
    small, *_, steps, lines = life
    assert len(of(lines, "SMS")) >= 12
    changed = [step["name"] for step in steps if step["end"] > step["begin"]]
    assert {"REGISTER OVMS", "PASS Secret2026", "PASS Third2028", "records 1"} <= set(changed)
    assert {"records 4", "deliver 3", "deliver 4"} <= set(changed)
    restart = next(step for step in steps if step["name"] == "restart")
    at = steps.index(restart)
    assert restart["settings"] == steps[at - 1]["settings"]
    gone = steps[-1]["gone"]
    assert len(gone) == len(set(gone)) and set(steps[at - 1]["made"]) < set(gone)


def allowed(steps, cut):
    """(settings that may be, records that must be, records that may be) after `cut` changes."""
    done = [step for step in steps if step["end"] <= cut]
    under_way = [step for step in steps if step["begin"] <= cut < step["end"]]
    last = done[-1] if done else steps[0]
    settings = [step["settings"] for step in [last, *under_way]]
    made = {name for step in done for name in step["made"]}
    gone = {name for step in [*done, *under_way] for name in step["gone"]}
    return settings, made - gone, made | {name for step in under_way for name in step["made"]}


def test_a_cut_at_any_change_of_the_flash(life):
    small, before, journal, steps, _ = life
    total = steps[-1]["end"]
    assert total > 100
    stride = total // MAX_CUTS + 1
    lines = small.child(
        "cut_child", before, journal, stride, heap_kib=CUT_HEAP_KIB
    ).stdout.splitlines()
    assert lines[-1] == "END"
    wrong = []
    for text in of(lines, "CUT"):
        seen = json.loads(text)
        where = f"after {seen['cut']} of {total} changes, torn: {seen['torn']}: "
        if "error" in seen:
            wrong.append(where + seen["error"])
            continue
        settings, must, may = allowed(steps, seen["cut"])
        if seen["settings"] not in settings:
            what = "password" if seen["settings"][PASSWORD] == FACTORY_PASSWORD else "settings"
            wrong.append(where + f"other {what}: {seen['settings']}")
        records = set(seen["records"])
        if not must <= records:
            wrong.append(where + f"lost {sorted(must - records)}")
        if not records <= may or len(records) < len(seen["records"]):
            wrong.append(where + f"records of nobody or twice: {sorted(records - may)}")
        if not seen["kept"]:
            wrong.append(where + "nothing can be stored any more")
    assert len(of(lines, "CUT")) >= 2 * (total // stride)
    assert not wrong, f"{len(wrong)} wrong starts:\n" + "\n".join(wrong[:12])


def reads_of(lines):
    """For each SMS: text, loads, sweeps, reads of the flash, bytes read."""
    rows = [text.split() for text in of(lines, "READS")]
    return [(text, *map(int, numbers)) for text, *numbers in rows]


def test_what_an_sms_reads_from_flash_in_a_big_heap(life):
    """Code is loaded once."""
    small = life[0]
    rows = reads_of(small.live("reads", small.folder / "used.bin"))
    first, second = rows[:3], rows[3:]
    assert all(loads <= MAX_LOADS and reads <= MAX_READS for _, loads, _, reads, _ in first), rows
    assert all(loads == sweeps == 0 for _, loads, sweeps, *_ in second), rows
    assert all(reads < 100 for *_, reads, _ in second), rows


@pytest.mark.parametrize("small", [32], indirect=True)
def test_what_an_sms_reads_from_flash_in_a_module(life):
    """Code is forgotten meanwhile, but not again and again."""
    small = life[0]
    kib = HEAP_KIB + HARNESS_KIB
    rows = reads_of(small.live("reads", small.folder / "used.bin", heap_kib=kib))
    assert len(rows) == 6
    assert all(loads <= MAX_LOADS and reads <= MAX_READS for _, loads, _, reads, _ in rows), rows
