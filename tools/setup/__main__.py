"""Sets a module up: asks for its settings, then writes them over its serial console.

    python -m tools.setup --port /dev/ttyUSB0     over the cable; no SIM is needed
    python -m tools.setup --sms                   prints the SMS to send instead
    python -m tools.setup --port ... --answers twizy.toml     without questions

Passwords are asked for without showing them, and never stored on the computer. An answers file
(TOML, or JSON by its name) has the keys phone, module_password, vehicle_id, units, notify,
vehicle_type, apn, apn_user, apn_password, server, server_password, paranoid, mqtt_server,
mqtt_user, mqtt_password, home_assistant, wifi_name and wifi_key (and wifi_name_2, wifi_key_2,
wifi_name_3, wifi_key_3). What it leaves out stays as it is in the module, or gets its usual value;
a password that neither has is asked for. A file that holds passwords must be
its owner's alone (chmod 600).
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path

from tools.desk.__main__ import Parser
from tools.desk.console_client import BAUD, ConsoleClient, ConsoleError, PortError
from tools.setup import questions, rules, sms, writer
from tools.setup.questions import SetupError


def main(arguments: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m tools.setup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "--port", metavar="DEVICE_OR_HOST:PORT", help="serial port of the module's console"
    )
    where.add_argument("--sms", action="store_true", help="print the SMS to send")
    parser.add_argument("--answers", type=Path, metavar="FILE", help="do not ask, read this file")
    parser.add_argument("--baud", type=int, default=BAUD, help=f"rate of a serial port ({BAUD})")
    options = parser.parse_args(arguments)
    try:
        if options.sms:
            print("\n" + sms.printed(_settings(options, {})), flush=True)
            return 0
        return _set_up(options)
    except (SetupError, PortError) as error:
        print(error, file=sys.stderr)
        return 2
    except ConsoleError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read has seen enough; nothing may be left for the interpreter to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (KeyboardInterrupt, EOFError):
        print("\nInterrupted.", file=sys.stderr)
        return 1


def _set_up(options: argparse.Namespace) -> int:
    with ConsoleClient(options.port, options.baud) as client:
        client.connect()
        settings = _settings(options, writer.read(client))
        if not options.answers:
            print("\n" + "\n".join(questions.shown(settings)))
            if input("Write these settings? [yes]: ").strip().lower() not in ("", "y", "yes"):
                print("Nothing was changed.")
                return 1
        stored = writer.write(client, settings)
        print("The module has stored its settings:\n" + "\n".join(questions.shown(stored)))
    if stored.get(rules.SERVER):
        print(f"In a minute, see: python -m tools.desk console --port {options.port} S GPRS?")
    return 0


def _settings(options: argparse.Namespace, current: dict[int, str]) -> dict[int, str]:
    is_sms = options.sms
    if options.answers:
        read_secret = getpass.getpass if sys.stdin.isatty() else None
        return questions.from_file(options.answers, current, is_sms, read_secret)
    if not sys.stdin.isatty():
        raise SetupError("There is nobody to ask: use --answers FILE.")
    print("Enter takes what stands in brackets; - means none.\n")
    return questions.ask(current, is_sms)


if __name__ == "__main__":
    sys.exit(main())
