"""Judges parameters by the firmware's own rules. CPython only; the desk starts it.

    presets.py ROOT '{"14": "RT"}'

Nothing is kept. A refusal is one sentence on stderr and exit code 2.
"""

import json
import sys

root, text = sys.argv[1:]
sys.path[:0] = [root + "/firmware", root]

from tools.simulated_board import cpython  # noqa: E402

cpython.install()

from ovms.config import Config  # noqa: E402
from tools.simulated_board.fakes.memory_store import MemoryStore  # noqa: E402

config = Config(MemoryStore())
for name, value in json.loads(text).items():
    try:
        config.apply({int(name): value})
    except ValueError as error:
        print(f"Parameter {name} cannot be preset: {error}", file=sys.stderr)
        sys.exit(2)
