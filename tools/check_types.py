"""Checks the firmware's use of MicroPython's modules against the ESP32 port's own stubs.

The stubs live apart from the environment (`.cache/stubs`): there they stand in for the standard
library, which they must not do for the desk.
"""

from __future__ import annotations

import os
import subprocess
import sys

from tools import requirements
from tools.vm import ROOT

STUBS = ROOT / ".cache" / "stubs"
PACKAGE = "firmware/ovms"
CONFIG = ROOT / "tools" / "mypy_firmware.ini"


def install_stubs() -> None:
    """Fetch the pinned stub packages unless they are there."""
    marker = STUBS / ".ready"
    lock = requirements.lock_of("stubs")
    if marker.exists() and marker.read_text() == lock.read_text():
        return
    requirements.install(lock, "--no-deps", "--upgrade", "--target", str(STUBS))
    marker.write_text(lock.read_text())


def main() -> int:
    try:
        install_stubs()
    except requirements.InstallError as error:
        print(error, file=sys.stderr)
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
