"""`web --port`: the page of a module on a cable, which is a pseudo terminal here."""

import os
import pty
import subprocess
import sys

import pytest

from host_tests import needs_browser
from host_tests.desk.web_bench import browser, open_page
from tools import vm
from tools.setup.questions import QUESTIONS

_SECRET = "Cable2026"


@pytest.fixture
def cable(tmp_path):
    """The device of a module that runs."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tools.desk", "module", "--flash", str(tmp_path / "flash")]
    module = subprocess.Popen(command, cwd=vm.ROOT, stdin=ours, stdout=ours)
    try:
        yield os.ttyname(theirs)
    finally:
        module.terminate()
        module.wait(20)
        os.close(ours)
        os.close(theirs)


def test_a_module_on_a_cable(cable):
    path = needs_browser.require()
    command = [sys.executable, "-m", "tools.desk", "web", "--port", cable, "--web-port", "0"]
    web = subprocess.Popen(command, cwd=vm.ROOT, stdout=subprocess.PIPE, text=True)
    try:
        address = web.stdout.readline().rpartition(": ")[2].strip()
        with browser(path) as chromium:
            page = open_page(chromium, address)
            assert not page.is_visible("#beliefs") and page.is_visible("#answer")
            page.click("[data-ask=SUMMARY]")
            page.wait_for_selector("#answer:has-text('Version:')")
            page.fill("#i-console", "S VERSION")
            page.press("#i-console", "Enter")
            page.wait_for_selector("#answer:has-text('OVMS Firmware version')")
            _set_up(page)
            page.locator(".segments span:text-is('GPS')").click()
            page.wait_for_selector("#lines [data-who=console]:has-text('Watching')")
            page.locator(".segments span:text-is('Health')").click()
            page.wait_for_selector("#lines [data-who=console]:has-text('health>')")
            assert page.complaints == []
    finally:
        web.terminate()
        assert web.wait(20) == 0
        web.stdout.close()


def _set_up(page):
    """The helper's questions as a form; a password goes in and never comes back."""
    assert page.locator("#questions input").count() == len(QUESTIONS)
    page.fill("[name=vehicle_id]", "CABLE1")
    page.fill("[name=module_password]", _SECRET)
    page.click("#f-setup button")
    page.wait_for_selector("#answer:has-text('stored 2 settings')")
    page.wait_for_selector("[name=vehicle_id][placeholder=CABLE1]")
    page.wait_for_selector("[name=module_password][placeholder='****']")
    page.fill("#i-console", f"SET 1={_SECRET}2")
    page.press("#i-console", "Enter")
    page.wait_for_selector("#lines [data-who=you]:has-text('SET 1=****')")
    assert _SECRET not in page.content()


def test_a_cable_that_is_not_there():
    command = [sys.executable, "-m", "tools.desk", "web", "--port", "/dev/nothing"]
    done = subprocess.run(command, cwd=vm.ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "/dev/nothing cannot be opened" in done.stderr
