"""A GPS receiver on its UART: NMEA sentences once a second, along a route or where it is put.

Shares no code with the firmware. Sentences, field widths and what a receiver says without a fix
follow hardware facts 5.1 and 5.2 (u-blox style: RMC, VTG, GGA, GSA, GSV).
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

_METRES_PER_DEGREE = 111_195.0
_KMH_PER_KNOT = 1.852
# (id, elevation, azimuth, C/N0): a plausible sky that never moves.
_SKY = (
    (2, 45, 123, 38),
    (5, 67, 210, 41),
    (12, 30, 300, 35),
    (15, 12, 45, 28),
    (18, 22, 82, 30),
    (25, 51, 271, 39),
    (26, 35, 340, 33),
    (29, 5, 180, None),
    (31, 2, 350, None),
)
_USED = tuple(entry for entry in _SKY if entry[3] is not None)
_UBX = bytes.fromhex("B562010614000024190A00000000DA04000A2400010E0A00000B")
# A receiver that has just been switched on knows neither time nor place, then time only.
_TIME_AFTER_S = 0.4


@dataclass(frozen=True)
class Waypoint:
    """A corner of the route and the speed driven from there on."""

    latitude: float
    longitude: float
    speed_kmh: float = 45.0
    altitude_m: float = 48.0


# The taxiway ring of the former airport Berlin-Tempelhof, today a park.
TEMPELHOF = (
    Waypoint(52.47620, 13.39050),
    Waypoint(52.47760, 13.40100),
    Waypoint(52.47680, 13.41400, 30.0),
    Waypoint(52.47220, 13.41800),
    Waypoint(52.46900, 13.41000),
    Waypoint(52.46970, 13.39500, 30.0),
)


@dataclass
class Faults:
    """What may go wrong; all off at first."""

    # Nothing comes out of the receiver.
    is_silent: bool = False
    # Tunnel, garage: sentences without a position.
    has_no_fix: bool = False
    # Every so many sentences one has a wrong checksum, or ends in its middle; 0 for never.
    bad_checksum_every: int = 0
    truncated_every: int = 0
    # Binary UBX messages between the sentences, and bytes as from a wrong baud rate.
    has_ubx: bool = False
    is_garbled: bool = False
    # Old firmware that lost count of the 1024-week periods; a missing leap second or two.
    date_offset_days: int = 0
    time_offset_s: int = 0


@dataclass
class Fix:
    """Where the receiver is and how it moves."""

    latitude: float
    longitude: float
    speed_kmh: float = 0.0
    course_deg: float = 0.0
    altitude_m: float = 48.0


@dataclass
class GPSReceiver:
    """Makes the bytes. route: driven round and round until `position` is called.

    utc_s: the receiver's time, Unix seconds. cold_start_s: time without a fix after power-up.
    talker: `GP` or `GN`. `faults` may be changed at any time. Same calls, same bytes.
    """

    route: Sequence[Waypoint] = TEMPELHOF
    utc_s: float = field(default_factory=time.time)
    cold_start_s: float = 0.0
    talker: str = "GN"
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self):
        if not self.route:
            raise ValueError("a GPS route needs at least one waypoint")
        start = self.route[0]
        self.fix = Fix(start.latitude, start.longitude, altitude_m=start.altitude_m)
        self._leg = 0
        self._is_placed = False
        self._age_s = 0.0
        self._sentences = 0
        self._random = random.Random(1)

    def position(self, latitude, longitude, speed_kmh=0.0, course_deg=0.0, altitude_m=48.0):
        """Put the receiver somewhere; from now on it does not follow the route."""
        self._is_placed = True
        self.fix = Fix(latitude, longitude, speed_kmh, course_deg, altitude_m)

    def follow_route(self):
        """Go on along the route, from where the receiver is."""
        self._is_placed = False

    def tick(self, elapsed_s: float = 1.0) -> bytes:
        """Let time pass and return the sentences of one epoch."""
        self.utc_s += elapsed_s
        self._age_s += elapsed_s
        if not self._is_placed:
            self._drive(elapsed_s)
        if self.faults.is_silent:
            return b""
        data = b"".join(self._damaged(text) for text in self._epoch())
        if self.faults.has_ubx:
            data = _UBX + data + _UBX
        if self.faults.is_garbled:
            data = bytes(byte ^ self._random.randrange(1, 256) for byte in data)
        return data

    def _drive(self, elapsed_s: float) -> None:
        for _ in self.route:
            speed_kmh = self.route[self._leg].speed_kmh
            target = self.route[(self._leg + 1) % len(self.route)]
            north_m = (target.latitude - self.fix.latitude) * _METRES_PER_DEGREE
            scale = math.cos(math.radians(self.fix.latitude)) * _METRES_PER_DEGREE
            east_m = (target.longitude - self.fix.longitude) * scale
            distance_m = math.hypot(north_m, east_m)
            reach_m = speed_kmh / 3.6 * elapsed_s
            self.fix.altitude_m = target.altitude_m
            if distance_m > reach_m:
                self.fix.latitude += north_m * reach_m / distance_m / _METRES_PER_DEGREE
                self.fix.longitude += east_m * reach_m / distance_m / scale
                self.fix.speed_kmh = speed_kmh
                self.fix.course_deg = math.degrees(math.atan2(east_m, north_m)) % 360
                return
            self.fix.latitude, self.fix.longitude = target.latitude, target.longitude
            self._leg = (self._leg + 1) % len(self.route)
            elapsed_s -= distance_m / (speed_kmh / 3.6) if speed_kmh else elapsed_s
        # All waypoints are one place.
        self.fix.speed_kmh = 0.0

    def _epoch(self) -> list[str]:
        is_warming_up = self._age_s <= self.cold_start_s
        has_fix = not is_warming_up and not self.faults.has_no_fix
        if is_warming_up and self._age_s <= self.cold_start_s * _TIME_AFTER_S:
            date = clock = ""
        else:
            moment = datetime.fromtimestamp(
                self.utc_s + self.faults.time_offset_s + self.faults.date_offset_days * 86400, UTC
            )
            date = moment.strftime("%d%m%y")
            clock = moment.strftime("%H%M%S.") + f"{moment.microsecond // 10000:02d}"
        return self._with_fix(clock, date) if has_fix else self._without_fix(clock, date)

    def _with_fix(self, clock: str, date: str) -> list[str]:
        fix = self.fix
        knots = fix.speed_kmh / _KMH_PER_KNOT
        # Receivers leave the course empty while they stand.
        course = f"{fix.course_deg % 360:.2f}" if fix.speed_kmh >= 1 else ""
        place = f"{_angle(fix.latitude, 2, 'NS')},{_angle(fix.longitude, 3, 'EW')}"
        used = [f"{entry[0]:02d}" for entry in _USED]
        return [
            f"{self.talker}RMC,{clock},A,{place},{knots:.3f},{course},{date},,,A",
            f"{self.talker}VTG,{course},T,,M,{knots:.3f},N,{fix.speed_kmh:.3f},K,A",
            f"{self.talker}GGA,{clock},{place},1,{len(used):02d},0.87,{fix.altitude_m:.1f},M,42.0,M,,",
            f"{self.talker}GSA,A,3,{','.join(used + [''] * (12 - len(used)))},1.52,0.87,1.25",
            *_sky_sentences(_SKY),
        ]

    def _without_fix(self, clock: str, date: str) -> list[str]:
        return [
            f"{self.talker}RMC,{clock},V,,,,,,,{date},,,N",
            f"{self.talker}VTG,,,,,,,,,N",
            f"{self.talker}GGA,{clock},,,,,0,00,99.99,,,,,,",
            f"{self.talker}GSA,A,1,,,,,,,,,,,,,99.99,99.99,99.99",
            *_sky_sentences(()),
        ]

    def _damaged(self, text: str) -> bytes:
        """The sentence as it leaves the receiver, with the faults that are due."""
        self._sentences += 1
        line = sentence(text)
        if _is_due(self._sentences, self.faults.bad_checksum_every):
            line = line[:-4] + bytes([line[-4] ^ 0x01]) + line[-3:]
        if _is_due(self._sentences, self.faults.truncated_every):
            line = line[: len(line) // 2]
        return line


def sentence(text: str) -> bytes:
    """`text` between `$` and `*`, with checksum and line end."""
    checksum = 0
    for byte in text.encode("ascii"):
        checksum ^= byte
    return f"${text}*{checksum:02X}\r\n".encode("ascii")


def _is_due(count: int, every: int) -> bool:
    return every > 0 and count % every == 0


def _angle(degrees: float, width: int, sides: str) -> str:
    # Rounded before the split: 59.999999 minutes must not print as 60.00000.
    units = round(abs(degrees) * 60 * 100_000)
    whole, minutes = divmod(units, 60 * 100_000)
    side = sides[0] if degrees >= 0 else sides[1]
    return f"{whole:0{width}d}{minutes // 100_000:02d}.{minutes % 100_000:05d},{side}"


def _sky_sentences(sky) -> list[str]:
    if not sky:
        return ["GPGSV,1,1,00"]
    groups = [sky[at : at + 4] for at in range(0, len(sky), 4)]
    sentences = []
    for number, group in enumerate(groups, 1):
        entries = "".join(
            f",{satellite:02d},{elevation:02d},{azimuth:03d},{'' if snr is None else f'{snr:02d}'}"
            for satellite, elevation, azimuth, snr in group
        )
        sentences.append(f"GPGSV,{len(groups)},{number},{len(sky):02d}{entries}")
    return sentences
