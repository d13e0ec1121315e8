"""Days of the calendar: what is a date, and which day it is. Needed now and then."""

_MONTH_START = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)


def days(year: int, month: int, day: int) -> int | None:
    """Days from 1970-01-01 to a date of the years 1970 to 2099; None for what is no date."""
    if not (1970 <= year <= 2099 and 1 <= month <= 12 and day >= 1):
        return None
    # In these years every fourth one is a leap year.
    is_leap = year % 4 == 0
    start = _MONTH_START[month - 1]
    if day > _MONTH_START[month] - start + (month == 2 and is_leap):
        return None
    return (year - 1970) * 365 + (year - 1969) // 4 + start + day - 1 + (month > 2 and is_leap)


def midnight_s(date: bytes) -> int | None:
    """Unix seconds at the start of `date` (bytes, ddmmyy as in RMC); ValueError when it is none.

    None for the 1980 of a receiver that was reset.
    """
    if len(date) != 6 or not date.isdigit():
        raise ValueError("date")
    year = int(date[4:])
    found = days(year + (1900 if year >= 80 else 2000), int(date[2:4]), int(date[:2]))
    if found is None:
        raise ValueError("date")
    return None if year == 80 else found * 86400


def date_text(days_since_1970: int) -> str:
    """`2026-08-24` for a day counted from 1970."""
    # Counted from 1 March 2000 or a multiple of four years before it: leap days end such spans.
    days_left = days_since_1970 - 11017
    year = 2000 + days_left // 1461 * 4
    days_left %= 1461
    years = min(days_left // 365, 3)
    days_left -= years * 365
    month = (days_left * 5 + 2) // 153
    day = days_left - (month * 153 + 2) // 5 + 1
    year += years
    return "%04d-%02d-%02d" % (year + month // 10, (month + 2) % 12 + 1, day)
