"""NMEA 0183: bytes of a GPS receiver in, position and UTC out. Integers only.

Rules of this file
- A sentence counts as a whole or not at all: good checksum and every field readable, else nothing
  changes but a counter. Noise (UBX, another baud rate, half lines) is skipped up to the next `$`.
- RMC makes the event; GGA only lends it altitude, satellites and HDOP, once. All else is ignored.
- A fix needs RMC status A and a mode other than N. Status V is no fix, however good it looks.
- UTC is only told when two RMC sentences in a row agree, and as the receiver says it: what is to
  be believed of it is the clock's business.

Facts: NMEA 0183 as restated in hardware facts 5.1 and 5.2.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ovms.contracts import Buffer

# What `receive` stopped for.
NOTHING = const(0)
FIX = const(1)
NO_FIX = const(2)

# RMC and GGA stay below 90 characters even with seven decimals and the NMEA 4.1 fields.
_LINE_LIMIT = const(100)
_DOLLAR = const(0x24)
# Below this the course is noise.
_COURSE_FROM_KMH10 = const(20)
# Two RMC sentences this far apart are still neighbours (receivers can be set to slow rates).
_NEIGHBOUR_S = const(10)
_WANTED = (b"RMC", b"GGA")


class NMEAParser:
    """Feed it with `receive`; after FIX or NO_FIX read the attributes, which stay until the next.

    latitude_udeg, longitude_udeg: millionths of a degree, north and east positive. speed_kmh10:
    tenths of km/h. course_deg: 0 to 359, None when too slow. mode: letter as str, "" if the
    receiver sends none. altitude_m, satellites, hdop100: of the latest GGA, None when none came
    since the last event. utc_s: Unix seconds, None when not (yet) to be believed. counts: dict.
    """

    # There at a FIX.
    latitude_udeg: "int | Any"
    longitude_udeg: "int | Any"
    speed_kmh10: "int | Any"
    course_deg: int | None
    altitude_m: int | None
    satellites: int | None
    hdop100: int | None
    utc_s: int | None

    def __init__(self) -> None:
        self.latitude_udeg = None
        self.longitude_udeg = None
        self.speed_kmh10 = None
        self.course_deg = None
        self.mode = ""
        self.altitude_m = None
        self.satellites = None
        self.hdop100 = None
        self.utc_s = None
        self.event = NOTHING
        self.counts = {
            "gps_sentences": 0,  # RMC and GGA taken
            "gps_checksum": 0,
            "gps_malformed": 0,  # good checksum, unreadable fields
            "gps_noise": 0,  # lines cut short, too long or with bytes no sentence has
        }
        self._line = bytearray(_LINE_LIMIT)
        # Bytes of the current line, -1 while waiting for the next `$`.
        self._size = -1
        self._gga = (None, None, None)
        self._last_utc_s = None
        # The latest date and its first Unix second: it changes once a day.
        self._date = self._midnight_s = None

    def receive(self, buffer: "Buffer", start: int, end: int) -> int:
        """Take bytes from `buffer[start:end]` up to the next event; returns the index reached.

        Afterwards `event` says FIX, NO_FIX, or NOTHING (then all bytes are taken).
        """
        self.event = NOTHING
        line = self._line
        size = self._size
        while start < end and not self.event:
            byte = buffer[start]
            start += 1
            if byte == _DOLLAR:
                if size >= 0:
                    self.counts["gps_noise"] += 1
                size = 0
            elif size < 0:
                pass
            elif byte == 0x0D or byte == 0x0A:
                self._sentence(size)
                size = -1
            elif size == _LINE_LIMIT or byte < 0x20 or byte > 0x7E:
                self.counts["gps_noise"] += 1
                size = -1
            else:
                line[size] = byte
                size += 1
                # Most of a receiver's output is GSV and GSA: not worth keeping.
                # The talker does not matter.
                if size == 5 and line[2:5] not in _WANTED:
                    size = -1
        self._size = size
        return start

    def _sentence(self, size):
        line = self._line
        star = size - 3
        if star < 5 or line[star] != 0x2A:
            self.counts["gps_noise"] += 1
            return
        checksum = 0
        for i in range(star):
            checksum ^= line[i]
        text = bytes(line[:size])
        try:
            if int(text[star + 1 :], 16) != checksum:
                self.counts["gps_checksum"] += 1
                return
            fields = text[:star].split(b",")
            if fields[0][2:] == b"RMC":
                self._rmc(fields)
            else:
                altitude_m = hdop100 = None
                if fields[6] and fields[6] != b"0":
                    altitude_m = _scaled(fields[9], 1)
                    if altitude_m is not None:
                        altitude_m = (altitude_m + 5) // 10
                    hdop100 = _scaled(fields[8], 2)
                self._gga = altitude_m, _scaled(fields[7], 0), hdop100
            self.counts["gps_sentences"] += 1
        except (ValueError, IndexError):
            self.counts["gps_malformed"] += 1

    def _rmc(self, fields):
        mode = fields[12] if len(fields) > 12 else b""
        if len(mode) > 1:
            raise ValueError("mode")
        is_fix = fields[2] == b"A" and mode != b"N"
        utc_s = None
        if is_fix:
            latitude = _angle(fields[3], fields[4], b"N", b"S", 90)
            longitude = _angle(fields[5], fields[6], b"E", b"W", 180)
            knots1000 = _scaled(fields[7], 3) or 0
            course100 = _scaled(fields[8], 2)
            utc_s = self._utc(fields[1], fields[9])
            # 1 knot is 1.852 km/h.
            speed_kmh10 = (knots1000 * 1852 + 50000) // 100000
            self.latitude_udeg = latitude
            self.longitude_udeg = longitude
            self.speed_kmh10 = speed_kmh10
            if course100 is None or speed_kmh10 < _COURSE_FROM_KMH10:
                self.course_deg = None
            else:
                self.course_deg = (course100 + 50) // 100 % 360
        self.mode = str(mode, "ascii")
        last = self._last_utc_s
        self._last_utc_s = utc_s
        is_steady = utc_s is not None and last is not None and 0 <= utc_s - last <= _NEIGHBOUR_S
        self.utc_s = utc_s if is_steady else None
        self.altitude_m, self.satellites, self.hdop100 = self._gga
        self._gga = (None, None, None)
        self.event = FIX if is_fix else NO_FIX

    def _utc(self, time_text, date_text):
        """Unix seconds of RMC time and date; None when empty or the 1980 of a receiver's reset."""
        if not time_text or not date_text:
            return None
        if date_text != self._date:
            from ovms.protocol import dates

            self._midnight_s = dates.midnight_s(date_text)
            self._date = date_text
        digits = time_text[:6]
        if len(digits) != 6 or not digits.isdigit():
            raise ValueError("time")
        clock = int(digits)
        hour = clock // 10000
        minute = clock // 100 % 100
        second = clock % 100
        if hour > 23 or minute > 59 or second > 60:
            raise ValueError("time")
        if self._midnight_s is None:
            return None
        return self._midnight_s + hour * 3600 + minute * 60 + second


def _scaled(field, decimals):
    """Decimal number as an integer of 10 ** -decimals, cut behind that; None when empty."""
    if not field:
        return None
    is_negative = field[0] == 0x2D
    whole, _, fraction = field[is_negative:].partition(b".")
    digits = whole + (fraction + b"0" * decimals)[:decimals]
    if not digits.isdigit() or (fraction and not fraction.isdigit()):
        raise ValueError("number")
    value = int(digits)
    return -value if is_negative else value


def _angle(field, side, positive, negative, limit_deg):
    """Millionths of a degree from dddmm.mmmm and its hemisphere letter, rounded to the nearest.

    ValueError when empty, out of range, or with another letter.
    """
    minutes6 = _scaled(field, 6)
    if minutes6 is None or minutes6 < 0 or side not in (positive, negative):
        raise ValueError("angle")
    # Cutting behind the sixth decimal loses nothing: only whole multiples of 60 decide below.
    degrees = minutes6 // 100000000
    minutes6 %= 100000000
    udeg = degrees * 1000000 + (minutes6 + 30) // 60
    if minutes6 >= 60000000 or udeg > limit_deg * 1000000:
        raise ValueError("angle")
    return -udeg if side == negative else udeg
