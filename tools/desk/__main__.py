"""`python -m tools.desk VERB`: the module and everything around it, on a desk."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from typing import NoReturn

VERBS = {
    "run": "everything together: simulated car, GPS and modem with a phone, server, module",
    "module": "the firmware alone, on given streams",
    "sim800": "the modem simulator with a phone",
    "server": "the desk OVMS server",
    "app": "a command-line client like the guide's cmd.pl",
    "console": "a terminal for a module's serial console",
    "web": "a page in the browser for a module's serial console",
    "canlog": "a module's log of its CAN bus, into a file of any usual format",
    "play": "such a file, as the bus of a module on the desk",
    "logs": "what a module prints, its tracebacks in the names of the sources",
}


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence on stderr and exit code 2."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (--help lists the options)", file=sys.stderr)
        sys.exit(2)


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(prog="python -m tools.desk", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    words = sys.argv[1:] if arguments is None else arguments
    # Only the verb in use is imported: `app` must not wait for the car simulator.
    wanted = next((word for word in words if word in VERBS), None)
    implementation = None
    for verb, text in VERBS.items():
        sub = verbs.add_parser(verb, help=text, description=text)
        if verb == wanted:
            implementation = importlib.import_module(f"tools.desk.{verb}")
            implementation.add_arguments(sub)
    options = parser.parse_args(words)
    if implementation is None:
        parser.error("no such verb")
    return implementation.run(options)


if __name__ == "__main__":
    # Importing a verb takes a moment, on a busy machine seconds; then it has handlers of its own.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
