"""The day that an RMC sentence means: `nmea.py` needs it once a day.

Repaired for receivers that lost count of the 1024-week periods (hardware facts 5.2).
"""

from micropython import const

_ROLLOVER_DAYS = const(7168)
_MONTH_START = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def midnight_s(date, build_day):
    """Unix seconds at the start of `date` (bytes, ddmmyy); None for the 1980 of a reset receiver.

    build_day: days since 1970 of the earliest day that can be. ValueError when it is no date.
    """
    if len(date) != 6 or not date.isdigit():
        raise ValueError("date")
    day = int(date[:2])
    month = int(date[2:4])
    year = int(date[4:])
    if year == 80:
        return None
    year += 1900 if year > 80 else 2000
    if not 1 <= month <= 12:
        raise ValueError("date")
    # Up to 2099 every fourth year is a leap year.
    is_leap = year % 4 == 0
    length = _MONTH_START[month] - _MONTH_START[month - 1] + (month == 2 and is_leap)
    if not 1 <= day <= length:
        raise ValueError("date")
    years = year - 1970
    days = years * 365 + (years + 1) // 4 + _MONTH_START[month - 1] + day - 1
    if month > 2 and is_leap:
        days += 1
    while days < build_day:
        days += _ROLLOVER_DAYS
    return days * 86400
