"""Builds what serves an MQTT broker when one is set, and takes it away when there is none.

Loaded on demand by `link_setup.py`. Nothing of MQTT is in RAM before.
"""

import asyncio
import os

from micropython import const

from ovms.parameters import MQTT_SERVER, SERVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.app import App

_WAITS = "Over GPRS there is one connection, the server's: MQTT waits for WiFi, or for SERVER -."
# How often it is looked whether the parts are there, and tried to make them: each attempt takes
# the room that others need, SMS among them.
_AGAIN_S = const(600)


def update(app: "App") -> None:
    """Called after each change of the settings."""
    status = app.status
    is_wanted = app.config.get(MQTT_SERVER) and not app.is_safe
    if is_wanted and status.mqtt is None:
        from ovms.links.mqtt_link import LinkStatus

        link_status = status.mqtt = LinkStatus(status)

        async def build():
            while status.mqtt is link_status:
                if not link_status.tasks:
                    try:
                        await _build(app, link_status)
                    except MemoryError:
                        _give_up(app, link_status)
                await asyncio.sleep(_AGAIN_S)

        app.spawn(build)
    elif not is_wanted and status.mqtt is not None:
        status.mqtt.give_up()
        status.mqtt = None


def _give_up(app, link_status):
    """The module and its SMS come first."""
    app.status.count("memory_retries")
    link_status.give_up()
    app.broom.make_room()


async def _build(app, status):
    """Make the parts, a few modules in each turn of the event loop."""
    from ovms.protocol.mqtt.session import Session

    await asyncio.sleep_ms(0)
    from ovms.services.mqtt.conversation import Conversation

    await asyncio.sleep_ms(0)
    from ovms.links.mqtt_link import MQTTLink

    def car():
        return app.car

    async def open_stream(host, port, is_tls):
        return await _open_stream(app, host, port, is_tls)

    session = Session()
    talk = Conversation(app.config, app.status, status, app.state, car, session)
    talk.commander = app.commander
    talk.sms_service = app.sms
    talk.history = app.history
    talk.utc_s = app.clock.utc_s
    talk.on_error = app.on_error
    link = MQTTLink(open_stream, session, talk, app.config, status, app.clock, os.urandom)

    async def run():
        try:
            await link.run()
        except MemoryError:
            # Not here: a task cannot cancel itself.
            app.in_turn(_give_up, app, status)
            await asyncio.sleep(_AGAIN_S)

    if app.status.mqtt is status:
        # Else the broker was taken away meanwhile.
        status.talk = talk
        status.link = link
        # From now on, whatever its first look is.
        link.due_s = app.status.uptime_s + _AGAIN_S
        status.tasks = (
            asyncio.create_task(app.keep("mqtt", run)),
            asyncio.create_task(app.keep("mqtt", talk.run)),
        )


async def _open_stream(app, host, port, is_tls):
    """A byte stream to the broker. OSError when it cannot be had.

    WiFi carries as many connections as are wanted. A SIM800 is kept at one, whose data come
    without the number of a connection and survive its faults: the server's, where one is set.
    """
    if is_tls:
        from ovms.drivers import tls_setup

        async def plain(host, port):
            return await _open_stream(app, host, port, False)

        return await tls_setup.open_stream(plain, host, port, app.clock.utc_s())
    wifi = app.status.wifi
    if wifi is not None and wifi.is_usable():
        return await wifi.open_tcp(host, port)
    if app.config.get(SERVER):
        raise OSError(_WAITS)
    app.status.link_name = "GPRS"
    return await app.modem.open_tcp(host, port)
