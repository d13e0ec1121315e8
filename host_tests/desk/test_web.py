"""The page with the module behind it: what is shown is right, and what is clicked happens."""

import json
import re

import pytest

from host_tests import needs_browser
from host_tests.desk.web_bench import Desk, browser, keep_picture, open_page, until
from tools.desk.phone_script import MODULE_PASSWORD
from tools.desk.stage import SERVER_PASSWORD, VEHICLE
from tools.desk.web import recording
from tools.desk.web.strikes import BUTTONS

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
        assert page.locator("#links .good").count() == 6
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
        assert "login" in page.inner_text("#steps") and "1" in page.inner_text("#steps")
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
    for name in ("map", "p-power", "p-soc", "p-wire", "p-can"):
        colours = page.evaluate(
            """(name) => { const c = document.getElementById(name);
            const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
            const seen = new Set(); for (let i = 0; i < d.length; i += 4)
            seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); return seen.size; }""",
            name,
        )
        assert colours > 3, name


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


def _suffer(page, *titles):
    """Click, see that it is on, and wait until the page says that all is well."""
    keys = [page.get_attribute(f"#faults button:has-text('{title}')", "id") for title in titles]
    for key in keys:
        page.click(f"#{key}")
        until(lambda key=key: _state(page, key.removeprefix("fault-")) != "off", key)
    for key in keys:
        name = key.removeprefix("fault-")
        until(
            lambda name=name: _state(page, name) in ("well", "lost"),
            f"the end of {name}: {page.inner_text(f'#{key}')}",
        )
        text = page.inner_text(f"#{key}")
        assert _state(page, name) == "well" and "all well after" in text, text


def _lost(page, desk):
    """A module that does not come back is told in time, too, and may be struck again."""
    desk.call(desk.stage.server.stop())
    desk.view.strikes.limit_s = 20.0
    page.click("summary")
    page.click("#fault-modem_uart_cut_and_back")
    until(lambda: _state(page, "modem_uart_cut_and_back") == "lost", "a module that is lost")
    assert "not well: waits for" in page.inner_text("#fault-modem_uart_cut_and_back")
    assert page.is_enabled("#fault-modem_uart_cut_and_back")


def test_every_fault_is_got_over(chromium):
    with Desk(scale=20) as desk:
        page = open_page(chromium, desk.site.address)
        until(lambda: (_number(page, "speed") or 0) > 10, "an app that sees the car drive")
        tried = [
            # At once, as they have nothing to do with each other.
            ("GPS unplugged", "CAN noise", "Flash full"),
            ("Wrong crystal", "No network"),
            ("Modem brown-out",),
            ("Server silent",),
            ("Power cut",),
        ]
        assert {title for titles in tried for title in titles} == set(BUTTONS.values())
        for titles in tried:
            _suffer(page, *titles)
        steps = page.inner_text("#steps")
        for step in ("reconnect", "PDP", "set up anew", "board restart"):
            assert step in steps
        _no_marks(page, desk)
        keep_picture(page, "faults-day")
        page.click("#theme")
        keep_picture(page, "faults-night")
        _lost(page, desk)
        assert page.complaints == []
