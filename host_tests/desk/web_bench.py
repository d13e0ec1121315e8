"""A desk with its page in a thread, and a browser that looks at it. CPython only."""

import asyncio
import contextlib
import os
import threading
import time
from pathlib import Path

from tools.desk.board_host import Wiring
from tools.desk.phone_script import PhoneScript
from tools.desk.stage import SERVER_NAME, SERVER_PASSWORD, VEHICLE, Stage, StageOptions
from tools.desk.web.site import WebSite
from tools.desk.web.stage_view import StageView

PHONE = "+4915112345678"
_PARAMETERS = {
    0: PHONE,
    3: "SMSIP",
    4: SERVER_NAME,
    5: "internet",
    8: VEHICLE,
    9: SERVER_PASSWORD,
    14: "RT",
}
# A busy machine may take its time for everything; nothing here is measured.
PATIENCE_S = 120.0
_LOOK_S = 0.1


class Loop:
    """An event loop in a thread of its own, for what the browser talks to."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def call(self, coroutine, limit_s=PATIENCE_S):
        """Run a coroutine there and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(limit_s)

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


class Desk:
    """The whole desk, so many times faster. Use as a context manager.

    is_set_up: the module is; else its phone does it. runtime: of the module.
    """

    def __init__(self, scale=10.0, scenario="drive", is_set_up=True, runtime="cpython"):
        self._loop = Loop()
        self._asked = scale, scenario, is_set_up, runtime
        self.call = self._loop.call

    def __enter__(self):
        self.call(self.start())
        return self

    def __exit__(self, *_):
        self.call(self.stop())
        self._loop.close()

    async def start(self):
        # Here, as the server's store belongs to the thread in which it was made.
        scale, scenario, is_set_up, runtime = self._asked
        parameters = dict(_PARAMETERS) if is_set_up else {}
        # A new module each time, which keeps nothing of the one before.
        wiring = Wiring(parameters=parameters, time_scale=scale, flash=Path(), runtime=runtime)
        options = StageOptions(wiring, time_scale=scale, scenario=scenario, has_console=True)
        self.stage = Stage(options, lambda who, text: self.view.line(who, text))
        self.script = None if is_set_up else PhoneScript(self.stage)
        self.view = StageView(self.stage, self.script)
        self.site = WebSite(self.view, 0)
        await self.stage.start()
        self.view.attach()
        await self.site.start()
        if self.script is not None:
            self.stage.keep(self.script.run())

    async def stop(self):
        await self.site.stop()
        await self.view.stop()
        await self.stage.stop()


def until(is_so, what, limit_s=PATIENCE_S):
    """Wait until `is_so()`; fails with what was waited for."""
    end_s = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < end_s, f"waited in vain for {what}"
        time.sleep(_LOOK_S)


@contextlib.contextmanager
def browser(path):
    """A headless Chromium without a sandbox, which root and containers do not get."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield chromium
        finally:
            chromium.close()


def open_page(chromium, address, **options):
    """A page that shows live data; its errors are collected in `page.complaints`."""
    page = chromium.new_page(**{"viewport": {"width": 1440, "height": 900}, **options})
    page.set_default_timeout(PATIENCE_S * 1000)
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: message.type == "error" and page.complaints.append(message.text),
    )
    page.goto(address)
    page.wait_for_selector("#online.good")
    return page


def keep_picture(page, name):
    """For a reader, where somebody asks for pictures; nothing is compared."""
    folder = os.environ.get("OVMS_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
        top = {"x": 0, "y": 0, "width": page.viewport_size["width"], "height": 1060}
        page.screenshot(
            path=str(Path(folder) / f"{name}-top.jpg"), quality=80, full_page=True, clip=top
        )
