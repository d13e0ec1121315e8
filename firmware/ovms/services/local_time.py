"""The user's time of day."""


def local_s(utc_s: int, zone: str) -> int:
    """Unix seconds moved by the time zone: `[-]HH:MM`, or "" for UTC."""
    if not zone:
        return utc_s
    zone_s = int(zone[-5:-3]) * 3600 + int(zone[-2:]) * 60
    return utc_s - zone_s if zone.startswith("-") else utc_s + zone_s
