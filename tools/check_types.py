"""Checks the firmware's use of MicroPython's modules against the ESP32 port's own stubs.

The stubs live apart from the environment (`.cache/stubs`): there they stand in for the standard
library, which they must not do for the desk.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tools.vm import ROOT

STUBS = ROOT / ".cache" / "stubs"
PACKAGE = "firmware/ovms"
CONFIG = ROOT / "tools" / "mypy_firmware.ini"


def install_stubs() -> None:
    """Fetch the pinned stub packages unless they are there."""
    marker = STUBS / ".ready"
    requirements = subprocess.check_output(
        [sys.executable, str(ROOT / "tools/requirements.py"), "stubs"], text=True
    )
    if marker.exists() and marker.read_text() == requirements:
        return
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--no-deps", "--upgrade", "--target", str(STUBS), *requirements.split()],
        check=True,
    )
    marker.write_text(requirements)


def main() -> int:
    try:
        install_stubs()
    except subprocess.CalledProcessError:
        print("The ESP32 stubs could not be installed with pip.", file=sys.stderr)
        return 2
    boards = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("boards/*/board.py"))
    # Every board's module is called `board`, so each is a run of its own.
    return max(_check(PACKAGE), *map(_check, boards))


def _check(path: str) -> int:
    folders = (STUBS, ROOT / "firmware", ROOT / "modules", ROOT / "boards")
    return subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--config-file", str(CONFIG)),
            *("--custom-typeshed-dir", str(STUBS), path),
        ],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": os.pathsep.join(map(str, folders))},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
