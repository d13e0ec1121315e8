"""What Home Assistant is told of the module: one device message and the age of the values.

Loaded on demand. Source: Home Assistant's documentation of MQTT discovery ("device discovery",
"sensor", "lock", "switch", "number", "button", "device_tracker"; short names as listed there).

- The device has what this car was ever seen to have, which parameter MQTT_HA keeps with the car
  type: an entity that comes and goes with each restart would lose its name and place in Home
  Assistant. What another car had stands there with its platform alone, which removes it.
- Age: `expire_after` ends a value that was not confirmed for five hours (the module repeats all of
  them within four, and takes away what the car has not told for a day); the attribute `last_seen`
  has the time it is of. Both end with the will when the module is gone.
- Home Assistant keeps a number when the text for it is empty, and counts its age anew. So what is
  taken away becomes its word for "unknown" by a template, and so does what a number entity would
  call an error, outside of what can be set ("mqtt.sensor", "mqtt.number"; seen in 2026.2).
- The message is longer than there is room for in one piece, so it is made component by component.
"""

from micropython import const

from ovms import parameters
from ovms.services.mqtt import metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovms.contracts import Config
    from ovms.services.mqtt.conversation import Conversation

_EXPIRE_S = const(18_000)
_MODES = '"standard","storage","range","performance"'

# Metric, name, platform (s sensor, b binary_sensor), device class, unit, state class. Groups by
# what tells their age: see `_ages_of`.
_SENSORS = (
    "v/b/soc|SOC|s|battery|%|measurement",
    "v/b/soh|SOH|s||%|measurement",
    "v/b/cac|Capacity (CAC)|s||Ah|measurement",
    "v/b/capacity|Usable capacity|s|energy_storage|kWh|measurement",
    "v/b/voltage|Battery voltage|s|voltage|V|measurement",
    "v/b/current|Battery current|s|current|A|measurement",
    "v/b/power|Battery power|s|power|kW|measurement",
    "v/b/temp|Battery temperature|s|temperature|°C|measurement",
    "v/b/range/ideal|Ideal range|s|distance|km|measurement",
    "v/b/range/est|Estimated range|s|distance|km|measurement",
    "v/b/energy/used|Energy used|s|energy|kWh|total_increasing",
    "v/b/energy/recd|Energy recovered|s|energy|kWh|total_increasing",
    "v/b/12v/voltage|12 V battery|s|voltage|V|measurement",
    "v/m/temp|Motor temperature|s|temperature|°C|measurement",
    "v/i/temp|Inverter temperature|s|temperature|°C|measurement",
    "v/c/state|Charge state|s|||",
    "v/c/substate|Charge substate|s|||",
    "v/c/mode|Charge mode|s|||",
    "v/c/voltage|Line voltage|s|voltage|V|measurement",
    "v/c/current|Charge current|s|current|A|measurement",
    "v/c/climit|Charge current limit|s|current|A|measurement",
    "v/c/power|Charge power|s|power|kW|measurement",
    "v/c/time|Charge time|s|duration|s|measurement",
    "v/c/duration/full|Time to full|s|duration|min|measurement",
    "v/c/kwh|Energy charged|s|energy|kWh|total_increasing",
    "v/c/kwh/grid/total|Energy from the grid|s|energy|kWh|total_increasing",
    "v/c/temp|Charger temperature|s|temperature|°C|measurement",
    "v/e/temp|Ambient temperature|s|temperature|°C|measurement",
    "v/e/cabintemp|Cabin temperature|s|temperature|°C|measurement",
    "v/p/odometer|Odometer|s|distance|km|total_increasing",
    "v/p/trip|Trip|s|distance|km|measurement",
    "v/p/speed|Speed|s|speed|km/h|measurement",
    "v/p/altitude|Altitude|s|distance|m|measurement",
    "v/p/satcount|GPS satellites|s|||measurement",
    "v/t/pressure|Tyre pressures (kPa)|s|||",
    "v/t/temp|Tyre temperatures (°C)|s|||",
    "m/net/mdm/sq|Mobile signal|s|signal_strength|dBm|measurement",
    "m/net/provider|Network|s|||",
    "m/version|Firmware|s|||",
    "v/vin|VIN|s|||",
    "v/c/charging|Charging|b|battery_charging||",
    "v/c/pilot|Plugged in|b|plug||",
    "v/e/on|On|b|running||",
    "v/e/awake|Awake|b|||",
    "v/e/handbrake|Handbrake|b|||",
    "v/e/headlights|Headlights|b|light||",
    "v/e/alarm|Alarm|b|safety||",
    "v/d/fl|Front left door|b|door||",
    "v/d/fr|Front right door|b|door||",
    "v/d/rl|Rear left door|b|door||",
    "v/d/rr|Rear right door|b|door||",
    "v/d/hood|Bonnet|b|door||",
    "v/d/trunk|Trunk|b|door||",
    "v/d/cp|Charge port|b|door||",
)
_KNOWN = '"val_tpl":"{{value or \'None\'}}",'
# Commands of the car (protocol guide), name, platform, and what is its own of it. %s: prefix.
_CONTROLS = (
    (
        20,
        "Lock",
        "lock",
        _KNOWN + '"stat_t":"%smetric/v/e/locked","stat_locked":"yes","stat_unlocked":"no",'
        '"pl_lock":"lock",'
        '"pl_unlk":"unlock","code_format":"^\\\\d*$","cmd_tpl":"{{value}} {{code or \'nopin\'}}",',
    ),
    (21, "Valet mode", "switch", "valet nopin|unvalet nopin|metric/v/e/valet"),
    (11, "Charge", "switch", "charge start|charge stop|metric/v/c/charging"),
    (26, "Climate", "switch", "climatecontrol on|climatecontrol off|metric/v/e/hvac"),
    (
        10,
        "Set charge mode",
        "select",
        _KNOWN
        + '"stat_t":"%smetric/v/c/mode","options":['
        + _MODES
        + '],"cmd_tpl":"charge mode {{value}}",',
    ),
    (
        15,
        "Set charge current",
        "number",
        '"stat_t":"%smetric/v/c/climit",'
        '"val_tpl":"{{value if 0<=value|int(-1)<=80 else \'None\'}}","min":0,"max":80,'
        '"unit_of_meas":"A","cmd_tpl":"charge current {{value}}",',
    ),
    (
        16,
        "Set charge limit",
        "number",
        '"stat_t":"%smetric/v/c/limit/soc",'
        '"val_tpl":"{{value if 50<=value|int(0)<=100 else \'None\'}}",'
        '"min":50,"max":100,"unit_of_meas":"%",'
        '"cmd_tpl":"charge limit {{value}}",',
    ),
    (18, "Wake up", "button", '"pl_prs":"wakeup",'),
    (24, "Homelink 1", "button", '"pl_prs":"homelink 1",'),
    (24, "Homelink 2", "button", '"pl_prs":"homelink 2",'),
    (24, "Homelink 3", "button", '"pl_prs":"homelink 3",'),
)
_SEEN = "{{value_json['last_seen']}}"
_PLATFORMS = {"s": "sensor", "b": "binary_sensor"}


def topic(config: "Config") -> str:
    """Of the device message: `homeassistant/device/ovms_<vehicle id>/config`."""
    return "homeassistant/device/%s/config" % _object_id(config)


def _object_id(config):
    """`ovms_` and the vehicle id, in the characters that a topic of discovery may have."""
    data = bytearray(b"ovms_" + config.get(parameters.VEHICLE_ID).encode())
    for i in range(len(data)):
        byte = data[i]
        if not (48 <= byte <= 57 or 97 <= byte | 32 <= 122 or byte == 45):
            data[i] = 95
    return bytes(data).decode()


class Plan:
    """What a device message is made of; it must not change between its two passes.

    has: metrics (with slashes) the device has. commands: bits of the car's commands from 0 on.
    talk: Conversation. known: its bits of the metrics ever seen.
    """

    def __init__(self, talk: "Conversation", known: bytearray) -> None:
        config = talk.config
        car = talk.car()
        self.topic = topic(config)
        self.id = _object_id(config)
        self.name = quoted(config.get(parameters.VEHICLE_ID))
        self.model = quoted(car.type_text())
        self.version = quoted(talk.status.firmware_text(car))
        self.prefix = quoted(talk.prefix)
        self.has = []
        for number in range(metrics.GROUPS):
            slot = number * metrics.ROWS
            for name, _ in metrics.group(number, talk):
                if known[slot >> 3] >> (slot & 7) & 1:
                    self.has.append(name)
                slot += 1
        self.commands = _numbers(car.CAPABILITIES) if talk.is_trusted else 0


def quoted(text: str) -> str:
    """`text` as the inside of a JSON string."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return text.replace("\n", " ").replace("\r", " ").replace("\t", " ")


def _numbers(capabilities):
    """Bits of the command numbers below 30 in a text as `C10-12,C15-26`."""
    bits = 0
    for part in capabilities.split(","):
        first, _, last = part.strip("C").partition("-")
        if first.isdigit():
            for number in range(int(first), min(int(last or first), 29) + 1):
                bits |= 1 << number
    return bits


def pieces(plan: "Plan") -> "Iterator[bytes]":
    """Generator of the device message, as bytes."""
    yield (
        '{"dev":{"ids":["%s"],"name":"%s","mf":"OVMS","mdl":"%s","sw":"%s"},'
        '"o":{"name":"OVMS MicroPython","sw":"%s"},"avty_t":"%smetric/s/v3/connected",'
        '"pl_avail":"yes","pl_not_avail":"no","cmps":{'
        % (plan.id, plan.name, plan.model, plan.version, plan.version, plan.prefix)
    ).encode()
    has_place = "v/p/latitude" in plan.has
    yield (
        _entity(plan, "place", "device_tracker", "Location")
        + '"src_type":"gps","json_attr_t":"%sha/place"}' % plan.prefix
        if has_place
        else '"place":{"p":"device_tracker"}'
    ).encode()
    text = "," + _entity(plan, "seen", "sensor", "Last seen") + '"dev_cla":"timestamp",'
    text += '"stat_t":"%sha/car","val_tpl":"%s"}' % (plan.prefix, _SEEN)
    yield text.encode()
    for row in _SENSORS:
        yield _sensor(plan, row).encode()
    for row in _CONTROLS:
        yield _control(plan, row).encode()
    yield b"}}"


def _entity(plan, key, platform, name):
    """The start of a component; a comma behind."""
    return '"%s":{"p":"%s","name":"%s","uniq_id":"%s_%s",' % (key, platform, name, plan.id, key)


def _sensor(plan, row):
    metric, name, kind, device_class, unit, state_class = row.split("|")
    platform = _PLATFORMS[kind]
    key = metric.replace("/", "_")
    if metric not in plan.has:
        return ',"%s":{"p":"%s"}' % (key, platform)
    text = "," + _entity(plan, key, platform, name)
    for key, value in (
        ("dev_cla", device_class),
        ("unit_of_meas", unit),
        ("stat_cla", state_class),
        ("pl_on", "yes" if kind == "b" else ""),
        ("pl_off", "no" if kind == "b" else ""),
        ("ent_cat", "diagnostic" if metric[:2] == "m/" or metric == "v/vin" else ""),
        ("json_attr_t", _age_topic(plan, metric)),
    ):
        if value:
            text += '"%s":"%s",' % (key, value)
    text += _KNOWN
    return text + '"stat_t":"%smetric/%s","exp_aft":%d}' % (plan.prefix, metric, _EXPIRE_S)


def _age_topic(plan, metric):
    """Where the age of a metric is told; "" for the module's own, which are never old."""
    if metric[:2] == "m/" or metric.startswith("v/b/12v"):
        return ""
    kind = "car"
    if metric in ("v/p/altitude", "v/p/satcount"):
        kind = "gps"
    elif metric[:4] == "v/t/":
        kind = "tyres"
    elif metric == "v/e/temp":
        kind = "ambient"
    elif metric.endswith("/temp"):
        kind = "temps"
    return "%sha/%s" % (plan.prefix, kind)


def _control(plan, row):
    code, name, platform, own = row
    key = name.lower().replace(" ", "_")
    if not plan.commands >> code & 1:
        return ',"%s":{"p":"%s"}' % (key, platform)
    if platform == "switch":
        on, off, metric = own.split("|")
        own = '"pl_on":"%s","pl_off":"%s","stat_on":"yes","stat_off":"no",' % (on, off)
        own += _KNOWN + '"stat_t":"%s%s",' % (plan.prefix, metric)
    elif "%s" in own:
        own = own.replace("%s", plan.prefix)
    command = '"cmd_t":"%sclient/ha/command/%d"}' % (plan.prefix, code)
    return "," + _entity(plan, key, platform, name) + own + command


def kept(config: "Config", car_type: str) -> tuple[bytes, int]:
    """What parameter MQTT_HA has for this car: bits of the metrics (bytes), b"" for none, and the
    checksum of the device that Home Assistant was told last, 0 for none.
    """
    words = config.get(parameters.MQTT_HA).split(" ")
    if len(words) == 4 and words[1] == car_type:
        from binascii import unhexlify

        try:
            return unhexlify(words[2]), int(words[3], 16)
        except ValueError:
            pass
    return b"", 0


def keep(config: "Config", car_type: str, known: bytearray, device: int) -> None:
    """Write bits and checksum to flash when they changed."""
    from binascii import hexlify

    # The stub takes `bytes` alone.
    shown = hexlify(known).decode()  # type: ignore[arg-type]
    text = "ON %s %s %x" % (car_type, shown, device)
    if text != config.get(parameters.MQTT_HA):
        # Without room in flash entities are told anew after the next start.
        config.apply({parameters.MQTT_HA: text}, False, parameters.FROM_OWNER)
