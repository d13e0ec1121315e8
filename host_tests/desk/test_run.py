"""`run`: everything at once, as `make run` starts it. Runs on CPython only."""

import asyncio
import json
import re
import socket

import pytest

from host_tests.desk.module_rig import require, run_desk, run_desk_until
from tools.desk.phone_script import SET_UP

# What MicroPython's heap grows to on an ESP32 without PSRAM (112,000 bytes), and some 10 KB for
# the desk's stand-ins, in KiB.
_HEAP_KIB = 119
_CHARGING = (
    "charge state charging",
    "doors 1 charge port + pilot + charging",
    "SEVCON OFFLINE",
)


def speeds(output):
    return [int(text) for text in re.findall(r"location: .*? speed (\d+) km/h", output)]


def latitudes(output):
    return set(re.findall(r"latitude (\d+\.\d+)", output))


def _has_driven(output):
    """All SMS answered, which takes most of the time, and some driving seen by the app."""
    _, was_asked, answer = output.partition(f"phone  {SET_UP[-1].text}\n")
    if not was_asked or SET_UP[-1].expected not in answer:
        return False
    return len(latitudes(output)) > 5 and max(speeds(output), default=0) > 20


def _has_charged(output):
    return all(text in output for text in _CHARGING)


async def _all():
    drive = ("--vm", "micropython", "--bits", "32", "--heap", str(_HEAP_KIB))
    charge = ("--vm", "cpython", "--time-scale", "10", "--scenario", "charge", "--sevcon", "80")
    lte = ("--vm", "micropython", "--modem", "sim7000")
    runs = await asyncio.gather(
        run_desk_until(_has_driven, "run", "--headless", *drive),
        run_desk_until(_has_charged, "run", "--headless", *charge),
        run_desk_until(_has_driven, "run", "--headless", *lte),
    )
    return dict(zip(("drive", "charge", "lte"), runs))


@pytest.fixture(scope="module")
def runs():
    """(exit code, stdout, stderr) of three runs at the same time, by scenario."""
    require(("micropython", "--bits", "32"))
    return asyncio.run(_all())


def _check(run, sms_count):
    code, output, complaint = run
    assert code == 0, output + complaint
    lines, _, summary = output.partition("Summary\n")
    for pattern in (
        r"ok   the module logged in after \d+\.\d s\n",
        rf"ok   {sms_count} of {sms_count} SMS were answered as expected\n",
        r"ok   the app got D x\d+, F x\d+, L x\d+, S x\d+, .*V x\d+",
        r"ok   the app shows SOC \d+\.\d %, the car has \d+\.\d %\n",
        r"ok   the firmware ran to the end\n",
        r"ok   the server found no errors in what the module sent\n",
        r"The server took \d+ bytes from the module",
    ):
        assert re.search(pattern, summary), summary
    assert "FAIL" not in summary and "MODULE ERROR" not in summary and "restarted" not in summary
    return lines


def test_drive_in_the_heap_of_a_module(runs):
    lines = _check(runs["drive"], len(SET_UP))
    assert max(speeds(lines)) > 20
    assert len(latitudes(lines)) > 5
    assert "MemoryError" not in lines


def test_charge_in_fast_time(runs):
    """The key is off, so the motor controller is not there; the command says so."""
    code, output, _ = runs["charge"]
    assert code == 1 and f"FAIL {len(SET_UP) + 1} of {len(SET_UP) + 2} SMS" in output
    assert all(text in output for text in _CHARGING)
    assert "module CAN" not in output


def test_drive_with_the_second_modem_on_lte(runs):
    lines = _check(runs["lte"], len(SET_UP))
    assert " on TSIM7000G," in lines and "GSM: OK" in lines


def test_a_recording_is_played_again(tmp_path):
    inputs = [
        {"at_s": 1.0, "do": "soc", "with": {"pct": 40}},
        {"at_s": 2.0, "do": "speed", "with": {"kmh": 999}},
        {"at_s": 3.0, "do": "plug", "with": {"on": True}},
    ]
    start = {"vehicle": "RT", "scenario": "park", "sevcon": "80", "time_scale": 10}
    path = tmp_path / "recording.json"
    path.write_text(json.dumps({"recording": 1, "start": start, "inputs": inputs}))
    words = ("run", "--headless", "--seconds", "6", "--vm", "cpython", "--replay", str(path))
    _, output, complaint = asyncio.run(run_desk(*words))
    assert re.search(r"the car has 4\d\.\d %", output), output + complaint
    assert re.search(r"in a browser: http://127\.0\.0\.1:\d+/\?token=\S{20,}\n", output)
    path.write_text(json.dumps({"recording": 1, "start": {**start, "vehicle": 7}, "inputs": []}))
    code, _, complaint = asyncio.run(run_desk(*words))
    assert code == 2 and "starts with what this desk does not have" in complaint


def test_without_a_page():
    words = ("run", "--headless", "--seconds", "1", "--vm", "cpython", "--no-web")
    _, output, _ = asyncio.run(run_desk(*words))
    assert "Summary" in output and "browser" not in output


@pytest.mark.parametrize("option", ["--port", "--http-port", "--web-port"])
def test_port_in_use_is_one_sentence(option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, output, complaint = asyncio.run(
            run_desk("run", "--headless", "--seconds", "5", option, str(port), "--vm", "cpython")
        )
    # The page comes last.
    assert code == 2 and (output == "" or option == "--web-port")
    assert f"127.0.0.1:{port}" in complaint and complaint.count("\n") == 1


@pytest.mark.parametrize(
    "words, sentence",
    [
        (("--scenario", "fly"), "invalid choice: 'fly'"),
        (("--sevcon", "90"), "invalid choice: '90'"),
        (("--vehicle", "ZZ"), "invalid choice: 'ZZ'"),
        (("--vehicle", "VA", "--scenario", "charge"), "nothing is heard of a charge."),
        (("--vehicle", "NL", "--sevcon", "80"), "--sevcon is for the Twizy only."),
        (("--vm", "micropython", "--time-scale", "3"), "--time-scale works with --vm cpython"),
        (("--flash", "/dev/null/flash"), "cannot be written"),
        (("--port", "99999"), "'99999' is no TCP port"),
        (("--http-port", "-1"), "'-1' is no TCP port"),
        (("--port", "6867x"), "invalid port value: '6867x'"),
        (("--heap", "0"), "'0' is not a whole number greater than 0"),
        (("--board", "NONE"), "There is no board NONE"),
        (("--modem", "A7670"), "invalid choice: 'A7670'"),
        (
            ("--modem", "sim7000", "--board", "ESP32_SIM800"),
            "The board ESP32_SIM800 has no SIM7000; these have: LILYGO_TSIM7000G.",
        ),
        (("--web-port", "99999"), "'99999' is no TCP port"),
        (("--replay", "/nothing"), "/nothing cannot be read"),
    ],
)
def test_wrong_options_are_one_sentence(words, sentence):
    code, output, complaint = asyncio.run(run_desk("run", "--headless", "--seconds", "5", *words))
    assert code == 2
    assert sentence in complaint and complaint.count("\n") == 1
