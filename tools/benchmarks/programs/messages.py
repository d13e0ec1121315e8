"""Full updates a second: S D L F W V by the real formatters, through the session's cipher.

    messages.py TREE UPDATES

Prints {"messages_per_s", "updates_per_s", "codes", "bytes_per_update"}. MicroPython only.
"""

import gc
import json
import os
import sys
import time

sys.path[:] = [sys.argv[1], "", ".frozen"]

import binascii  # noqa: E402

from ovms.config import Config  # noqa: E402
from ovms.parameters import NOTIFY  # noqa: E402
from ovms.protocol.v2.session import WELCOMED, Session  # noqa: E402
from ovms.services.reporter import Reporter  # noqa: E402
from ovms.status import Status  # noqa: E402
from ovms.vehicle.state import VehicleState  # noqa: E402
from ovms.vehicle.twizy.car import Twizy  # noqa: E402
from tools.simulated_board.fakes.memory_store import MemoryStore  # noqa: E402
from tools.simulated_board.fakes.v2_server import hmac_md5  # noqa: E402

_SECRET = "NETPASS"
_TOKEN = b"zyxwvutsrqponmlkjihgfe"


def talking():
    """A session after its welcome."""
    session = Session(os.urandom)
    session.welcome("TESTCAR", _SECRET)
    proof = binascii.b2a_base64(hmac_md5(_SECRET.encode(), _TOKEN)).strip()
    answer = b"MP-S 0 " + _TOKEN + b" " + proof + b"\r\n"
    session.receive(memoryview(answer), len(answer))
    assert session.next_event() == WELCOMED
    return session


def driving(state):
    """Values as on the road, none missing."""
    state.told_age_s = 0
    state.soc_pct100 = 7625
    state.estimated_range_km = 61
    state.battery_mv = 54100
    state.battery_ma = 38250
    state.battery_w = 2069
    state.speed_kmh10 = 478
    state.odometer_m = 44_371_250
    state.trip_m = 8420
    state.latitude_udeg = 52_516_270
    state.longitude_udeg = 13_377_700
    state.has_gps_lock = True
    state.gps_age_s = 1
    state.is_on = state.is_awake = True
    state.motor_temp_c = 46
    state.battery_temp_c = 19
    state.temps_age_s = state.tyres_age_s = 1
    state.tyre_kpa = [220, 221, 232, 233]
    state.tyre_temp_c = [20, 21, 22, 23]
    state.supply_mv = 13800
    state.vin = "VF1ACVYB012345678"


def main(updates):
    config = Config(MemoryStore())
    config.set(NOTIFY, "IP")
    state = VehicleState()
    car = Twizy(state, config)
    driving(state)
    reporter = Reporter(state, config, Status("BENCH"), car)
    session = talking()
    codes = ""
    count = size = 0
    gc.collect()
    start_us = time.ticks_us()
    for _ in range(updates):
        codes = ""
        reporter.send_all()
        message = reporter.poll(0)
        while message is not None:
            size += len(session.send(message[0], message[1]))
            reporter.on_sent(message[0])
            codes += message[0]
            count += 1
            message = reporter.poll(0)
    elapsed_us = time.ticks_diff(time.ticks_us(), start_us)
    print(
        json.dumps(
            {
                "messages_per_s": count * 1_000_000 // elapsed_us,
                "updates_per_s": updates * 1_000_000 // elapsed_us,
                "codes": codes,
                "bytes_per_update": size // updates,
            }
        )
    )


main(int(sys.argv[2]))
