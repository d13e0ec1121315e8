"""MQTT and MQTT?: the broker and Home Assistant. Loaded on demand."""

from ovms import parameters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.sms.answering import Request

_USE = "MQTT takes a broker, or a broker with user and password, or -, or HA ON or HA OFF."


async def reply(request: "Request") -> str:
    """Set the broker, or show it."""
    if request.command == "MQTT":
        _set(request)
    return _shown(request.sms)


def _set(request):
    words = request.words
    changes = {}
    if words[0].upper() == "HA":
        word = words[1].upper() if len(words) == 2 else ""
        if word not in ("ON", "OFF"):
            raise ValueError(_USE)
        changes[parameters.MQTT_HA] = word.replace("OFF", "")
    elif len(words) not in (1, 3):
        raise ValueError(_USE)
    else:
        # All of them: a password is never sent to a broker that it was not given for.
        words = [word.replace("-", "") if word == "-" else word for word in words] + ["", ""]
        changes[parameters.MQTT_SERVER] = words[0]
        changes[parameters.MQTT_USER] = words[1] if words[0] else ""
        changes[parameters.MQTT_PASSWORD] = words[2] if words[0] else ""
    sms = request.sms
    sms.status.request(sms.config.apply(changes, True, request.origin))


def _shown(sms):
    get = sms.config.get
    broker = get(parameters.MQTT_SERVER)
    text = "MQTT:\r\n Broker:%s\r\n User:%s\r\n Password:%s\r\n Home Assistant:%s" % (
        broker,
        get(parameters.MQTT_USER),
        "****" if get(parameters.MQTT_PASSWORD) else "",
        "ON" if get(parameters.MQTT_HA) else "OFF",
    )
    if not broker:
        return text
    link = sms.status.mqtt
    if link is not None and link.is_server_connected:
        return text + "\r\n State: Connected OK"
    text += "\r\n State: Not connected"
    if not get(parameters.VEHICLE_ID):
        return text + "\r\n No vehicle id is set: send MODULE <id>."
    if link is not None and link.server_error:
        text += "\r\n " + link.server_error
    return text
