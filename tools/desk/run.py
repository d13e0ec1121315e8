"""`run`: everything on the desk at once, set up by the phone, watched by the app."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from tools import boards, vm
from tools.desk import module
from tools.desk.arguments import count, port
from tools.desk.board_host import HostError
from tools.desk.dbc_cars import CARS
from tools.desk.dbc_sim import DBCSimulator
from tools.desk.phone_script import (
    QUESTIONS,
    SET_UP,
    PhoneScript,
    Step,
    car_steps,
    controller_steps,
    mqtt_steps,
)
from tools.desk.sevcon_moods import MOODS
from tools.desk.stage import TWIZY, VEHICLE, Stage, StageOptions
from tools.desk.twizy_scenarios import SCENARIOS
from tools.desk.view import LiveView, PlainView
from tools.desk.web.controls import SCALES
from tools.desk.web.recording import Recording, RecordingError, load, play
from tools.desk.web.site import WebSite
from tools.desk.web.stage_view import StageView

_REFRESH_S = 0.25
# What an MCP2515 with the usual crystal of 8 MHz reaches, and a board for a bus that is faster.
_MCP2515_MOST_BITRATE = 500_000
_FAST_BOARD = "LILYGO_TCALL_SIM800_TWAI"
# Messages that have to reach the app before a headless run is a success.
# What an app gets of a Twizy: without tyre sensors there is no W.
_WANTED = "SDLFV"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `run`, design 4.2."""
    parser.add_argument("--headless", action="store_true", help="lines, and a summary at the end")
    parser.add_argument("--seconds", type=count, metavar="N", help="end after N seconds")
    parser.add_argument(
        "--vehicle",
        choices=(TWIZY, *CARS),
        default=TWIZY,
        metavar="TYPE",
        help=f"the car: {TWIZY}, or one that a table reads ({', '.join(CARS)})",
    )
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="drive")
    parser.add_argument(
        "--sevcon",
        choices=MOODS,
        help="the motor controller's type or mood; the phone then allows writing and tunes it",
    )
    parser.add_argument(
        "--mqtt", action="store_true", help="an MQTT broker, too; the module then has WiFi"
    )
    parser.add_argument(
        "--modem",
        type=str.upper,
        choices=boards.MODEMS,
        metavar="NAME",
        help=f"a board with this modem ({', '.join(boards.MODEMS)}) unless --board names one",
    )
    parser.add_argument("--port", type=port, help="the server's v2 port (6867, else a free one)")
    parser.add_argument("--http-port", type=port, help="its REST port (6868, else a free one)")
    parser.add_argument(
        "--flash", type=Path, default=Path(), metavar="DIR", help="keep the module's files here"
    )
    parser.add_argument("--no-web", action="store_true", help="no page in a browser")
    parser.add_argument("--web-port", type=port, help="the page's port (6866, else a free one)")
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="play a recording that the page has saved"
    )
    module.add_runtime_arguments(parser)


def run(options: argparse.Namespace) -> int:
    try:
        recording = _take_start(options) if options.replay else None
    except RecordingError as error:
        print(error, file=sys.stderr)
        return 2
    if options.vehicle != TWIZY:
        try:
            DBCSimulator(options.vehicle, options.scenario)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        if options.sevcon:
            print("The option --sevcon is for the Twizy only.", file=sys.stderr)
            return 2
    complaint = _choose_board(options)
    if complaint:
        print(complaint, file=sys.stderr)
        return 2
    if options.vm is None:
        options.vm = _usual_runtime(options)
    try:
        return asyncio.run(_run(options, recording))
    except HostError as error:
        print(error, file=sys.stderr)
        return 2


def _choose_board(options: argparse.Namespace) -> str:
    """Take a board with the modem that is wanted; "" or one sentence."""
    car = CARS.get(options.vehicle)
    if car and car.bitrate > _MCP2515_MOST_BITRATE and options.board == module.USUAL_BOARD:
        options.board = _FAST_BOARD
    if not options.modem:
        return ""
    found = [name for name in boards.names() if _modem_of(name) == options.modem]
    if options.board == module.USUAL_BOARD and options.board not in found:
        options.board = found[0]
    if options.board in found:
        return ""
    return f"The board {options.board} has no {options.modem}; these have: {', '.join(found)}."


def _modem_of(board: str) -> str:
    return boards.read(boards.BOARDS / board).modem


def _usual_runtime(options: argparse.Namespace) -> str:
    """MicroPython where it is there, because that is what the module runs."""
    is_there = options.bits in vm.available()
    return "micropython" if is_there and options.time_scale == 1.0 else "cpython"


def _take_start(options: argparse.Namespace) -> Recording:
    """Begin as the recording began. RecordingError for a file that is none, or of another desk."""
    recording = load(options.replay)
    start = recording.start
    options.vehicle = start.get("vehicle", options.vehicle)
    options.scenario = start.get("scenario", options.scenario)
    options.time_scale = start.get("time_scale", options.time_scale)
    mood = start.get("sevcon")
    is_known = (
        options.vehicle in (TWIZY, *CARS)
        and options.scenario in SCENARIOS
        and options.time_scale in SCALES
        and (mood is None or mood in MOODS)
    )
    if not is_known:
        raise RecordingError(f"{options.replay} starts with what this desk does not have.")
    return recording


async def _run(options: argparse.Namespace, recording: Recording | None) -> int:
    is_live = not options.headless and sys.stdout.isatty()
    view = LiveView() if is_live else PlainView()
    is_twizy = options.vehicle == TWIZY
    own_mood = SCENARIOS[options.scenario].sevcon if is_twizy else ""
    mood = options.sevcon or own_mood

    def on_line(who: str, text: str) -> None:
        view.line(who, text)
        page.line(who, text)

    stage = Stage(
        StageOptions(
            wiring=module.wiring(options, flash=options.flash),
            scenario=options.scenario,
            car_type=options.vehicle,
            sevcon=mood or MOODS[0],
            port=options.port,
            http_port=options.http_port,
            time_scale=options.time_scale,
            has_mqtt=options.mqtt,
            has_console=not options.no_web,
        ),
        on_line,
    )
    view.stage = stage
    set_up: tuple[Step, ...] = SET_UP
    if not is_twizy:
        data = CARS[options.vehicle]
        set_up = car_steps(options.vehicle, data.tells_soc, options.scenario != "drive")
    steps = set_up + (controller_steps(mood, own_mood != "") if mood else ())
    script = PhoneScript(stage, steps, QUESTIONS.get(options.scenario, "") if is_twizy else "")
    page = StageView(stage, script)
    site = None if options.no_web else WebSite(page, options.web_port)
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    try:
        await stage.start()
        if options.mqtt:
            script.steps = (*mqtt_steps(stage, set_up), *script.steps[len(SET_UP) :])
        page.attach()
        if site is not None:
            view.address = await _serve(site)
        phone = asyncio.create_task(script.run())
        stage.keep(_replay(recording, page))
        with view:
            await _until(end, options.seconds, stage, script, view)
        phone.cancel()
        has_ended = stage.firmware_has_ended()
    finally:
        if site is not None:
            await site.stop()
        await page.stop()
        await stage.stop()
    if options.headless:
        return _summary(stage, script, has_ended)
    for fault in _faults(stage):
        print(f"MODULE ERROR: {fault}", file=sys.stderr)
    return 1 if _faults(stage) else 0


async def _serve(site: WebSite) -> str:
    """Open the page; its address."""
    try:
        await site.start()
    except OSError as error:
        raise HostError(str(error.strerror)) from None
    print(f"The desk in a browser: {site.address}", flush=True)
    return site.address


async def _replay(recording: Recording | None, page: StageView) -> None:
    if recording is not None:
        await play(recording, page)


def _soc_result(stage: Stage) -> tuple[bool, str]:
    shown = stage.view.value("S", "SOC") or "-"
    if not stage.tells_soc:
        return shown == "-", f"the app shows SOC {shown}, as the car does not tell it"
    return (
        stage.has_shown_soc(),
        f"the app shows SOC {shown}, the car has {stage.car.soc_pct:.1f} %",
    )


def _faults(stage: Stage) -> list[str]:
    """What the module sent and a real server would have lost or choked on."""
    return list(stage.server.counters(VEHICLE).faults)


async def _until(end, seconds, stage: Stage, script: PhoneScript, view) -> None:
    while not end.is_set() and not stage.firmware_has_ended():
        if seconds is not None and stage.view.elapsed_s() >= seconds:
            return
        view.refresh(script)
        try:
            await asyncio.wait_for(end.wait(), _REFRESH_S)
        except TimeoutError:
            continue


def _summary(stage: Stage, script: PhoneScript, has_ended: bool) -> int:
    """Print what a headless run proved; returns the exit code."""
    view = stage.view
    wanted = _WANTED if stage.tells_soc else _WANTED.replace("S", "")
    missing = [code for code in wanted if not view.message_counts.get(code)]
    faults = _faults(stage)
    login = f"after {view.logged_in_s:.1f} s" if view.logged_in_s is not None else "never"
    results = [
        (view.logged_in_s is not None, f"the module logged in {login}"),
        (
            script.is_finished,
            f"{script.answered} of {len(script.steps)} SMS were answered as expected",
        ),
        (
            not missing,
            "the app got " + ", ".join(f"{k} x{n}" for k, n in sorted(view.message_counts.items()))
            if not missing
            else f"the app never got {' '.join(missing)}",
        ),
        _soc_result(stage),
        (not has_ended, "the firmware ran to the end"),
        (not faults, f"the server found {len(faults) or 'no'} errors in what the module sent"),
    ]
    if stage.mqtt is not None:
        soc = stage.mqtt.value("v/b/soc")
        text = f"the broker has {len(stage.mqtt.topics)} topics, SOC {soc or '-'}"
        results.append((stage.mqtt.was_there and soc != "", text))
    print("Summary")
    for is_good, text in results:
        print(f"  {'ok  ' if is_good else 'FAIL'} {text}")
    if script.complaint and not script.is_finished:
        print(f"       {script.complaint}")
    counters = stage.server.counters(VEHICLE)
    print(
        f"  The server took {counters.bytes_from_car} bytes from the module "
        f"and sent it {counters.bytes_to_car}."
    )
    for fault in faults:
        print(f"  MODULE ERROR: {fault}")
    if stage.board is not None and stage.board.restarts:
        print(f"  The firmware was restarted {stage.board.restarts} times.")
    return 0 if all(is_good for is_good, _ in results) else 1
