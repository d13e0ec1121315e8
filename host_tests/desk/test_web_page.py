"""The page itself in a real Chromium: what is shown comes from a source that the test makes up."""

import contextlib
import gc
import json
import urllib.error
import urllib.request

import pytest

from host_tests import needs_browser
from host_tests.desk.web_bench import Loop, browser, keep_picture, open_page, until
from tools.desk.web.controls import Action, ActionError, Field
from tools.desk.web.lines import LineLog, SampleLog
from tools.desk.web.phone_bill import PhoneBill
from tools.desk.web.site import WebSite

_HOUR_S = 3600


class Source:
    """What a desk would tell: one row, one fault, and whatever the test adds."""

    def __init__(self):
        self.lines, self.samples = LineLog(), SampleLog()
        self.done = []
        self.actions = {"sms": Action("an SMS", None, (Field("text", least=1, most=160),))}
        self.soc = 80.0
        self.told = {"text": "80", "age": 3, "differs": False}
        self.byte = 0
        self.runtime = "cpython"
        self.days = [{"day": 1, "to": 4, "of": 3, "parts": 5}]

    def tick(self):
        pass

    def recording(self):
        return '{"recording": 1}'

    def second(self, at_s):
        """What an hour brings every second."""
        self.byte = (self.byte + 1) % 256
        self.samples.add(
            {
                "t": at_s,
                "power": 2.5,
                "soc": 80 - at_s / 1000,
                "out": 90,
                # A module that restarts tells nothing for a while.
                "heap": None if at_s % 60 < 5 else 70.5,
                "pause": None if at_s % 60 < 5 else at_s % 40,
                "in": 3,
                "can": 500,
                "at": [52.47, 13.39],
                "told": [52.47, 13.39 + at_s * 1e-5],
            }
        )
        for who in ("app", "modem", "phone", "sms"):
            self.lines.line(at_s, who, f"line at {at_s}", parts=2)

    def sections(self, is_all=False):
        row = {"key": "soc", "title": "State of charge", "unit": "%", "truth": self.soc}
        return {
            "desk": {
                "kind": "desk",
                "vehicle": "TWIZY42",
                "elapsed": 65,
                "scale": 1,
                "scales": [1, 2],
                "runtime": self.runtime,
                "type": "RT",
                "cars": {"RT": "Twizy"},
                "inputs": 0,
                "scenario": "drive",
                "scenarios": {"drive": "In town."},
                "setUp": None,
                "complaint": "",
                "route": [[52.47, 13.39], [52.48, 13.4], [52.46, 13.41]],
                "wheel": {"key": True, "plug": False, "gear": "D", "speed": 30, "top": 80},
            },
            "car": {
                "soc": self.soc,
                "speed": 50,
                "power": 2,
                "range": 60,
                "odometer": 4437.1,
                "volts": 55,
                "amps": 30,
                "degrees": 18,
                "height": 48,
                "charge": "",
                "state": "drives",
                "course": 90,
                "at": [52.47, 13.39],
            },
            "beliefs": [{**row, "server": None, "app": self.told}],
            "bus": [
                {
                    "id": "155",
                    "name": "BMS_1",
                    "rate": 100.0,
                    "count": 7,
                    "data": f"07 {self.byte:02X}",
                    "changed": [0, 5],
                    "signals": "soc 80 %",
                }
            ],
            "sent": [],
            "links": [
                {"name": "server", "isGood": True, "text": "logged in"},
                {"name": "modem", "isGood": False, "text": "hangs"},
            ],
            "battery": {
                "cells": [3.7, 3.71, 3.6],
                "modules": [18.0, 19.0],
                "other": {"motor": 40.0},
                "monitor": {
                    "cells": {
                        "deviation": "25 mV",
                        "mark": "?",
                        "marks": ["", "?", "!"],
                        "furthest": ["+5 mV", "+30 mV", "-80 mV"],
                    }
                },
            },
            "counters": {
                "steps": {"reconnect": 2},
                "module": {f"counter_{n}": n for n in range(150)},
                "rows": {"logins of the module": 3},
            },
            "phone": self.days,
            "faults": [
                {
                    "key": "a",
                    "title": "Power cut",
                    "isButton": True,
                    "canEnd": False,
                    "state": "off",
                    "left": 0,
                    "since": 0,
                    "took": None,
                    "note": "",
                }
            ],
        }

    async def act(self, name, arguments):
        if name not in self.actions:
            raise ActionError("There is no such action.")
        self.done.append((name, self.actions[name].checked(arguments)))


@contextlib.contextmanager
def serving(source, port=0, token=None):
    loop = Loop()

    async def start():
        site = WebSite(source, port)
        site.token = token or site.token
        await site.start()
        return site

    site = loop.call(start())
    try:
        yield site
    finally:
        loop.call(site.stop())
        loop.close()


@pytest.fixture(scope="module")
def chromium():
    with browser(needs_browser.require()) as started:
        yield started


def _status(site, path, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{site.port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            assert set(json.loads(error.read())) == {"error"}
            return error.code


def test_nobody_gets_in_without_the_token():
    with serving(Source()) as site:
        bearer = {"Authorization": f"Bearer {site.token}"}
        assert site.address.startswith(f"http://127.0.0.1:{site.port}/?token=")
        for path in ("/", "/desk/api/state", "/desk/api/live", "/desk/api/recording"):
            assert _status(site, path) == 403
            assert _status(site, f"{path}?token=x{site.token}") == 403
        assert _status(site, "/desk/api/state", **bearer) == 200
        assert _status(site, "/desk/api/state", Host="evil.example:80", **bearer) == 403
        assert _status(site, "/desk/api/state", Origin="http://evil.example", **bearer) == 403
        assert _status(site, "/desk/api/lines?since=-1", **bearer) == 400
        assert _status(site, "/../stage_view.py", **bearer) == 404
        assert _status(site, "/style.css") == 200


def test_what_is_done_is_checked():
    source = Source()
    with serving(source) as site:

        def do(name, body):
            request = urllib.request.Request(
                f"http://127.0.0.1:{site.port}/desk/api/do/{name}",
                data=body.encode(),
                headers={"Authorization": f"Bearer {site.token}"},
            )
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.status
            except urllib.error.HTTPError as error:
                with error:
                    return json.loads(error.read())["error"]

        assert do("sms", '{"text": "STAT?"}') == 200
        assert do("sms", '{"text": 7}') == "text is a text."
        assert do("sms", "{}") == "The argument text is missing."
        assert do("sms", '{"text": "a", "more": 1}') == "There is no argument more."
        assert do("sms", "[1]") == "The arguments are a JSON object."
        assert do("sms", "{") == "The body is not JSON."
        assert do("nothing", "{}") == "There is no such action."
    assert source.done == [("sms", {"text": "STAT?"})]


def test_two_browsers_reload_and_reconnect(chromium):
    source = Source()
    with serving(source) as site:
        first, second = (open_page(chromium, site.address) for _ in range(2))
        until(lambda: site.client_count == 2, "two browsers")
        source.soc, source.told = 61.0, {"text": "80", "age": 90, "differs": True}
        source.lines.line(66, "phone", "STAT?")
        for page in (first, second):
            page.wait_for_selector("#car-soc:text-is('61')")
            page.wait_for_selector("#b-soc td.differs")
            page.wait_for_selector(".bubble.mine:has-text('STAT?')")
        assert first.inner_text("#differences") == "1 differ"
        first.reload()
        first.wait_for_selector(".bubble.mine:has-text('STAT?')")
        assert first.locator(".bubble").count() == 1
        size = first.evaluate(
            "performance.getEntriesByType('resource').concat(performance.getEntriesByType("
            "'navigation')).reduce((sum, entry) => sum + entry.decodedBodySize, 0)"
        )
        assert 20_000 < size < 200_000
        port, token = site.port, site.token
    first.wait_for_selector("#online.bad")
    with serving(source, port, token):
        for page in (first, second):
            page.wait_for_selector("#online.good")
            # Not twice what was there before.
            page.wait_for_selector(".bubble")
            assert page.locator(".bubble").count() == 1
    lost = "ERR_CONNECTION_REFUSED"
    for page in (first, second):
        assert [text for text in page.complaints if lost not in text] == []
        page.close()


def test_keys_alone_in_both_looks_and_on_a_phone(chromium):
    source = Source()
    with serving(source) as site:
        for look, width in (("light", 1440), ("dark", 1440), ("dark", 360)):
            page = open_page(
                chromium,
                site.address,
                color_scheme=look,
                viewport={"width": width, "height": 800},
            )
            assert page.evaluate("document.documentElement.dataset.theme") == look
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.focus("#i-sms")
            page.keyboard.type("GPS?")
            page.keyboard.press("Enter")
            until(lambda page=page: page.input_value("#i-sms") == "", "an SMS that is sent")
            for _ in range(2):
                page.focus("#theme")
                page.keyboard.press("Enter")
            names = page.evaluate(
                "[...document.querySelectorAll('button, input, select')]"
                ".filter((e) => !e.ariaLabel"
                " && !e.textContent.trim() && !e.labels?.length).map((e) => e.outerHTML)"
            )
            assert names == []
            keep_picture(page, f"made-up-{look}-{width}")
            assert page.complaints == []
            page.close()
    assert source.done == [("sms", {"text": "GPS?"})] * 3


def test_marks_lights_and_costs(chromium):
    """What the source says is shown: nothing is judged by the page, but the price of a part."""
    source = Source()
    with serving(source) as site:
        page = open_page(chromium, site.address)
        looks = page.eval_on_selector_all("#cells .bar", "bars => bars.map((b) => b.className)")
        assert looks == ["bar", "bar watch", "bar alert"]
        names = page.locator("#cells .bar span").all_inner_texts()
        assert names == ["1", "?2", "!3"]
        label = page.get_attribute("#cells .bar:nth-child(3)", "aria-label")
        assert label == "3: 3.6 V, alert, at most -80 mV from the mean"
        assert page.inner_text("#cells-monitor") == "?SD 25 mV"
        assert page.inner_text("#modules-monitor") == "the monitor has told nothing yet"
        assert page.locator("#modules .watch, #modules .alert").count() == 0
        assert page.inner_text("#links .bad") == "modem: hangs"
        assert page.inner_text("#bill-sum") == "5 parts, 0.45 €"
        source.days = [*source.days, {"day": 2, "to": 1, "of": 2, "parts": 3}]
        page.wait_for_selector("#bill-sum:text-is('8 parts, 0.72 €')")
        source.lines.line(66, "sms", "SOC: 80%", parts=2)
        page.wait_for_selector(".bubble small:text-is('1:06 · 2 parts · 0.18 €')")
        page.click("#bill summary")
        for typed, total, second in (
            ("0.25", "2.00", "0.75"),
            # What is no price is the usual one.
            ("-1", "0.72", "0.27"),
            ("0", "0.00", "0.00"),
            ("", "0.72", "0.27"),
        ):
            page.fill("#i-price", typed)
            page.wait_for_selector(f"#bill-sum:text-is('8 parts, {total} €')")
            cells = page.locator("#days tbody tr").nth(1).locator("th, td").all_inner_texts()
            assert cells == ["2", "1", "2", "3", second]
        page.fill("#i-price", "0.5")
        page.reload()
        page.wait_for_selector("#bill-sum:text-is('8 parts, 4.00 €')")
        assert page.input_value("#i-price") == "0.5"
        assert page.complaints == []
        page.close()


def test_plots_have_gaps_where_nothing_is_told(chromium):
    source = Source()
    with serving(source) as site:
        page = open_page(chromium, site.address)
        assert "CPython" in page.inner_text("#heap-none") and not page.is_visible("#p-heap")
        source.runtime = "micropython"
        page.wait_for_selector("#p-heap:visible")
        assert not page.is_visible("#heap-none")
        for at_s in range(180):
            source.second(at_s)
        # Columns in which the line of the heap is: not those of the first seconds of a minute.
        drawn = """() => { const c = document.getElementById("p-heap");
            const { width, height } = c;
            const d = c.getContext("2d").getImageData(0, 0, width, height).data;
            const look = getComputedStyle(document.documentElement);
            const line = look.getPropertyValue("--s1").trim();
            const [r, g, b] = [1, 3, 5].map((i) => parseInt(line.slice(i, i + 2), 16));
            const off = (i) => [r, g, b].reduce((sum, v, k) => sum + Math.abs(d[i + k] - v), 0);
            const near = (i) => off(i) < 30;
            let runs = 0, before = false;
            for (let x = 40; x < width; x++) { let is = false;
            for (let y = 0; y < height; y++) if (near((y * width + x) * 4)) is = true;
            if (is && !before) runs++; before = is; } return runs; }"""
        until(lambda: page.evaluate(drawn) == 3, "three stretches of a heap")
        assert page.complaints == []
        page.close()


def test_an_hour_does_not_grow(chromium):
    """An hour of seconds, in a few: the page and the desk keep what they show, and no more."""
    source = Source()
    with serving(source) as site:
        page = open_page(chromium, site.address)
        count = "document.querySelectorAll('*').length"
        heap = "performance.memory.usedJSHeapSize"
        halves = []
        objects = []
        bill = PhoneBill()
        for half in range(2):
            for minute in range(30):
                for second in range(60):
                    source.second(half * _HOUR_S / 2 + minute * 60 + second)
                # Days without end, too.
                bill.of_module((half * 30 + minute) * 86_400, 1)
                source.days = bill.shown()
                last = f"line at {half * _HOUR_S / 2 + minute * 60 + 59}"
                page.wait_for_selector(f".bubble:has-text('{last}') >> nth=0", state="attached")
            page.request_gc()
            halves.append((page.evaluate(count), page.evaluate(heap)))
            gc.collect()
            objects.append(len(gc.get_objects()))
        assert halves[0][0] == halves[1][0] < 4000
        assert halves[1][1] < halves[0][1] * 1.3
        # Of what is served, as well: its lists were full after the first half.
        assert objects[1] < objects[0] * 1.02
        page.wait_for_selector("#days tbody tr:last-child th:text-is('60')", state="attached")
        assert page.locator("#days tbody tr").count() == 14
        assert len(source.lines.since(0)) <= 1500 and len(source.samples.since(0)) <= 1800
        assert page.complaints == []
        page.close()
