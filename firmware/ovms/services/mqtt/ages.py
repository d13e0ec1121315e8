"""How old the values are, and where the car is, for Home Assistant. Loaded on demand."""

from micropython import const

from ovms.protocol.v2.messages import decimal
from ovms.services.mqtt import metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ovms.services.mqtt.conversation import Conversation

# A time is told again when it is later by so much.
_AGE_STEP_S = const(300)


def ages(talk: "Conversation") -> list[tuple[str, str | None]]:
    """Rows as of the metrics: when the values are of, and where the car is, as far as news.

    talk.announcer.ages: what was told of each, {topic: seconds or text}.
    """
    utc_s = talk.utc_s()
    state = talk.state
    rows: list[tuple[str, str | None]] = []
    seen = ""
    if utc_s is not None:
        for kind, age_s in (
            ("car", metrics.told_age_s(state)),
            ("gps", state.gps_age_s),
            ("tyres", state.tyres_age_s),
            ("temps", state.temps_age_s),
            ("ambient", state.ambient_age_s),
        ):
            if age_s is None:
                continue
            seen_s = utc_s - age_s
            if kind == "gps":
                seen = ',"last_seen":"%s"' % iso(seen_s)
            if not -_AGE_STEP_S < seen_s - talk.announcer.ages.get(kind, 0) < _AGE_STEP_S:
                talk.announcer.ages[kind] = seen_s
                rows.append(("ha/" + kind, '{"last_seen":"%s"}' % iso(seen_s)))
    if state.latitude_udeg is not None:
        place = '{"latitude":%s,"longitude":%s,"gps_accuracy":%d' % (
            decimal(state.latitude_udeg, 1, 6),
            decimal(state.longitude_udeg, 1, 6),
            # About 5 m for each of HDOP; nobody knows it without.
            max(5, (1000 if state.hdop100 is None else state.hdop100) // 20),
        )
        if talk.announcer.ages.get("place") != place:
            talk.announcer.ages["place"] = place
            rows.append(("ha/place", place + seen + "}"))
    return rows


def iso(utc_s: int) -> str:
    """Unix seconds as `2026-11-28T21:00:00+00:00`."""
    days, second = divmod(utc_s, 86_400)
    # Of the era that begins with March of the year 0 (Hinnant, "chrono-compatible low-level date
    # algorithms").
    era_day = days + 719_468
    era, day = divmod(era_day, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    month += 3 if month < 10 else -9
    return "%04d-%02d-%02dT%02d:%02d:%02d+00:00" % (
        era * 400 + year + (month < 3),
        month,
        day + 1,
        second // 3600,
        second // 60 % 60,
        second % 60,
    )
