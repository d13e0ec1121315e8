"""`make nightly`: what README.md promises, on a Debian 13, and the firmware in a Home Assistant.

In a Debian 13 in a folder (see `debian13.py`) a user without rights clones the last commit and
does what README.md prints in "Try it". Then a Home Assistant is installed there (see
`home_assistant.py`). Exit code 0 when all was right, 1 when something failed, 2 when nothing
could be tried. Everything has a limit; half an hour on two cores.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from tools.debian import ROOT
from tools.nightly.debian13 import Debian13, NightlyError

_USER = "ovms"
_SECTION = "## Try it, without any hardware"
_RUN_LIMIT_S = 900
_TEST_LIMIT_S = 7200
_HASS_LIMIT_S = 1800
_HASS = "/opt/home-assistant"
# Some of what it needs is no wheel for a Python this new.
_HASS_PACKAGES = ("gcc", "g++", "python3-dev", "libffi-dev")


def readme_commands(text: str) -> list[str]:
    """What README.md tells who tries it: `make run` for a minute, `make test`.

    ValueError when it no longer does.
    """
    section = text.partition(_SECTION)[2].partition("\n## ")[0]
    found = re.findall(r"^    (make \w+)", section, re.M)
    minute = re.search(r"`(make run RUN='[^'`]*--seconds[^'`]*')`", section)
    if found != ["make run", "make test"] or not minute:
        raise ValueError(f"README.md no longer has its two commands below {_SECTION!r}.")
    return [minute[1], found[1]]


def _readme(system: Debian13, is_quick: bool) -> list[tuple[bool, str]]:
    run, test = readme_commands((ROOT / "README.md").read_text("utf-8"))
    if is_quick:
        test = "make test-quick"
    results = []
    for command, limit_s in ((run, _RUN_LIMIT_S), (test, _TEST_LIMIT_S)):
        print(f"$ {command}", flush=True)
        code = system.run(_USER, f"cd ovms && {command}", limit_s)
        ended = "took too long" if code == 124 else f"exit code {code}"
        results.append((code == 0, f"{command}: {ended}"))
    return results


def _home_assistant(system: Debian13) -> list[tuple[bool, str]]:
    system.add(_HASS_PACKAGES)
    needed = f"{_HASS}/bin/python -m tools.nightly.hass_packages"
    install = f"{_HASS}/bin/pip install -q --disable-pip-version-check"
    constraints = f"{_HASS}/lib/python3*/site-packages/homeassistant/package_constraints.txt"
    code = system.run(
        "root",
        f"test -x {_HASS}/bin/hass || python3 -m venv {_HASS} && {install} homeassistant"
        f" && cd /home/{_USER}/ovms && {install} -c {constraints} $({needed})",
        _HASS_LIMIT_S,
    )
    if code:
        return [(False, "Home Assistant: it cannot be installed, pip has said why")]
    visit = f".venv/bin/python -m tools.nightly.home_assistant --python {_HASS}/bin/python"
    code = system.run(_USER, f"cd ovms && make micropython mosquitto && {visit}", _HASS_LIMIT_S)
    return [(code == 0, f"Home Assistant: exit code {code}")]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.nightly", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    folder = ROOT / ".cache" / "debian13"
    parser.add_argument("--folder", type=Path, default=folder, help="where the Debian 13 is")
    parser.add_argument("--quick", action="store_true", help="make test-quick, not make test")
    parser.add_argument("--only", choices=("readme", "home-assistant"), help="a part of it")
    options = parser.parse_args()
    system = Debian13(options.folder)
    try:
        system.make()
        system.clone(ROOT, _USER)
        results = []
        if options.only != "home-assistant":
            results += _readme(system, options.quick)
        if options.only != "readme":
            results += _home_assistant(system)
    except (NightlyError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    for is_good, text in results:
        print("ok   " if is_good else "FAIL ", text)
    return 0 if all(is_good for is_good, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
