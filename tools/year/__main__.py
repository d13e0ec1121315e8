"""`python -m tools.year`."""

import sys

from tools.year.cli import main

sys.exit(main(sys.argv[1:]))
