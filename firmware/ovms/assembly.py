"""Builds the module's parts and connects them: loaded once, at the start.

Big buffers are made before small objects, so that they find room side by side.
"""

import os

from ovms.clock import Clock
from ovms.config import Config
from ovms.drivers.modem_power import ModemPower
from ovms.drivers.ring_store import RingStore
from ovms.drivers.store import Flash, Store
from ovms.drivers.uart import UARTStream
from ovms.links.can_link import CANLink
from ovms.links.gps_link import GPSLink
from ovms.links.modem.modem import Modem
from ovms.links.server_link import ServerLink
from ovms.log import Log
from ovms.parameters import FROM_CABLE
from ovms.protocol.v2.session import Session
from ovms.services.commander import Commander
from ovms.services.conversation import Conversation
from ovms.services.history import History
from ovms.services.keeper import Keeper
from ovms.services.notifier import Notifier
from ovms.services.reporter import Reporter
from ovms.services.sms.service import SMSService
from ovms.status import VERSION, Status
from ovms.vehicle.state import VehicleState

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App

_CONFIG_FILE = "ovms.cfg"
_WIFI_FILE = "wifi.cfg"
_CRASH_FILE = "crash"
_KEPT_FILE = "kept"
_SMS_FILE = "sms"
_UPDATE_FILE = "update"
# Of four lines of at most 22.
_SMS_BYTES = 128


def build(app: "App", presets: dict[int, str]) -> None:
    """Give `app` its parts. presets: {parameter: text}, stored like any other setting."""
    board = app.board
    app.clock = Clock()
    session = Session(os.urandom)
    # Of a board without a modem there is none. Its buffers are big, so they come first.
    modem_uart = getattr(board, "modem_uart", None)
    uart = UARTStream(modem_uart()) if modem_uart else None
    app.status = status = Status(board.NAME)
    status.reset_cause = board.reset_cause()
    # A board need not know.
    status.system_free = getattr(board, "system_free", None)
    app.log = Log(print, app.clock)
    app.state = VehicleState()
    app.config = config = Config(Store(_CONFIG_FILE))
    app.log.config = config
    config.utc_s = app.clock.utc_s
    load_error = config.load_error
    if load_error:
        app.log.error(load_error)
    if presets:
        config.apply(presets, False, FROM_CABLE)
        if config.load_error != load_error:
            app.log.error(config.load_error)
    pin = getattr(board, "reset_pin", None)
    if pin:
        _optional(app, "reset pin", _look_at_pin, app, pin())
    app.is_safe, ending = _optional(app, _CRASH_FILE, _begin, app) or (False, "")
    app.modem = _modem(app, uart)
    journal = Store(_SMS_FILE, None, _SMS_BYTES)
    app.sms = SMSService(config, app.state, app.current_car, status, app.clock, journal)
    app.sms.run_id = int.from_bytes(os.urandom(3), "little")
    app.reporter = Reporter(app.state, config, status, None)
    app.commander = Commander(None, config, status, app.sms, app.modem)
    app.history = _history(app)
    conversation = Conversation(
        config, status, app.reporter, app.commander, os.urandom, app.history
    )
    app.notifier = Notifier(
        config, app.state, app.current_car, app.modem, conversation, status, app.clock
    )
    watched = app.notifier.watched
    app.keeper = Keeper(Store(_KEPT_FILE), app.state, status, app.clock, watched)
    app.commander.on_charge_request = app.notifier.on_charge_request
    app.sms.commander = app.commander
    app.sms.push = conversation.push
    app.sms.can_log = app.can_log
    app.server = ServerLink(
        app.open_stream, session, conversation, config, status, app.clock, os.urandom
    )
    app.server.provision = app.provision
    app.server.tls_ready = app.tls_ready
    app.gps_uart = UARTStream(board.gps_uart())
    app.gps = gps = GPSLink(app.gps_uart, app.state, status, app.clock)
    gps.seek = app.seek_gps
    _optional(app, "gps", _start_gps, app)
    app.bus = _can_bus(app)
    status.bus_counts = app.bus.counts
    app.can = CANLink(app.bus, None, status, config)
    status.power = _power()
    # Whether the ESP32 itself may sleep now: see `power.py`.
    app.sleeps = False
    if not app.is_safe and _is_there(_WIFI_FILE):
        _optional(app, _WIFI_FILE, _take_over_wifi, app)
    app.set_car()
    config.on_can_write = app.on_can_write
    if ending or status.reset_cause == "watchdog" or _is_there(_CRASH_FILE):
        _optional(app, _CRASH_FILE, _report, app, ending)
    status.order_update = app.order_update
    if _is_there(_UPDATE_FILE):
        _optional(app, _UPDATE_FILE, _take_up_update, app)
    # What helps the module comes first; the last one may end.
    app.tasks = (
        ("modem", app.modem.run),
        ("commander", app.commander.run),
        ("sms", app.run_sms),
        ("notifier", app.notifier.run),
        ("server", app.server.run),
        ("gps", gps.run),
        ("can", app.can.run),
        ("console", app.run_console),
    )
    # What `guard.py` waits for, in the order of the tasks.
    app.guarded = (
        app.modem,
        app.commander,
        app.sms,
        app.notifier,
        app.server,
        gps,
        app.can,
    )
    if app.is_safe:
        from ovms import safe_mode

        safe_mode.enter(app)
    from ovms.build_id import BUILD_ID

    app.log.info("OVMS %s on %s, build %s", VERSION, board.NAME, BUILD_ID)


def _optional(app, part, function, *arguments):
    """What `function` returns; None where it fails: the module does without, and tells of it."""
    try:
        return function(*arguments)
    except Exception as error:
        app.on_error(part, error)
        return None


def _look_at_pin(app, pins):
    from time import sleep_ms

    from ovms.reset_pin import look

    look(app, *pins, sleep_ms)


def _begin(app):
    from ovms.runs import begin

    return begin(app)


def _report(app, ending):
    from ovms.crash import report

    report(app, None, ending)


def _power():
    from ovms.services.power_states import new

    return new(0)


def _history(app):
    """The records for the server, or what keeps none in safe mode."""
    if app.is_safe:
        from ovms.safe_mode import NoHistory

        return NoHistory()
    flash = Flash()
    # 16 KB for records that must last, 64 KB for the routine of about a day's driving.
    rings = (RingStore("lasting", flash, 4, 4096), RingStore("routine", flash, 8, 8192))
    return History(rings, app.config, app.clock, app.status)


def _modem(app, uart):
    """The modem at `uart`, or what a board without one has in its place."""
    if uart is None:
        from ovms.links.modem.no_modem import NoModem

        return NoModem(app.status)
    power = ModemPower(*app.board.modem_pins())
    profile = _profile(getattr(app.board, "MODEM", "SIM800"))
    return Modem(profile, uart, power, app.status, app.config, app.on_network_time)


def _profile(name):
    """What is special about the modem of a board. ValueError for one that nobody knows."""
    if name == "SIM800":
        from ovms.links.modem.sim800.profile import SIM800

        return SIM800
    if name == "SIM7000":
        from ovms.links.modem.sim7000.profile import SIM7000

        return SIM7000
    raise ValueError("There is no modem %s." % name)


def _can_bus(app):
    """The driver of the board's CAN controller: the chip's own, or an MCP2515.

    In safe mode what stands in its place; the pins are left as they are.
    """
    if app.is_safe:
        from ovms.safe_mode import NoBus

        return NoBus()
    board = app.board
    twai = getattr(board, "twai", None)
    parts = twai() if twai else None
    if parts:
        from ovms.drivers.twai_chips import make

        return make(*parts)
    from ovms.drivers.mcp2515 import MCP2515

    spi, chip_select, interrupt = board.can()
    return MCP2515(spi, chip_select, interrupt, board.CRYSTAL_HZ)


def _start_gps(app):
    from ovms.gps_setup import start

    start(app.gps_uart)


def _take_over_wifi(app):
    from ovms.link_setup import take_over_file

    take_over_file(app)


def _take_up_update(app):
    from ovms.update_setup import at_start

    at_start(app)


def _is_there(file):
    try:
        os.stat(file)
    except OSError:
        return False
    return True
