"""The Home Assistant integration ovms-hass, as far as a server and a module notice it.

Its calls in their order, over TLS with a checked certificate, and what each of its entities then
shows. It shares no code with the desk's own clients. Source: server-and-clients 4 (commit 7e165d8
of the integration): what it gets wrong is wrong here, too, because people see it. CPython only.
"""

import asyncio
import base64
import contextlib
import datetime
import hashlib
import hmac
import random
import ssl
import string
from dataclasses import dataclass

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

COOKIE = "ovmsapisession"
# It waits 9 s for an answer, and takes silence for success.
_ANSWER_S = 9
_TOKEN = string.ascii_letters + string.digits + "+/"
_STALE_GPS_M, _NO_GPS_M, _GOOD_GPS_M = 50, 100, 10


@dataclass(frozen=True)
class Entity:
    """source: where the value comes from, `call.key` of REST or `v2.code.field[.mask]`, "" for
    nowhere; more than one are tried in turn. commands: what its controls send.
    """

    platform: str
    name: str
    source: str = ""
    commands: tuple[str, ...] = ()


def _entities(platform, rows):
    return [Entity(platform, *row) for row in rows]


# Entity, source. Names as its README has them, as shown where that has none.
ENTITIES = (
    _entities(
        "sensor",
        (
            ("State of Charge", "status.soc charge.soc"),
            ("State of Health", "status.soh"),
            ("Estimated Range", "status.estimatedrange"),
            ("Battery Capacity", "charge.batt_capacity"),
            ("Battery Voltage", "charge.battvoltage"),
            ("12V Battery Voltage", "status.vehicle12v"),
            ("12V Battery Current", "status.vehicle12v_current"),
            ("CAC", "charge.cac100"),
            ("Ambient Temperature", "status.temperature_ambient"),
            ("Cabin Temperature", "status.temperature_cabin"),
            ("Battery Temperature", "status.temperature_battery"),
            ("Motor Temperature", "status.temperature_motor"),
            ("PEM Temperature", "status.temperature_pem"),
            ("Charger Temperature", "status.temperature_charger"),
            ("Charging State", "charge.chargestate"),
            ("Charging Power", "charge.chargepower"),
            ("Charging Current", "charge.chargecurrent"),
            ("Charger Power Input", "charge.chargepowerinput"),
            ("Charge Type", "charge.chargetype"),
            ("Time to Full", "charge.charge_etr_full"),
            ("Charge Session Energy", "charge.chargekwh"),
            ("Charge Limit Range", "charge.charge_limit_range"),
            ("Grid kWh, session", "charge.charge_kwh_grid"),
            ("Grid kWh, total", "charge.charge_kwh_grid_total"),
            ("Charger Efficiency", "charge.chargerefficiency"),
            ("Odometer", "status.odometer"),
            ("Speed", "status.speed"),
            ("Trip Meter", "location.tripmeter status.tripmeter"),
            ("Power", "location.power"),
            ("Energy Used", "location.energyused"),
            ("Energy Recovered", "location.energyrecd"),
            ("Drive Mode", "location.drivemode"),
            ("Inverter Power", "location.invpower"),
            ("Inverter Efficiency", "location.invefficiency"),
            ("Latitude", "location.latitude"),
            ("Longitude", "location.longitude"),
            ("Altitude", "location.altitude"),
            ("Direction", "location.direction"),
            ("Last Seen", "status.m_msgtime_s charge.m_msgtime_s location.m_msgtime_l"),
            ("GSM Signal", "v2.F.2"),
            ("WiFi Signal",),
            ("Connection Status", "vehicle.v_net_connected"),
            ("Firmware Version", "v2.F.0"),
            ("Hardware Version", "v2.F.8"),
            ("Modem Mode", "v2.F.9"),
            ("Service Range",),
            ("Service Time",),
        ),
    )
    + _entities(
        "binary_sensor",
        (
            ("Front Left Door", "status.fl_dooropen"),
            ("Front Right Door", "status.fr_dooropen"),
            ("Rear Left Door",),
            ("Rear Right Door",),
            ("Bonnet/Hood", "status.bt_open"),
            ("Trunk", "status.tr_open"),
            ("Charge Port", "status.cp_dooropen"),
            ("Parking Brake", "status.handbrake"),
            ("Pilot Present", "status.pilotpresent"),
            ("Car On/Started", "status.caron"),
            ("Headlights",),
            ("Alarm Sounding", "status.alarmsounding"),
            ("GPS Lock", "location.gpslock"),
            ("CAN Write Active",),
            ("HVAC", "v2.D.17.128"),
        ),
    )
    + _entities("lock", (("Door Lock", "status.carlocked", ("20", "22")),))
    + _entities(
        "switch",
        (
            ("Cooldown", "charge.cooldown_active", ("25",)),
            ("Valet Mode", "status.valetmode", ("21", "23")),
        ),
    )
    + _entities(
        "number",
        (
            ("Charge Limit", "charge.chargelimit", ("16,80",)),
            ("Charge Current", "charge.chargecurrent", ("15,16",)),
            ("GPS Interval", "", ("2,8,60",)),
        ),
    )
    + _entities(
        "button",
        (
            ("AC On", "", ("26,1",)),
            ("Refresh Data",),
            ("Wake Up", "", ("18",)),
            ("HomeLink 1", "", ("24,0",)),
            ("HomeLink 2", "", ("24,1",)),
            ("HomeLink 3", "", ("24,2",)),
            ("TPMS Reset", "", ("7,tpms map reset",)),
            # Last, because the module restarts.
            ("Module Reset", "", ("5",)),
        ),
    )
    + _entities("device_tracker", (("Location", "location.latitude"),))
)
# Of the device's page, beside the versions.
DEVICE = {"Model": "v2.F.4", "Serial number": "v2.F.1"}

# What its services would send; its present version does not, see server-and-clients 4.3.
SERVICES = {
    "send_command": "7,stat",
    "send_sms": "40,+491511234567,Hello",
    "set_charge_timer": "17,1,23,0",
    "wakeup_subsystem": "19,0",
    "tpms_map_wheel": "7,tpms map fl 12345678",
    "get_feature": "1",
    "set_feature": "2,8,60",
    "get_parameter": "3",
    "set_parameter": "4,11,GROUP",
}


class Integration:
    """One config entry.

    server: the desk's OvmsServer with TLS ports. ca: file of the certificate authority. owner:
    (user, password) of REST; network_password: of v2.
    """

    def __init__(self, server, ca, owner, vehicle, network_password):
        self.server = server
        self.context = ssl.create_default_context(cafile=ca)
        self.owner = owner
        self.vehicle = vehicle
        self.network_password = network_password.encode()
        self.data = {}
        self.messages = {}
        self._answers = asyncio.Queue()
        self._http = self._session_id = None
        self._writer = self._reading = None

    async def __aenter__(self):
        self._http = aiohttp.ClientSession(f"https://localhost:{self.server.https_port}")
        await self.log_in()
        await self.connect_v2()
        return self

    async def __aexit__(self, *_):
        if self._reading:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        if self._writer:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        await self.get("cookie", method="DELETE")
        await self._http.close()

    # REST

    async def log_in(self):
        user, password = self.owner
        answer = await self._http.get(
            "/api/cookie", params={"username": user, "password": password}, ssl=self.context
        )
        assert answer.status == 200, await answer.text()
        self._session_id = answer.cookies[COOKIE].value

    async def get(self, call, method="GET"):
        """JSON of one call; its text where it is none. AssertionError: refused."""
        cookies = {COOKIE: self._session_id}
        async with self._http.request(
            method, f"/api/{call}", cookies=cookies, ssl=self.context
        ) as answer:
            text = await answer.text()
            assert answer.status == 200, (call, answer.status, text)
            return await answer.json() if answer.content_type == "application/json" else text

    async def poll(self):
        """What it asks for every five minutes, all at once."""
        calls = ("status", "charge", "location", "tpms", "vehicle")
        found = await asyncio.gather(*(self.get(f"{call}/{self.vehicle}") for call in calls))
        self.data = dict(zip(calls, found, strict=True))

    # v2

    async def connect_v2(self):
        reader, self._writer = await asyncio.open_connection(
            "localhost", self.server.tls_port, ssl=self.context
        )
        token = "".join(random.choices(_TOKEN, k=22))
        digest = self._digest(token)
        self._writer.write(f"MP-A 0 {token} {digest} {self.vehicle}\r\n".encode())
        words = (await reader.readline()).decode().split()
        assert words[:2] == ["MP-S", "0"], words
        # It only warns here; a server that does not know the password is worth an error.
        assert self._digest(words[2]) == words[3]
        key = hmac.new(self.network_password, (words[2] + token).encode(), hashlib.md5).digest()
        self._sent, self._received = _stream(key), _stream(key)
        self._reading = asyncio.create_task(self._read(reader))

    def _digest(self, token):
        found = hmac.new(self.network_password, token.encode(), hashlib.md5).digest()
        return base64.b64encode(found).decode()

    async def _read(self, reader):
        while line := await reader.readline():
            text = bytes(
                a ^ b for a, b in zip(base64.b64decode(line), self._received, strict=False)
            ).decode()
            assert text.startswith("MP-0 "), text
            code, payload = text[5], text[6:]
            if code == "c":
                self._answers.put_nowait(payload)
            else:
                self.messages[code] = payload

    async def send(self, message):
        text = ("MP-0 " + message).encode()
        data = bytes(a ^ b for a, b in zip(text, self._sent, strict=False))
        self._writer.write(base64.b64encode(data) + b"\r\n")
        await self._writer.drain()

    async def command(self, command):
        """Result (int) and texts of the rows of the answer, joined by `/`. TimeoutError."""
        await self.send("C" + command)
        texts = []
        async with asyncio.timeout(_ANSWER_S):
            while True:
                code, result, *rest = (await self._answers.get()).split(",", 2)
                assert code == command.split(",")[0]
                texts += rest
                # Lists of features and parameters count their rows from 0: see 2.3.
                if code not in ("1", "3"):
                    break
                row, rows = rest[0].split(",")[:2]
                if int(row) == int(rows) - 1:
                    break
        return int(result), "/".join(texts)

    # Entities

    def states(self):
        """{entity name: text as Home Assistant shows it, None for unknown}."""
        found = {}
        for entity in ENTITIES:
            if entity.platform != "button":
                found[entity.name] = self._state(entity)
        return found | {name: self._value(source) for name, source in DEVICE.items()}

    def _state(self, entity):
        value = next((v for s in entity.source.split() if (v := self._value(s)) is not None), None)
        if entity.name == "Connection Status":
            return "connected" if value else "disconnected"
        if entity.platform == "device_tracker":
            return self._place()
        if value is None:
            return None
        # Values are texts as they were sent, and a text counts as true, whatever it says.
        if entity.platform in ("binary_sensor", "switch"):
            return "on" if value else "off"
        if entity.platform == "lock":
            return "locked" if value else "unlocked"
        return str(value)

    def _place(self):
        place = self.data["location"]
        if place.get("latitude") is None:
            return None
        metres = _NO_GPS_M
        if place["gpslock"]:
            metres = _STALE_GPS_M if place["stalegps"] else _GOOD_GPS_M
        latitude, longitude = float(place["latitude"]), float(place["longitude"])
        return f"{latitude:.6f} {longitude:.6f} within {metres} m"

    def _value(self, source):
        """None when the server, or the car, has none."""
        call, _, key = source.partition(".")
        if call != "v2":
            return self.data[call].get(key)
        code, index, *mask = key.split(".")
        if code not in self.messages:
            return None
        value = self.messages[code].split(",")[int(index)]
        return int(value) & int(mask[0]) if mask else value


def _stream(key):
    """RC4, 1024 bytes dropped."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    x = y = 0
    for n in range(1 << 40):
        x = (x + 1) % 256
        y = (y + state[x]) % 256
        state[x], state[y] = state[y], state[x]
        if n >= 1024:
            yield state[(state[x] + state[y]) % 256]


def certificates(folder):
    """A certificate authority, and a certificate for localhost that it signed.

    Returns the files (authority, certificate, its key). As a public server has them, and other
    than the desk's own certificate, which is its own authority.
    """
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("Test CA", "Test CA", authority_key, authority_key, True)
    certificate = _certificate("localhost", "Test CA", key, authority_key, False)
    files = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    pem = serialization.Encoding.PEM
    files[0].write_bytes(authority.public_bytes(pem))
    files[1].write_bytes(certificate.public_bytes(pem))
    files[2].write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return tuple(str(path) for path in files)


def _certificate(subject, issuer, key, issuer_key, is_authority):
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (subject, issuer)]
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(names[0])
        .issuer_name(names[1])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        )
    )
    if not is_authority:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]), False
        )
    return builder.sign(issuer_key, hashes.SHA256())
