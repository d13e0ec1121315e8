"""How long the event loop stands still at most while a broker is served: below 50 ms."""

import asyncio

from host_tests.services.mqtt.module import KNOWN, Module, Watch, play
from ovms.parameters import MQTT_HA
from ovms.vehicle.demo.car import Demo
from tools.simulated_board.fakes.mqtt_broker import packet

BUDGET_MS = 50
# Whoever shares the computer may stop us for longer; not every time.
ATTEMPTS = 5
SETTINGS = dict(KNOWN)
SETTINGS[MQTT_HA] = "ON"


async def lived(module):
    """Everything that costs: a full set, discovery, commands, floods, faults."""
    await module.time.advance(30)
    for text in ("stat", "lock 1234", "HELP", "PARAMS?", "climatecontrol on", "nonsense"):
        await module.ask(text)
    module.say("client/app/request/metric", "*")
    for i in range(20):
        module.say("client/app/command/%d" % i, "x" * 400)
    await module.time.advance(5)
    module.say("client/app/command/1", "x" * 4000, retain=1)
    module.broker.last.say(packet(0x40, b"\xff\xff") * 40)
    for i in range(20):
        module.talk.notify("A", "Alert %d" % i)
    await module.time.advance(5)
    module.broker.last.say(b"\x30\xff")
    module.broker.last.hang_up()
    await module.time.advance(30)
    assert module.link_status.is_server_connected


def longest_ms():
    watch = Watch()

    async def scenario(module):
        task = asyncio.create_task(watch.run())
        await lived(module)
        task.cancel()
        await asyncio.sleep_ms(0)

    play(Module(SETTINGS, Demo), scenario)
    return watch.longest_us // 1000


def test_no_pause_is_long():
    # Code is read once before: how long that takes is what `test_turns.py` is about.
    play(Module(SETTINGS, Demo), lived)
    pauses = []
    while len(pauses) < ATTEMPTS and (not pauses or min(pauses) >= BUDGET_MS):
        pauses.append(longest_ms())
    assert min(pauses) < BUDGET_MS, pauses
    print("longest pause of the event loop: %d ms" % min(pauses))
