"""Runs on a VM: a module's life from the flash in the file IMAGE, told by its owner's SMS.

    life_child.py IMAGE BLOCKS JOURNAL ROM PART

JOURNAL: where all changes of the flash go, ROM: a ROMFS image; `-` for neither. PART: one of the
functions at the end. Started in the folder of the harness, which holds `machine` and the like;
the firmware, its board file and its native modules come from the flash or the ROMFS alone.

Prints `SMS question -> answer`, `STEP` with a line of JSON after each step, and what a part is
for.
"""

import asyncio
import gc
import json
import os
import sys

import vfs
from flash_device import FileFlash

_PARAMETERS = 34
_FEATURES = 16
# Records are in flash by then, and nothing else happens.
_QUIET_MS = 30_000
_MONTH_S = 30 * 86400
_DAY_S = 86400


def settings(app):
    """All settings as text."""
    values = [app.config.get(n) for n in range(_PARAMETERS)]
    return values + [str(app.config.feature(n)) for n in range(_FEATURES)]


class Life:
    """made: all records so far, gone: those the server has, as "type name". harness_bytes: heap
    that is none of the module's.
    """

    def __init__(self, app, device, harness_bytes):
        self.app = app
        self.device = device
        self.harness_bytes = harness_bytes
        self.made = []
        self.gone = []

    async def ask(self, text):
        import phone

        print("SMS %s -> %s" % (text, await phone.ask(text)))

    def note(self, name, begun):
        """Print where in the journal the step `name` lies, and what it left."""
        step = {"name": name, "begin": begun, "end": self.device.changes}
        step["settings"] = settings(self.app)
        step["made"], step["gone"] = self.made, self.gone
        print("STEP", json.dumps(step))

    async def step(self, name, work):
        begun = self.device.changes
        await work
        self.note(name, begun)

    async def say(self, *texts):
        """Each SMS is a step."""
        for text in texts:
            await self.step(text, self.ask(text))

    async def record(self, name, count):
        """Make `count` records of each kind and wait until they are in flash."""
        for i in range(count):
            data = "%s-%d" % (name, i)
            for kind, lifetime_s in (("RT-PWR-Log", _MONTH_S), ("RT-GPS-Log", _DAY_S)):
                self.made.append(kind + " " + data)
                self.app.history.add(kind, i, lifetime_s, data + "," + "x" * 60)
        await asyncio.sleep_ms(_QUIET_MS)

    async def deliver(self, count):
        """The server takes `count` records, and the flash gets to know."""
        self.app.clock.set_utc_s(self.app.clock.first_utc_s, "gps")
        self.gone += delivered(self.app.history, count)
        await asyncio.sleep_ms(_QUIET_MS)


def delivered(history, count):
    """Up to `count` records that the server gets and acknowledges, as "type name"."""
    taken = []
    while len(taken) < count:
        message = history.poll()
        if message is None:
            break
        # Code, seconds ago, type, number, lifetime, data.
        fields = bytes(message[1]).decode().split(",")
        taken.append(fields[2] + " " + fields[5])
        history.on_ack(fields[0].encode())
    return taken


async def first(life):
    """From the factory to an owner, a password, a server, and records for it."""
    life.note("factory", 0)
    await life.say(
        "REGISTER OVMS",
        "PASS Secret2026",
        "MODULE TWIZY42 K SMS RT",
        "SERVER server.desk NETPASS",
        "FEATURE 8 7",
        "PARAMS?",
    )
    await life.step("records 1", life.record("first", 3))
    await life.say("PASS Another2027", "GROUP 7 OVMS")
    await life.step("records 2", life.record("second", 8))
    await life.say("RESET")
    await asyncio.sleep_ms(_QUIET_MS)


async def second(life):
    """After the restart: more of the same, and the owner forgets to be careful."""
    life.note("restart", 0)
    await life.step("records 3", life.record("third", 2))
    await life.step("deliver 3", life.deliver(9))
    await life.say("PASS Third2028", "MODULE TWIZY43 M SMS RT", "GPRS internet user word")
    await life.say("PASS Secret2026")
    await life.step("records 4", life.record("fourth", 12))
    await life.step("deliver 4", life.deliver(100))
    await life.step("records 5", life.record("fifth", 1))


async def reads(life):
    """How often the flash is read for an SMS, the first time and the second."""
    for text in ("STAT?", "SUMMARY", "MODULE?", "STAT?", "SUMMARY", "MODULE?"):
        broom, device = life.app.broom, life.device
        gc.collect()
        print("HEAP", gc.mem_alloc() - life.harness_bytes, broom.limit_bytes - life.harness_bytes)
        counts = (broom.loads, broom.sweeps, device.reads, device.read_bytes)
        await life.ask(text)
        after = (broom.loads, broom.sweeps, device.reads, device.read_bytes)
        print("READS", text, *[after[i] - counts[i] for i in range(4)])


async def trace(life):
    """An error in a module that stays."""
    try:
        life.app.clock.set_utc_s(None, "gps")
    except TypeError as error:
        sys.print_exception(error, sys.stdout)


async def _end(part):
    """`part` is what this VM is for: it ends with it."""
    import phone

    try:
        await phone.registered()
        await part
    except Exception as error:
        sys.print_exception(error, sys.stdout)
        sys.exit(1)
    print("DONE")
    sys.exit(0)


def run_app(device, part):
    """The App with a board, as main.py has it, and `part` beside it."""
    gc.collect()
    harness_bytes = gc.mem_alloc()
    from board import Board

    from ovms.app import App

    app = App(Board())
    # What only the test needs must not make the module forget code any sooner.
    app.broom.limit_bytes += harness_bytes
    asyncio.create_task(_end(part(Life(app, device, harness_bytes))))
    asyncio.run(app.run())


async def _smoke():
    import phone

    # A module that has no owner yet gets one, any other says that it has.
    for text in ("REGISTER OVMS", "STAT?", "VERSION?", "HELP"):
        print("SMS %s -> %s" % (text, await phone.ask(text)))
    import board

    import ovms
    import ovms_can

    print("FROM", ovms.__path__, board.__file__, ovms_can.__file__)


class _ChipsMicroPython:
    """What the module `micropython` has on a chip alone."""

    @staticmethod
    def alloc_emergency_exception_buf(size):
        print("BOOT", size)


def _execute(name):
    with open(name) as file:
        exec(file.read(), {"__name__": "__main__"})


def run_smoke(device, part):
    """boot.py and main.py as MicroPython runs them."""
    sys.modules["micropython"] = _ChipsMicroPython
    _execute("boot.py")
    del sys.modules["micropython"]
    asyncio.create_task(_end(_smoke()))
    _execute("main.py")


def main(image, blocks, journal, rom, part):
    harness = os.getcwd()
    paths = (image, None if journal == "-" else journal)
    device = FileFlash(paths[0], int(blocks), paths[1])
    rom_data = None
    if rom != "-":
        with open(rom, "rb") as file:
            rom_data = memoryview(file.read())
    vfs.umount("/")
    vfs.mount(device, "/")
    vfs.mount(vfs.VfsPosix(harness), "/h")
    os.chdir("/")
    # As on an ESP32, and the harness behind it all.
    sys.path[:] = ["", ".frozen", "/h"]
    if rom_data is not None:
        vfs.mount(vfs.VfsRom(rom_data), "/rom")
        sys.path[2:2] = ["/rom", "/rom/lib"]
    import phone

    phone.use_virtual_time()
    parts = {"first": first, "second": second, "reads": reads, "trace": trace}
    (run_smoke if part == "smoke" else run_app)(device, parts.get(part))


if sys.argv[0] == "life_child":
    main(*sys.argv[1:])
