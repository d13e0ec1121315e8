"""The page with the module behind it: what is shown is right, and what is clicked happens."""

import json
import re
from dataclasses import dataclass

import pytest

from host_tests import needs_browser, needs_vm
from host_tests.desk.web_bench import (
    PATIENCE_S,
    Desk,
    browser,
    keep_picture,
    open_page,
    until,
)
from tools.desk.faults import FAULTS
from tools.desk.phone_script import MODULE_PASSWORD
from tools.desk.stage import SERVER_PASSWORD, VEHICLE
from tools.desk.web import recording
from tools.desk.web.module_watch import marks_of
from tools.desk.web.strikes import BUTTONS, key_of

_TYPED = "Typed2026"


@pytest.fixture(scope="module")
def chromium():
    with browser(needs_browser.require()) as started:
        yield started


def _no_marks(page, desk):
    """Nobody is wrong: a report on its way, rounding and filters are no difference."""
    marked = page.locator("#beliefs td.differs")
    if marked.count():
        lines = [line for line in desk.view.lines.since(0) if line["who"] == "to server"]
        rows = page.locator("#beliefs tr:has(td.differs)").all_inner_texts()
        raise AssertionError("\n".join(rows) + "\n".join(map(str, lines[-20:])))


def _told(page, key, column=3):
    """What a row says of the car (1), or what the server (2) or the app (3) believes."""
    return page.inner_text(f"#b-{key} > :nth-child({column + 1}) > span")


def _number(page, key, column=3):
    text = _told(page, key, column).split(" ")[0]
    return None if text == "–" else float(text)


def test_a_drive_and_a_charge(chromium, tmp_path):
    with Desk(scale=10, scenario="drive") as desk:
        page = open_page(chromium, desk.site.address)
        until(lambda: (_number(page, "speed") or 0) > 10, "an app that sees the car drive")
        _no_marks(page, desk)
        until(lambda: page.locator("#links .good").count() == 7, "links that are good")
        assert abs(float(page.inner_text("#car-soc")) - desk.stage.car.soc_pct) < 0.5
        assert abs(_number(page, "soc") - desk.stage.car.soc_pct) < 1.5
        assert abs(_number(page, "soc", 2) - desk.stage.car.soc_pct) < 1.5
        assert page.locator("#cells .bar").count() == 14
        assert page.locator("#modules .bar").count() == 7
        volts = [float(text) for text in page.locator("#cells b").all_inner_texts()]
        assert all(3.3 < value < 4.2 for value in volts)
        means = page.inner_text("#bus tr:has-text('BMS_1') td:nth-child(4)")
        told = float(re.search(r"soc ([\d.]+) %", means)[1])
        assert abs(told - desk.stage.car.soc_pct) < 1 and "phase valid" in means
        assert page.locator("#bus .byte.new").count() > 0
        assert page.inner_text("#steps").strip() == "none so far"
        _told_by_the_module(page, desk)
        _phone_and_apps(page, desk)
        _drawn(page)
        keep_picture(page, "drive-day")
        page.click("#theme")
        keep_picture(page, "drive-night")
        _charge(page, desk)
        # The command that was refused on purpose; the page says why.
        assert [text for text in page.complaints if "400 (Bad Request)" not in text] == []
        _recorded(page, desk, tmp_path)
        _another_car(page, desk)


def _told_by_the_module(page, desk):
    """Its counters and its monitor; of CPython's memory no number."""
    page.wait_for_selector("#modules-monitor:has-text('SD')")
    page.wait_for_selector("#cells-monitor:has-text('SD 5 mV')")
    assert page.locator("#battery .watch, #battery .alert").count() == 0
    assert "at most" in page.get_attribute("#cells .bar:nth-child(14)", "title")
    page.click(".counters summary")
    page.wait_for_selector("#module-counts li:has-text('server_logins') b:text-is('1')")
    assert not page.is_visible("#p-heap") and "CPython" in page.inner_text("#heap-none")
    until(lambda: desk.view.samples.since(0)[-1]["pause"] is not None, "a pause that is told")
    assert all(sample["heap"] is None for sample in desk.view.samples.since(0))


def _phone_and_apps(page, desk):
    page.fill("#i-sms", f"PASS {_TYPED}")
    page.press("#i-sms", "Enter")
    page.wait_for_selector(".bubble:has-text('Module password has been changed.')")
    page.fill("#i-sms", "STAT?")
    page.click("#f-sms button")
    page.wait_for_selector(".bubble:not(.mine):has-text('SOC:')")
    page.fill("#i-command", "1")
    page.click("#f-command button")
    page.wait_for_selector("#lines [data-who=reply]:has-text('1 ok')")
    page.fill("#i-command", "nonsense words")
    page.click("#f-command button")
    page.wait_for_selector("#notice:visible")
    for who, text in (("to modem", "AT+"), ("to server", "car "), ("app", "S state")):
        assert page.locator(f"#lines [data-who='{who}']:has-text('{text}')").count() > 0
    page.fill("#i-filter", "at+cmgs")
    until(
        lambda: all("AT+CMGS" in text for text in page.locator("#lines p").all_inner_texts()),
        "lines with AT+CMGS only",
    )
    page.fill("#i-filter", "")
    shown = page.content() + json.dumps(desk.view.lines.since(0)) + desk.view.recording()
    for secret in (SERVER_PASSWORD, MODULE_PASSWORD, _TYPED):
        assert secret not in shown
    assert "PASS ****" in shown


def _drawn(page):
    """The map and each plot have more than one colour."""
    for name in ("map", "p-power", "p-soc", "p-wire", "p-can", "p-pause"):
        assert _colours(page, name) > 3, name


def _colours(page, name):
    return page.evaluate(
        """(name) => { const c = document.getElementById(name);
            const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
            const seen = new Set(); for (let i = 0; i < d.length; i += 4)
            seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); return seen.size; }""",
        name,
    )


def _charge(page, desk):
    """By hand: stop, pull the key, put the plug in, and another state of charge."""
    page.locator("#c-speed").fill("0")
    until(lambda: _number(page, "speed") == 0, "a car that stands")
    _no_marks(page, desk)
    page.click("#c-key")
    until(lambda: _told(page, "on") == "no", "a key that is off")
    page.wait_for_selector("#car-state:text-is('sleeps')")
    page.click("#c-plug")
    until(lambda: _told(page, "charging") == "yes", "a charge that the app sees")
    assert desk.stage.car.is_charging
    page.locator("#c-soc").fill("60")
    until(lambda: 59 <= (_number(page, "soc") or 0) < 63, "the charge that was set")
    assert 59 <= desk.stage.car.soc_pct < 63
    _no_marks(page, desk)
    page.select_option("#c-scenario", "park")
    page.wait_for_selector("#car-state:text-is('sleeps')")
    until(lambda: _told(page, "charging") == "no", "the end of the charge")


def _recorded(page, desk, folder):
    """What was done is in the file, and is done again from it."""
    with page.expect_download() as download:
        page.click("#c-record")
    path = folder / "recording.json"
    download.value.save_as(path)
    recorded = recording.load(path)
    names = [entry["do"] for entry in recorded.inputs]
    assert names == ["sms", "sms", "command", "speed", "key", "plug", "soc", "scenario"]
    assert recorded.start["scenario"] == "drive"
    first_s = recorded.inputs[0]["at_s"]
    now_s = desk.view.module_s
    recorded.inputs = [
        {**entry, "at_s": now_s + (entry["at_s"] - first_s) / 10}
        for entry in recorded.inputs
        if entry["do"] in ("key", "soc", "scenario")
    ]
    desk.call(recording.play(recorded, desk.view))
    page.wait_for_selector("#lines [data-who=replay]:has-text('the recording is over')")
    assert [line["text"] for line in desk.view.lines.since(0) if line["who"] == "you"][-3:] == [
        *("key False", "soc 60", "scenario park"),
    ]


def _another_car(page, desk):
    """A Leaf, which the module is told of; and another pace, for which it starts anew."""
    page.select_option("#c-scenario", "drive")
    page.select_option("#c-car", "NL")
    page.wait_for_selector(".bubble:not(.mine):has-text('CarType:NL')")
    page.wait_for_selector("#bus tr:has-text('LBC_1DB')")
    assert page.locator("#bus tr:has-text('BMS_1')").count() == 0
    until(lambda: abs((_number(page, "soc") or 0) - desk.stage.car.soc_pct) < 2, "a Leaf's charge")
    page.select_option("#c-scale", "20")
    page.wait_for_selector("#clock:has-text('×20')")
    logins = desk.stage.server.counters(VEHICLE).car_logins
    until(lambda: desk.stage.server.counters(VEHICLE).car_logins > logins, "a login after it")
    assert desk.stage.board.restarts == 1
    _no_marks(page, desk)


def _state(page, key):
    return page.get_attribute(f"#fault-{key}", "data-state")


# What a watcher saw since `clear`: the lights that were bad, with their words.
_WATCH_LIGHTS = """() => { window.seen = new Set(); const list = document.getElementById("links");
const look = () => list.querySelectorAll(".bad").forEach((e) => seen.add(e.ariaLabel));
new MutationObserver(look).observe(list, { subtree: true, childList: true, attributes: true,
characterData: true }); }"""


@dataclass(frozen=True)
class Sight:
    """What a fault has to show. lights: of these each; steps: of the recovery ladder, each."""

    fault: str
    lights: tuple[str, ...]
    steps: tuple[str, ...] = ()


# Those of a row at once, as they have nothing to do with each other.
_SIGHTS = (
    (
        Sight("modem sends every byte alone", ("modem: speaks byte by byte",)),
        Sight("GPS silent for 150 s", ("GPS: silent",)),
        Sight("CAN bus away for 150 s", ("CAN: away",)),
    ),
    (
        Sight("modem sends bursts with a URC inside", ("modem: speaks in bursts",)),
        Sight("GPS away for 150 s", ("GPS: away",)),
        Sight("CAN noise for 60 s", ("CAN: noise",)),
        Sight("flash full for 60 s", ("flash: full",)),
    ),
    (
        Sight("modem five times as slow", ("modem: 5 times as slow",)),
        Sight("wrong crystal for 150 s", ("CAN: wrong crystal",)),
    ),
    (
        Sight(
            "modem browns out", ("server: the connection is gone",), ("set up anew", "reconnect")
        ),
    ),
    # What else it takes depends on what the modem was about when it fell silent.
    (Sight("modem hangs for 60 s", ("modem: hangs",), ("reconnect",)),),
    (Sight("modem without power for 60 s", ("modem: off",), ("set up anew", "reconnect")),),
    (Sight("GPRS context lost", ("server: the connection is gone",), ("PDP", "reconnect")),),
    (Sight("TCP dead without a word", ("server: the connection is dead",), ("reconnect",)),),
    (Sight("server away for 60 s", ("server: not logged in",), ("reconnect",)),),
    (Sight("server closes the link", (), ("reconnect",)),),
    (Sight("no network for 60 s", ("network: not registered",), ("reconnect",)),),
    (Sight("modem UART cut and back", ("modem: away",)),),
    (Sight("firmware killed", ("module: does not run",), ("board restart",)),),
)
_FAULTS = {fault.name: fault for fault in FAULTS}


def _suffer(page, sights):
    """Click, see that it is on, wait until all is well, and see what it took and showed."""
    page.evaluate("seen.clear()")
    keys = {sight: key_of(_FAULTS[sight.fault]) for sight in sights}
    for key in keys.values():
        assert _state(page, key) == "off"
        page.click(f"#fault-{key}")
        until(lambda key=key: _state(page, key) != "off", key)
    for sight, key in keys.items():
        until(
            lambda key=key: _state(page, key) in ("well", "lost"),
            f"the end of {key}: {page.inner_text(f'#fault-{key}')}",
        )
        text = page.inner_text(f"#fault-{key}")
        assert _state(page, key) == "well" and "all well after" in text, text
        assert all(step in text for step in sight.steps), text
    seen = page.evaluate("[...seen]")
    for sight in sights:
        assert all(light in seen for light in sight.lights), (sight, seen)
    until(lambda: page.locator("#links .good").count() == 7, "links that are good again")


def _lost(page, desk):
    """A module that does not come back is told in time, too, and may be struck again."""
    desk.call(desk.stage.server.stop())
    desk.view.strikes.limit_s = 20.0
    page.click("#fault-modem_uart_cut_and_back")
    until(lambda: _state(page, "modem_uart_cut_and_back") == "lost", "a module that is lost")
    assert "not well: waits for" in page.inner_text("#fault-modem_uart_cut_and_back")
    assert page.is_enabled("#fault-modem_uart_cut_and_back")


def test_every_fault_is_got_over(chromium):
    with Desk(scale=20) as desk:
        # How long it takes is measured elsewhere (`recovery.py`); here a busy machine may be slow.
        desk.view.strikes.limit_s = 20 * PATIENCE_S
        page = open_page(chromium, desk.site.address)
        until(lambda: (_number(page, "speed") or 0) > 10, "an app that sees the car drive")
        # What it took to start is no recovery.
        until(lambda: "server_logins" in desk.view.watch.counts, "a login that is told")
        assert page.inner_text("#steps").strip() == "none so far"
        assert sorted(sight.fault for row in _SIGHTS for sight in row) == sorted(_FAULTS)
        assert page.locator("#faults button").count() == len(BUTTONS)
        page.click(".faults summary")
        page.evaluate(_WATCH_LIGHTS)
        for sights in _SIGHTS:
            _suffer(page, sights)
        steps = page.inner_text("#steps")
        for step in ("reconnect", "PDP", "set up anew", "board restart"):
            assert step in steps
        _no_marks(page, desk)
        page.click(".faults summary")
        keep_picture(page, "faults-day")
        page.click("#theme")
        keep_picture(page, "faults-night")
        page.click(".faults summary")
        _lost(page, desk)
        assert page.complaints == []


def test_a_first_set_up_is_no_recovery_and_the_monitor_is_the_modules(chromium):
    """By SMS, from the factory's settings on, beside a car of which a cell drifts."""
    with Desk(scale=5, scenario="drifting_cell", is_set_up=False) as desk:
        page = open_page(chromium, desk.site.address)
        until(lambda: desk.script.is_finished, desk.script.complaint or "the end of the set-up")
        page.wait_for_selector("#what:has-text('set-up 9/9')")
        page.wait_for_selector("#cells .bar.alert")
        # The module's own words to its owner, and nothing else. They change as the cell drifts.
        until(lambda: _told_by_sms(page, desk) == _shown_of_cells(page), "the marks of the module")
        bar = page.locator("#cells .bar.alert").first
        assert bar.locator("span").inner_text() == "!5"
        assert bar.get_attribute("aria-label").startswith("5: ")
        assert ", alert, at most -" in bar.get_attribute("aria-label")
        until(lambda: "server_logins" in desk.view.watch.counts, "a login that is told")
        assert page.inner_text("#steps").strip() == "none so far"
        _bill(page, desk)
        assert page.complaints == []


def _told_by_sms(page, desk):
    """(marks of the cells, of all of them) in the answer to an SMS."""
    before = desk.view._bill.sum.of_module
    page.fill("#i-sms", "BATT VD")
    page.click("#f-sms button")
    until(lambda: desk.view._bill.sum.of_module > before, "an answer")
    told = [line["text"] for line in desk.view.lines.since(0) if line["who"] == "sms"]
    marks = marks_of(next(text for text in reversed(told) if "SD:" in text))
    return list(marks.marks.values()), f"{marks.mark}SD {marks.deviation}"


def _shown_of_cells(page):
    names = page.locator("#cells .bar span").all_inner_texts()
    return [name.rstrip("0123456789") for name in names], page.inner_text("#cells-monitor")


def _sum(desk, price):
    parts = desk.view._bill.sum.parts
    return f"{parts} parts, {parts * price:.2f} €"


def _bill(page, desk):
    """Each part has its price, which can be changed and is kept. More may come at any time."""
    count = desk.view._bill.sum
    assert count.of_module >= 10 and count.parts >= count.of_module
    page.click("#bill summary")
    until(lambda: page.inner_text("#bill-sum") == _sum(desk, 0.09), "the usual price")
    page.fill("#i-price", "0.20")
    until(lambda: page.inner_text("#bill-sum") == _sum(desk, 0.2), "another price")
    day = page.locator("#days tbody tr").first.locator("th, td")
    assert day.all_inner_texts()[0] == "1"
    until(lambda: " parts, ".join(day.all_inner_texts()[3:]) + " €" == _sum(desk, 0.2), "the day")
    assert "· 1 part · 0.20 €" in page.inner_text("#chat")
    page.reload()
    page.wait_for_selector("#chat:has-text('· 0.20 €')", state="attached")


def test_the_heap_of_a_module_on_micropython(chromium):
    needs_vm.require(64)
    with Desk(scale=1, runtime="micropython") as desk:
        page = open_page(chromium, desk.site.address)
        until(lambda: desk.view.watch.health, "what the module tells of itself")
        until(lambda: any(s["heap"] for s in desk.view.samples.since(0)), "its heap")
        health = desk.view.watch.health
        assert 50_000 < health.used < health.size
        page.wait_for_selector("#p-heap:visible")
        assert not page.is_visible("#heap-none")
        until(lambda: _colours(page, "p-heap") > 3, "a heap that is drawn")
        assert page.complaints == []
