"""The pure parts of the bench: rows, counts, prepared frames, virtual time. CPython only."""

import asyncio
import io
import json

import pytest
from rich.console import Console

from tools import bench
from tools.benchmarks import callgrind, can_path, cipher, flash, turns, wire
from tools.benchmarks.rows import (
    NO_BUDGET,
    NOT_MEASURED,
    OK,
    OVER,
    Row,
    figure,
    is_within_budget,
    not_measured,
    table,
    to_json,
)
from tools.benchmarks.virtual_loop import VirtualLoop


def test_verdicts():
    assert Row("g", "w", 24.9, "x", 25).verdict == OK
    assert Row("g", "w", 25.1, "x", 25).verdict == OVER
    assert Row("g", "w", 25.1, "x", 25, at_least=True).verdict == OK
    assert Row("g", "w", 24.9, "x", 25, at_least=True).verdict == OVER
    assert Row("g", "w", 1, "x").verdict == NO_BUDGET
    assert not_measured("g", "w", "why", 25).verdict == NOT_MEASURED


def test_only_a_broken_budget_fails_the_check():
    good = [Row("g", "w", 1, "x", 2), not_measured("g", "w", "why", 2), Row("g", "w", 9, "x")]
    assert is_within_budget(good)
    assert not is_within_budget([*good, Row("g", "w", 3, "x", 2)])


def test_figures_have_the_digits_that_mean_something():
    shown = [figure(value) for value in (None, 0, 3, 0.248, 24.96, 16959.4, 3.0)]
    assert shown == ["", "0", "3", "0.25", "25.0", "16,959", "3"]


def test_table_and_json_tell_the_same():
    rows = [
        Row("Speed", "ratio", 24.4, "times", 25, at_least=True, note="busy machine"),
        not_measured("Heap", "peak", "valgrind is not installed", 65536),
    ]
    output = io.StringIO()
    Console(file=output, width=150).print(table(rows))
    for text in ("Speed", "24.4", "at least 25", "over", "busy machine", "65,536", "valgrind"):
        assert text in output.getvalue()
    first, second = json.loads(to_json(rows))
    assert first["verdict"] == OVER and first["value"] == 24.4
    assert second["verdict"] == NOT_MEASURED and second["value"] is None


def test_exit_code_is_that_of_a_report(monkeypatch, tmp_path, capsys):
    rows = [Row("g", "w", 3, "x", 2)]
    monkeypatch.setattr(bench, "groups", lambda is_quick: {"one": lambda: rows})
    monkeypatch.setattr(bench, "FOLDER", tmp_path / "bench")
    monkeypatch.setattr(bench, "JSON_FILE", bench.vm.ROOT / "build" / "bench-test.json")
    bench.JSON_FILE.parent.mkdir(exist_ok=True)
    try:
        assert bench.main([]) == 0
        assert bench.main(["--check"]) == 1
        rows[0] = Row("g", "w", 1, "x", 2)
        assert bench.main(["--check"]) == 0
        assert json.loads(bench.JSON_FILE.read_text())[0]["value"] == 1
    finally:
        bench.JSON_FILE.unlink()
    assert "over" in capsys.readouterr().out


def test_gaps_keep_their_size_and_lose_their_prefix():
    code = b"\xc3\x2e\x8d\xb4\x26\0\0\0\0\x55\x2e\x8d\x74\x26\0\x2e\x8d\x04\x24"
    assert callgrind.without_prefixes(code) == (
        b"\xc3\x90\x8d\xb4\x26\0\0\0\0\x55\x90\x8d\x74\x26\0\x2e\x8d\x04\x24"
    )


def test_the_count_is_read_or_refused():
    assert callgrind.total("==7== Events    : Ir\n==7== Collected : 165266169\n") == 165266169
    broken = "vex x86->IR: unhandled instruction bytes: 0x2E\n==7== Collected : 612\n"
    with pytest.raises(callgrind.UncountableError, match="cannot run this VM .*0x2E"):
        callgrind.total(broken)
    with pytest.raises(callgrind.UncountableError):
        callgrind.total("==7== Command: micropython\n")


def test_missing_valgrind_is_one_sentence(monkeypatch):
    monkeypatch.setattr(callgrind.shutil, "which", lambda name: None)
    with pytest.raises(callgrind.UncountableError, match="valgrind is not installed"):
        callgrind.command()


def test_bytecode_is_the_same_source_without_viper():
    source = cipher._SOURCE.read_text("utf-8")
    plain = cipher.as_bytecode(source)
    assert "@micropython.viper" in source and "@micropython.viper" not in plain
    assert plain.count("def ptr8") == 1
    names: dict = {}
    exec(compile(plain, "plain", "exec"), names)
    state, text = bytearray(names["STATE_SIZE"]), bytearray(64)
    names["rc4_start"](state, cipher._KEY)
    names["rc4_crypt"](state, text, 0, 64)
    assert bytes(text) == cipher._library_rc4().update(bytes(64))


def test_prepared_frames_are_the_controllers_answers():
    filters = (0x7FF, (0x155, 0x155), 0x7FF, (0x424,) * 4)
    frames = [(0x155, b"\x01\x02"), (0x080, b""), (0x424, bytes(range(8)))]
    assert can_path.spi_answers(frames, filters) == (
        bytes((0, 0x2A, 0xA0, 0, 0, 2, 1, 2, 0, 0, 0, 0, 0, 0))
        + bytes((0, 0x84, 0x80, 0, 0, 8))
        + bytes(range(8))
    )


def test_the_driving_mix_is_that_of_a_moving_car():
    frames = can_path.driving_frames(1)
    counts = {number: sum(1 for i, _ in frames if i == number) for number, _ in frames}
    assert counts[0x155] == counts[0x19F] == 100 and counts[0x599] == 10
    speeds = [int.from_bytes(data[6:8], "big") for number, data in frames if number == 0x599]
    assert all(0 < speed < 0xFFFF for speed in speeds)


def test_virtual_time_jumps():
    loop = VirtualLoop()
    seen = []

    async def sleeper(name, seconds):
        for _ in range(3):
            await asyncio.sleep(seconds)
            seen.append((name, loop.time()))

    async def both():
        await asyncio.gather(sleeper("a", 3600), sleeper("b", 5000))

    try:
        loop.run_until_complete(both())
    finally:
        loop.close()
    assert [name for name, _ in seen] == ["a", "b", "a", "b", "a", "b"]
    assert loop.time() == pytest.approx(15_000, abs=1)


def test_a_deadlock_is_told():
    loop = VirtualLoop()
    try:
        with pytest.raises(RuntimeError, match="every task waits"):
            loop.run_until_complete(loop.create_future())
    finally:
        loop.close()


def test_turns_are_the_differences_of_what_callgrind_tells():
    output = "TURN boot - 0\n0 I OVMS\nTURN sms sin,cos 3\nMARK drive\nTURN can - 0\nCOUNTS {}\n"
    log = "events-1: 100\nevents-1-3: 7\nevents-1: 350\nframes-1: 2\nevents-1: 360\n"
    names = {"sin": "services/sms_job"}
    assert turns.turns(output, log, names) == [
        turns.Turn(100, "boot", (), 0, "start"),
        turns.Turn(250, "sms", ("services/sms_job", "cos"), 3, "start"),
        turns.Turn(10, "can", (), 0, "drive"),
    ]
    for wrong in (log + "events-1: 400\n", "events-1: 100\n"):
        with pytest.raises(callgrind.UncountableError):
            turns.turns(output, wrong, names)


def test_turns_that_load_something():
    output = "TURN app cos,sin,tan 1\nMARK drive\n0 I OVMS\nTURN sms sin 0\nCOUNTS {}\n"
    names = {"sin": "services/sms_job", "cos": "watch:begin", "tan": "watch:end"}
    first, second = turns.loaded_turns(output, names)
    loaded = ("watch:begin", "services/sms_job", "watch:end")
    assert first == turns.Turn(0, "app", loaded, 1, "start")
    assert first.modules == {"watch", "services/sms_job"}
    assert second == turns.Turn(0, "sms", ("services/sms_job",), 0, "drive")
    assert (first.reads, second.reads) == (4, 1)


def test_loads_of_each_module():
    output = "LOAD sin sin,cos\n0 I OVMS\nLOAD cos cos\n"
    log = "events-1: 100\nevents-1: 150\nevents-1: 160\nevents-1: 260\n"
    assert turns.module_loads(output, log) == [(100, "cos", []), (50, "sin", ["cos"])]
    with pytest.raises(callgrind.UncountableError):
        turns.module_loads(output, "events-1: 100\n")


def test_loads_of_each_sms():
    output = "SMS 21 STAT?\nMARK x\nSMS 4 STAT?\nSMS 17 MODULE A K\n"
    assert turns.loads(output) == {"STAT?": [21, 4], "MODULE A K": [17]}


def test_blocks_of_littlefs(tmp_path):
    (tmp_path / "ovms").mkdir()
    for name, size in (("main.py", 512), ("board.mpy", 513), ("ovms/a", 4096), ("ovms/b", 4097)):
        (tmp_path / name).write_bytes(bytes(size))
    assert flash.blocks(tmp_path) == 2 + 2 + 0 + 1 + 1 + 2


def test_bytes_on_the_wire_are_those_of_a_module_that_lives():
    """Ten minutes of a drive, with server, broker and Home Assistant."""
    life = wire.Life(wire.DRIVING, 600, False, home_assistant="ON")
    life.run()
    assert life.logins == life.mqtt_connections == 1
    assert life.bytes_from_car > life.bytes_to_car > 0
    # A full set of metrics, and what Home Assistant is told.
    assert life.mqtt_from_car > 10_000 > life.mqtt_to_car > 0
    assert life.home_assistant.startswith("ON RT ")
